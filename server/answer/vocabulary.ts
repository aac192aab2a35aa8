// The words of a library with their counts, kept in memory: spelling and rarity need all of them for every question.
import type { SearchStore } from '../../core/ports.ts'
import type { Vocabulary } from './spelling.ts'

export type KnownWords = { readonly chunks: number; readonly vocabulary: Vocabulary }
export type WordReader = (library: string) => Promise<KnownWords>

// While an ingest runs the count changes with every document; words that are a few seconds old are good enough.
const SHORTEST_MS = 5_000

/** Read again when the number of chunks has changed. */
export function cachedWords(search: SearchStore): WordReader {
  const kept = new Map<string, KnownWords & { readonly readAt: number }>()
  return async (library) => {
    const chunks = await search.chunkCount(library)
    const known = kept.get(library)
    const isFresh = known && (known.chunks === chunks || performance.now() - known.readAt < SHORTEST_MS)
    if (isFresh && known.chunks > 0) return known
    const words = { chunks, vocabulary: await search.vocabulary(library), readAt: performance.now() }
    kept.set(library, words)
    return words
  }
}
