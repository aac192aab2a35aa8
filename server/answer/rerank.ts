// A second look at the best candidates: a linear model over features a person can read.
import { words } from '../../core/terms.ts'
import { featuresOf, namesIn } from './features.ts'
import type { Scored } from './fuse.ts'
import type { Found } from './retrieve.ts'
import { candidateWeights } from './weights.ts'

/** Best first. Copies of one text collapse to the best of them. */
export function rerank(found: Found, scored: readonly Scored[]): Scored[] {
  const names = namesIn(found.concepts, found.candidates)
  const reordered = scored
    .map((each) => ({ candidate: each.candidate, score: dot(featuresOf(found, each, names), candidateWeights) }))
    .sort((a, b) => b.score - a.score || a.candidate.chunkId - b.candidate.chunkId)
  return withoutCopies(reordered)
}

export function dot(features: readonly number[], weights: readonly number[]): number {
  return features.reduce((sum, feature, index) => sum + feature * (weights[index] ?? 0), 0)
}

const COPY = 0.8

/** Near-identical chunks (an article that stands in a library twice) would crowd out everything else. */
function withoutCopies(scored: readonly Scored[]): Scored[] {
  const kept: { scored: Scored; terms: ReadonlySet<string> }[] = []
  for (const each of scored) {
    const terms = new Set(words(each.candidate.text).map(({ term }) => term))
    if (!kept.some((other) => jaccard(terms, other.terms) >= COPY)) kept.push({ scored: each, terms })
  }
  return kept.map(({ scored }) => scored)
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = a.intersection(b).size
  return shared / (a.size + b.size - shared || 1)
}
