// A question of several parts, cut into them, so that in the search the one with more words does not drown the other.
import { isFunctionWord, queryTerms, type Word, words } from '../../core/terms.ts'
import { leansOnHistory } from './rewrite.ts'

// Who asks more at once asks about many things, and each would be heard too little.
const MOST = 3

/** The parts of a query, each a query of its own; none when it has only one. `names`: terms that name somebody. */
export function partsOf(query: string, names: () => ReadonlySet<string>): string[] {
  const questions = query.split(betweenQuestions)
  if (questions.length === 1) return mayCompare.test(query) ? compared(query, names()) : []
  if (questions.length > MOST || !questions.every((question) => standsAlone(question, names))) return []
  return questions.map((question, at) => (at === 0 ? question : named(question, questions[at - 1] ?? '', names())))
}

const questionWord = String.raw`(?:(?:in|at|on|for|by|to|with|from) )?(?:who|whom|whose|what|which|when|where|why|how)(?:['’]s)?\b`
const verb = String.raw`(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b`
const betweenQuestions = new RegExp(
  String.raw`(?:[,;.?!]\s+(?:and|but)|[;.?!]|\s(?:and|but))\s+(?=${questionWord})`,
  'i',
)
const isQuestion = new RegExp(String.raw`^\s*(?:${questionWord}|${verb})`, 'i')

/**
 * A part that leans on the other ("which …, and how does that one …?") is not found without it: cut there too, the
 * multi-hop development questions had 7 of their 10 places in the first five passages instead of 10.
 */
function standsAlone(part: string, names: () => ReadonlySet<string>): boolean {
  if (!isQuestion.test(part) || leansOnHistory(part)) return false
  const content = contentOf(part)
  return content.length > 1 || content.some((term) => names().has(term))
}

/** "How does Slack deploy, and which databases do its teams choose?": those of Slack. */
function named(part: string, before: string, names: ReadonlySet<string>): string {
  if (contentOf(part).some((term) => names.has(term))) return part
  const carried = words(before).filter(({ term }) => names.has(term))
  return [...carried.map(({ start, end }) => before.slice(start, end)), part].join(' ')
}

const opposes = /^\s*(?:vs\.?|versus)\s*$/i
const joins = /^\s*(?:and|or|from|&)\s*$/i
const sets = /\b(?:each|compare[ds]?|comparison|comparing|differ\w*)\b/i
const mayCompare = new RegExp(String.raw`\b(?:vs|versus)\b|${sets.source}`, 'i')

/** "X vs Y", "compare X and Y": the query without the one, and without the other. */
function compared(query: string, names: ReadonlySet<string>): string[] {
  const all = words(query)
  for (const [index, left] of all.entries()) {
    const right = all[index + 2]
    if (!right || !names.has(left.term) || !names.has(right.term)) continue
    const between = query.slice(left.end, right.start)
    if (opposes.test(between) || (joins.test(between) && sets.test(query)))
      return [without(query, left, right), without(query, right, left)]
  }
  return []
}

/** Leaves out `other` and the word that joins it to `one`. */
function without(query: string, one: Word, other: Word): string {
  return one.start < other.start
    ? query.slice(0, one.end) + query.slice(other.end)
    : query.slice(0, other.start) + query.slice(one.start)
}

function contentOf(text: string): string[] {
  return queryTerms(text).filter((term) => !isFunctionWord(term))
}
