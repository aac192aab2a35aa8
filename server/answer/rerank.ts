// A second look at the best candidates: a linear model over features a person can read.
import { featuresOf, namesIn } from './features.ts'
import type { Scored } from './fuse.ts'
import type { Found } from './retrieve.ts'
import { candidateWeights } from './weights.ts'

/** Best first; ties by chunk so that the same search always gives the same order. */
export function rerank(found: Found, scored: readonly Scored[]): Scored[] {
  const names = namesIn(found.concepts, found.candidates)
  return scored
    .map((each) => ({ candidate: each.candidate, score: dot(featuresOf(found, each, names), candidateWeights) }))
    .sort((a, b) => b.score - a.score || a.candidate.chunkId - b.candidate.chunkId)
}

export function dot(features: readonly number[], weights: readonly number[]): number {
  return features.reduce((sum, feature, index) => sum + feature * (weights[index] ?? 0), 0)
}
