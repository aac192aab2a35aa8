// Question and passages → messages for the model. Retrieved text is fenced, numbered and cannot close its fence.
import type { Message } from '../../core/ports.ts'
import type { Passage, Question } from '../../core/types.ts'
import { loadPrompt } from '../../prompts/load.ts'

// The passages the model reads, in characters: about 4,000 tokens of English.
const BUDGET_CHARACTERS = 16_000
const TURNS = 3

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
      const text = passage.text.slice(0, Math.max(0, left))
      left -= text.length
      if (text === '') return []
      const date = passage.document.publishedAt ? ` date="${inert(passage.document.publishedAt)}"` : ''
      return [
        `<passage n="${passage.n}" title="${inert(passage.headings.join(' > '))}"${date}>\n${inert(text)}\n</passage>`,
      ]
    })
    .join('\n\n')
}

/** What a passage cannot contain: the fence's own brackets, and numbers in brackets that would read as markers. */
function inert(text: string): string {
  return text
    .replace(/<(?=\/?\s*passage)/gi, '‹')
    .replace(/[[【]\s*(\^?\d+(?:\s*[,–-]\s*\d+)*)\s*[\]】]/g, '($1)')
    .replaceAll('"', "'")
}

function historyOf(question: Question): string {
  if (question.history.length === 0) return ''
  const turns = question.history.slice(-TURNS).map((turn) => `Asked: ${turn.question}\nAnswered: ${inert(turn.answer)}`)
  return `Earlier in this conversation:\n${turns.join('\n')}\n\n`
}
