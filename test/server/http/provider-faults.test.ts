// The model provider fails in every way it can: what the reader of POST /v1/ask sees, over real sockets.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestLibrary, type TestLibrary } from '../../support/app.ts'
import { openReading, QUESTION, read } from '../../support/asking.ts'
import {
  completion,
  event,
  failure,
  openProvider,
  type Provider,
  type Reply,
  type Script,
  streamOf,
} from '../../support/provider.ts'
import { places } from '../../support/thorough.ts'

const deltas = ['Stripe runs four limiters 🚦 ', 'in production [1]. ', 'Its rate limiting uses the token bucket [1].']
/** As it is told: the two sentences quote two places of the first passage. */
const said = deltas.join('').replace(/\[1\]\.$/, '[2].')
const whole = streamOf(completion(deltas))
/** The beginning of an answer, without its end. */
const begun = completion(deltas.slice(0, 2), { finish: null, usage: null, done: false })
const unbegun = completion([], { finish: null, usage: null, done: false })

const thinking = (times: number) =>
  Array.from({ length: times }, () => [event({ choices: [{ delta: { reasoning_content: 'Hm. ' } }] }), 20]).flat()

let library: TestLibrary
let provider: Provider

beforeAll(async () => {
  library = await openTestLibrary()
  provider = await openProvider()
})

afterAll(() => provider[Symbol.asyncDispose]())

/** One question to a server that has seen nothing yet, and the number of calls it made. */
async function readFrom(script: Script) {
  const before = provider.requests.length
  provider.play(script)
  const reading = await read(openReading(library, provider))
  return { ...reading, calls: provider.requests.length - before }
}

type Heard = Awaited<ReturnType<typeof readFrom>>

function expectWhole({ answer, calls }: Heard, callsMade: number): void {
  expect(answer).toMatchObject({ answer: said, mode: 'generative', fallback: null })
  expect(calls).toBe(callsMade)
}

function expectPartial({ answer, calls }: Heard): void {
  expect(answer).toMatchObject({ mode: 'generative', fallback: 'model-cut-off' })
  expect(said.startsWith(answer.answer.trimEnd())).toBe(true)
  expect(calls).toBe(1)
}

function expectExtracts({ answer, calls }: Heard, callsMade: number): void {
  expect(answer).toMatchObject({ mode: 'extractive', fallback: 'model-unavailable' })
  expect(answer.statements.every(({ verdict }) => verdict === 'verbatim')).toBe(true)
  expect(calls).toBe(callsMade)
}

function busy(headers: Record<string, string>): Reply {
  return failure(429, { code: 'rate_limit_exceeded' }, headers)
}

/** What the model was given to read in one of the last calls. */
function promptAt(at: number): string {
  return (provider.requests.at(at)!.body as { messages: { content: string }[] }).messages[1]!.content
}

describe('silence', () => {
  it('before the first word is bridged when it ends in time', async () => {
    expectWhole(await readFrom([streamOf([250, ...completion(deltas)])]), 1)
  })

  it.each([
    ['of headers alone', streamOf([], 'silent')],
    ['behind comments', streamOf(Array.from({ length: 40 }, () => [': wait\n\n', 40]).flat(), 'silent')],
    ['behind events without a word', streamOf(Array.from({ length: 200 }, () => [unbegun[0]!, 20]).flat(), 'silent')],
    ['of thoughts without an end', streamOf(thinking(200), 'silent')],
  ])('%s becomes extracts after one call, and the call is ended', async (_name, reply) => {
    const heard = await readFrom([reply])
    expectExtracts(heard, 1)
    expect(heard.ms).toBeLessThan(4_000)
    await provider.requests.at(-1)!.left
  })

  it('is none while the model thinks in the open', async () => {
    expectWhole(await readFrom([streamOf([...thinking(60), ...completion(deltas)])]), 1)
  })

  it('after some text keeps the text, marked', async () => {
    const heard = await readFrom([streamOf(begun, 'silent')])
    expectPartial(heard)
    expect(heard.answer.answer).toContain('Stripe runs four limiters 🚦 in production [1].')
    expect(heard.ms).toBeLessThan(4_000)
  })
})

it('a server that does not stream is read all the same', async () => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 200 }
  const body = JSON.stringify({ choices: [{ message: { content: deltas.join('') }, finish_reason: 'stop' }], usage })
  const heard = await readFrom([{ headers: { 'content-type': 'application/json' }, body: [body] }])
  expectWhole(heard, 1)
  expect(heard.answer.usage.output_tokens).toBe(200)
})

describe('too many requests', () => {
  it('are asked again after the time that the provider names', async () => {
    const heard = await readFrom([busy({ 'retry-after-ms': '180' }), whole])
    expectWhole(heard, 2)
    expect(heard.ms).toBeGreaterThanOrEqual(180)
  })

  it('are not asked again when that time is longer than a reader waits', async () => {
    const heard = await readFrom([busy({ 'retry-after': '60' }), whole])
    expectExtracts(heard, 1)
    expect(heard.ms).toBeLessThan(4_000)
  })

  it('of a spent quota are never asked again, not by the next question either; search goes on', async () => {
    const before = provider.requests.length
    provider.play([failure(429, { code: 'insufficient_quota' })])
    const app = openReading(library, provider)
    for (let asked = 0; asked < 5; asked++) {
      const { answer } = await read(app)
      expect(answer).toMatchObject({ mode: 'extractive', fallback: 'model-unavailable', usage: { cost_usd: 0 } })
    }
    expect(provider.requests.length - before).toBe(1)
    expect((await app.post('/v1/search', { query: QUESTION })).status).toBe(200)
  })
})

