// Which part of a request weighs: until its reply begins, or a model is asked for it. From then on an answer mostly waits
// for that, and a thousand of those are no load.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Generator } from '../../core/ports.ts'

const current = new AsyncLocalStorage<() => void>()

/** `worked` is called when a model is asked for an answer that is begun in `work`. */
export async function working<Result>(worked: () => void, work: () => Promise<Result>): Promise<Result> {
  return await current.run(worked, work)
}

/** The same model; being asked says that the work of a request is done. */
export function telling(generator: Generator | null): Generator | null {
  return (
    generator && {
      model: generator.model,
      stream: (messages, signal) => {
        current.getStore()?.()
        return generator.stream(messages, signal)
      },
    }
  )
}
