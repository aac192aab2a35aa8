// Fills the batches of an embedder across documents: texts of calls that wait at the same time go out together, one batch
// at a time, so that a process that dies has paid for little that it did not keep.
import { setTimeout as wait } from 'node:timers/promises'
import type { Embedder } from '../core/ports.ts'

export type BatchLimits = { readonly texts: number; readonly waitMs: number }

// As many texts as one request takes (models/openai-embedder.ts); documents that are parsed side by side come within
// some milliseconds, of the hundreds that a provider takes to answer.
const defaultLimits: BatchLimits = { texts: 96, waitMs: 20 }

type Waiting = {
  readonly text: string
  readonly signal: AbortSignal
  readonly resolve: (vector: Float32Array) => void
  readonly reject: (error: unknown) => void
}

export function withBatches(embedder: Embedder, limits: BatchLimits = defaultLimits): Embedder {
  const waiting: Waiting[] = []
  let sending = false
  const send = async () => {
    if (sending) return
    sending = true
    try {
      while (waiting.length > 0) {
        if (waiting.length < limits.texts) await wait(limits.waitMs)
        await embedBatch(embedder, waiting.splice(0, limits.texts))
      }
    } finally {
      sending = false
    }
  }
  const embedOne = async (text: string, signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<Float32Array>()
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    waiting.push({ text, signal, resolve, reject })
    return await promise.finally(() => signal.removeEventListener('abort', leave))
  }
  return {
    ...embedder,
    async embed(texts, kind, signal) {
      if (kind === 'query') return await embedder.embed(texts, kind, signal)
      signal.throwIfAborted()
      const vectors = Promise.all(texts.map(async (text) => await embedOne(text, signal)))
      void send()
      return await vectors
    },
  }
}

/** Who leaves meanwhile does not take the others' vectors along. When nobody is left, the call is cancelled. */
async function embedBatch(embedder: Embedder, batch: readonly Waiting[]): Promise<void> {
  const wanted = batch.filter(({ signal }) => !signal.aborted)
  if (wanted.length === 0) return
  const leaving = new AbortController()
  const leave = () => {
    if (wanted.every(({ signal }) => signal.aborted)) leaving.abort(wanted[0]?.signal.reason)
  }
  const signals = new Set(wanted.map(({ signal }) => signal))
  for (const signal of signals) signal.addEventListener('abort', leave)
  try {
    const texts = wanted.map(({ text }) => text)
    const vectors = await embedder.embed(texts, 'document', leaving.signal)
    for (const [index, { resolve, reject }] of wanted.entries()) {
      const vector = vectors[index]
      if (vector) resolve(vector)
      else reject(new Error(`The embedder gave ${vectors.length} vectors for ${texts.length} texts.`))
    }
  } catch (error) {
    for (const { reject } of wanted) reject(error)
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', leave)
  }
}
