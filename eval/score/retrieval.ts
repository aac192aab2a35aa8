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
