// The words of a library with their counts, kept in memory: spelling and rarity need all of them for every question.
import type { SearchStore } from '../../core/ports.ts'
import type { Vocabulary } from './spelling.ts'

export type KnownWords = { readonly chunks: number; readonly vocabulary: Vocabulary }
export type WordReader = (library: string) => Promise<KnownWords>

// While an ingest runs the count changes with every document; words that are a few seconds old are good enough.
const SHORTEST_MS = 5_000
// A document that is replaced by one of as many chunks brings new words under the same count.
const LONGEST_MS = 60_000

/** Read again when the number of chunks has changed, and after a minute; once for questions that come together. */
export function cachedWords(search: SearchStore): WordReader {
  const kept = new Map<string, KnownWords & { readonly readAt: number }>()
  const underWay = new Map<string, Promise<KnownWords>>()
  const read = async (library: string, chunks: number) => {
    const words = { chunks, vocabulary: await search.vocabulary(library), readAt: performance.now() }
    kept.set(library, words)
    return words
  }
  return async (library) => {
    const chunks = await search.chunkCount(library)
    const known = kept.get(library)
    const age = known ? performance.now() - known.readAt : Infinity
    if (known && known.chunks > 0 && age < (known.chunks === chunks ? LONGEST_MS : SHORTEST_MS)) return known
    const reading = underWay.get(library) ?? read(library, chunks).finally(() => underWay.delete(library))
    underWay.set(library, reading)
    return await reading
  }
}
