// A question that leans on the conversation becomes a query that stands alone; every other question stays as it is.
import { queryTerms, words } from '../../core/terms.ts'
import type { Question, Turn } from '../../core/types.ts'
import { writtenNames } from './query.ts'

// What a conversation is about is looked for in so many turns.
const TURNS = 3

type Asked = Pick<Question, 'text' | 'history'>

/** Search text for a question: the question itself, led by the subject of the conversation when it points back to it. */
export function rewrite({ text, history }: Asked): string {
  if (history.length === 0 || !leansOnHistory(text)) return text
  const said = new Set(queryTerms(text))
  const carried: string[] = []
  for (const word of subjectsBefore(text, history.slice(-TURNS))) {
    const terms = queryTerms(word)
    if (terms.some((term) => said.has(term))) continue
    for (const term of terms) said.add(term)
    carried.push(word)
  }
  return [...carried, text].join(' ')
}

/**
 * A chain of follow-ups is about what the question before the first of them named; those between are asides. "Why?"
 * alone asks about the last of them as well.
 */
function subjectsBefore(text: string, turns: readonly Turn[]): string[] {
  const root = turns.findLastIndex(({ question }) => !leansOnHistory(question))
  const chain = turns.slice(Math.max(0, root)).map(({ question }) => subjectOf(question))
  const first = chain.find((subject) => subject.length > 0) ?? []
  return subjectOf(text).length > 0 ? first : [...first, ...(chain.at(-1) ?? [])]
}

/** Whether a question needs the conversation before it to be understood. */
export function leansOnHistory(text: string): boolean {
  const own = text.replace(opener, '')
  return pointsBack(own) || (own === text ? isElliptic(text) : !hasOwnSubject(own))
}

const opener = /^\s*(?:(?:and|but|so|then|also|or|ok(?:ay)?|what about|how about)\b[\s,.]*)+/i

// "What does Kafka do?", but "why did Kafka?" leaves out what it did.
const namedSubject = new RegExp(String.raw`\b(?:do|does|did)\s+\p{Lu}[\p{L}\p{N}]*\s+\p{L}`, 'u')
const owner = /\b(?!what|who|how|where|when|why|that|it|there|here|let)\p{L}+['’]s\s+\p{L}/iu
const nameAsSubject = new RegExp(
  String.raw`\b(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would)\s+\p{Lu}`,
  'u',
)
// A singular noun without an article is a name, in lower case too: "why did netflix …", but not "why did engineers …".
const bareSubject = /\b(?:does|did)\s+(?!the\b|an?\b|any|some|every|each|our|your|you\b|we\b|i\b|one\b)\p{Ll}+(?<!s)\s/u

/** "Ok, what is a token bucket?", "and why did Airbnb leave Rails?": who says "and" may still begin something new. */
function hasOwnSubject(text: string): boolean {
  if (asksWhatItIs.test(text)) return true
  const content = contentOf(text)
  if (owner.test(text) || nameAsSubject.test(text)) return content > 1
  return content > 2 && (bareSubject.test(text) || (writtenNames(text).length > 0 && !/\bthe \p{Ll}/u.test(text)))
}

const auxiliary = String.raw`(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|should)(?:n['’]t)?`
const pronoun = String.raw`(?:it|they|them|he|she|him|her|his|its|their|theirs|this|that|these|those|both)`
// "how do they …", "is that …": what follows the verb at once is the subject, and no earlier word of its clause is.
const asSubject = new RegExp(
  String.raw`\b${auxiliary} ${pronoun}\b|^\s*${pronoun}\b|\b(?:do|does|did|about|for) the same\b`,
  'i',
)
// "… about that approach", "… get described there?"; but "guarantee that messages …" and "how many are there?" point nowhere.
const asObject =
  /\b(?:about|of|for|to|in|on|with|at|by|from|like|after|before|than) (?:this|that|these|those|both)\b|\b(?:this|that|these|those|(?<!\b(?:is|are|was|were) )there)\s*[?.!]*$/i
const personal = /\b(?:it|its|they|them|their|theirs|he|she|him|her|his)\b/i
// "Why did Uber shard its ledger?": Uber's own.
const possessive = /^(?:its|their|his|her)\b/i
// A pronoun behind so many words of content stands for one of them: "how did the bank move its old ledger?"
const ANTECEDENT = 3

/** A pronoun stands for what an earlier clause of the question names, if one does, and not for an earlier question. */
function pointsBack(text: string): boolean {
  for (const clause of text.split(clauseEnd)) {
    if (clausePointsBack(clause)) return true
    if (namesItsThing(clause)) return false
  }
  return false
}

const clauseEnd = /[,;:.?!]\s+|\s+and (?=(?:how|why|when|where|what|which|who|is|are|was|were|do|does|did|can)\b)/i

function clausePointsBack(clause: string): boolean {
  if (asSubject.test(clause) || asObject.test(clause)) return true
  const at = clause.search(personal)
  if (at < 0) return false
  const before = clause.slice(0, at)
  const isOwn = possessive.test(clause.slice(at)) && /\S\s+\p{Lu}/u.test(before)
  return contentOf(before) < ANTECEDENT && !isOwn
}

// "When a shard fails, how do they move it?": the circumstances are not what the pronoun stands for.
const circumstance =
  /^\s*(?:when|whenever|if|once|after|before|while|since|as|with|without|in|on|at|for|during|by|until)\b/i

function namesItsThing(clause: string): boolean {
  return !circumstance.test(clause) && subjectOf(clause).length > 0
}

const asksWhatItIs = /^\s*(?:[Ww]hat|[Ww]ho)(?:['’]s| is| are| was| were) (?!the \p{Ll})/u

/** "How many?", "which database?", "why was the database chosen?": too little to be about something on its own. */
function isElliptic(text: string): boolean {
  if (queryTerms(text).length > 2 || asksWhatItIs.test(text) || namedSubject.test(text)) return false
  return words(text).length <= 4 || /\bthe\b/i.test(text)
}

function contentOf(text: string): number {
  const terms = queryTerms(text)
  // queryTerms gives all words when none is left: then none is of content.
  return queryTerms(`${text} footnote`).length - 1 < terms.length ? 0 : terms.length
}

// Words of talking to each other: "thanks, I see", "speaking about vaccines", "can you tell me how many".
const chatter = new Set(
  queryTerms(
    `many see know think want need help ask asked asking question mean meant saying thanks thank clarify clarifying
    explaining talk talking speak speaking name yes oh god please wonder curious told hear heard able`,
  ),
)

/** The words of a question that name what it is about, as they were written. */
export function subjectOf(question: string): string[] {
  if (contentOf(question) === 0) return []
  const terms = new Set(queryTerms(question)).difference(chatter)
  return question
    .split(/[\s,;:?!()"]+/)
    .filter((word) => word !== '' && queryTerms(word).some((term) => terms.has(term)))
}
