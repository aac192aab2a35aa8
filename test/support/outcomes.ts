// What became of a question, as a run keeps it, made by hand.
import type { Outcome } from '../../eval/record.ts'

const FILE = 'a.md'

/** The citation `n` of these words of the one passage there is. */
export function quoteOf(n: number, text: string, quote: string): Outcome['citations'][number] {
  const start = text.indexOf(quote)
  const span = { start, end: start + quote.length }
  return { n, passage: 1, file: FILE, title: '', headings: [], span, quote, isValid: true, isInPassage: true }
}

/** An answer of these statements, each with the numbers of its citations, made from one passage that is `text`. */
export function outcomeWith(
  text: string,
  said: readonly (readonly [string, readonly number[]])[],
  citations: Outcome['citations'],
): Outcome {
  const statements: Outcome['statements'] = []
  let answer = ''
  for (const [words, numbers] of said) {
    const start = answer.length === 0 ? 0 : answer.length + 1
    answer += `${answer.length === 0 ? '' : ' '}${words}`
    const isQuote = numbers.length === 1 && citations.some(({ n, quote }) => n === numbers[0] && quote === words)
    const verdict = isQuote ? 'verbatim' : 'supported'
    statements.push({ start, end: start + words.length, verdict, citations: [...numbers] })
    answer += numbers.map((n) => ` [${n}]`).join('')
  }
  const span = { start: 0, end: text.length }
  return {
    query: '',
    status: 'answered',
    reason: null,
    missing: [],
    confidence: 0.5,
    answer,
    statements,
    citations,
    passages: [{ n: 1, file: FILE, title: '', headings: [], span, score: 1, text }],
    evidence: null,
  }
}