describe('a refusal', () => {
  it.each([500, 502, 503, 529])('with %i is not seen when the third call works', async (status) => {
    const down = failure(status, { type: 'server_error' })
    expectWhole(await readFrom([down, down, whole]), 3)
  })

  it.each([500, 502, 503, 529])('with %i for ever becomes extracts after three calls', async (status) => {
    expectExtracts(await readFrom([failure(status, {})]), 3)
  })

  it.each([401, 403, 404])('with %i becomes extracts after one call', async (status) => {
    expectExtracts(await readFrom([failure(status, {})]), 1)
  })
})

describe('more text than the model takes', () => {
  const tooLong = failure(400, { code: 'context_length_exceeded' })

  it('is cut once, and the same way every time', async () => {
    const cut = []
    for (let times = 0; times < 2; times++) {
      expectWhole(await readFrom([tooLong, whole]), 2)
      expect(promptAt(-1).length).toBeLessThan(promptAt(-2).length)
      cut.push(promptAt(-1))
    }
    expect(cut[0]).toBe(cut[1])
  })

  it.each([
    ['a status', tooLong],
    ['words alone', failure(400, { message: 'This model has a maximum context length of 512 tokens.' })],
    ['an error in its stream', streamOf([event({ error: { code: 'context_length_exceeded' } })])],
  ])('also half of it, said by %s, becomes extracts', async (_name, reply) => {
    expectExtracts(await readFrom([reply]), 2)
  })
})

describe('a stream', () => {
  const text = completion(deltas).join('')
  it.each([
    ['byte by byte', [...Buffer.from(text)].map((byte) => Uint8Array.of(byte))],
    ['with CRLF', [text.replaceAll('\n', '\r\n')]],
    ['with comments', [text.replaceAll('\n\n', '\n\n: still here\n\n')]],
    ['without [DONE]', completion(deltas, { done: false })],
    ['with a NUL and fields of others', [text.replaceAll('data: {', 'x: \u0000\ndata: {"x_custom":[1],')]],
  ])('written %s is read as it is meant', async (_name, parts) => {
    expectWhole(await readFrom([streamOf(parts)]), 1)
  })

  it('with a line of 10 MB is not read to its end: extracts', async () => {
    const heard = await readFrom([streamOf([`data: {"x":"${'x'.repeat(10_000_000)}"}\n\n`])])
    expectExtracts(heard, 3)
  })

  it('with a line of 10 MB after some text keeps the text', async () => {
    expectPartial(await readFrom([streamOf([...begun, `data: {"x":"${'x'.repeat(10_000_000)}"}\n\n`])]))
  })

  it.each([
    ['an overload', { code: 529, message: 'overloaded' }],
    ['no code', 'something broke'],
  ])('with an error inside, %s, is asked again before its first text and kept after it', async (_name, error) => {
    expectWhole(await readFrom([streamOf([...unbegun, event({ error })]), whole]), 2)
    expectPartial(await readFrom([streamOf([...begun, event({ error })]), whole]))
  })

  it.each(['length', 'content_filter'])(
    'that ends by %s is kept and marked, and without text extracts',
    async (end) => {
      const cut = streamOf(completion(deltas.slice(0, 2), { finish: end }))
      expectPartial(await readFrom([cut]))
      expectExtracts(await readFrom([streamOf(completion([], { finish: end }))]), 1)
    },
  )

  it('that says nothing becomes extracts', async () => {
    expectExtracts(await readFrom([streamOf(completion([]))]), 1)
  })
})

describe('a connection', () => {
  // Without the fields that nobody reads: a third of the bytes.
  const bytes = Buffer.from(
    completion(deltas)
      .join('')
      .replaceAll(/"id".*?"model":"test-model",|"index":0,/g, ''),
  )

  /** The events of which the reader has everything; where the end of the body is no fault, the last needs no blank line. */
  function wholeEvents(length: number, ending: Reply['ending']): string {
    const parts = bytes.subarray(0, length).toString().split('\n\n')
    const isWhole = ending === 'closed' && isJson(parts.at(-1)!.slice(6))
    return parts.slice(0, isWhole ? parts.length : -1).join('\n')
  }

  async function readCut(own: Provider, length: number, ending: Reply['ending']): Promise<void> {
    const cut = streamOf([bytes.subarray(0, length)], ending)
    const before = own.requests.length
    own.play([cut, whole])
    const { answer } = await read(openReading(library, own))
    const calls = own.requests.length - before
    const complete = wholeEvents(length, ending)
    const place = `cut at ${length}`
    // A sentence that was cut before its footnote is given the one that backs it.
    expect(bare(said).startsWith(bare(answer.answer)), place).toBe(true)
    if (complete.includes('"finish_reason":"stop"') || !complete.includes('Stripe'))
      expect(answer, place).toMatchObject({ answer: said, mode: 'generative', fallback: null })
    else expect(answer, place).toMatchObject({ mode: 'generative', fallback: 'model-cut-off' })
    expect(calls, place).toBe(complete.includes('Stripe') ? 1 : 2)
  }

  it.each(['reset', 'closed'] as const)(
    'that is cut at any byte (%s) gives the whole answer or its beginning, marked',
    async (ending) => {
      const left = places(bytes.length)
      const reader = async () => {
        await using own = await openProvider()
        for (let at = left.pop(); at !== undefined; at = left.pop()) await readCut(own, at, ending)
      }
      await Promise.all(Array.from({ length: 6 }, reader))
      expect(left).toEqual([])
    },
    120_000,
  )
})

function bare(text: string): string {
  return text.replaceAll(/\s*\[\d\]/g, '').trimEnd()
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
