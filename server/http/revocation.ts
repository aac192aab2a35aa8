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
  const ended = whenAborted(hold.signal)
  let isOver = false
  const close = async (value: Part | null): Promise<IteratorResult<Part>> => {
    isOver = true
    release()
    return value === null ? { done: true, value: undefined } : { done: false, value }
  }
  const next = async (): Promise<IteratorResult<Part>> => {
    if (isOver) return { done: true, value: undefined }
    const step = await Promise.race([ended, iterator.next()]).catch(async (fault: unknown) => {
      await close(null)
      throw fault
    })
    if (step === null) {
      onEnd()
      void iterator.return?.()
      return await close(last)
    }
    return step.done ? await close(null) : step
  }
  const leave = async (): Promise<IteratorResult<Part>> => {
    void iterator.return?.()
    return await close(null)
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
}

async function whenAborted(signal: AbortSignal): Promise<null> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return null
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
