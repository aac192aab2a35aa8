// Which part of a request weighs: what is done for it on this machine, until its reply begins or, if an answer is made
// meanwhile, until that is over or a model is asked for it. From then on an answer mostly waits for that, and a thousand
// of those are no load.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Answering, Generator } from '../../core/ports.ts'
import { isTerminal } from '../../core/types.ts'

type Work = {
  readonly worked: () => void
  /** One more part of it is under way; what comes back ends that, once. */
  readonly keep: () => () => void
}

const current = new AsyncLocalStorage<Work>()

/** `worked` is called when a model is asked for an answer that is begun in `work`, or when all parts of it have ended. */
export async function working<Result>(worked: () => void, work: () => Promise<Result>): Promise<Result> {
  let parts = 0
  const keep = () => {
    parts++
    let isKept = true
    return () => {
      if (!isKept) return
      isKept = false
      if (--parts === 0) worked()
    }
  }
  const release = keep()
  try {
    return await current.run({ worked, keep }, work)
  } finally {
    release()
  }
}

/** What goes on when the reply has begun, and weighs until it calls what it gets. */
export function stillWorking(): () => void {
  return current.getStore()?.keep() ?? (() => {})
}

/** The same answers; each weighs to its end, also when it is a stream that is read, or when others pull it along. */
export function weighed(answering: Answering): Answering {
  return (question, signal) => {
    const work = current.getStore()
    const events = answering(question, signal)
    if (!work) return events
    const release = work.keep()
    const iterator = events[Symbol.asyncIterator]()
    const next = async () => {
      let isOver = true
      try {
        const step = await current.run(work, async () => await iterator.next())
        isOver = step.done === true || isTerminal(step.value)
        return step
      } finally {
        if (isOver) release()
      }
    }
    const leave = async () => {
      release()
      return (await iterator.return?.()) ?? { done: true as const, value: undefined }
    }
    return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
  }
}

/** The same model; being asked says that the work of a request is done. */
export function telling(generator: Generator | null): Generator | null {
  return (
    generator && {
      model: generator.model,
      stream: (messages, signal) => {
        current.getStore()?.worked()
        return generator.stream(messages, signal)
      },
    }
  )
}
