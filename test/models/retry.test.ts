// What is tried again, how often, after which wait, and what ends it.
import { describe, expect, it } from 'vitest'
import { ModelError } from '../../core/errors.ts'
import type { Embedder, Generator, GeneratorEvent } from '../../core/ports.ts'
import { failingGenerator, fakeEmbedder, fakeGenerator } from '../../models/fake.ts'
import { withEmbedderRetries, withGeneratorRetries, withRetries } from '../../models/retry.ts'

const delays = { retries: 2, firstMs: 10, longestMs: 8_000 }
const never = new AbortController().signal
const down = new ModelError('model-unavailable', 'down', { retryable: true })

function busy(retryAfterMs: number): ModelError {
  return new ModelError('model-rate-limited', 'busy', { retryable: true, retryAfterMs })
}

/** Fails with each error in turn, then works. */
function embedderAfter(...errors: unknown[]): Embedder & { calls: () => number } {
  const embedder = fakeEmbedder()
  let calls = 0
  return {
    ...embedder,
    calls: () => calls,
    async embed(texts, kind, signal) {
      const error = errors[calls++]
      if (error) throw error
      return embedder.embed(texts, kind, signal)
    },
  }
}

/** Plays each generator in turn. */
function generatorOf(...generators: Generator[]): Generator & { calls: () => number } {
  let calls = 0
  return {
    model: 'fake/sequence',
    calls: () => calls,
    stream: (messages, signal) => generators[calls++]!.stream(messages, signal),
  }
}

async function collect(generator: Generator, signal = never): Promise<GeneratorEvent[]> {
  const events: GeneratorEvent[] = []
  for await (const event of generator.stream([], signal)) events.push(event)
  return events
}

async function timed(call: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await call.catch(() => {})
  return performance.now() - started
}

describe('an embedder with retries', () => {
  it('succeeds after two passing faults', async () => {
    const embedder = embedderAfter(down, busy(5))
    expect(await withEmbedderRetries(embedder, delays).embed(['a'], 'query', never)).toHaveLength(1)
    expect(embedder.calls()).toBe(3)
  })

  it('gives up after the third try with the last error', async () => {
    const last = busy(0)
    const embedder = embedderAfter(down, down, last, down)
    await expect(withEmbedderRetries(embedder, delays).embed(['a'], 'query', never)).rejects.toBe(last)
    expect(embedder.calls()).toBe(3)
  })

  it('keeps space and dimensions', () => {
    const { space, dimensions } = withEmbedderRetries(fakeEmbedder())
    expect([space, dimensions]).toEqual(['fake/words/32/1', 32])
  })

  it.each([
    ['a spent quota', new ModelError('model-quota-spent', 'x')],
    ['a refusal', new ModelError('model-refused', 'x')],
    ['a time-out', new ModelError('model-timeout', 'x', { retryable: true })],
    ['a bug', new TypeError('x')],
  ])('calls once at %s', async (_what, error) => {
    const embedder = embedderAfter(error)
    await expect(withEmbedderRetries(embedder, delays).embed(['a'], 'query', never)).rejects.toBe(error)
    expect(embedder.calls()).toBe(1)
  })
})

