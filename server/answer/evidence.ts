// Does this library answer this question? One calibrated decision, with its reason.
import { queryTerms, words } from '../../core/terms.ts'
import type { AbstentionReason, Passage } from '../../core/types.ts'
import { coverage, heldBy } from './match.ts'
import { dot } from './rerank.ts'
import type { Found } from './retrieve.ts'
import { evidenceBias, evidenceWeights } from './weights.ts'

export type Evidence =
  /** `confidence`: estimated probability that the library answers the question */
  | { readonly type: 'enough'; readonly confidence: number }
  | { readonly type: 'too-weak'; readonly confidence: number; readonly reason: AbstentionReason }

/** In the order of `evidenceOf`, and of the weights in weights.ts. */
export const evidenceFeatures = [
  'share of the query held by the best passage',
  'rarity of what the best passage holds, of 20',
  'concepts that the best passage holds, of 10',
  'concepts of the query, of 10',
] as const

// Below this the honest answer is that the library does not answer. Chosen on half a of the development questions so
// that about one answerable question in thirty is refused.
const ENOUGH = 0.25
// The passages that could carry an answer.
const CONSIDERED = 4

export function weigh(found: Found, passages: readonly Passage[]): Evidence {
  if (found.candidates.length === 0) return { type: 'too-weak', confidence: 0, reason: 'empty-library' }
  const confidence = 1 / (1 + Math.exp(-(evidenceBias + dot(evidenceOf(found, passages), evidenceWeights))))
  if (confidence >= ENOUGH) return { type: 'enough', confidence }
  return { type: 'too-weak', confidence, reason: confidence >= ENOUGH / 2 ? 'partly-covered' : 'nothing-relevant' }
}

/**
 * Share alone would refuse long questions in everyday words, of which a passage holds few but many in number; so what
 * is held counts in itself, too. Likeness of vectors has no say: a bag of words finds everything a little like.
 */
export function evidenceOf({ concepts }: Found, passages: readonly Passage[]): number[] {
  const texts = passages.slice(0, CONSIDERED).map(termsOf)
  const best = (measure: (terms: ReadonlySet<string>) => number) => Math.max(0, ...texts.map(measure))
  return [
    best((terms) => coverage(concepts, terms)),
    best((terms) => concepts.reduce((sum, concept) => sum + concept.rarity * heldBy(concept, terms), 0)) / 20,
    best((terms) => concepts.filter((concept) => heldBy(concept, terms) > 0).length) / 10,
    concepts.length / 10,
  ]
}

function termsOf(passage: Passage): ReadonlySet<string> {
  const path = new Set(queryTerms(passage.headings.join('\n')))
  return new Set(words(passage.text).map(({ term }) => term)).union(path)
}
