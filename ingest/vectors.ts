// The vectors of chunks: those that are known are kept, the others are embedded.
import { createHash } from 'node:crypto'
import type { ChunkToSave } from '../core/ports.ts'
import { termWeights } from '../core/terms.ts'
import { countTokens } from '../core/tokens.ts'
import type { Chunk } from '../core/types.ts'
import type { IngestDeps } from './ingest.ts'

/** Chunks whose words and headings were embedded before keep their vectors. */
export async function embedChunks(
  chunks: readonly Chunk[],
  deps: IngestDeps,
  signal: AbortSignal,
): Promise<{ chunks: ChunkToSave[]; embedded: number; tokens: number }> {
  const { hashes, known, missing, tokens } = await lookUpVectors(chunks, deps)
  const { embedder } = deps
  const vectors =
    missing.length === 0
      ? []
      : await embedder.embed(
          missing.map(([, text]) => text),
          'document',
          signal,
        )
  for (const [index, [key]] of missing.entries())
    known.set(key, vectors[index] ?? new Float32Array(embedder.dimensions))
  const saved = chunks.map((each, index): ChunkToSave => {
    const contentHash = hashes[index] ?? ''
    const vector = known.get(contentHash) ?? new Float32Array(embedder.dimensions)
    return { ...each, contentHash, vector, terms: termWeights(each.headings, each.text) }
  })
  return { chunks: saved, embedded: missing.length, tokens }
}

/** Which of these chunks have a vector already, and what would have to be embedded for the rest. */
export async function lookUpVectors(
  chunks: readonly Chunk[],
  { documents, embedder, library, tokenPrice }: IngestDeps,
) {
  const texts = chunks.map(({ headings, text }) => `${headings.join('\n')}\n${text}`)
  const hashes = texts.map((text) => hashOf(`${embedder.space}\0${text}`))
  const known = await documents.knownVectors(library, hashes)
  const missing = [...new Map(texts.map((text, index) => [hashes[index] ?? '', text]))].filter(
    ([key]) => !known.has(key),
  )
  // Counted only where somebody charges for them.
  const tokens = tokenPrice ? missing.reduce((sum, [, text]) => sum + countTokens(text), 0) : 0
  return { hashes, known, missing, tokens }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
