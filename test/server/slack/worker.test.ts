// The worker over a real database: bounded, punctual, patient, and never alone with a task that is somebody else's.
import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ModelError } from '../../../core/errors.ts'
import type { InboxStore } from '../../../core/inbox.ts'
import type { Attempt, Perform, SlackTask } from '../../../server/slack/tasks.ts'
import { openWorker, type Pace, type SlackWorker } from '../../../server/slack/worker.ts'
import { inboxStore } from '../../../store/inbox.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { outage } from '../../support/fake-store.ts'

let database: TestDatabase
let inbox: InboxStore
let lines: string[]

beforeEach(async () => {
  database = await openTestDatabase()
  await database.query(`insert into libraries (library_id) values ('main')`)
  inbox = inboxStore(database)
  lines = []
})

const quick: Partial<Pace> = { pollMs: 20, firstDelayMs: 20, leaseMs: 10_000 }

/** Begun, and stopped at the end of the test. */
function worker(perform: Perform, pace: Partial<Pace> = {}, through: Partial<InboxStore> = {}): SlackWorker {
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const opened = openWorker({
    inbox: { ...inbox, ...through },
    library: 'main',
    perform,
    log,
    pace: { ...quick, ...pace },
  })
  onTestFinished(async () => await opened.stop(0))
  opened.begin()
  return opened
}

async function keep(id: string, lane = id, isQuick = false): Promise<void> {
  await inbox.keep('main', { id, lane, saidAt: null, task: { id }, onlyInKnownLane: false, isQuick })
}

async function row(id: string) {
  const [found] = await database.query<{ ended: boolean; fault: string | null; attempts: number; failures: number }>(
    'select ended_at is not null as ended, fault, attempts, failures from slack_tasks where task_id = $1',
    [id],
  )
  return found
}

const ended = async (id: string) =>
  await vi.waitFor(async () => expect(await row(id)).toMatchObject({ ended: true }), 10_000)
const said = (text: string) => lines.filter((line) => line.includes(text)).length

/** Until the signal is aborted; throws its reason. */
async function forEver(_task: SlackTask, _attempt: Attempt, signal: AbortSignal): Promise<void> {
  await wait(60_000, undefined, { signal }).catch(() => {
    throw signal.reason
  })
}

describe('a task', () => {
  it('is taken at once when it was stored here, and soon when it was stored elsewhere', async () => {
    const perform = vi.fn(async () => {})
    const slow = worker(perform, { pollMs: 60_000 })
    await wait(100)
    await keep('here')
    slow.wake()
    await ended('here')
    await slow.stop(1_000)
    worker(perform)
    await keep('elsewhere')
    await ended('elsewhere')
    expect(perform).toHaveBeenCalledTimes(2)
  })

  it('is not begun before one of those at work is over', async () => {
    for (let n = 0; n < 8; n++) await keep(`t${n}`)
    let [now, most] = [0, 0]
    worker(
      async () => {
        most = Math.max(most, ++now)
        await wait(30)
        now--
      },
      { parallel: 3 },
    )
    await ended('t7')
    expect(most).toBe(3)
  })

  it('that is quick finds a place while eight that take long are under way, and waits for its own kind', async () => {
    for (let n = 0; n < 9; n++) await keep(`long${n}`)
    const begun: string[] = []
    const { promise: over, resolve } = Promise.withResolvers<void>()
    worker(
      async (task) => {
        begun.push((task as unknown as { id: string }).id)
        await over
      },
      { quick: 2 },
    )
    await vi.waitFor(() => expect(begun).toHaveLength(8))
    for (let n = 0; n < 3; n++) await keep(`click${n}`, `click${n}`, true)
    await vi.waitFor(() => expect(begun.slice(8).toSorted()).toEqual(['click0', 'click1']))
    await wait(100)
    expect(begun).toHaveLength(10)
    resolve()
    await Promise.all([ended('long8'), ended('click2')])
  })

  it('that fails is tried again, and given up with its reason in the log; its thread goes on', async () => {
    await keep('bad', 'thread')
    await keep('good', 'thread')
    const attempts: number[] = []
    worker(
      async (task, { number }) => {
        if ((task as unknown as { id: string }).id === 'good') return
        attempts.push(number)
        throw new Error('no way')
      },
      { mostFailures: 3 },
    )
    await ended('good')
    expect(attempts).toEqual([1, 2, 3])
    expect(await row('bad')).toMatchObject({ ended: true, fault: 'Error: no way' })
    expect(said('was given up')).toBe(1)
  })

  it('that Slack wants later waits so long, however often, and none of it counts', async () => {
    await keep('t')
    const at: number[] = []
    worker(
      async () => {
        at.push(performance.now())
        if (at.length < 3) throw Object.assign(new Error('slow down'), { retryAfterMs: 600 })
      },
      { mostFailures: 1 },
    )
    await ended('t')
    expect(await row('t')).toMatchObject({ fault: null, attempts: 3, failures: 1 })
    for (const [n, each] of at.slice(1).entries()) expect(each - at[n]!).toBeGreaterThanOrEqual(595)
  })

  it('that ended its process every time is given up without another attempt', async () => {
    await keep('t')
    await database.query('update slack_tasks set attempts = 2, failures = 2')
    const perform = vi.fn(async () => {})
    worker(perform, { mostFailures: 2 })
    await ended('t')
    expect(perform).not.toHaveBeenCalled()
    expect(await row('t')).toMatchObject({ fault: 'Error: no attempt came to an end' })
  })

  it('longer than its lease stays with who does it', async () => {
    await keep('t')
    const perform = vi.fn(async () => await wait(4_500))
    for (let n = 0; n < 2; n++) worker(perform, { leaseMs: 2_000 })
    await ended('t')
    expect(perform).toHaveBeenCalledTimes(1)
  })
})

