// Question and passages → messages for the model. Retrieved text is fenced, numbered and cannot close its fence.
import type { Message } from '../../core/ports.ts'
import type { Passage, Question } from '../../core/types.ts'
import { loadPrompt } from '../../prompts/load.ts'

// The passages the model reads, in characters: about 4,000 tokens of English.
const BUDGET_CHARACTERS = 16_000
const TURNS = 3
const TURN_CHARACTERS = 2_000

/** How many passages, from the first on, the model gets to read. No other one may be numbered for it. */
export function countFitting(passages: readonly Passage[]): number {
  let left = BUDGET_CHARACTERS
  const unread = passages.findIndex(({ text }) => {
    const isLeft = cut(text, left) === ''
    left -= text.length
    return isLeft
  })
  return unread === -1 ? passages.length : unread
}

/** `passages` as many as fit. */
export async function compose(question: Question, passages: readonly Passage[]): Promise<Message[]> {
  const { fill } = await loadPrompt('answer')
  return fill({
    question: question.text,
    passages: fenced(passages),
    history: historyOf(question),
  })
}

function fenced(passages: readonly Passage[]): string {
  let left = BUDGET_CHARACTERS
  return passages
    .flatMap((passage) => {
      const text = cut(passage.text, left)
      left -= passage.text.length
      if (text === '') return []
      const { headings, document } = passage
      const date = document.publishedAt ? ` date="${attribute(document.publishedAt)}"` : ''
      return [
        `<passage n="${passage.n}" title="${attribute(headings.join(' > '))}"${date}>\n${inert(text)}\n</passage>`,
      ]
    })
    .join('\n\n')
}

/** Never half a character: no provider's JSON can carry it. */
function cut(text: string, length: number): string {
  return text.slice(0, Math.max(0, length)).replace(/[\ud800-\udbff]$/, '')
}

// With whatever cannot be seen in it: a model reads over spaces and format characters as a person does.
const fence = new RegExp(`<(?=[\\s\\p{Cf}]*/?[\\s\\p{Cf}]*${'passage'.split('').join('\\p{Cf}*')})`, 'giu')
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
    .map((turn) => cut(`Asked: ${turn.question}\nAnswered: ${inert(turn.answer)}`, TURN_CHARACTERS))
  return `Earlier in this conversation:\n${turns.join('\n')}\n\n`
}
