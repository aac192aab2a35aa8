// Models that always answer alike, for tests and offline runs. Their names say that they are fakes.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ModelError } from '../core/errors.ts'
import type { Embedder, Generator, GeneratorEvent, Message } from '../core/ports.ts'

/** Writes the given deltas, or those made from the messages. Counts 4 characters as a token. */
export function fakeGenerator(
  script: readonly string[] | ((messages: readonly Message[]) => readonly string[]),
): Generator {
  return {
    model: 'fake',
    async *stream(messages, signal) {
      const deltas = typeof script === 'function' ? script(messages) : script
      yield* writeOut(deltas, signal)
      yield {
        type: 'finish',
        reason: 'stop',
        inputTokens: countTokens(messages.map((message) => message.content)),
        outputTokens: countTokens(deltas),
      }
    },
  }
}

/** Writes the given deltas and then fails. */
export function failingGenerator(error: ModelError, afterDeltas: readonly string[] = []): Generator {
  return {
    model: 'fake/failing',
    async *stream(_messages, signal) {
      yield* writeOut(afterDeltas, signal)
      throw error
    },
  }
}

/** The sum of one pseudo-random direction per word: texts that share words are alike, others nearly at right angles. */
export function fakeEmbedder(dimensions = 32): Embedder {
  return {
    space: `fake/words/${dimensions}/1`,
    dimensions,
    async embed(texts, _kind, signal) {
      await nextTurn()
      signal.throwIfAborted()
      return texts.map((text) => embedText(text, dimensions))
    },
  }
}

async function* writeOut(deltas: readonly string[], signal: AbortSignal): AsyncGenerator<GeneratorEvent> {
  signal.throwIfAborted()
  for (const delta of deltas) {
    // A real model never answers in the same turn; code that counts on it would break there.
    await nextTurn()
    signal.throwIfAborted()
    yield { type: 'text', delta }
  }
}

function countTokens(texts: readonly string[]): number {
  return Math.ceil(texts.join('').length / 4)
}

function embedText(text: string, dimensions: number): Float32Array {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]
  const sums = new Float32Array(dimensions)
  for (const word of words) addDirection(sums, hash(word))
  const length = Math.hypot(...sums)
  return sums.map((sum) => sum / length)
}

// xorshift32: a direction that depends on the word alone and is the same on every machine.
function addDirection(sums: Float32Array, seed: number): void {
  let state = seed || 1
  for (let i = 0; i < sums.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    sums[i] = (sums[i] ?? 0) + state / 2 ** 31
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 2_166_136_261
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16_777_619)
  return value
}
