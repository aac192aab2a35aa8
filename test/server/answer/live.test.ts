import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../../core/errors.ts'
import type { Answering, AnswerStore } from '../../../core/ports.ts'
import { type Answer, type AnswerEvent, isTerminal, type StoredEvent } from '../../../core/types.ts'
import { type LiveAnswers, liveAnswers } from '../../../server/answer/live.ts'
import { memoryAnswers, outage, question } from '../../support/fake-store.ts'

const never = new AbortController().signal
const answer: Answer = {
  id: 'ans_1',
  conversationId: 'con_1',
  question: 'How?',
  query: 'How?',
  status: 'answered',
  reason: null,
  mode: 'extractive',
  fallback: null,
  answer: 'So it is.',
  statements: [],
  citations: [],
  passages: [],
  nearest: [],
  missing: [],
  models: { generator: null, embedder: 'fake' },
  prompts: null,
  cached: false,
  usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
  timingsMs: { retrieve: 0, firstText: 0, total: 0 },
}
const events: AnswerEvent[] = [
  { type: 'started', id: 'ans_1', conversationId: 'con_1', mode: 'extractive' },
  { type: 'passages', passages: [] },
  { type: 'text', delta: 'So ' },
  { type: 'text', delta: 'it is.' },
  { type: 'verdict', start: 0, end: 9, verdict: 'unsupported', citations: [] },
  { type: 'done', answer },
]

const interrupted: AnswerEvent = { type: 'error', code: 'interrupted', retryable: true }

/** Plays the events, a turn apart; ends in `stopped` when it is aborted, as the real one does. */
function playing(play: readonly AnswerEvent[] = events): Answering {
  return async function* (_question, signal) {
    for (const event of play) {
      await wait(1)
      yield signal.aborted ? { type: 'stopped', answer: { ...answer, status: 'stopped' } } : event
      if (signal.aborted) return
    }
  }
}

function open(answering: Answering, answers: AnswerStore = memoryAnswers(), silentMs = 0, unreadMs = 50) {
  const reports: unknown[] = []
  const report = (_message: string, error: unknown) => reports.push(error)
  const live = liveAnswers({ answers, answering, silentMs, unreadMs, outageMs: 0, report })
  return { live, answers, reports }
}

async function collect(followed: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = []
  for await (const each of followed) seen.push(each)
  return seen
}

async function read(live: LiveAnswers, after = 0): Promise<StoredEvent[]> {
  const followed = await live.follow('main', 'ans_1', after, never)
  return followed ? await collect(followed) : []
}

/** The law: exactly one terminal event, it is the last one, and the numbers count up. */
function expectLawful(seen: readonly StoredEvent[]): void {
  expect(seen.filter(({ event }) => isTerminal(event))).toHaveLength(1)
  expect(isTerminal(seen.at(-1)!.event)).toBe(true)
  const numbers = seen.map(({ seq }) => seq)
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
}

/** Reads up to this event, and leaves. */
const leaveAt = async (live: LiveAnswers, seq: number) => {
  for await (const each of (await live.follow('main', 'ans_1', 0, never)) ?? []) if (each.seq === seq) return
}
// So long that only a reader who came back sees it to its end.
const slow: Answering = async function* (_question, signal) {
  for (const event of events) {
    await wait(40)
    yield signal.aborted ? { type: 'stopped', answer: { ...answer, status: 'stopped' } } : event
    if (signal.aborted) return
  }
}

describe('an answer that may be resumed', () => {
  const resumable = { ...question, resumable: true }
  it('goes on for a reader who leaves and comes back', async () => {
    const { live } = open(slow)
    live.start(resumable)
    await leaveAt(live, 1)
    await wait(20)
    const seen = await read(live, 1)
    expectLawful(seen)
    expect(seen.at(-1)?.event.type).toBe('done')
  })

  it('is stopped when nobody comes back in time', async () => {
    const { live } = open(slow)
    live.start(resumable)
    await leaveAt(live, 1)
    await wait(400)
    expect((await read(live)).at(-1)?.event.type).toBe('stopped')
  })

  it('goes on as long as one of two readers is left', async () => {
    const { live } = open(slow)
    live.start(resumable)
    const rest = read(live)
    await leaveAt(live, 1)
    expect((await rest).at(-1)?.event.type).toBe('done')
  })
})

