// Question and passages → messages for the model. Retrieved text is fenced, numbered and cannot close its fence.
import type { Message } from '../../core/ports.ts'
import { countTokens, firstTokens } from '../../core/tokens.ts'
import type { Passage, Question } from '../../core/types.ts'
import { loadPrompt } from '../../prompts/load.ts'
import { quoted } from './reply.ts'

// What the model reads of the passages: 8 sections of a usual article, and a cost of 0.2 cents with a small model.
const READ_TOKENS = 4_000
const TURNS = 3
const ASKED_TOKENS = 100
const ANSWERED_TOKENS = 400

/** What the model gets to read: the first passages that fit, the last of them cut. No other one may be numbered for it. */
export function pack(passages: readonly Passage[], tokens = READ_TOKENS): Passage[] {
  const read: Passage[] = []
  let left = tokens
  for (const passage of passages) {
    const tokensInIt = countTokens(passage.text)
    if (tokensInIt > left) return [...read, ...cutTo(left, passage)]
    read.push(passage)
    left -= tokensInIt
  }
  return read
}

function cutTo(tokens: number, passage: Passage): Passage[] {
  const text = firstTokens(passage.text, tokens)
  const { start } = passage.span
  return text === '' ? [] : [{ ...passage, text, span: { start, end: start + text.length } }]
}

/** The first half of what was packed, for a model that takes less. */
export function halve(read: readonly Passage[]): Passage[] {
  return pack(read, Math.floor(read.reduce((sum, { text }) => sum + countTokens(text), 0) / 2))
}

export type Composed = { readonly messages: readonly Message[]; readonly hash: string }

/** All that the model is sent, and the hash of the prompt that it was made from. */
export async function compose(question: Question, read: readonly Passage[]): Promise<Composed> {
  const { fill, hash } = await loadPrompt('answer')
  const messages = fill({
    question: normalised(question.text),
    passages: read.map(fenced).join('\n\n'),
    history: historyOf(question),
  })
  return { messages, hash }
}

/** How a question was typed is no other question. Its case stays: "US" is not "us". */
function normalised(text: string): string {
  return text.normalize('NFC').replaceAll(/[^\S\n]+/g, ' ')
}

function fenced({ n, text, headings, document }: Passage): string {
  const date = document.publishedAt ? ` date="${attribute(document.publishedAt)}"` : ''
  return `<passage n="${n}" title="${attribute(headings.join(' > '))}"${date}>\n${inert(text)}\n</passage>`
}

// With whatever cannot be seen in it: a model reads over spaces and format characters as a person does. One run of them
// and not two: two would be divided anew at every place, 20 s for 40,000 spaces.
const fence = new RegExp(`<(?=[\\s\\p{Cf}/]*${'passage'.split('').join('\\p{Cf}*')})`, 'giu')
// All that cite.ts would read as a marker, and more.
const marker = /[[【]\s*(\^?\d+(?:\s*[,;–-]\s*\^?\d+)*)\s*[\]】]/g

/** What a passage cannot contain: the fence's own brackets, and numbers in brackets that would read as markers. */
function inert(text: string): string {
  return text.replace(fence, '‹').replace(marker, '($1)')
}

function attribute(text: string): string {
  return inert(text).replaceAll('"', "'").replace(/\s+/g, ' ')
}

function historyOf(question: Question): string {
  if (question.history.length === 0) return ''
  const turns = question.history
    .slice(-TURNS)
    .map((turn) => `Asked: ${part(turn.question, ASKED_TOKENS)}\nAnswered: ${part(turn.answer, ANSWERED_TOKENS)}`)
  return `Earlier in this conversation:\n${turns.join('\n')}\n\n`
}

/** Cut before anything else looks at it: a turn that a client tells may be as long as a body may be. */
function part(text: string, tokens: number): string {
  return quoted(inert(firstTokens(text, tokens)))
}
