// What a call has cost, however it ends: told by the provider, estimated, or all that it may have cost. Never less.
import { describe, expect, it } from 'vitest'
import { ModelError, type ModelErrorCode } from '../../core/errors.ts'
import type { GeneratorEvent, Message } from '../../core/ports.ts'
import type { Reservation, SpendingStore } from '../../core/spending.ts'
import { countTokens } from '../../core/tokens.ts'
import type { Usage } from '../../core/types.ts'
import { type Budget, type CallEvent, type Caller, withBudget } from '../../models/budget.ts'
import { openGenerator } from '../../models/generator.ts'
import { event, failure, openProvider, type Reply, streamOf } from '../support/provider.ts'

const price = { inputUsd: 1, outputUsd: 2 }
const MOST = 4_096
const messages: Message[] = [
  { role: 'system', content: 'Answer from the passages, and from nothing else — 日本.' },
  { role: 'user', content: 'How does Stripe rate limit requests?' },
]
// Four for each message and four for the whole.
const input = messages.reduce((sum, { content }) => sum + countTokens(content), 0) + 12
const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0) + 12
const never = new AbortController().signal

type Ledger = SpendingStore & { readonly reserved: number[]; readonly settled: Usage[] }

function openLedger(): Ledger {
  const reserved: number[] = []
  const settled: Usage[] = []
  return {
    reserved,
    settled,
    reserve: async (_library, usd): Promise<Reservation> => {
      reserved.push(usd)
      return { day: '2026-01-01', usd }
    },
    settle: async (_library, usage) => void settled.push(usage),
  }
}

function budgetOf(spending: SpendingStore): Budget {
  return { price, limitUsd: 5, mostOutputTokens: MOST, library: 'main', spending, report: () => {} }
}

/** Plays the events, then fails, hangs until it is left, or ends. */
function playing(events: readonly CallEvent[], then: Error | 'hangs' | 'ends' = 'ends'): Caller {
  return {
    model: 'm',
    async *stream(_messages, signal) {
      yield* events
      if (then === 'hangs') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(left)))
      if (then instanceof Error) throw then
    },
  }
}

const left = new Error('left')
const taken: CallEvent = { type: 'unseen', thoughts: '', inputTokens: 0, outputTokens: 0 }
const thought: CallEvent = { ...taken, thoughts: 'Let me think about this first.' }
const told: CallEvent = { ...taken, inputTokens: 5_000, outputTokens: 900 }
const said: CallEvent = { type: 'text', delta: 'Stripe runs four limiters.' }
const end: CallEvent = { type: 'finish', reason: 'stop', inputTokens: 0, outputTokens: 0 }
const fault = (code: ModelErrorCode) => new ModelError(code, 'x')
const tokens = (inputTokens: number, outputTokens: number): Usage => ({
  inputTokens,
  outputTokens,
  costUsd: Math.round(inputTokens * 1e3 + outputTokens * 2e3) / 1e9,
})
const thoughtTokens = countTokens('Let me think about this first.')
const saidTokens = countTokens('Stripe runs four limiters.')

/** What was settled, and what the reader of the answer is told of it. */
async function spend(calls: Caller, leaves: 'never' | 'soon' | 'at the first text' = 'never') {
  const ledger = openLedger()
  const leaving = new AbortController()
  if (leaves === 'soon') setTimeout(() => leaving.abort(left), 5)
  const seen: GeneratorEvent[] = []
  try {
    for await (const each of withBudget(calls, budgetOf(ledger)).stream(messages, leaving.signal)) {
      seen.push(each)
      if (leaves === 'at the first text') break
    }
  } catch {
    // What it failed with is told by the case.
  }
  expect(ledger.settled).toHaveLength(1)
  return { settled: ledger.settled[0], seen }
}