describe('a worker that cannot renew its lease', () => {
  it('is told to stop, can write nothing any more, and another goes on from what it remembered', async () => {
    await keep('t')
    const { promise: late, resolve } = Promise.withResolvers<unknown>()
    const stuck: Perform = async (_task, attempt, signal) => {
      await attempt.remember({ answerId: 'ans_1' })
      await wait(60_000, undefined, { signal }).catch(() => {})
      // As a process does that was paused, and does not know it.
      await attempt.remember({ answerId: 'ans_2' }).catch(resolve)
      throw signal.reason
    }
    const once = vi.fn<InboxStore['take']>(async () => [])
    once.mockImplementationOnce(async (...asked) => await inbox.take(...asked))
    const broken = { take: once, renew: async () => await Promise.reject(outage()) }
    const paused = worker(stuck, { leaseMs: 2_000 }, broken)
    await vi.waitFor(async () => expect(await row('t')).toMatchObject({ attempts: 1 }))
    const seen: Attempt[] = []
    worker(async (_task, attempt) => void seen.push(attempt))
    await ended('t')
    expect(await late).toMatchObject({ code: 'lease-lost' })
    expect(seen).toMatchObject([{ number: 2, progress: { answerId: 'ans_1' } }])
    await paused.stop(1_000)
    expect(said('was lost')).toBe(1)
  })
})

describe('a model that asks to wait', () => {
  it('is waited for, and counts: nobody waits for an answer for ever', async () => {
    await keep('t')
    const seen: number[] = []
    worker(async (_task, { failures }) => {
      seen.push(failures)
      if (seen.length < 3) throw new ModelError('model-rate-limited', 'later', { retryable: true, retryAfterMs: 600 })
    })
    await ended('t')
    expect(seen).toEqual([1, 2, 3])
  })
})

describe('a worker that is stopped', () => {
  it('lets what is under way come to its end, and begins nothing more', async () => {
    await keep('first', 'thread')
    await keep('second', 'thread')
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const leaving = worker(async () => {
      resolve()
      await wait(200)
    })
    await begun
    await leaving.stop(5_000)
    expect(await row('first')).toMatchObject({ ended: true })
    expect(await row('second')).toMatchObject({ ended: false, attempts: 0 })
  })

  it('hands back what does not end in time: the next does it at once, and nothing counts', async () => {
    await keep('t')
    const leaving = worker(forEver)
    await vi.waitFor(async () => expect(await row('t')).toMatchObject({ attempts: 1 }))
    await leaving.stop(50)
    expect(await row('t')).toMatchObject({ ended: false, failures: 0 })
    worker(async () => {})
    await ended('t')
  })
})

describe('a sweep that fails', () => {
  it('keeps no task waiting, and is not repeated at once', async () => {
    await keep('t')
    const sweep = vi.fn(async () => await Promise.reject(outage()))
    worker(async () => {}, {}, { sweep })
    await ended('t')
    expect(sweep).toHaveBeenCalledTimes(1)
    expect(said('are not forgotten yet')).toBe(1)
  })
})

describe('an outage of the database', () => {
  it('is outlived without spinning, and told of once', async () => {
    let isDown = true
    const take = vi.fn<InboxStore['take']>(async (...asked) =>
      isDown ? await Promise.reject(outage()) : await inbox.take(...asked),
    )
    await keep('t')
    const perform = vi.fn(async () => {})
    worker(perform, { pollMs: 50 }, { take })
    await wait(1_000)
    expect(take.mock.calls.length).toBeGreaterThan(1)
    expect(take.mock.calls.length).toBeLessThan(15)
    isDown = false
    await ended('t')
    expect(said('cannot be read')).toBe(1)
    expect(said('can be read again')).toBe(1)
    expect(perform).toHaveBeenCalledTimes(1)
  })

  it('that begins while a task is done leaves the task to its lease, and is not its fault', async () => {
    await keep('t')
    let isDown = false
    const check = () => {
      if (isDown) throw outage()
    }
    const perform = vi.fn<Perform>(async (_task, attempt) => {
      if (attempt.number > 1) return
      isDown = true
      setTimeout(() => (isDown = false), 600)
      await attempt.remember({ answerId: 'ans_1' })
    })
    const through: Partial<InboxStore> = {
      take: async (...asked) => (check(), await inbox.take(...asked)),
      renew: async (...asked) => (check(), await inbox.renew(...asked)),
      remember: async (...asked) => (check(), await inbox.remember(...asked)),
      postpone: async (...asked) => (check(), await inbox.postpone(...asked)),
      end: async (...asked) => (check(), await inbox.end(...asked)),
    }
    worker(perform, { leaseMs: 2_000 }, through)
    await ended('t')
    expect(perform).toHaveBeenCalledTimes(2)
    expect(said('left to its lease')).toBe(1)
  })
})
