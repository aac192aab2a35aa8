// Who does the work on documents that have been loaded: this process, or whichever takes it from the queue.
import { setTimeout as wait } from 'node:timers/promises'
import { AppError, ModelError, type ModelErrorCode, StoreError } from '../core/errors.ts'
import type { JobOutcome, Queue, Urgency } from '../core/jobs.ts'
import type { IngestOutcome } from '../core/types.ts'
import type { WorkDeps } from './ingest.ts'
import type { DocumentTask } from './look.ts'
import { prepareDocument, saveDocument } from './work.ts'

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
export function ownHands(deps: WorkDeps, isProvided: boolean): Hands {
  return {
    atOnce: isProvided ? OWN_AT_ONCE_WITH_PROVIDER : OWN_AT_ONCE,
    mostBytes: OWN_BYTES,
    inOrder: true,
    learn: async (task, signal) => {
      const prepared = await prepareDocument(task, deps, signal)
      signal.throwIfAborted()
      return await saveDocument(prepared, deps, signal)
    },
  }
}

// Enough that no worker waits for this process, of which each document costs two round trips and a look every 50 ms.
const QUEUED_AT_ONCE = 64
const QUEUED_BYTES = 64_000_000
const LOOK_MS = 50

export type QueuedWork = { readonly library: string; readonly sync: string; readonly urgency: Urgency }

export function queuedHands(open: () => Promise<Queue>, { library, sync, urgency }: QueuedWork): Hands {
  // Of a job that was quick the outcome comes before the number that it is waited for by.
  const outcomes = new Map<number, PromiseWithResolvers<JobOutcome>>()
  const outcomeOf = (job: number) => {
    const outcome = outcomes.get(job) ?? Promise.withResolvers<JobOutcome>()
    outcomes.set(job, outcome)
    return outcome
  }
  const underWay = new Set<DocumentTask>()
  let looking = false
  const look = async (signal: AbortSignal) => {
    if (looking) return
    looking = true
    try {
      while (underWay.size > 0) {
        for (const { job, outcome } of await (await open()).collect(library, sync)) outcomeOf(job).resolve(outcome)
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
      const job = await (await open()).send({ library, sync, task, bytes }, urgency)
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

/** What ended the work on every document ends the sync here as it would have there. */
function orThrow(outcome: JobOutcome): IngestOutcome {
  if (outcome.type !== 'fault') return outcome
  const { by, code, message } = outcome
  if (by === 'model') throw new ModelError(code as ModelErrorCode, message)
  throw by === 'store' ? new StoreError(code, message) : new AppError(code, message)
}