describe('a call that came to its end', () => {
  it('costs what the provider counted', async () => {
    const finish: CallEvent = { type: 'finish', reason: 'stop', inputTokens: 100, outputTokens: 9_000 }
    const { settled, seen } = await spend(playing([taken, said, finish]))
    expect(settled).toEqual(tokens(100, 9_000))
    expect(seen).toEqual([said, { ...finish, ...tokens(100, 9_000) }])
  })

  it('costs an estimate of its words and its thoughts when the provider does not count', async () => {
    const { settled } = await spend(playing([taken, thought, said, end]))
    expect(settled).toEqual(tokens(input, countTokens('Let me think about this first.Stripe runs four limiters.')))
  })
})

describe('a call that failed', () => {
  const refusals = ['unavailable', 'rate-limited', 'quota-spent', 'refused', 'context-too-long', 'bad-output'] as const

  it.each(refusals)('as %s before the provider took it on costs nothing, and nobody is told a cost', async (code) => {
    const { settled, seen } = await spend(playing([], fault(`model-${code}`)))
    expect(settled).toEqual(tokens(0, 0))
    expect(seen).toEqual([])
  })

  const cases: [what: string, events: CallEvent[], code: ModelErrorCode, usage: Usage][] = [
    ['by the word of the provider, unseen', [taken], 'model-unavailable', tokens(input, 0)],
    [
      'by the word of the provider, after thoughts',
      [taken, thought],
      'model-unavailable',
      tokens(input, thoughtTokens),
    ],
    ['in garbage, after thoughts', [taken, thought], 'model-bad-output', tokens(input, thoughtTokens)],
    ['in garbage, unseen', [taken], 'model-bad-output', tokens(input, MOST)],
    ['by a cut, unseen', [taken], 'model-cut-off', tokens(input, MOST)],
    ['by a cut, in its text', [taken, said], 'model-cut-off', tokens(input, saidTokens)],
    ['in silence, not even taken on', [], 'model-timeout', tokens(input, MOST)],
    ['after the provider had counted', [taken, told], 'model-unavailable', tokens(5_000, 900)],
    [
      'after it had counted less than came',
      [{ ...told, outputTokens: 1 }, said],
      'model-cut-off',
      tokens(5_000, saidTokens),
    ],
  ]
  it.each(cases)('%s costs what is known, or the most it may', async (_, events, code, usage) => {
    const { settled, seen } = await spend(playing(events, fault(code)))
    expect(settled).toEqual(usage)
    expect(seen.at(-1)).toEqual({ type: 'spent', ...usage })
  })
})

describe('a call that is left', () => {
  it.each<[string, CallEvent[], Usage]>([
    ['before anything came: all that it may have cost', [], tokens(input, MOST)],
    ['while it thinks unseen: all that it may have cost', [taken], tokens(input, MOST)],
    ['while it thinks in the open: its thoughts', [taken, thought], tokens(input, thoughtTokens)],
    ['in its text: its words', [taken, said], tokens(input, saidTokens)],
  ])('%s', async (_, events, usage) => {
    expect((await spend(playing(events, 'hangs'), 'soon')).settled).toEqual(usage)
  })

  it('by the loop over it costs what was seen', async () => {
    expect((await spend(playing([taken, said, said, end]), 'at the first text')).settled).toEqual(
      tokens(input, saidTokens),
    )
  })

  it('while its money is set aside is not made, and costs nothing', async () => {
    const leaving = new AbortController()
    const ledger = openLedger()
    const reserve: SpendingStore['reserve'] = async (...of) => {
      leaving.abort(left)
      return await ledger.reserve(...of)
    }
    const calls: Caller = {
      model: 'm',
      async *stream(_messages, signal) {
        signal.throwIfAborted()
        yield said
      },
    }
    const stream = withBudget(calls, budgetOf({ ...ledger, reserve })).stream(messages, leaving.signal)
    await expect((async () => await Array.fromAsync(stream))()).rejects.toBe(left)
    expect(ledger.settled).toEqual([tokens(0, 0)])
  })
})

