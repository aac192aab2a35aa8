// Does what lies in the inbox: a few tasks at once, each held by a lease that is renewed while it is done. It works in
// every server process, outlives outages of the database, and hands back what it has not done when it is stopped.
import { ModelError, StoreError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { InboxStore, TakenTask } from '../../core/inbox.ts'
import { within } from '../../core/waiting.ts'
import { backoffMs, faultOf, retryAfterMsOf } from './retries.ts'
import type { Attempt, Perform, Progress, SlackTask } from './tasks.ts'

export type WorkerDeps = {
  readonly inbox: InboxStore
  readonly library: string
  readonly perform: Perform
  readonly log: Log
  readonly pace?: Partial<Pace>
}

export type Pace = {
  /** tasks at once that take long */
  readonly parallel: number
  /** quick tasks at once, beside them */
  readonly quick: number
  /** a process that says nothing for so long has lost its tasks */
  readonly leaseMs: number
  /** how often to look for tasks that other processes stored or left */
  readonly pollMs: number
  /** before the second attempt; doubled for every further one */
  readonly firstDelayMs: number
  readonly mostFailures: number
}

// Eight answers at once are what two cores and the embedded database bear. An answer takes seconds, a lease of 30 s is
// renewed twice before it is over. Ten attempts are spread over a quarter of an hour: later nobody waits any more.
const PACE: Pace = { parallel: 8, quick: 4, leaseMs: 30_000, pollMs: 1_000, firstDelayMs: 2_000, mostFailures: 10 }
const BEATS = 3
const SWEEP_MS = 60 * 60_000
// However soon somebody asks us to come back.
const SHORTEST_MS = 500
// A task that was stopped only has to hand itself back.
const STOPPED_MS = 2_000

export type SlackWorker = {
  readonly begin: () => void
  /** A task was stored in this process: it is taken at once. */
  readonly wake: () => void
  /** Takes no more; what is not done after `deadlineMs` is stopped and handed back, for another process or the next. */
  readonly stop: (deadlineMs: number) => Promise<void>
}

type Running = {
  readonly taken: TakenTask
  readonly controller: AbortController
  /** performance.now() from which on the task may be somebody else's */
  heldUntil: number
}

type Shift = WorkerDeps & {
  readonly pace: Pace
  /** Not by the task: one that was lost and does not stop may stand here beside its next attempt. */
  readonly running: Set<Running>
  readonly stopping: AbortSignal
}

export function openWorker(deps: WorkerDeps): SlackWorker {
  const running = new Set<Running>()
  const stopping = new AbortController()
  const bell = openBell()
  const shift: Shift = { ...deps, pace: { ...PACE, ...deps.pace }, running, stopping: stopping.signal }
  const under = new Set<Promise<void>>()
  const employ = (taken: TakenTask, heldUntil: number) => {
    const work = run(taken, heldUntil, shift).finally(() => {
      under.delete(work)
      bell.ring()
    })
    under.add(work)
  }
  let loop: Promise<void> | null = null
  let heart: NodeJS.Timeout | undefined
  return {
    begin: () => {
      loop ??= takeTasks(shift, employ, bell)
      heart ??= setInterval(openHeart(shift), shift.pace.leaseMs / BEATS).unref()
    },
    wake: bell.ring,
    stop: async (deadlineMs) => {
      stopping.abort()
      bell.ring()
      const over = Promise.all([loop, ...under]).then(async () => await Promise.all(under))
      if (!(await within(deadlineMs, over))) {
        for (const { controller } of running) controller.abort(new DOMException('shutting down', 'AbortError'))
        await within(STOPPED_MS, over)
      }
      clearInterval(heart)
    },
  }
}

/** Until it is stopped. A database that fails is asked again after ever longer pauses, and named in the log once. */
async function takeTasks(
  { inbox, library, pace, running, stopping, log }: Shift,
  employ: (taken: TakenTask, heldUntil: number) => void,
  bell: Bell,
): Promise<void> {
  let troubles = 0
  let sweptAt = -Infinity
  while (!stopping.aborted) {
    if (performance.now() - sweptAt > SWEEP_MS) {
      sweptAt = performance.now()
      await inbox
        .sweep(library)
        .catch((error: unknown) => log.warn({ err: error }, 'old tasks of Slack are not forgotten yet'))
    }
    try {
      const heldUntil = performance.now() + pace.leaseMs
      const taken = await inbox.take(library, freePlaces(pace, running), pace.leaseMs)
      if (troubles > 0) log.info({ attempts: troubles }, 'the inbox of Slack can be read again')
      troubles = 0
      for (const each of taken) employ(each, heldUntil)
    } catch (error) {
      if (troubles === 0) log.warn({ err: error }, 'the inbox of Slack cannot be read')
      troubles++
    }
    // Some seconds at most: after an outage somebody waits for each of the tasks.
    await bell.next(backoffMs(Math.min(troubles, 3) + 1, pace.pollMs))
  }
}

function freePlaces({ parallel, quick }: Pace, running: ReadonlySet<Running>) {
  const quickOnes = [...running].filter(({ taken }) => taken.isQuick).length
  return { long: parallel - (running.size - quickOnes), quick: quick - quickOnes }
}

/** Never throws. Whatever becomes of the task, it is told to the inbox, or left to its lease. */
async function run(taken: TakenTask, heldUntil: number, shift: Shift): Promise<void> {
  const { inbox, library, perform, pace, running, stopping, log } = shift
  const { id, number } = taken
  const controller = new AbortController()
  const each: Running = { taken, controller, heldUntil }
  running.add(each)
  const began = performance.now()
  try {
    if (stopping.aborted) throw stopping.reason
    // Counted from their beginning: one that ends its process each time comes here as well.
    if (taken.failures > pace.mostFailures) throw new Error('no attempt came to an end')
    await perform(taken.task as SlackTask, toAttempt(taken, inbox, library), controller.signal)
    await inbox.end(library, taken, null)
    log.info({ task: id, attempt: number, ms: Math.round(performance.now() - began) }, 'slack task done')
  } catch (error) {
    await settle(taken, error, shift).catch((second: unknown) =>
      log.warn({ err: second, task: id, attempt: number }, 'a slack task is left to its lease'),
    )
  } finally {
    running.delete(each)
  }
}

function toAttempt(taken: TakenTask, inbox: InboxStore, library: string): Attempt {
  const { id, number, failures } = taken
  const progress = taken.progress as Progress
  return { id, number, failures, progress, remember: async (next) => await inbox.remember(library, taken, next) }
}

/** Somebody else's, for the next process, later, or never. */
async function settle(taken: TakenTask, error: unknown, { inbox, library, pace, stopping, log }: Shift): Promise<void> {
  const { id, number: attempt, failures } = taken
  const line = { err: error, task: id, attempt }
  if (error instanceof StoreError && error.code === 'lease-lost') return log.warn(line, 'a slack task was lost')
  if (stopping.aborted) return await inbox.postpone(library, taken, { delayMs: 0, counts: false })
  const retryAfterMs = retryAfterMsOf(error)
  // Waiting as long as Slack asks is no failure: of many that wait, the last would otherwise never be done. A model that
  // asks to wait is one that fails: whoever waits for its answer is told of it in the end.
  const counts = retryAfterMs === null || error instanceof ModelError
  if (counts && failures >= pace.mostFailures) {
    log.error(line, 'a slack task was given up')
    return await inbox.end(library, taken, faultOf(error))
  }
  if (counts) log.warn(line, 'a slack task failed and is tried again')
  const askedMs = retryAfterMs === null ? null : Math.max(retryAfterMs, SHORTEST_MS) * (1 + Math.random() / 4)
  await inbox.postpone(library, taken, { delayMs: askedMs ?? backoffMs(failures, pace.firstDelayMs), counts })
}

/** Renews all leases of this process at once, and stops the tasks that it may have lost. */
function openHeart({ inbox, library, pace, running, log }: Shift): () => void {
  let beating = false
  const renew = async () => {
    const all = [...running].filter(({ controller }) => !controller.signal.aborted)
    const heldUntil = performance.now() + pace.leaseMs
    const leases = all.map(({ taken: { id, number } }) => ({ id, number }))
    const held = await inbox.renew(library, leases, pace.leaseMs)
    for (const each of all) {
      if (held.has(each.taken.id)) each.heldUntil = heldUntil
      else lose(each)
    }
  }
  return () => {
    for (const each of running) if (performance.now() >= each.heldUntil) lose(each)
    if (beating || running.size === 0) return
    beating = true
    renew()
      .catch((error: unknown) => log.warn({ err: error }, 'slack tasks under way could not be kept'))
      .finally(() => (beating = false))
  }
}

function lose({ taken, controller }: Running): void {
  const lost = new StoreError('lease-lost', `The task ${taken.id} was not renewed in time.`)
  if (!controller.signal.aborted) controller.abort(lost)
}

type Bell = { readonly ring: () => void; readonly next: (ms: number) => Promise<void> }

/** A ring that nobody waited for is heard by the next who waits. */
function openBell(): Bell {
  let rung = false
  let resume: (() => void) | null = null
  const ring = () => {
    rung = true
    resume?.()
  }
  return {
    ring,
    next: async (ms) => {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>()
        resume = resolve
        const timer = setTimeout(resolve, ms)
        await promise.finally(() => clearTimeout(timer))
      }
      resume = null
      rung = false
    },
  }
}
