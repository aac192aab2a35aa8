// Two rankings → one score per candidate, 0 to 1.
import type { Candidate } from '../../core/types.ts'

export type Scored = { readonly candidate: Candidate; readonly score: number }

// Min-max score fusion. On the development questions it beat reciprocal rank fusion at ranks 1 and 5.
const WORDS_SHARE = 0.6

/** Best first; ties by chunk so that the same search always gives the same order. */
export function fuse(candidates: readonly Candidate[]): Scored[] {
  const scaleWords = minMax(
    candidates.map(({ words }) => words),
    0,
  )
  const known = candidates.flatMap(({ cosine }) => (cosine === null ? [] : [cosine]))
  const scaleCosine = minMax(known)
  const wordsShare = known.length === 0 ? 1 : WORDS_SHARE
  return candidates
    .map((candidate) => ({
      candidate,
      score:
        wordsShare * scaleWords(candidate.words) +
        (1 - wordsShare) * (candidate.cosine === null ? 0 : scaleCosine(candidate.cosine)),
    }))
    .sort((a, b) => b.score - a.score || a.candidate.chunkId - b.candidate.chunkId)
}

function minMax(values: readonly number[], floor?: number): (value: number) => number {
  const low = floor ?? values.reduce((least, value) => Math.min(least, value), Infinity)
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity)
  return (value) => (high > low ? (value - low) / (high - low) : 0)
}
