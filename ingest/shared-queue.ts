// The queue of documents as this process has it: opened when something is sent, or when this process begins to take jobs.
import type { Queue } from '../core/jobs.ts'
import type { Sharing } from './hands.ts'
import { openAttempt, type WorkerDeps } from './worker.ts'

export type SharedQueue = Sharing & {
  readonly work: (atOnce: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** `isBeside`: this process learns documents of its syncs as well, and does not only give them out. */
export function sharedQueue(openQueue: () => Promise<Queue>, isBeside: boolean, deps: WorkerDeps): SharedQueue {
  let opening: Promise<Queue> | null = null
  const { library, jobs } = deps
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
    work: async (atOnce) => await (await open()).work(library, atOnce, openAttempt(deps)),
    close: async () => {
      const queue = await opening?.catch(() => null)
      await queue?.close()
    },
  }
}
