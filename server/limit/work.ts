// Which part of a request weighs: until the passages of its answer are found, or until its reply begins. From then on an
// answer mostly waits for a model, and a thousand of those are no load.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Steps } from '../answer/steps.ts'

const current = new AsyncLocalStorage<() => void>()

/** `worked` is called when an answer that is begun in `work` has what it needs from the library. */
export async function working<Result>(worked: () => void, work: () => Promise<Result>): Promise<Result> {
  return await current.run(worked, work)
}

/** The same steps; the first one behind the search says that its work is done. */
export function telling(steps: Steps): Steps {
  return {
    ...steps,
    weigh: (...found) => {
      current.getStore()?.()
      return steps.weigh(...found)
    },
  }
}
