// A question that leans on the conversation becomes a query that stands alone; every other question stays as it is.
import { queryTerms, words } from '../../core/terms.ts'
import type { Question, Turn } from '../../core/types.ts'

// Subjects of earlier questions are carried over so many turns: "and why?" asks about what "and how did they do it?"
// asked about.
const TURNS = 3

/** Search text for a question: the question itself, led by the subject of the last one when it points back to it. */
export function rewrite({ text, history }: Pick<Question, 'text' | 'history'>): string {
  return rewriteOver(text, history.slice(-TURNS))
}

function rewriteOver(text: string, history: readonly Turn[]): string {
  const last = history.at(-1)
  if (!last || !leansOnHistory(text)) return text
  const own = new Set(queryTerms(text))
  const subject = subjectOf(rewriteOver(last.question, history.slice(0, -1)))
  const carried = subject.filter((word) => !queryTerms(word).some((term) => own.has(term)))
  return [...carried, text].join(' ')
}

function leansOnHistory(text: string): boolean {
  return opensAsFollowUp.test(text) || pointsBack(text) || isElliptic(text)
}

const opensAsFollowUp = /^\s*(?:and|but|so|then|also|or|ok(?:ay)?|what about|how about)\b/i

const auxiliary = String.raw`(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|should)(?:n['’]t)?`
const pronoun = String.raw`(?:it|they|them|he|she|him|her|his|its|their|theirs|this|that|these|those|both)`
// "how do they …", "is that …": what follows the verb at once is the subject, and no earlier word of the question is.
const asSubject = new RegExp(
  String.raw`\b${auxiliary} ${pronoun}\b|^\s*${pronoun}\b|\b(?:do|does|did|about|for) the same\b`,
  'i',
)
// "… about that approach", "… get described there?"; but "guarantee that messages …" and "is there a limit" point nowhere.
const asObject =
  /\b(?:about|of|for|to|in|on|with|at|by|from|like|after|before|than) (?:this|that|these|those|both)\b|\b(?:this|that|these|those|there)\s*[?.!]*$/i
const personal = /\b(?:it|its|they|them|their|theirs|he|she|him|her|his)\b/i
// A pronoun behind so many words of content stands for one of them: "how did the bank move its old ledger?"
const ANTECEDENT = 3

function pointsBack(text: string): boolean {
  if (asSubject.test(text) || asObject.test(text)) return true
  const at = text.search(personal)
  return at >= 0 && contentOf(text.slice(0, at)) < ANTECEDENT
}

const asksWhatItIs = /^\s*(?:[Ww]hat|[Ww]ho)(?:['’]s| is| are| was| were) (?!the \p{Ll})/u

/** "How many?", "which database?", "why was the database chosen?": too little to be about something on its own. */
function isElliptic(text: string): boolean {
  if (queryTerms(text).length > 2 || asksWhatItIs.test(text)) return false
  return words(text).length <= 4 || /\bthe\b/i.test(text)
}

function contentOf(text: string): number {
  const terms = queryTerms(text)
  // queryTerms gives all words when none is left: then none is of content.
  return queryTerms(`${text} footnote`).length - 1 < terms.length ? 0 : terms.length
}

/** The words of a question that name what it is about, as they were written. */
function subjectOf(question: string): string[] {
  const terms = new Set(queryTerms(question))
  return question
    .split(/[\s,;:?!()"]+/)
    .filter((word) => word !== '' && queryTerms(word).some((term) => terms.has(term)))
}
