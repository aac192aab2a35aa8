// A store that is away for a while, in the middle of an answer.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Answering, AnswerStore } from '../../../core/ports.ts'
import type { AnswerEvent } from '../../../core/types.ts'
import { liveAnswers } from '../../../server/answer/live.ts'
import { memoryAnswers, outage, question } from '../../support/fake-store.ts'

const events: AnswerEvent[] = [
  { type: 'started', id: 'ans_1', conversationId: 'con_1', mode: 'extractive' },
  { type: 'passages', passages: [] },
  { type: 'text', delta: 'So ' },
  { type: 'verdict', start: 0, end: 2, verdict: 'unsupported', citations: [] },
  { type: 'error', code: 'internal', retryable: false },
]

const answering: Answering = async function* (_question, signal) {
  for (const event of events) {
    await wait(5, undefined, { signal })
    yield event
  }
}

const stoppable: Answering = async function* (asked, signal) {
  try {
    yield* answering(asked, signal)
  } catch {
    yield { type: 'error', code: 'stopped-by-test', retryable: false }
  }
}

type Append = AnswerStore['append']

/** The answer as its reader sees it, and as its log has it, over a store whose appending is changed. */
async function answered(change: (append: Append) => Append, outageMs: number, each = (_type: string) => {}) {
  const answers = memoryAnswers()
  const changed = { ...answers, append: change(async (...asked) => await answers.append(...asked)) }
  const live = liveAnswers({ answers: changed, answering, report: () => {}, silentMs: 0, outageMs })
  live.start(question)
  const seen: string[] = []
  const followed = (await live.follow('main', 'ans_1', 0, new AbortController().signal))!
  for await (const { seq, event } of followed) {
    each(event.type)
    seen.push(`${seq} ${event.type}`)
  }
  await live.drain(1_000)
  const log = (await answers.events('main', 'ans_1', 0))!.map(({ seq, event }) => `${seq} ${event.type}`)
  return { seen, log }
}

const whole = events.map(({ type }, at) => `${at + 1} ${type}`)

/** From the second call on, so many fail; `stores`: each does its work all the same. */
function failing(count: number, stores: boolean) {
  return (append: Append): Append => {
    let calls = 0
    return async (...asked) => {
      const fails = ++calls > 1 && calls <= count + 1
      if (!fails || stores) await append(...asked)
      if (fails) throw outage()
    }
  }
}

/** As another process has it under way: the first event stands in its log. */
async function elsewhere() {
  const answers = memoryAnswers()
  await answers.begin({ id: 'ans_1', library: 'main', conversationId: 'con_1', question: 'How?', mode: 'extractive' })
  await answers.append('main', 'ans_1', [{ seq: 1, event: events[0]! }])
  return answers
}

/** Reads it here; `away`: whether this reading of the log fails. */
async function readHere(answers: AnswerStore, away: (reading: number) => boolean, outageMs: number) {
  let reading = 0
  const reports: unknown[] = []
  const read: AnswerStore['events'] = async (...asked) => {
    if (away(++reading)) throw outage()
    return await answers.events(...asked)
  }
  const report = (_message: string, error: unknown) => reports.push(error)
  const live = liveAnswers({ answers: { ...answers, events: read }, answering, report, silentMs: 60_000, outageMs })
  const followed = (await live.follow('main', 'ans_1', 0, new AbortController().signal))!
  return { seen: await Array.fromAsync(followed), reports }
}

describe('an answer of another process', () => {
  it('is read on when the store was away for a while', async () => {
    const answers = await elsewhere()
    const reading = readHere(answers, (n) => n === 2 || n === 3, 5_000)
    await answers.append('main', 'ans_1', [{ seq: 2, event: events[4]! }])
    expect(await reading).toEqual({
      seen: [
        { seq: 1, event: events[0] },
        { seq: 2, event: events[4] },
      ],
      reports: [],
    })
  })

  it('that the store keeps from its reader ends for them in an error, behind which they can go on', async () => {
    const answers = await elsewhere()
    const { seen, reports } = await readHere(answers, (n) => n > 1, 300)
    const lost: AnswerEvent = { type: 'error', code: 'store-unavailable', retryable: true }
    // Its number is that of the last event of the log: whoever comes back with it misses none.
    expect(seen).toEqual([
      { seq: 1, event: events[0] },
      { seq: 1, event: lost },
    ])
    expect(reports).toHaveLength(1)
    expect(await answers.events('main', 'ans_1', 0)).toHaveLength(1)
  })
})

describe('a store that is away for a while', () => {
  it.each([1, 2, 3])('and comes back after %d tries costs no event', async (count) => {
    expect(await answered(failing(count, false), 5_000)).toEqual({ seen: whole, log: whole })
  })

  it('after it stored what it was given costs no event, and stores none twice', async () => {
    expect(await answered(failing(1, true), 5_000)).toEqual({ seen: whole, log: whole })
  })

  it('for longer than a reader is kept waiting ends the answer, and its log tells the same when it is back', async () => {
    const began = performance.now()
    const { seen, log } = await answered(failing(3, false), 400)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(seen).toEqual(['1 started', '2 error'])
    expect(log).toEqual(seen)
  })

  it('as the answer is stopped has its end all the same when it is back', async () => {
    const answers = memoryAnswers()
    let isAway = true
    const append: Append = async (library, id, batch) => {
      if (isAway && batch[0]!.seq > 1) throw outage()
      await answers.append(library, id, batch)
    }
    const deps = { answers: { ...answers, append }, report: () => {}, silentMs: 0, outageMs: 5_000 }
    const live = liveAnswers({ ...deps, answering: stoppable })
    live.start(question)
    await wait(12)
    expect(live.stop('main', 'ans_1')).toBe(true)
    await wait(300)
    isAway = false
    await live.drain(2_000)
    const log = await answers.events('main', 'ans_1', 0)
    expect(log!.at(-1)!.event).toMatchObject({ type: 'error', code: 'stopped-by-test' })
  })

  it('holds up a drain for two seconds at most', async () => {
    const answers = memoryAnswers()
    const append: Append = async (library, id, batch) => {
      if (batch[0]!.seq > 1) throw outage()
      await answers.append(library, id, batch)
    }
    const deps = { answers: { ...answers, append }, answering, report: () => {}, silentMs: 0, outageMs: 60_000 }
    const live = liveAnswers(deps)
    live.start(question)
    await wait(50)
    const began = performance.now()
    await live.drain(0)
    expect(performance.now() - began).toBeLessThan(2_500)
  })
})