describe('the wait', () => {
  it('is as long as the provider asks', async () => {
    const embedder = embedderAfter(busy(120))
    const ms = await timed(withEmbedderRetries(embedder, delays).embed(['a'], 'query', never))
    expect(ms).toBeGreaterThanOrEqual(118)
    expect(embedder.calls()).toBe(2)
  })

  it('is refused when the provider asks for more than the longest', async () => {
    const embedder = embedderAfter(busy(8_001))
    await expect(withEmbedderRetries(embedder, delays).embed(['a'], 'query', never)).rejects.toMatchObject({
      retryAfterMs: 8_001,
    })
    expect(embedder.calls()).toBe(1)
  })

  it('grows with every retry', async () => {
    const stamps: number[] = []
    const failing = withRetries(
      async () => {
        stamps.push(performance.now())
        throw down
      },
      never,
      { ...delays, firstMs: 60 },
    )
    await expect(failing).rejects.toBe(down)
    expect(stamps[1]! - stamps[0]!).toBeGreaterThanOrEqual(29)
    expect(stamps[2]! - stamps[1]!).toBeGreaterThanOrEqual(59)
  })

  it('ends at once when the signal is aborted', async () => {
    const embedder = embedderAfter(busy(8_000), down, down)
    const leaving = new AbortController()
    setTimeout(() => leaving.abort(new Error('left')), 20)
    const embedding = withEmbedderRetries(embedder, delays).embed(['a'], 'query', leaving.signal)
    expect(await timed(embedding)).toBeLessThan(2_000)
    await expect(embedding).rejects.toThrow('left')
    expect(embedder.calls()).toBe(1)
  })
})

it('all waits of a call together are no longer than the longest', async () => {
  const embedder = embedderAfter(busy(60), busy(60), busy(60))
  const patience = { retries: 9, firstMs: 1, longestMs: 150 }
  await expect(withEmbedderRetries(embedder, patience).embed(['a'], 'query', never)).rejects.toThrow('busy')
  expect(embedder.calls()).toBe(3)
})

describe('a generator with retries', () => {
  it('hides faults before the first text', async () => {
    const generator = generatorOf(failingGenerator(down), failingGenerator(busy(1)), fakeGenerator(['a', 'b']))
    const events = await collect(withGeneratorRetries(generator, delays))
    expect(events.map((event) => (event.type === 'text' ? event.delta : event.type))).toEqual(['a', 'b', 'finish'])
  })

  it('never tries again after the first text', async () => {
    const generator = generatorOf(failingGenerator(down, ['a']), fakeGenerator(['a', 'b']))
    const events: GeneratorEvent[] = []
    const reading = (async () => {
      for await (const event of withGeneratorRetries(generator, delays).stream([], never)) events.push(event)
    })()
    await expect(reading).rejects.toBe(down)
    expect(events).toEqual([{ type: 'text', delta: 'a' }])
    expect(generator.calls()).toBe(1)
  })

  it('ends the model’s stream when it is left, at any event', async () => {
    for (const leaveAt of [1, 2]) {
      let ended = 0
      const generator: Generator = {
        model: 'fake/counting',
        async *stream() {
          try {
            for (;;) yield { type: 'text', delta: 'a' }
          } finally {
            ended++
          }
        },
      }
      let read = 0
      for await (const _ of withGeneratorRetries(generator, delays).stream([], never)) if (++read === leaveAt) break
      expect(ended).toBe(1)
    }
  })

  it('tells what the calls that failed unseen have cost, before the text or the error', async () => {
    const spent = { type: 'spent', inputTokens: 5, outputTokens: 0, costUsd: 0.1 } as const
    const failing: Generator = {
      model: 'fake/dear',
      async *stream() {
        yield spent
        throw down
      },
    }
    const generator = generatorOf(failing, failing, fakeGenerator(['a']))
    const events = await collect(withGeneratorRetries(generator, delays))
    expect(events.map(({ type }) => type)).toEqual(['spent', 'spent', 'text', 'finish'])
    const told: GeneratorEvent[] = []
    const reading = (async () => {
      for await (const event of withGeneratorRetries(failing, delays).stream([], never)) told.push(event)
    })()
    await expect(reading).rejects.toBe(down)
    expect(told).toEqual([spent, spent, spent])
  })

  it('waits no longer when it is aborted', async () => {
    const leaving = new AbortController()
    setTimeout(() => leaving.abort(), 20)
    const collecting = collect(withGeneratorRetries(failingGenerator(busy(8_000)), delays), leaving.signal)
    expect(await timed(collecting)).toBeLessThan(2_000)
    await expect(collecting).rejects.toBe(leaving.signal.reason)
  })
})
