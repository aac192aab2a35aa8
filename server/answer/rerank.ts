// A second look at the best candidates, over features a person can read.
import { queryTerms, words } from '../../core/terms.ts'
import type { Candidate } from '../../core/types.ts'
import type { Scored } from './fuse.ts'
import { coverage } from './match.ts'
import type { Found } from './retrieve.ts'

// Weights relative to the fused score (0 to 1). Set by hand on the first half of the development questions; the
// ablation stands in docs/evaluation.md.
const WEIGHTS = { covered: 0.6, title: 0.35, near: 0.2 } as const

/** Best first. Copies of one text collapse to the best of them. */
export function rerank(found: Found, scored: readonly Scored[]): Scored[] {
  const reordered = scored
    .map(({ candidate, score }) => ({ candidate, score: score + boost(found, candidate) }))
    .sort((a, b) => b.score - a.score || a.candidate.chunkId - b.candidate.chunkId)
  return withoutCopies(reordered)
}

function boost(found: Found, candidate: Candidate): number {
  const path = new Set(queryTerms(candidate.headings.join('\n')))
  const body = words(candidate.text).map(({ term }) => term)
  return (
    WEIGHTS.covered * coverage(found.concepts, new Set([...body, ...path])) +
    WEIGHTS.title * coverage(found.concepts, path) +
    WEIGHTS.near * nearness(found, body)
  )
}

/** Share of the query's rarity that stands together within one window of the text. */
function nearness(found: Found, text: readonly string[]): number {
  const WINDOW = 30
  let best = 0
  for (let from = 0; from < text.length; from += WINDOW / 2)
    best = Math.max(best, coverage(found.concepts, new Set(text.slice(from, from + WINDOW))))
  return best
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
