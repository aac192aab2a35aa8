// A question put to the server on behalf of a client: what every surface over HTTP does between its body and its form.
import { AppError, ModelError, type ModelErrorCode, StoreError } from '../../core/errors.ts'
import { type Answer, type AnswerEvent, isTerminal, type Question, type StoredEvent } from '../../core/types.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { isRevocation } from './principal.ts'

export type Asked = {
  /** of the answer */
  readonly id: string
  /** until the terminal one */
  readonly events: AsyncIterable<StoredEvent>
  /** The client has left: the answer is stopped. */
  readonly leave: () => void
  /** It goes on from now on when the client leaves. */
  readonly stay: () => void
}

/** Starts the answer. It stops when the signal of the request does, because nobody would read it; if not, it may be resumed. */
export async function ask(question: Question, live: LiveAnswers, signal: AbortSignal): Promise<Asked> {
  // Who has left while the body was read must not start a model.
  signal.throwIfAborted()
  live.start(question)
  let mayEnd = !question.resumable
  const leave = () => {
    // Who has lost the right to it does not come back.
    if (mayEnd || isRevocation(signal.reason)) live.stop(question.library, question.id)
  }
  const events = await live.follow(question.library, question.id, 0, signal)
  if (!events) throw new StoreError('store-failed', `The answer ${question.id} vanished.`)
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  // The right of a key outlasts its answers, and keeps whatever listens to it.
  const forget = () => signal.removeEventListener('abort', leave)
  return { id: question.id, events: endingWith(events, forget), leave, stay: () => void (mayEnd = false) }
}

/** No generator, here and below: each of them takes every event of every answer through three more turns of the queue. */
function endingWith(events: AsyncIterable<StoredEvent>, onEnd: () => void): AsyncIterable<StoredEvent> {
  const iterator = events[Symbol.asyncIterator]()
  const next = async () => {
    const step = await iterator.next()
    if (step.done || isTerminal(step.value.event)) onEnd()
    return step
  }
  const leave = async () => {
    onEnd()
    return (await iterator.return?.()) ?? { done: true as const, value: undefined }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
}

/** An answer that fails before its first event still has a status to say so with: throws. After it, the stream must. */
export async function begun(events: AsyncIterable<StoredEvent>): Promise<AsyncIterable<StoredEvent>> {
  const iterator = events[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (!first.done && first.value.event.type === 'error') throw toError(first.value.event)
  return startingWith(first, iterator)
}

function startingWith(
  first: IteratorResult<StoredEvent>,
  rest: AsyncIterator<StoredEvent>,
): AsyncIterable<StoredEvent> {
  let isFirst = true
  const next = async () => {
    if (!isFirst) return await rest.next()
    isFirst = false
    return first
  }
  const leave = async () => (await rest.return?.()) ?? { done: true as const, value: undefined }
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
}

/** The last event, when it is an answer. Throws AppError when it is an error. */
export async function finished(
  events: AsyncIterable<StoredEvent>,
  each: (event: AnswerEvent) => void = () => {},
): Promise<Extract<AnswerEvent, { answer: unknown }>> {
  for await (const { event } of events) {
    each(event)
    if ('answer' in event) return event
    if (isTerminal(event)) throw toError(event)
  }
  throw new AppError('internal', 'An answer ended without a terminal event.')
}

/** The error was told apart when it was thrown; of it, only what may be public went into the event. */
export function toError(event: AnswerEvent): AppError {
  if (event.type !== 'error') return new AppError('internal', 'internal')
  const { code, retryable, retryAfterMs } = event
  if (code.startsWith('store-')) return new StoreError(code, code, { retryable })
  if (!code.startsWith('model-')) return new AppError(code, code, { retryable })
  return new ModelError(code as ModelErrorCode, code, {
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** Why an answer ended, in the words that the protocols of chats have for it. */
export function finishReason({ fallback }: Answer): 'stop' | 'length' {
  return fallback === 'model-cut-off' ? 'length' : 'stop'
}
