// A follow-up as a query that stands alone, by one small call of the model. Late, failed or absurd: the rewriter's own.
import type { Generator } from '../../core/ports.ts'
import { queryTerms, words } from '../../core/terms.ts'
import { firstTokens } from '../../core/tokens.ts'
import type { Question } from '../../core/types.ts'
import { loadPrompt } from '../../prompts/load.ts'
import type { AnswerDeps } from './answer.ts'
import type { Receipt } from './draft.ts'
import { writtenNames } from './query.ts'
import { quoted, replyOf } from './reply.ts'
import { leansOnHistory, rewrite, subjectOf } from './rewrite.ts'

// Nobody has read a word yet: what has not come by then is not waited for.
const DEADLINE_MS = 2_000
const LONGEST = 300
// What a follow-up points back to was said lately, and mostly at the beginning of an answer.
const TURNS = 3
const TURN_TOKENS = 200

export type RestateDeps = Pick<AnswerDeps, 'report'> & { readonly generator: Generator }

/** The search text for a question. Only one that leans on its conversation costs a call. Throws when aborted. */
export async function restate(
  question: Question,
  { generator, report }: RestateDeps,
  receipt: Receipt,
  signal: AbortSignal,
  deadlineMs = DEADLINE_MS,
): Promise<string> {
  const own = rewrite(question)
  if (question.history.length === 0 || !leansOnHistory(question.text)) return own
  try {
    const limits = { deadlineMs, longest: LONGEST }
    const query = readQuery(await replyOf(generator, await promptFor(question), limits, receipt, signal), question)
    if (query === null) report('the model wrote no query for a follow-up', null)
    return query ?? own
  } catch (error) {
    signal.throwIfAborted()
    report('the model could not rewrite a follow-up', error)
    return own
  }
}

async function promptFor({ text, history }: Question) {
  const { fill, hash } = await loadPrompt('rewrite')
  const turns = history.slice(-TURNS).map((turn) => `Asked: ${part(turn.question)}\nAnswered: ${part(turn.answer)}`)
  return { name: 'rewrite', hash, messages: fill({ turns: turns.join('\n'), question: quoted(text) }) }
}

function part(text: string): string {
  return quoted(firstTokens(text, TURN_TOKENS))
}

const markup = /[\p{Cc}\p{Zl}\p{Zp}<>`*_{}[\]|\\]|^#|^[-–•]|:\/\//u
// A paraphrase brings words of its own; an answer, a refusal or somebody else's orders bring more of them than this.
const FOREIGN = 0.5
// … and keeps at least so much of what the question says itself.
const KEPT = 0.5

/**
 * Null: not a query. An earlier answer may hold orders of whoever wrote its sources. At worst they choose the words
 * that are searched for, most of them out of this conversation: a query is never run, shown as an answer or put into
 * the prompt of the answer, and what is found is judged against the question as it was asked.
 */
function readQuery(reply: string, { text, history }: Question): string | null {
  const query = reply
    .trim()
    .replace(/^"(.*)"$/u, '$1')
    .trim()
  if (query === '' || markup.test(query)) return null
  const said = new Set([text, ...history.flatMap((turn) => [turn.question, turn.answer])].flatMap(queryTerms))
  const terms = queryTerms(query)
  const foreign = terms.filter((term) => !said.has(term)).length
  if (terms.length === 0 || foreign / terms.length > FOREIGN || !keepsQuestion(query, text)) return null
  return history.some((turn) => sameWords(turn.question, query)) ? null : query
}

/** "Why?" has nothing of its own to keep. A small model likes to say an earlier question again. */
function keepsQuestion(query: string, text: string): boolean {
  const kept = new Set(termsOf(query))
  const isKept = (term: string) => kept.has(term)
  const own = subjectOf(text).flatMap(queryTerms)
  const names = writtenNames(text).flatMap(termsOf)
  return names.every(isKept) && own.filter(isKept).length >= KEPT * own.length
}

function sameWords(a: string, b: string): boolean {
  return termsOf(a).join(' ') === termsOf(b).join(' ')
}

function termsOf(text: string): string[] {
  return words(text).map(({ term }) => term)
}
