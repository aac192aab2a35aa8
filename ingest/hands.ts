// Who does the work on documents that have been loaded: this process, or whichever takes it from the queue, or both.
import { setTimeout as wait } from 'node:timers/promises'
import { AppError, ModelError, type ModelErrorCode, StoreError } from '../core/errors.ts'
import type { JobOutcome, Queue, Urgency } from '../core/jobs.ts'
import type { IngestOutcome } from '../core/types.ts'
import { openGate } from './gate.ts'
import type { WorkDeps } from './ingest.ts'
import type { DocumentTask } from './look.ts'
import { patient } from './patience.ts'
import { learnDocument } from './work.ts'
import { openAttempt } from './worker.ts'

export type Hands = {
  /** so many documents, and so many bytes of them, are begun before one is waited for */
  readonly atOnce: number
  readonly mostBytes: number
  /** they end in the order in which they were begun */
  readonly inOrder: boolean
  /** What fails otherwise than by the document's own fault is thrown. */
  readonly learn: (task: DocumentTask, signal: AbortSignal) => Promise<IngestOutcome>
}

// Enough for two of the batches that the store saves documents in, so that one is computed as another one is written. A
// provider of vectors is not asked for more than a few at a time.
const OWN_AT_ONCE = 128
const OWN_AT_ONCE_WITH_PROVIDER = 8
const OWN_BYTES = 4_000_000

/** Documents are read one after the other, and told in that order. */
export function ownHands(deps: WorkDeps): Hands {
  const gate = openGate()
  return {
    // A library may be switched to another space meanwhile.
    get atOnce() {
      return deps.tokenPrice?.isProvided ? OWN_AT_ONCE_WITH_PROVIDER : OWN_AT_ONCE
    },
    mostBytes: OWN_BYTES,
    inOrder: true,
    learn: async (task, signal) => (await learnDocument(task, deps, gate, signal)).outcome,
  }
}

/** How this process shares work with others of its database. */
export type Sharing = {
  readonly open: () => Promise<Queue>
  /** whether somebody takes documents from the queue; null: they do all of it, and this process none */
  readonly others: (() => Promise<boolean>) | null
}

/** Of one sync. */
export function handsOf(deps: WorkDeps, sharing: Sharing | undefined, queued: QueuedWork): Hands {
  const own = ownHands(deps)
  if (!sharing) return own
  const { open, others } = sharing
  if (!others) return queuedHands(open, queued)
  // Somebody waits for it, and it is a few documents.
  if (queued.urgency === 'upload') return own
  return sharedHands(own, queuedHands(open, { ...queued, own: deps }), others)
}

// What a process keeps under way itself while others work. Articles of 17 kB are learned in 0.07 s then (1.9 MB/s), and
// slower ones, or fewer than it could have under way, are shared all the same.
const KEPT = 8

// One that has come is found so soon. One that is lost counts for 30 s (store/jobs.ts).
const LOOK_FOR_OTHERS_MS = 2_000

/** As many as this process can do at once; while others work as well it keeps a few, and what is loaded beyond is for them. */
function sharedHands(own: Hands, queued: Hands, others: () => Promise<boolean>): Hands {
  const mine = new Set<DocumentTask>()
  let areThere = false
  let lookedAt = -Infinity
  let looking = Promise.resolve()
  const look = () => {
    if (performance.now() - lookedAt < LOOK_FOR_OTHERS_MS) return
    lookedAt = performance.now()
    looking = others().then(
      (found) => void (areThere = found),
      () => {},
    )
  }
  const isBusy = () => mine.size >= KEPT || sumOf(mine) >= own.mostBytes
  // Files are loaded faster than the database says who works.
  const isForOthers = async () => {
    await looking
    return areThere
  }
  return {
    get atOnce() {
      return areThere ? KEPT + queued.atOnce : own.atOnce
    },
    get mostBytes() {
      return own.mostBytes + (areThere ? queued.mostBytes : 0)
    },
    inOrder: false,
    learn: async (task, signal) => {
      look()
      if (isBusy() && (await isForOthers())) return await queued.learn(task, signal)
      mine.add(task)
      try {
        return await own.learn(task, signal)
      } finally {
        mine.delete(task)
      }
    },
  }
}

function sumOf(tasks: ReadonlySet<DocumentTask>): number {
  let sum = 0
  for (const { bytes } of tasks) sum += bytes.length
  return sum
}

// Enough that no worker waits for this process, of which each document costs two round trips and a look every 50 ms.
const QUEUED_AT_ONCE = 128
const QUEUED_BYTES = 64_000_000
const LOOK_MS = 50
// Told after the first, given up after the second: a worker that was started together with this process lives by then.
const QUIET_MS = 5_000

