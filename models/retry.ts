// The only layer that retries: embeddings, and a generator until its first text.
import { setTimeout as wait } from 'node:timers/promises'
import { ConstantBackoff, handleWhen, retry } from 'cockatiel'
import { ModelError } from '../core/errors.ts'
import type { Embedder, Generator, GeneratorEvent } from '../core/ports.ts'

export type RetryDelays = {
  /** tries after the first one */
  readonly retries: number
  /** before the first retry; doubles with each, half of it is chance */
  readonly firstMs: number
  /** a provider that asks for a longer wait is not asked again */
  readonly longestMs: number
}

// Two retries: somebody is waiting, and every try more multiplies the load of a provider that is already down.
const defaultDelays: RetryDelays = { retries: 2, firstMs: 500, longestMs: 20_000 }

export function withEmbedderRetries(embedder: Embedder, delays: RetryDelays = defaultDelays): Embedder {
  return {
    space: embedder.space,
    dimensions: embedder.dimensions,
    embed: (texts, kind, signal) => withRetries(() => embedder.embed(texts, kind, signal), signal, delays),
  }
}

/** After the first visible text nothing is tried again: the reader would see the answer begin twice. */
export function withGeneratorRetries(generator: Generator, delays: RetryDelays = defaultDelays): Generator {
  return {
    model: generator.model,
    async *stream(messages, signal) {
      const opened = await withRetries(() => openStream(generator.stream(messages, signal)), signal, delays)
      try {
        if (!opened.first.done) yield opened.first.value
        yield* { [Symbol.asyncIterator]: () => opened.events }
      } finally {
        // The reader may leave at the first event, when the loop over the others has not begun.
        await opened.events.return?.()
      }
    },
  }
}

/** Calls until it succeeds, fails for good or has been tried often enough. Aborting ends a wait at once. */
export function withRetries<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  delays: RetryDelays = defaultDelays,
): Promise<T> {
  let delayMs = 0
  const isWorthRetrying = (error: unknown): boolean => {
    if (signal.aborted || !isPassing(error)) return false
    return (error.retryAfterMs ?? 0) <= delays.longestMs
  }
  const policy = retry(handleWhen(isWorthRetrying), { maxAttempts: delays.retries, backoff: new ConstantBackoff(0) })
  // Cockatiel counts and decides; the waiting is ours, because its own can not be aborted (4.0.0).
  policy.onRetry((failure) => {
    delayMs = delayOf('error' in failure ? failure.error : null, failure.attempt, delays)
  })
  return policy.execute(async () => {
    if (delayMs > 0) await waitFor(delayMs, signal)
    return call()
  }, signal)
}

// A time-out is passing too, but has used up the patience of whoever asked.
function isPassing(error: unknown): error is ModelError {
  return error instanceof ModelError && error.retryable && error.code !== 'model-timeout'
}

/** What the provider asks for, or an exponential wait: between half of it and all of it, so that callers spread out. */
function delayOf(error: unknown, attempt: number, { firstMs, longestMs }: RetryDelays): number {
  const spread = firstMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
  const asked = error instanceof ModelError ? (error.retryAfterMs ?? 0) : 0
  return Math.min(Math.max(asked, spread), longestMs)
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal })
  } catch {
    throw signal.reason
  }
}

type OpenStream = { readonly first: IteratorResult<GeneratorEvent>; readonly events: AsyncIterator<GeneratorEvent> }

async function openStream(stream: AsyncIterable<GeneratorEvent>): Promise<OpenStream> {
  const events = stream[Symbol.asyncIterator]()
  return { first: await events.next(), events }
}
