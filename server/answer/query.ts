// A query as concepts: each thing it asks about, with every word a document may use for it.
import { idf, queryTerms, words } from '../../core/terms.ts'
import { nearestTerm, splitCompound, type Vocabulary } from './spelling.ts'
import type { Synonyms } from './synonyms.ts'

/** `terms`: stemmed word → how good a match it is, 1 for the word asked for. */
export type Concept = {
  readonly asked: string
  /** the words as they were written, lower case */
  readonly written: string
  readonly terms: ReadonlyMap<string, number>
  /** idf of the rarest sense that the library knows, or of an unknown word */
  readonly rarity: number
  /** false when no word of it stands in the library */
  readonly known: boolean
}

// A synonym is worth this share of the word itself, a corrected spelling nearly all of it.
const SYNONYM = 0.5
const CORRECTED = 0.9

export type Draft = { readonly asked: string; readonly written: string; readonly terms: Map<string, number> }

/** Concepts in the order of the question. Words of a listed phrase form one concept. */
export function readConcepts(query: string, synonyms: Synonyms, vocabulary: Vocabulary): Draft[] {
  const content = new Set(queryTerms(query))
  const found = words(query)
  const all = found.map(({ term }) => term)
  const drafts: Draft[] = []
  for (let at = 0; at < all.length;) {
    const length = phraseAt(all, at, synonyms)
    const phrase = all.slice(at, at + length)
    if (length > 1 || content.has(phrase[0] ?? '')) {
      const written = query.slice(found[at]?.start, found[at + length - 1]?.end).toLowerCase()
      drafts.push({ asked: phrase.join(' '), written, terms: termsOf(phrase, synonyms, vocabulary) })
    }
    at += length
  }
  return [...new Map(drafts.map((draft) => [draft.asked, draft])).values()]
}

/** Every word to search for, with its weight. */
export function searchTerms(drafts: readonly Draft[]): Map<string, number> {
  const terms = new Map<string, number>()
  for (const draft of drafts)
    for (const [term, weight] of draft.terms) terms.set(term, Math.max(weight, terms.get(term) ?? 0))
  return terms
}

export function weighConcepts(drafts: readonly Draft[], chunks: number, vocabulary: Vocabulary): Concept[] {
  return drafts.map(({ asked, written, terms }) => {
    const held = [...terms].map(([term, weight]) => ({ weight, count: vocabulary.get(term) ?? 0 }))
    const best = held.filter(({ count }) => count > 0)
    const own = Math.max(0, ...best.filter(({ weight }) => weight >= CORRECTED).map(({ count }) => count))
    const any = Math.max(0, ...best.map(({ count }) => count))
    return { asked, written, terms, rarity: idf(chunks, own > 0 ? own : any), known: best.length > 0 }
  })
}

/** Words of the longest listed phrase that begins here, at least 1. */
function phraseAt(all: readonly string[], at: number, synonyms: Synonyms): number {
  for (let length = Math.min(synonyms.longest, all.length - at); length > 1; length--)
    if (synonyms.of(all.slice(at, at + length).join(' ')).length > 0) return length
  return 1
}

function termsOf(phrase: readonly string[], synonyms: Synonyms, vocabulary: Vocabulary): Map<string, number> {
  const asked = phrase.join(' ')
  const terms = new Map<string, number>()
  const add = (text: string, weight: number) => {
    // Of a phrase each word counts, but only as a part of it.
    const parts = text.split(' ')
    for (const part of parts) {
      const share = parts.length > 1 ? weight / parts.length : weight
      terms.set(part, Math.max(share, terms.get(part) ?? 0))
    }
  }
  const [only] = phrase
  const isUnknown = phrase.length === 1 && only !== undefined && !vocabulary.has(only)
  const known = isUnknown ? correct(only, synonyms, vocabulary) : phrase
  if (phrase.length === 1) for (const term of known) terms.set(term, isUnknown ? CORRECTED : 1)
  else add(asked, 1)
  for (const synonym of synonyms.of(known.join(' '))) add(synonym, SYNONYM)
  return terms
}

/** An unknown word as the library may write it: two words in one, or a slip of the fingers. */
function correct(term: string, synonyms: Synonyms, vocabulary: Vocabulary): readonly string[] {
  if (synonyms.of(term).length > 0) return [term]
  const split = splitCompound(term, vocabulary)
  if (split) return split
  const nearest = nearestTerm(term, vocabulary)
  return [nearest ?? term]
}