describe('an answer under way', () => {
  it('is stored before it is seen', async () => {
    const answers = memoryAnswers()
    const { live } = open(playing(), answers)
    live.start(question)
    const followed = (await live.follow('main', 'ans_1', 0, never))!
    for await (const event of followed) expect(answers.logs.get('ans_1')).toContainEqual(event)
  })

  it('shows every reader the same, whenever they come', async () => {
    const { live } = open(playing())
    live.start(question)
    const early = read(live)
    await wait(3)
    const [first, second] = await Promise.all([early, read(live)])
    expect(second).toEqual(first)
    expect(await read(live)).toEqual(first)
    expectLawful(first)
  })

  it('belongs to its library', async () => {
    const { live } = open(playing())
    live.start(question)
    expect(live.stop('other', 'ans_1')).toBe(false)
    expect((await read(live)).at(-1)!.event.type).toBe('done')
  })

  it('gathers events while a slow store is busy, and joins text that stands together', async () => {
    const answers = memoryAnswers()
    const batches: number[] = []
    const append: AnswerStore['append'] = async (library, id, batch) => {
      batches.push(batch.length)
      await wait(20)
      await answers.append(library, id, batch)
    }
    const words = Array.from({ length: 50 }, (_, n): AnswerEvent => ({ type: 'text', delta: `${n} ` }))
    const { live } = open(playing([events[0]!, ...words, events.at(-1)!]), { ...answers, append })
    live.start(question)
    const seen = await read(live)
    expectLawful(seen)
    expect(batches.length).toBeLessThan(20)
    const text = seen.flatMap(({ event }) => (event.type === 'text' ? [event.delta] : []))
    expect(text.join('')).toBe(words.map((_, n) => `${n} `).join(''))
  })
})

describe('exactly one terminal event', () => {
  it.each(events.map((_, index) => index))('is seen when the reader stops it at event %d', async (index) => {
    const { live, answers } = open(playing())
    live.start(question)
    let count = 0
    for await (const _ of (await live.follow('main', 'ans_1', 0, never))!)
      if (count++ === index) live.stop('main', 'ans_1')
    const stored = await read(live)
    expectLawful(stored)
    expect(await answers.events('main', 'ans_1', 0)).toEqual(stored)
  })

  it.each(events.map((_, index) => index))('is seen when the answering throws at event %d', async (index) => {
    const { live, answers, reports } = open(async function* () {
      yield* events.slice(0, index)
      throw new TypeError('a bug')
    })
    live.start(question)
    const seen = await read(live)
    expectLawful(seen)
    expect(seen.at(-1)!.event).toEqual({ type: 'error', code: 'internal', retryable: false })
    expect(reports).toHaveLength(1)
    if (index > 0) expect(await answers.events('main', 'ans_1', 0)).toEqual(seen)
  })

  it.each(events.map((_, index) => index))('is seen when the answering just ends after %d events', async (index) => {
    const { live } = open(async function* () {
      yield* events.slice(0, index)
    })
    live.start(question)
    const seen = await read(live)
    expectLawful(seen)
    expect(seen.at(-1)!.event).toMatchObject({ type: 'error', code: 'internal' })
  })

  it('is seen when more comes after it, and what comes is not', async () => {
    const { live, answers } = open(playing([...events, ...events]))
    live.start(question)
    const seen = await read(live)
    expectLawful(seen)
    expect(await answers.events('main', 'ans_1', 0)).toEqual(seen)
  })

  it('is seen when the answering fails while it is being closed', async () => {
    const { live } = open(async function* () {
      try {
        yield* events
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- the fault that is tested
        throw new Error('too late')
      }
    })
    live.start(question)
    const seen = await read(live)
    expectLawful(seen)
    expect(seen.at(-1)!.event.type).toBe('done')
  })

  it.each([1, 2, 3, 4, 5])('is seen when the store fails from batch %d on', async (failing) => {
    const answers = memoryAnswers()
    let batches = 0
    const append: AnswerStore['append'] = async (library, id, batch) => {
      if (++batches >= failing) throw outage()
      await answers.append(library, id, batch)
    }
    let signal: AbortSignal = never
    const { live } = open(
      (asked, given) => {
        signal = given
        return playing()(asked, given)
      },
      { ...answers, append },
    )
    live.start(question)
    const seen = await read(live)
    expectLawful(seen)
    expect(seen.at(-1)!.event).toEqual({ type: 'error', code: 'store-unavailable', retryable: true })
    expect(signal.aborted).toBe(true)
  })

  it('is stored too when the store fails once and comes back', async () => {
    const answers = memoryAnswers()
    let batches = 0
    const append: AnswerStore['append'] = async (library, id, batch) => {
      if (++batches === 2) throw outage()
      await answers.append(library, id, batch)
    }
    const { live } = open(playing(), { ...answers, append })
    live.start(question)
    const seen = await read(live)
    await wait(10)
    expect(await read(live)).toEqual(seen)
  })

  it.each([1, 2, 3])('is the one that the log has when the acknowledgement of batch %d is lost', async (lost) => {
    const answers = memoryAnswers()
    let batches = 0
    const append: AnswerStore['append'] = async (library, id, batch) => {
      await answers.append(library, id, batch)
      if (++batches === lost) throw outage()
    }
    const { live } = open(playing([events[0]!, ...events.slice(-2)]), { ...answers, append })
    live.start(question)
    const seen = await read(live)
    expectLawful(seen)
    expect(seen.at(-1)!.event.type).toBe(lost === 3 ? 'done' : 'error')
    expect(await answers.events('main', 'ans_1', 0)).toEqual(seen)
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1))
  })

  it('is the one that another process wrote', async () => {
    const answers = memoryAnswers()
    const { live } = open(playing([events[0]!, events[2]!, ...events.slice(-1)]), answers)
    live.start(question)
    for await (const { seq } of (await live.follow('main', 'ans_1', 0, never))!)
      if (seq === 1) await answers.append('main', 'ans_1', [{ seq: 2, event: interrupted }])
    const seen = await read(live)
    expect(seen.map(({ event }) => event.type)).toEqual(['started', 'error'])
    expect(await answers.events('main', 'ans_1', 0)).toEqual(seen)
  })

  it('is seen soon when the store fails and then hangs', { timeout: 10_000 }, async () => {
    const { live } = open(playing(), {
      ...memoryAnswers(),
      append: () => Promise.reject(outage()),
      events: async () => await new Promise<never>(() => {}),
    })
    live.start(question)
    const seen = await collect((await live.follow('main', 'ans_1', 0, never))!)
    expect(seen.map(({ event }) => event)).toEqual([{ type: 'error', code: 'store-unavailable', retryable: true }])
  })

  it('is seen when the answer cannot even begin, and the answer stays unknown', async () => {
    const busy = new StoreError('store-busy', 'no', { retryable: true })
    const { live } = open(playing(), { ...memoryAnswers(), begin: () => Promise.reject(busy) })
    live.start(question)
    const seen = await read(live)
    expect(seen.map(({ event }) => event)).toEqual([{ type: 'error', code: 'store-busy', retryable: true }])
    await wait(5)
    expect(await live.follow('main', 'ans_1', 0, never)).toBeNull()
  })
})

