// A stream whose reader loses the right to it: one last event says so, and nothing comes behind it.
import type { Context } from 'hono'
import { DONE, frame } from './events.ts'
import { isOpenAiPath, openAiError, publicTitle } from './failure.ts'
import { holdOf } from './principal.ts'
import { revoked } from './watch.ts'

/**
 * The same parts, until the right to them ends; then `last`, after `onEnd` has stopped what makes them. Must be called
 * before the response is given away.
 */
export function untilRevoked<Part>(
  c: Context,
  parts: AsyncIterable<Part>,
  onEnd: () => void,
  last: Part | null,
): AsyncIterable<Part> {
  const hold = holdOf(c)
  if (hold === null) return parts
  const iterator = parts[Symbol.asyncIterator]()
  const release = hold.keep()
  let isOver = false
  let cut: ((step: null) => void) | null = null
  const end = () => cut?.(null)
  hold.signal.addEventListener('abort', end, { once: true })
  const close = (value: Part | null): IteratorResult<Part> => {
    isOver = true
    hold.signal.removeEventListener('abort', end)
    release()
    return value === null ? { done: true, value: undefined } : { done: false, value }
  }
  // A race against a promise of the right would keep every part for as long as the right lasts.
  const waited = async (): Promise<IteratorResult<Part> | null> =>
    await new Promise((resolve, reject) => {
      cut = resolve
      if (hold.signal.aborted) resolve(null)
      else iterator.next().then(resolve, reject)
    })
  const next = async (): Promise<IteratorResult<Part>> => {
    if (isOver) return { done: true, value: undefined }
    const step = await waited().catch((fault: unknown) => {
      close(null)
      throw fault
    })
    if (step === null) {
      onEnd()
      void iterator.return?.()
      return close(last)
    }
    return step.done ? close(null) : step
  }
  const leave = async (): Promise<IteratorResult<Part>> => {
    void iterator.return?.()
    return close(null)
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
}

/** The last event of a stream, as the protocol at this path has it. */
export function lastWord({ req: { path } }: Context): string {
  const fault = revoked()
  if (isOpenAiPath(path)) return frame(openAiError(fault).body)
  if (path.startsWith('/api/chat')) return frame({ type: 'error', errorText: publicTitle(fault) }) + DONE
  return `event: error\ndata: ${JSON.stringify({ code: fault.code, retryable: false })}\n\n`
}

/** The last line of an ingest. */
export function lastLine(): string {
  const { code, message } = revoked()
  return `${JSON.stringify({ type: 'error', code, message })}\n`
}
