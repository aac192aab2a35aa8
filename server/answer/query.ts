// A query as concepts: each thing it asks about, with every word a document may use for it.
import type { LibraryWords } from '../../core/ports.ts'
import { idf, queryTerms, words } from '../../core/terms.ts'
import { MOST_CORRECTED, nearestTerm, splitCompound, type Vocabulary } from './spelling.ts'
import type { Synonyms } from './synonyms.ts'

/** Words a document may use for a concept; all of them together, when there are several ("rate limit"). */
type Sense = {
  readonly words: readonly string[]
  /** how good a match it is: 1 for the words asked for */
  readonly weight: number
}

export type Concept = {
  /** the words as they were written, lower case */
  readonly written: string
  readonly senses: readonly Sense[]
  /** idf of what was asked for, of the sense that the library knows when it does not know the words themselves */
  readonly rarity: number
  /** false when no sense of it stands in the library */
  readonly known: boolean
}

// A synonym is worth this share of the word itself, a corrected spelling nearly all of it.
const SYNONYM = 0.5
const CORRECTED = 0.9

/** Concepts of a query in the order of the question. Words of a listed phrase form one concept. */
export function readConcepts(query: string, synonyms: Synonyms, known: LibraryWords, isWord?: IsWord): Concept[] {
  const phrases = phrasesOf(query, synonyms)
  const corrected = correctedIn(phrases, known)
  const concepts = phrases.map((each): [string, Concept] => {
    const spelling = corrected.includes(each) ? known.vocabulary : null
    const isSlip = !isWord?.(each.written)
    return [each.words.join(' '), toConcept(each.written, sensesOf(each.words, synonyms, spelling, isSlip), known)]
  })
  return [...new Map(concepts).values()]
}

/** Words of a query that stand for one thing: a word of content, a name, or a phrase that is listed. */
type Phrase = { readonly words: readonly string[]; readonly written: string }

export function phrasesOf(query: string, synonyms: Synonyms): Phrase[] {
  const content = new Set(queryTerms(query))
  const found = words(query)
  const all = found.map(({ term }) => term)
  const phrases: Phrase[] = []
  for (let at = 0; at < all.length;) {
    const length = phraseAt(all, at, synonyms)
    const written = query.slice(found[at]?.start, found[at + length - 1]?.end).toLowerCase()
    if (length > 1 || content.has(all[at] ?? '') || isName(query, found[at]?.start ?? 0))
      phrases.push({ words: all.slice(at, at + length), written })
    at += length
  }
  return phrases
}

/** Whether people write this word, as it was written. */
export type IsWord = (written: string) => boolean

/** Those that the library may write otherwise: single words that it does not know. */
export function correctedIn(phrases: readonly Phrase[], { vocabulary }: LibraryWords): Phrase[] {
  return phrases
    .filter(({ words: [word = '', ...more] }) => more.length === 0 && !vocabulary.has(word))
    .slice(0, MOST_CORRECTED)
}

// Not the word that opens a sentence.
const insideSentence = String.raw`(?<=[^.?!\s]\s+)`
const capitalised = new RegExp(`${insideSentence}(?!(?:The|An?)\\b)\\p{Lu}`, 'uy')
const name = new RegExp(String.raw`${insideSentence}\p{Lu}[\p{L}\p{N}]*(?: \p{Lu}[\p{L}\p{N}]*)*`, 'gu')

/** Written with a capital inside of a question: the language Go is asked about, not the verb. */
function isName(query: string, at: number): boolean {
  capitalised.lastIndex = at
  return capitalised.test(query)
}

/** Names as the question writes them: its runs of words with a capital, but for one that opens a sentence. */
export function writtenNames(query: string): string[] {
  return Array.from(query.matchAll(name), ([each]) => each)
}

/**
 * Every word to search for, with its weight: a word of a synonym that is a phrase counts as a part of it, and many
 * synonyms together count little more than one, or they would drown the words that were asked for.
 */
export function searchTerms(concepts: readonly Concept[]): Map<string, number> {
  const terms = new Map<string, number>()
  for (const { senses } of concepts)
    for (const { words: parts, weight } of senses) {
      const share = weight >= CORRECTED ? weight : weight / parts.length / Math.sqrt(senses.length - 1)
      for (const part of parts) terms.set(part, Math.max(share, terms.get(part) ?? 0))
    }
  return terms
}

/** Words of the longest listed phrase that begins here, at least 1. */
function phraseAt(all: readonly string[], at: number, synonyms: Synonyms): number {
  for (let length = Math.min(synonyms.longest, all.length - at); length > 1; length--)
    if (synonyms.of(all.slice(at, at + length).join(' ')).length > 0) return length
  return 1
}

/** `spelling`: the words to correct an unknown one by; null when it is known, or when enough have been corrected. */
function sensesOf(
  phrase: readonly string[],
  synonyms: Synonyms,
  spelling: Vocabulary | null,
  isSlip: boolean,
): Sense[] {
  const asked = spelling ? correct(phrase[0] ?? '', synonyms, spelling, isSlip) : phrase
  const others = synonyms.of(asked.join(' ')).map((synonym) => ({ words: synonym.split(' '), weight: SYNONYM }))
  return [{ words: asked, weight: spelling ? CORRECTED : 1 }, ...others]
}

function toConcept(written: string, senses: readonly Sense[], { chunks, vocabulary }: LibraryWords): Concept {
  const count = ({ words: parts }: Sense) => Math.min(...parts.map((part) => vocabulary.get(part) ?? 0))
  const [asked, ...others] = senses
  const most = Math.max(0, ...others.map(count))
  const isKnown = asked !== undefined && count(asked) > 0
  const rarity = isKnown
    ? asked.words.reduce((sum, word) => sum + idf(chunks, vocabulary.get(word) ?? 0), 0)
    : idf(chunks, most)
  return { written, senses, rarity, known: isKnown || most > 0 }
}

/**
 * An unknown word as the library may write it: two words in one, or a slip of the fingers. A word that people write is no
 * slip: who asks about bread did not mean "spread", though only that stands in the library.
 */
function correct(term: string, synonyms: Synonyms, vocabulary: Vocabulary, isSlip: boolean): readonly string[] {
  if (synonyms.of(term).length > 0) return [term]
  const split = splitCompound(term, vocabulary)
  if (split) return split
  return [(isSlip ? nearestTerm(term, vocabulary) : null) ?? term]
}
