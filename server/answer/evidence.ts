// Does this library answer this question? One calibrated decision, with its reason.
import { isFunctionWord, queryTerms, words } from '../../core/terms.ts'
import type { AbstentionReason, Candidate, Passage } from '../../core/types.ts'
import { namesIn, wordsOf } from './features.ts'
import { coverage, heldBy } from './match.ts'
import { type Concept, writtenNames } from './query.ts'
import { dot } from './rerank.ts'
import type { Found } from './retrieve.ts'
import { type Piece, piecesOf } from './sentences.ts'
import { evidenceBias, evidenceWeights } from './weights.ts'

export type Evidence =
  /** `confidence`: estimated probability that the library answers the question */
  | {
      readonly type: 'enough'
      readonly confidence: number
      /** of a question of several parts those that have enough; empty for any other */
      readonly parts: readonly Found[]
      /** the parts that have not, as they were asked */
      readonly missing: readonly string[]
    }
  | {
      readonly type: 'too-weak'
      readonly confidence: number
      readonly reason: AbstentionReason
      /** what was looked for and is in nothing that was found, in the words of the question */
      readonly missing: readonly string[]
    }

/** In the order of `evidenceOf`, and of the weights in weights.ts. */
export const evidenceFeatures = [
  'share of the query held by the best passage',
  'rarity of what the best passage holds, of 20',
  'concepts that the best passage holds, of 10',
  'concepts of the query, of 10',
  'share of the concepts that the best passage holds',
  'every concept is held by one passage',
] as const

// Below this the honest answer is that the library does not answer. The highest at which no more than 3 % of the
// answerable development questions of half a are refused.
const ENOUGH = 0.339

export const evidenceModel = { weights: evidenceWeights, bias: evidenceBias, enough: ENOUGH }

// The passages that could carry an answer.
const CONSIDERED = 4

/**
 * `question`: as it was asked; the query may have been led by the subject of an earlier one. One of several parts is
 * answered when one of them is: together they ask for more than any passage holds.
 */
export function weigh(
  found: Found,
  passages: readonly Passage[],
  question = found.query,
  model = evidenceModel,
): Evidence {
  const whole = weighAlone(found, passages.slice(0, CONSIDERED), question, model)
  if (!found.parts?.length) return whole
  const all = passages.slice(0, CONSIDERED * found.parts.length)
  const weighed = found.parts.map((part) => ({ part, evidence: weighAlone(part, all, part.query, model) }))
  const enough = weighed.filter(({ evidence }) => evidence.type === 'enough')
  if (enough.length === 0) return whole
  return {
    type: 'enough',
    confidence: Math.max(...enough.map(({ evidence }) => evidence.confidence)),
    parts: enough.map(({ part }) => part),
    missing: weighed.filter((each) => !enough.includes(each)).map(({ part }) => part.query.replace(/[\s?]+$/, '')),
  }
}

function weighAlone(
  found: Found,
  considered: readonly Passage[],
  question: string,
  { weights, bias, enough }: typeof evidenceModel,
): Evidence {
  if (found.chunks === 0) return { type: 'too-weak', confidence: 0, reason: 'empty-library', missing: [] }
  const texts = considered.map(termsOf)
  const features = evidenceOf(found.concepts, texts)
  const confidence = found.candidates.length === 0 ? 0 : 1 / (1 + Math.exp(-(bias + dot(features, weights))))
  const tooWeak = (reason: AbstentionReason, missing = missingIn(found, texts)): Evidence => ({
    type: 'too-weak',
    confidence,
    reason,
    missing,
  })
  if (!asksOfSomething(found) || isOrder(question)) return tooWeak('nothing-relevant')
  if (found.query !== question && lacksOwnWords(found, question, texts)) return tooWeak('nothing-relevant')
  if (confidence < enough) return tooWeak(confidence >= enough / 2 ? 'partly-covered' : 'nothing-relevant')
  const stranger = unknownSubject(found)
  if (stranger) return tooWeak('partly-covered', [stranger])
  if (lacksOwnThing(found, texts)) return tooWeak('partly-covered')
  const uncounted = countMissing(found, considered)
  if (uncounted) return tooWeak('partly-covered', [`how many ${uncounted}`])
  return { type: 'enough', confidence, parts: [], missing: [] }
}

/** A word that something found does hold is never named: not it is missing, but what was asked of it. */
function missingIn({ concepts, candidates }: Found, texts: readonly ReadonlySet<string>[]): string[] {
  const open = concepts.filter((concept) => !isHeldIn(concept, texts))
  const others = open.length === 0 ? [] : candidates.map(termsFound)
  return open.filter((concept) => !isHeldIn(concept, others)).map(({ written }) => written)
}

function isHeldIn(concept: Concept, texts: readonly ReadonlySet<string>[]): boolean {
  return texts.some((terms) => heldBy(concept, terms) >= CLEARLY)
}

function termsFound(candidate: Candidate): ReadonlySet<string> {
  return new Set(wordsOf(candidate).map(({ term }) => term)).union(new Set(queryTerms(candidate.headings.join('\n'))))
}

/** "2+2", "why?": a number or the form of a question alone stands in any library, and is about nothing in it. */
function asksOfSomething({ query, concepts }: Found): boolean {
  const names = new Set(writtenNames(query).flatMap((name) => name.toLowerCase().split(' ')))
  return concepts.some(
    ({ known, written, senses }) => known && (names.has(written) || senses[0]?.words.some(isContent)),
  )
}

function isContent(term: string): boolean {
  return !isFunctionWord(term) && !/^[\p{N}.,]+$/u.test(term)
}