/** The log that a process leaves which dies after `count` events. */
async function orphan(count: number) {
  const answers = memoryAnswers()
  await answers.begin({ id: 'ans_1', library: 'main', conversationId: 'con_1', question: 'How?', mode: 'extractive' })
  const stored = events.slice(0, count).map((event, index) => ({ seq: index + 1, event }))
  if (count > 0) await answers.append('main', 'ans_1', stored)
  return answers
}

describe('an answer whose process died', () => {
  it.each([
    [0, 0],
    [1, 0],
    [3, 0],
    [3, 60],
  ])('after %d events is closed as interrupted, once, for all readers (%d ms)', async (count, silentMs) => {
    const { live } = open(playing(), await orphan(count), silentMs)
    const readers = await Promise.all([read(live), read(live), read(live)])
    for (const seen of readers) {
      expectLawful(seen)
      expect(seen).toEqual(readers[0])
      expect(seen.at(-1)!.event).toEqual(interrupted)
    }
    expect(await read(live, count + 1)).toEqual([])
    expect(await read(live, 900)).toEqual([])
  })

  it('is waited for as long as another process may still write it', async () => {
    const answers = await orphan(2)
    const { live } = open(playing(), answers, 60_000)
    const reading = read(live)
    await wait(50)
    await answers.append('main', 'ans_1', [{ seq: 3, event: events.at(-1)! }])
    const seen = await reading
    expectLawful(seen)
    expect(seen.at(-1)!.event.type).toBe('done')
  })

  it('is no longer looked for when its reader leaves', async () => {
    const answers = await orphan(2)
    const { live } = open(playing(), answers, 60_000)
    const leaving = new AbortController()
    const followed = (await live.follow('main', 'ans_1', 2, leaving.signal))!
    const reading = collect(followed)
    await wait(20)
    leaving.abort()
    expect(await reading).toEqual([])
  })
})

describe('a drain', () => {
  it('waits for what is under way, and takes nothing new', async () => {
    const { live } = open(playing())
    live.start(question)
    const reading = read(live)
    await live.drain(5_000)
    expect((await reading).at(-1)!.event.type).toBe('done')
    expect(() => live.start(question)).toThrow('shutting down')
  })

  it('does not wait for ever for an answer that cannot be stopped', { timeout: 5_000 }, async () => {
    const { live } = open(async function* () {
      yield events[0]!
      await new Promise(() => {})
    })
    live.start(question)
    await live.drain(10)
  })
})
