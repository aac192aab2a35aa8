// The only layer that retries: embeddings, and a generator until its first text.
import { setTimeout as wait } from 'node:timers/promises'
import { ModelError } from '../core/errors.ts'
import type { Embedder, Generator, GeneratorEvent } from '../core/ports.ts'
import { type Breaker, openBreaker } from './breaker.ts'

export type RetryDelays = {
  /** tries after the first one */
  readonly retries: number
  /** before the first retry; doubles with each, half of it is chance */
  readonly firstMs: number
  /** all waits of one call together; a provider that asks for more is not asked again */
  readonly longestMs: number
}

// Two retries: somebody is waiting, and every try more multiplies the load of a provider that is already down.
const defaultDelays: RetryDelays = { retries: 2, firstMs: 500, longestMs: 8_000 }

export function withEmbedderRetries(
  embedder: Embedder,
  delays: RetryDelays = defaultDelays,
  breaker: Breaker = openBreaker(),
): Embedder {
  return {
    space: embedder.space,
    dimensions: embedder.dimensions,
    embed: (texts, kind, signal) => withRetries(() => embedder.embed(texts, kind, signal), signal, delays, breaker),
  }
}

/** After the first visible text nothing is tried again: the reader would see the answer begin twice. */
export function withGeneratorRetries(
  generator: Generator,
  delays: RetryDelays = defaultDelays,
  breaker: Breaker = openBreaker(),
): Generator {
  return {
    model: generator.model,
    async *stream(messages, signal) {
      const spent: GeneratorEvent[] = []
      const open = () => openStream(generator.stream(messages, signal), spent)
      let opened: OpenStream
      try {
        opened = await withRetries(open, signal, delays, breaker)
      } finally {
        // Calls that failed unseen had their price as well.
        yield* spent
      }
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
export async function withRetries<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  delays: RetryDelays = defaultDelays,
  breaker: Breaker = openBreaker(),
): Promise<T> {
  let leftMs = delays.longestMs
  for (let tries = 1; ; tries++) {
    try {
      return await breaker.call(call)
    } catch (error) {
      if (tries > delays.retries || signal.aborted || !isPassing(error)) throw error
      const delayMs = delayOf(error, tries, delays)
      leftMs -= delayMs
      if (leftMs < 0 || !breaker.mayRetry()) throw error
      await waitFor(delayMs, signal)
    }
  }
}

// A time-out is passing too, but has used up the patience of whoever asked.
function isPassing(error: unknown): error is ModelError {
  return error instanceof ModelError && error.retryable && error.code !== 'model-timeout'
}

/** What the provider asks for, or an exponential wait: between half of it and all of it, so that callers spread out. */
function delayOf({ retryAfterMs }: ModelError, tries: number, { firstMs }: RetryDelays): number {
  const spread = firstMs * 2 ** (tries - 1) * (0.5 + Math.random() / 2)
  return Math.max(retryAfterMs ?? 0, spread)
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal })
  } catch {
    throw signal.reason
  }
}

type OpenStream = { readonly first: IteratorResult<GeneratorEvent>; readonly events: AsyncIterator<GeneratorEvent> }

/** Reads up to the first text or the end; what was spent on the way there goes into `spent`, also when it then fails. */
async function openStream(stream: AsyncIterable<GeneratorEvent>, spent: GeneratorEvent[]): Promise<OpenStream> {
  const events = stream[Symbol.asyncIterator]()
  for (;;) {
    const first = await events.next()
    if (first.done || first.value.type !== 'spent') return { first, events }
    spent.push(first.value)
  }
}
