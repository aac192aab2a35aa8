// The scores of one question, by name. null: not measured for it, which is never counted as 0.
import type { Case } from './questions.ts'
import type { Asked, Outcome } from './record.ts'
import { factCoverage } from './score/facts.ts'

export type Held = Asked['held']

export function scoresOf(test: Case, outcome: Outcome, held: Held): Record<string, number | null> {
  const { citations, statements } = outcome
  const isRefused = outcome.status === 'abstained'
  const isCited = held.citations.some((places) => places.length > 0)
  const coverage = test.facts.length > 0 ? factCoverage(test.facts, outcome.answer) : null
  const isSound = citations.every(({ isValid }) => isValid)
  const whenAnswerable = (score: number | null) => (test.answerable ? score : null)
  const hasPlaces = test.places.length > 0
  return {
    hit_5: hasPlaces ? yes(isCited || held.passages.slice(0, 5).some((places) => places.length > 0)) : null,
    right_source: hasPlaces ? yes(isCited) : null,
    fact_coverage: whenAnswerable(coverage),
    contains_gold: whenAnswerable(coverage && yes(coverage === 1)),
    quote_valid: shareOf(citations, ({ isValid }) => isValid),
    in_passages: shareOf(citations, ({ isInPassage }) => isInPassage),
    cited_rate: shareOf(statements, ({ citations }) => citations.length > 0),
    refused: yes(isRefused),
    false_refusal: test.answerable ? yes(isRefused) : null,
    answered_unanswerable: test.answerable ? null : yes(!isRefused),
    grounded_correct: whenAnswerable(coverage === null ? null : yes(coverage === 1 && isCited && isSound)),
  }
}

function yes(is: boolean): number {
  return is ? 1 : 0
}

function shareOf<Part>(all: readonly Part[], passes: (part: Part) => boolean): number | null {
  return all.length === 0 ? null : all.filter(passes).length / all.length
}