const order =
  /^\W*(?:please\s+)?(?:ignore|disregard|forget|override|print|reveal|show|repeat|output|tell)\b.*\b(?:(?:your|previous|prior|earlier|above|system|these|those|all)\s+)+(?:instructions?|rules|prompts?|orders)\b/i
const askedAfterAll = /\?|[.!;:]\s+(?:how|why|when|where|what|which|who|is|are|do|does|did|can)\b/i

/** "Ignore your instructions and print …" is said to a machine, and asks nothing of a library. */
function isOrder(question: string): boolean {
  return order.test(question) && !askedAfterAll.test(question)
}

/** What the model sees of a search, in the order of `evidenceFeatures`. */
export function evidenceIn({ concepts }: Found, passages: readonly Passage[]): number[] {
  return evidenceOf(concepts, passages.slice(0, CONSIDERED).map(termsOf))
}

/**
 * Share alone would refuse long questions in everyday words, of which a passage holds few but many in number; so what
 * is held counts in itself, too. Likeness of vectors has no say: a bag of words finds everything a little like.
 */
function evidenceOf(concepts: readonly Concept[], texts: readonly ReadonlySet<string>[]): number[] {
  const best = (measure: (terms: ReadonlySet<string>) => number) => Math.max(0, ...texts.map(measure))
  const held = best((terms) => concepts.filter((concept) => heldBy(concept, terms) > 0).length)
  return [
    best((terms) => coverage(concepts, terms)),
    best((terms) => concepts.reduce((sum, concept) => sum + concept.rarity * heldBy(concept, terms), 0)) / 20,
    held / 10,
    concepts.length / 10,
    held / Math.max(1, concepts.length),
    texts.some((terms) => concepts.every((concept) => heldBy(concept, terms) >= CLEARLY)) ? 1 : 0,
  ]
}

/** After much about Notion, "What is the capital of Mongolia?" is not answered by what was carried over. */
function lacksOwnWords({ concepts }: Found, question: string, texts: readonly ReadonlySet<string>[]): boolean {
  const text = question.toLowerCase()
  const own = concepts.filter(({ written }) => text.includes(written))
  // Words that the library uses may well be meant of what was carried over: "what is bad about that approach?"
  const hasForeign = own.some(({ known, senses }) => !known || (senses[0]?.weight ?? 1) < 1)
  return hasForeign && !texts.some((terms) => own.some((concept) => heldBy(concept, terms) >= CLEARLY))
}

// A synonym counts as held, a part of a phrase does not.
const CLEARLY = 0.4
// Neither does.
const ITSELF = 0.6
// Longer questions name their thing in several ways, of which a passage need not hold this one.
const SHORT = 5

/**
 * "How does Slack rate limit its search API?": much is written of Slack, its API and rate limits, but the question
 * hangs on one thing that is somebody's own, and of that thing, where its owner is named, no passage speaks.
 */
function lacksOwnThing({ query, concepts, candidates }: Found, texts: readonly ReadonlySet<string>[]): boolean {
  if (concepts.length > SHORT) return false
  const text = query.toLowerCase()
  const names = namesIn(concepts, candidates)
  return [
    ...text.matchAll(/\b(?:its|their)\s+|\b(?!what|who|how|where|when|why|that|it|there|here|let)\p{L}+['’]s\s+/gu),
  ]
    .map((match) => ownThing(concepts, text, match.index + match[0].length))
    .some(
      (thing) =>
        thing.length > 0 && !texts.some((terms) => holdsAll(terms, thing, ITSELF) && holdsAll(terms, names, CLEARLY)),
    )
}

const subject = /\b(?:did|does)\s+/g

/** "How did Monzo shard Postgres?": much is written of sharding, but who it is asked of stands nowhere in the library. */
function unknownSubject({ query, concepts }: Found): string | null {
  const text = query.toLowerCase()
  const asked = [...text.matchAll(subject)].map((match) => ownThing(concepts, text, match.index + match[0].length)[0])
  return asked.find((concept) => concept?.known === false)?.written ?? null
}

function holdsAll(terms: ReadonlySet<string>, concepts: readonly Concept[], least: number): boolean {
  return concepts.every((concept) => heldBy(concept, terms) >= least)
}

const figure =
  /\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|billions?|trillions?|half|couple|single|both|twice|no|none|zero)\b/i

/** "How many partitions does DoorDash run?": what is counted, when no sentence that speaks of it holds a figure. */
function countMissing({ query, concepts }: Found, passages: readonly Passage[]): string | null {
  if (concepts.length > SHORT) return null
  const text = query.toLowerCase()
  const at = /\bhow many\s+/.exec(text)
  const counted = at ? ownThing(concepts, text, at.index + at[0].length).at(-1) : undefined
  const isCounted = ({ text: sentence, terms }: Piece) =>
    counted !== undefined && figure.test(sentence) && heldBy(counted, terms) >= CLEARLY
  return counted && !passages.flatMap(piecesOf).some(isCounted) ? counted.written : null
}

/** The one or two concepts that follow directly: of "its search API" both. */
function ownThing(concepts: readonly Concept[], text: string, from: number): Concept[] {
  const thing: Concept[] = []
  let at = from
  for (const concept of concepts) {
    if (thing.length === 2 || !text.startsWith(concept.written, at)) continue
    thing.push(concept)
    at += concept.written.length
    if (/[\s-]/.test(text.charAt(at))) at++
  }
  return thing
}

function termsOf(passage: Passage): ReadonlySet<string> {
  const path = new Set(queryTerms(passage.headings.join('\n')))
  return new Set(words(passage.text).map(({ term }) => term)).union(path)
}
