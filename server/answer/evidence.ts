// Does this library answer this question? One decision, with its reason.
import { queryTerms } from '../../core/terms.ts'
import type { AbstentionReason, Passage } from '../../core/types.ts'
import { coverage } from './match.ts'
import type { Found } from './retrieve.ts'
import { piecesOf } from './sentences.ts'

export type Evidence =
  | { readonly type: 'enough'; readonly confidence: number }
  | { readonly type: 'too-weak'; readonly confidence: number; readonly reason: AbstentionReason }

// Share of the question's rarity that one passage must hold, and one pair of neighbouring sentences of it.
// Fitted on the first half of the development questions.
const PASSAGE_COVERAGE = 0.5

export function weigh(found: Found, passages: readonly Passage[]): Evidence {
  if (found.candidates.length === 0) return { type: 'too-weak', confidence: 0, reason: 'empty-library' }
  const confidence = Math.max(0, ...passages.slice(0, 5).map((passage) => passageCoverage(found, passage)))
  if (confidence >= PASSAGE_COVERAGE) return { type: 'enough', confidence }
  return {
    type: 'too-weak',
    confidence,
    reason: confidence >= PASSAGE_COVERAGE / 2 ? 'partly-covered' : 'nothing-relevant',
  }
}

/** How much of what the question is about one passage holds, headings included; rare words count most. */
export function passageCoverage(found: Found, passage: Passage): number {
  const held = new Set(queryTerms(passage.headings.join('\n')))
  for (const piece of piecesOf(passage)) for (const term of piece.terms) held.add(term)
  return coverage(found.concepts, held)
}
