// A question that leans on the conversation becomes a query that stands alone; every other question stays as it is.
import { queryTerms } from '../../core/terms.ts'
import type { Question } from '../../core/types.ts'

const opensAsFollowUp = /^\s*(?:and|but|so|then|also|or|ok(?:ay)?|what about|how about|why(?:\s+not)?\s*\??$)\b/i
const pointsBack = /\b(?:it|its|they|them|their|theirs|that|those|these|this|he|she|him|her|his|there|the same|both)\b/i

/** Search text for a question: the question itself, led by the subject of the last one when it points back to it. */
export function rewrite(question: Pick<Question, 'text' | 'history'>): string {
  const last = question.history.at(-1)
  if (!last || !leansOnHistory(question.text)) return question.text
  const own = new Set(queryTerms(question.text))
  const carried = subjectOf(last.question).filter((word) => !queryTerms(word).some((term) => own.has(term)))
  return [...carried, question.text].join(' ')
}

function leansOnHistory(text: string): boolean {
  return opensAsFollowUp.test(text) || pointsBack.test(text) || queryTerms(text).length <= 2
}

/** The words of a question that name what it is about, as they were written. */
function subjectOf(question: string): string[] {
  const terms = new Set(queryTerms(question))
  return question
    .split(/[\s,;:?!()"]+/)
    .filter((word) => word !== '' && queryTerms(word).some((term) => terms.has(term)))
}
