// The words of a library with their counts, kept in memory: spelling and rarity need all of them for every question,
// and reading them each time would cost more than the answer.
import type { LibraryState, LibraryWords, SearchStore } from '../../core/ports.ts'
import { prepareSpelling, type Vocabulary } from './spelling.ts'

/** The words of a library in this state, for a question of these terms. */
export type WordReader = (library: string, terms: readonly string[], state: LibraryState) => Promise<LibraryWords>

// While an ingest runs every question finds the library changed: for known words the last reading is good enough.
const REFRESH_MS = 5_000

/**
 * Read again when the library has changed. A question of known words does not wait for that; one with an unknown word
 * does, because that word may be the news, and would be "corrected" to an old one.
 */
export function cachedWords(search: Pick<SearchStore, 'vocabulary'>): WordReader {
  const shelves = new Map<string, Shelf>()
  return async (library, terms, state) => {
    const shelf = shelves.get(library) ?? newShelf(async () => await search.vocabulary(library))
    shelves.set(library, shelf)
    const known = await shelf(state, terms)
    if (terms.some((term) => !known.vocabulary.has(term))) await prepareSpelling(known.vocabulary)
    return known
  }
}

type Shelf = (state: LibraryState, terms: readonly string[]) => Promise<LibraryWords>
type Reading = { readonly changes: number; readonly words: Promise<LibraryWords> }

/** One library's words; at most one reading is under way. */
function newShelf(readAll: () => Promise<Vocabulary>): Shelf {
  let kept: (LibraryWords & LibraryState) | null = null
  let reading: Reading | null = null
  let newest: LibraryState = { chunks: 0, changes: -1, space: null }
  let begunAt = -Infinity

  const read = async (state: LibraryState) => (kept = { ...state, vocabulary: await readAll() })
  const begin = (): Reading => {
    begunAt = performance.now()
    // What the newest state counts was saved before this reading begins: it will hold all of that.
    const begun = { changes: newest.changes, words: read(newest).finally(() => (reading = null)) }
    reading = begun
    return begun
  }
  const fresh = async (wanted: number): Promise<LibraryWords> => {
    // One that began before the last save is waited for, not joined: the new word may not be in it.
    if (reading && reading.changes < wanted) {
      await reading.words.catch(() => null)
      return await fresh(wanted)
    }
    if (kept && kept.changes >= wanted) return kept
    return await (reading ?? begin()).words
  }
  const refreshBehind = () => {
    if (reading || performance.now() - begunAt < REFRESH_MS) return
    // The question has its words; when the store is down, the next reading that is waited for says so.
    begin().words.catch(() => null)
  }

  return async (state, terms) => {
    if (state.changes > newest.changes) newest = state
    if (!kept || terms.some((term) => !kept?.vocabulary.has(term)))
      return kept && kept.changes >= state.changes ? kept : await fresh(state.changes)
    if (kept.changes < state.changes) refreshBehind()
    return kept
  }
}
