// The headline: a right answer, from the right place, in words that are really there.
import type { Case } from '../questions.ts'
import type { Outcome } from '../record.ts'
import { factCoverage } from './facts.ts'

/** What of a question is already known: `hit5` and `rightSource` as scores of 0 or 1, null where no place is listed. */
export type Grounding = { readonly hit5: number | null; readonly rightSource: number | null }

/**
 * 1 or 0. Of an answerable question: all needed facts stand in the answer (contains gold), a citation holds a listed
 * place (right source), and every quote is what is stored at its place. Of an unanswerable one: it is refused. Of a
 * false premise, which may be corrected or refused: the former, or a refusal with a listed place among the first five
 * passages, where the reader can see what is true. null where the set names no fact or no place. Facts are looked for
 * as wordings, so this is lexical too: it takes no right answer in other words.
 */
export function groundedCorrect(test: Case, outcome: Outcome, { hit5, rightSource }: Grounding): number | null {
  const refused = outcome.status === 'abstained'
  if (!test.answerable) return refused ? 1 : 0
  if (test.facts.length === 0 || rightSource === null) return null
  if (refused) return test.kind === 'false_premise' ? hit5 : 0
  const isValid = outcome.citations.every((each) => each.isValid)
  return containsFacts(test.facts, outcome.answer) === 1 && rightSource === 1 && isValid ? 1 : 0
}

/** 1 when every needed fact stands in the text in one of its wordings, else 0. */
export function containsFacts(facts: Case['facts'], text: string): number {
  return factCoverage(facts, text) === 1 ? 1 : 0
}