it('sets aside the bytes of the prompt, four tokens around each message, and all the output there may be', async () => {
  const ledger = openLedger()
  await Array.fromAsync(withBudget(playing([said, end]), budgetOf(ledger)).stream(messages, never))
  expect(ledger.reserved).toEqual([tokens(bytes, MOST).costUsd])
})

const json = (body: object): Reply => ({
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: [JSON.stringify(body, null, 2)],
})

/** What three tries cost, and what was heard at last. */
async function callThrice(reply: Reply) {
  const ledger = openLedger()
  await using provider = await openProvider([reply])
  const generator = openGenerator(
    { apiKey: 'k', baseUrl: provider.baseUrl, chatModel: 'm', price },
    { limitUsd: 5, library: 'main', spending: ledger, report: () => {} },
    { delays: { retries: 2, firstMs: 1, longestMs: 100 } },
  )
  const seen: GeneratorEvent[] = []
  let code = ''
  try {
    for await (const each of generator.stream(messages, never)) seen.push(each)
  } catch (error) {
    code = (error as ModelError).code
  }
  return { settled: ledger.settled, seen, code, calls: provider.requests.length }
}

describe('a provider that charges for calls that fail', () => {
  const usage = { prompt_tokens: 5_000, completion_tokens: 900 }
  const overloaded = event({ error: { code: 'overloaded', message: 'x' } })
  const reasoning = event({ choices: [{ delta: { reasoning_content: 'hm '.repeat(500) } }] })
  const message = { role: 'assistant', content: 'Four limiters.', reasoning_content: 'hm' }
  it('and does not stream is read as an answer', async () => {
    const { settled, seen, calls } = await callThrice(json({ choices: [{ message, finish_reason: 'length' }], usage }))
    expect(calls).toBe(1)
    expect(settled).toEqual([tokens(5_000, 900)])
    expect(seen).toEqual([
      { type: 'text', delta: 'Four limiters.' },
      { type: 'finish', reason: 'length', ...tokens(5_000, 900) },
    ])
  })

  it('and does not say why it ended or what it counted is read all the same', async () => {
    const { seen } = await callThrice(json({ choices: [{ message }] }))
    expect(seen.at(-1)).toMatchObject({ reason: 'stop', outputTokens: countTokens('hmFour limiters.') })
  })

  it.each<[string, Reply, ModelErrorCode, Usage]>([
    ['JSON that is no completion', json({ detail: 'Not Found' }), 'model-bad-output', tokens(input, MOST)],
    ['JSON that is an error', json({ error: { code: 'overloaded' }, usage }), 'model-unavailable', tokens(5_000, 900)],
    [
      'an error after thoughts',
      streamOf([reasoning, overloaded]),
      'model-unavailable',
      tokens(input, countTokens('hm '.repeat(500))),
    ],
    [
      'garbage after thoughts',
      streamOf([reasoning, 'data: {oops\n\n']),
      'model-bad-output',
      tokens(input, countTokens('hm '.repeat(500))),
    ],
    [
      'an error after its count',
      streamOf([event({ choices: [], usage }), overloaded]),
      'model-unavailable',
      tokens(5_000, 900),
    ],
    ['a cut after nothing', streamOf([], 'reset'), 'model-cut-off', tokens(input, MOST)],
  ])('in %s is counted each time', async (_, reply, code, each) => {
    const heard = await callThrice(reply)
    expect([heard.code, heard.calls]).toEqual([code, 3])
    expect(heard.settled).toEqual([each, each, each])
  })

  it.each<[string, Reply]>([
    ['an outage', failure(503, {})],
    ['a web page', { headers: { 'content-type': 'text/html' }, body: ['<h1>Welcome</h1>'] }],
  ])('is not charged for %s', async (_, reply) => {
    for (const each of (await callThrice(reply)).settled) expect(each).toEqual(tokens(0, 0))
  })
})