export type QueuedWork = {
  readonly library: string
  readonly sync: string
  readonly urgency: Urgency
  /** what is sent and taken by nobody any more is learned with these; left out: it waits for a worker */
  readonly own?: WorkDeps
  /** after so long without an outcome it is asked who works */
  readonly quietMs?: number
  readonly report?: ((message: string, error: unknown) => void) | undefined
}

export function queuedHands(open: () => Promise<Queue>, queued: QueuedWork): Hands {
  const { library, sync, urgency, quietMs = QUIET_MS } = queued
  const { outcomes, outcomeOf } = openOutcomes()
  const underWay = new Set<DocumentTask>()
  const missed = missing(queued)
  let looking = false
  let heard: number[] = []
  const look = async (signal: AbortSignal) => {
    if (looking) return
    looking = true
    let heardAt = performance.now()
    try {
      while (underWay.size > 0) {
        const queue = patient(await open(), signal)
        const ended = await queue.collect(library, sync, heard)
        heard = ended.map(({ job }) => job)
        for (const { job, outcome } of ended) outcomeOf(job).resolve(outcome)
        const isQuiet = performance.now() - heardAt > quietMs
        if (isQuiet) await missed(queue, [...outcomes.keys()], signal)
        if (isQuiet || ended.length > 0) heardAt = performance.now()
        await wait(LOOK_MS, undefined, { signal })
      }
    } catch (error) {
      for (const { reject } of outcomes.values()) reject(signal.aborted ? signal.reason : error)
    } finally {
      looking = false
    }
  }
  const learn = async (whole: DocumentTask, signal: AbortSignal) => {
    const { bytes, ...task } = whole
    underWay.add(whole)
    try {
      const queue = patient(await open(), signal)
      await refuse(queue, queued)
      const job = await queue.send({ library, sync, task, bytes }, urgency)
      signal.throwIfAborted()
      const { promise } = outcomeOf(job)
      void look(signal)
      return await promise.finally(() => outcomes.delete(job))
    } finally {
      underWay.delete(whole)
    }
  }
  return {
    atOnce: QUEUED_AT_ONCE,
    mostBytes: QUEUED_BYTES,
    inOrder: false,
    learn: async (task, signal) => orThrow(await learn(task, signal)),
  }
}

function openOutcomes() {
  const outcomes = new Map<number, PromiseWithResolvers<JobOutcome>>()
  // Of a job that was quick the outcome comes before the number that it is waited for by.
  const outcomeOf = (job: number) => {
    const outcome = outcomes.get(job) ?? Promise.withResolvers<JobOutcome>()
    outcomes.set(job, outcome)
    return outcome
  }
  return { outcomes, outcomeOf }
}

type Missed = (queue: Queue, jobs: readonly number[], signal: AbortSignal) => Promise<void>

/**
 * Called when nothing has ended for a while. Where nobody works any more, this process takes the jobs itself, if it may;
 * else who waits for them is refused the second time, and of the rest it is told once.
 */
function missing({ library, sync, urgency, own, report = () => {} }: QueuedWork): Missed {
  let times = 0
  let isTold = false
  return async (queue, jobs, signal) => {
    const fault = await missingWorker(queue, library)
    times = fault ? times + 1 : 0
    if (!fault) return
    if (own) {
      const attempt = openAttempt({ ...own, jobs: queue, report })
      await Promise.all(jobs.map(async (job) => await attempt({ library, sync, job }, signal)))
      return
    }
    if (urgency !== 'rest' && times > 1) throw fault
    if (!isTold) report(fault.message, null)
    isTold = true
  }
}

/** Who sends something waits for the reply, and learns it before anything is queued. */
async function refuse(queue: Queue, { library, urgency }: QueuedWork): Promise<void> {
  const fault = urgency === 'upload' ? await missingWorker(queue, library) : null
  if (fault) throw fault
}

/** Null: somebody works. */
async function missingWorker(queue: Queue, library: string): Promise<AppError | null> {
  const { workers, documents } = await queue.waiting(library)
  if (workers > 0) return null
  const waiting = documents === 1 ? '1 document waits' : `${documents} documents wait`
  const found = documents === 0 ? 'No worker is running' : `${waiting} for a worker, and none is running`
  return new AppError('no-worker', `${found}: npm run worker`, { retryable: true })
}

/** What ended the work on every document ends the sync here as it would have there. */
function orThrow(outcome: JobOutcome): IngestOutcome {
  if (outcome.type !== 'fault') return outcome
  const { by, code, message } = outcome
  if (by === 'model') throw new ModelError(code as ModelErrorCode, message)
  throw by === 'store' ? new StoreError(code, message) : new AppError(code, message)
}
