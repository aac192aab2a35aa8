// What re-ranking sees of a candidate: a few figures between 0 and 1 that a person can check by hand.
import { queryTerms, type Word, words } from '../../core/terms.ts'
import type { Candidate } from '../../core/types.ts'
import type { Scored } from './fuse.ts'
import { coverage, heldBy } from './match.ts'
import { type Concept, writtenNames } from './query.ts'
import type { Found } from './retrieve.ts'

/** In the order of `featuresOf`, and of the weights in weights.ts. */
export const candidateFeatures = [
  'fused score of words and meaning',
  'cosine',
  'query covered by text and headings',
  'query covered by the headings',
  'query covered within one window of 30 words',
  'names of the question held',
  'names held as the question writes them',
] as const

// Re-ranking reads the words of a candidate twice and choosing passages once more, and what is asked often finds the same
// texts: cutting and stemming them was most of what a search did outside of the database. A text and its words take 10 kB.
const read = new Map<string, readonly Word[]>()
const MOST_READ = 2_000

/** The words of a candidate's text. */
export function wordsOf({ text }: Candidate): readonly Word[] {
  const known = read.get(text)
  if (known) return known
  const [oldest] = read.keys()
  if (read.size === MOST_READ && oldest !== undefined) read.delete(oldest)
  const found = words(text)
  read.set(text, found)
  return found
}

/** A word that is asked for, and where it stands among the others. */
type Hit = { readonly term: string; readonly place: number }

export function featuresOf(found: Found, { candidate, score }: Scored, names: readonly Concept[]): number[] {
  const written = writtenNames(found.query)
  const path = new Set(queryTerms(candidate.headings.join('\n')))
  const body = wordsOf(candidate)
  const asked = askedIn(found.concepts)
  const hits = body.flatMap(({ term }, place) => (asked.has(term) ? [{ term, place }] : []))
  const all = termsOf(hits).union(path)
  return [
    score,
    candidate.cosine ?? 0,
    coverage(found.concepts, all),
    coverage(found.concepts, path),
    nearness(found, hits, body.length),
    shareHeld(names, all),
    written.length === 0 ? 1 : written.filter((name) => says(candidate, name)).length / written.length,
  ]
}

function askedIn(concepts: readonly Concept[]): ReadonlySet<string> {
  return new Set(concepts.flatMap(({ senses }) => senses.flatMap((sense) => sense.words)))
}

function termsOf(hits: readonly Hit[]): ReadonlySet<string> {
  return new Set(hits.map(({ term }) => term))
}

/** Case decides: "The Well" is a service, "the well" is water. */
function says({ text, headings }: Candidate, name: string): boolean {
  return [text, ...headings].some((each) => new RegExp(`(?<![\\p{L}\\p{N}])${name}(?![\\p{L}\\p{N}])`, 'u').test(each))
}

function shareHeld(names: readonly Concept[], terms: ReadonlySet<string>): number {
  return names.length === 0 ? 1 : names.filter((name) => heldBy(name, terms) > 0).length / names.length
}

/** Share of the query's rarity that stands together within one window of so many words. */
function nearness({ concepts }: Found, hits: readonly Hit[], length: number): number {
  const WINDOW = 30
  if (length === 0) return 0
  let best = coverage(concepts, new Set())
  for (let from = 0; from < length; from += WINDOW / 2) {
    const within = hits.filter(({ place }) => place >= from && place < from + WINDOW)
    if (within.length > 0) best = Math.max(best, coverage(concepts, termsOf(within)))
  }
  return best
}

/**
 * The concepts that are names: in the texts found, their words stand with a capital inside of sentences. A question
 * about one company is not answered from another's article.
 */
export function namesIn(concepts: readonly Concept[], candidates: readonly Candidate[]): Concept[] {
  const counts = new Map<string, { capital: number; all: number }>()
  const asked = askedIn(concepts)
  for (const candidate of candidates)
    for (const { term, start } of wordsOf(candidate)) {
      const { text } = candidate
      if (!asked.has(term) || !isInsideSentence(text, start)) continue
      const count = counts.get(term) ?? { capital: 0, all: 0 }
      counts.set(term, { capital: count.capital + (/\p{Lu}/u.test(text.charAt(start)) ? 1 : 0), all: count.all + 1 })
    }
  const isName = (term: string) => {
    const count = counts.get(term)
    return count !== undefined && count.all >= 2 && count.capital / count.all > 0.8
  }
  return concepts.filter(({ senses }) => senses.some((sense) => sense.words.some(isName)))
}

function isInsideSentence(text: string, start: number): boolean {
  return /[\p{L}\p{N},]\s$/u.test(text.slice(Math.max(0, start - 2), start))
}
