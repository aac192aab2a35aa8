// The queue of documents as this process has it: opened when something is to be learned, or when it begins to take jobs.
import type { Queue } from '../core/jobs.ts'
import { openAttempt, type WorkerDeps } from './worker.ts'

// Beside the answers: one computes while one is saved.
const AT_ONCE = 2

export type SharedQueue = {
  readonly open: () => Promise<Queue>
  readonly work: (atOnce: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** `isBeside`: this process learns documents as well, and does not only give them out. */
export function sharedQueue(openQueue: () => Promise<Queue>, isBeside: boolean, deps: WorkerDeps): SharedQueue {
  let opening: Promise<Queue> | null = null
  let isWorking = false
  const { library } = deps
  const open = async (): Promise<Queue> => {
    const queue = await openQueue()
    if (isBeside && !isWorking) await queue.work(library, AT_ONCE, openAttempt(deps))
    return queue
  }
  const openOnce = async (): Promise<Queue> => {
    opening ??= open()
    try {
      return await opening
    } catch (error) {
      opening = null
      throw error
    }
  }
  return {
    open: openOnce,
    work: async (atOnce) => {
      isWorking = true
      await (await openOnce()).work(library, atOnce, openAttempt(deps))
    },
    close: async () => {
      const queue = await opening?.catch(() => null)
      await queue?.close()
    },
  }
}
