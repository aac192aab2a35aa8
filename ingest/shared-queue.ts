// The queue of documents as this process has it: opened when something is sent, or when this process begins to take jobs.
import type { Queue } from '../core/jobs.ts'
import type { Sharing } from './hands.ts'
import { openAttempt, type WorkerDeps } from './worker.ts'

// The store saves together what is ready at once: fewer cost it more for each. With a provider, what a worker has under
// way when it is killed is paid for twice.
const AT_ONCE = 32
const AT_ONCE_WITH_PROVIDER = 8

export type SharedQueue = Sharing & {
  /** So many documents at once; null: as many as fit what makes the vectors. */
  readonly work: (atOnce: number | null) => Promise<void>
  readonly close: () => Promise<void>
}

/** `isBeside`: this process learns documents of its syncs as well, and does not only give them out. */
export function sharedQueue(openQueue: () => Promise<Queue>, isBeside: boolean, deps: WorkerDeps): SharedQueue {
  let opening: Promise<Queue> | null = null
  const { library, jobs, tokenPrice } = deps
  const usual = tokenPrice?.isProvided ? AT_ONCE_WITH_PROVIDER : AT_ONCE
  const open = async (): Promise<Queue> => {
    opening ??= openQueue()
    try {
      return await opening
    } catch (error) {
      opening = null
      throw error
    }
  }
  return {
    open,
    others: isBeside ? async () => (await jobs.waiting(library)).workers > 0 : null,
    work: async (atOnce) => await (await open()).work(library, atOnce ?? usual, openAttempt(deps)),
    close: async () => {
      const queue = await opening?.catch(() => null)
      await queue?.close()
    },
  }
}
