// Does this library answer this question? One calibrated decision, with its reason.
import { queryTerms, words } from '../../core/terms.ts'
import type { AbstentionReason, Passage } from '../../core/types.ts'
import { namesIn } from './features.ts'
import { coverage, heldBy } from './match.ts'
import type { Concept } from './query.ts'
import { dot } from './rerank.ts'
import type { Found } from './retrieve.ts'
import { piecesOf } from './sentences.ts'
import { evidenceBias, evidenceWeights } from './weights.ts'

export type Evidence =
  /** `confidence`: estimated probability that the library answers the question */
  | { readonly type: 'enough'; readonly confidence: number }
  | { readonly type: 'too-weak'; readonly confidence: number; readonly reason: AbstentionReason }

/** In the order of `evidenceOf`, and of the weights in weights.ts. */
export const evidenceFeatures = [
  'query covered by the best passage',
  'query covered by the best sentence',
  'query covered by the best sentence and its headings',
  'query covered by the best two sentences and their headings',
  'cosine of the best candidate',
  'share of the query in words that the library does not know',
  'the rarest concept is held by the best passage',
  'names of the question held by the best passage',
  'names of the question held by its headings',
  'query covered word for word by the best passage',
  'concepts, of ten',
] as const

// Below this probability the honest answer is that the library does not answer.
const ENOUGH = 0.5
// The passages that could carry an answer.
const CONSIDERED = 4

export function weigh(found: Found, passages: readonly Passage[]): Evidence {
  if (found.candidates.length === 0) return { type: 'too-weak', confidence: 0, reason: 'empty-library' }
  const features = evidenceOf(found, passages)
  const confidence = 1 / (1 + Math.exp(-(evidenceBias + dot(features, evidenceWeights))))
  if (confidence >= ENOUGH) return { type: 'enough', confidence }
  return { type: 'too-weak', confidence, reason: confidence >= ENOUGH / 2 ? 'partly-covered' : 'nothing-relevant' }
}

type View = {
  readonly path: ReadonlySet<string>
  readonly all: ReadonlySet<string>
  readonly pieces: readonly ReadonlySet<string>[]
}

export function evidenceOf(found: Found, passages: readonly Passage[]): number[] {
  const { concepts } = found
  const views = passages.slice(0, CONSIDERED).map(viewOf)
  const best = (measure: (view: View) => number) => Math.max(0, ...views.map(measure))
  const bestPiece = (measure: (terms: ReadonlySet<string>, view: View) => number) =>
    best((view) => Math.max(0, ...view.pieces.map((terms) => measure(terms, view))))
  const names = namesIn(concepts, found.candidates)
  const held = (some: readonly Concept[], terms: ReadonlySet<string>) =>
    some.length === 0 ? 1 : some.filter((concept) => heldBy(concept, terms) > 0).length / some.length
  const total = concepts.reduce((sum, { rarity }) => sum + rarity, 0) || 1
  const unknown = concepts.reduce((sum, { rarity, known }) => sum + (known ? 0 : rarity), 0) / total
  const rarest = concepts.toSorted((a, b) => b.rarity - a.rarity).slice(0, 1)
  return [
    best(({ all }) => coverage(concepts, all)),
    bestPiece((terms) => coverage(concepts, terms)),
    bestPiece((terms, { path }) => coverage(concepts, terms.union(path))),
    best(({ pieces, path }) =>
      Math.max(
        0,
        ...pieces.slice(1).map((terms, at) => coverage(concepts, terms.union(pieces[at] ?? path).union(path))),
      ),
    ),
    Math.max(0, ...found.candidates.map(({ cosine }) => cosine ?? 0)),
    unknown,
    best(({ all }) => held(rarest, all)),
    best(({ all }) => held(names, all)),
    best(({ path }) => held(names, path)),
    best(({ all }) => exact(concepts, all)),
    Math.min(1, concepts.length / 10),
  ]
}

function exact(concepts: readonly Concept[], terms: ReadonlySet<string>): number {
  return coverage(
    concepts,
    new Set([...terms].filter((term) => concepts.some((concept) => concept.terms.get(term) === 1))),
  )
}

function viewOf(passage: Passage): View {
  const path = new Set(queryTerms(passage.headings.join('\n')))
  const pieces = piecesOf(passage).map(({ terms }) => terms)
  return { path, pieces, all: new Set(words(passage.text).map(({ term }) => term)).union(path) }
}
