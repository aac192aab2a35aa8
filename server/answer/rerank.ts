// A second look at the best candidates: a linear model over features a person can read.
import type { Candidate } from '../../core/types.ts'
import { featuresOf, namesIn } from './features.ts'
import type { Scored } from './fuse.ts'
import type { Found } from './retrieve.ts'
import { candidateWeights } from './weights.ts'

/** Best first; ties by chunk so that the same search always gives the same order. */
export function rerank(found: Found, scored: readonly Scored[], weights = candidateWeights): Scored[] {
  return rateCandidates(found, scored)
    .map(({ candidate, features }) => ({ candidate, score: dot(features, weights) }))
    .sort((a, b) => b.score - a.score || a.candidate.chunkId - b.candidate.chunkId)
}

type RatedCandidate = { readonly candidate: Candidate; readonly features: readonly number[] }

/** What the model sees of each, in the order of `candidateFeatures`. */
export function rateCandidates(found: Found, scored: readonly Scored[]): RatedCandidate[] {
  const names = namesIn(found.concepts, found.candidates)
  return scored.map((each) => ({ candidate: each.candidate, features: featuresOf(found, each, names) }))
}

export function dot(features: readonly number[], weights: readonly number[]): number {
  return features.reduce((sum, feature, index) => sum + feature * (weights[index] ?? 0), 0)
}
