// Does jobs that the queue hands out. What a document cannot help is its outcome; what may pass is thrown, for the queue
// to try again; what would meet every document alike ends the sync.
import { AppError, ModelError, StoreError } from '../core/errors.ts'
import type { Attempt, JobOutcome, JobStore } from '../core/jobs.ts'
import { type Gate, openGate } from './gate.ts'
import type { WorkDeps } from './ingest.ts'
import { type DocumentTask, LEARNED_WITH } from './look.ts'
import { learnDocument } from './work.ts'

export type WorkerDeps = Omit<WorkDeps, 'sync' | 'fence'> & {
  readonly jobs: JobStore
  readonly report: (message: string, error: unknown) => void
}

export function openAttempt(deps: WorkerDeps): Attempt {
  const { jobs, report } = deps
  // What somebody waits for does not wait for a crawl.
  const gates = { upload: openGate(), rest: openGate() }
  return async (ref, signal) => {
    const taken = await jobs.take(ref)
    // Its sync is over.
    if (!taken) return
    const { fence, bytes } = taken
    const task = { ...(taken.task as DocumentTask), bytes }
    try {
      const gate = task.upload ? gates.upload : gates.rest
      await attempt(task, { ...deps, sync: ref.sync, fence }, gate, signal)
    } catch (error) {
      if (isLost(error))
        return report(`${task.source} is not written: another process has it, or its sync is over`, null)
      signal.throwIfAborted()
      const fault = faultOf(error)
      if (fault) return await jobs.settle(fence, fault).catch(unlessLost)
      report(`${task.source} could not be learned, attempt ${fence.token}`, error)
      await jobs.blame(fence, error instanceof Error ? error.message : String(error))
      throw error
    }
  }
}

async function attempt(
  task: DocumentTask,
  deps: WorkDeps & { readonly jobs: JobStore; readonly fence: NonNullable<WorkDeps['fence']> },
  gate: Gate,
  signal: AbortSignal,
): Promise<void> {
  // During an update two versions run side by side; only one of them is right about what is known.
  if (task.learning !== LEARNED_WITH)
    throw new AppError('other-version', `a worker of another version took ${task.source}: start all of them alike`)
  const { outcome, isSaved } = await learnDocument(task, deps, gate, signal)
  if (!isSaved) await deps.jobs.settle(deps.fence, outcome)
}

/** Null: it may pass, also because another worker has what this one lacks, or be this document's fault. */
function faultOf(error: unknown): JobOutcome | null {
  if (!(error instanceof ModelError || error instanceof StoreError)) return null
  if (error.retryable || error.code === 'model-unavailable') return null
  return {
    type: 'fault',
    by: error instanceof ModelError ? 'model' : 'store',
    code: error.code,
    message: error.message,
  }
}

function isLost(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'lease-lost'
}

function unlessLost(error: unknown): void {
  if (!isLost(error)) throw error
}
