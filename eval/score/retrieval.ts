// Was a listed place among what was shown?
import type { Citation, Passage } from '../../core/types.ts'
import { type Case, normalise } from '../questions.ts'

const SHINGLE = 6

/** hit@k: 1 when one of the first `k` passages holds words of a listed place, else 0. */
export function hitAt(k: number, test: Case, passages: readonly Passage[]): number {
  return passages.slice(0, k).some(({ text }) => holds(test, text)) ? 1 : 0
}

/** 1 when a citation quotes, or stands within, a listed place, else 0. */
export function citesSource(test: Case, citations: readonly Citation[]): number {
  return citations.some(({ quote }) => holds(test, quote)) ? 1 : 0
}

/** The listed places, from 0, whose words a text has. */
export function placesIn(test: Pick<Case, 'places'>, text: string): number[] {
  return [...test.places.keys()].filter((at) => holds({ gold: test.places[at]?.gold ?? [] }, text))
}

/** `gains` by rank, for the measures of a ranking; `judged`: the gains of the best order there could be. */
export type Judged = { readonly gains: readonly number[]; readonly judged: readonly number[] }

/**
 * What is ranked is relevant when it has a listed place that nothing above it has: the same words twice help nobody.
 * The best order is made of these, and of one more for every place that nothing has. `either`: any place is all.
 */
export function judgeRanking(test: Pick<Case, 'places' | 'either'>, held: readonly (readonly number[])[]): Judged {
  const missing = new Set(test.either ? [0] : test.places.keys())
  const gains = held.map((places) => {
    const before = missing.size
    for (const at of places) missing.delete(test.either ? 0 : at)
    return missing.size < before ? 1 : 0
  })
  return { gains, judged: [...gains, ...Array.from(missing, () => 1)] }
}

/** Share of the listed places that the first `k` have, together; with `either`, 1 for any of them. */
export function placesRecall(
  k: number,
  test: Pick<Case, 'places' | 'either'>,
  held: readonly (readonly number[])[],
): number {
  const found = new Set(held.slice(0, k).flat()).size
  return test.either ? Math.min(1, found) : found / test.places.length
}

/** Six words in a row of a listed line (a whole shorter line, or a whole shorter text) prove that the texts meet. */
export function holds(test: Pick<Case, 'gold'>, text: string): boolean {
  const plain = ` ${normalise(text)} `
  const shown = plain.trim().split(' ')
  return test.gold.some((line) => {
    if (shown.length < SHINGLE) return ` ${line} `.includes(plain)
    const words = line.split(' ')
    if (words.length <= SHINGLE) return plain.includes(` ${line} `)
    return words
      .slice(0, words.length - SHINGLE + 1)
      .some((_, from) => plain.includes(` ${words.slice(from, from + SHINGLE).join(' ')} `))
  })
}
