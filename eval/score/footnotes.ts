// Does an answer say of itself what its text shows? Exact, and true of every answer that was put together rightly.
import type { Outcome } from '../record.ts'
import { shareThat } from './citations.ts'

type Statement = Outcome['statements'][number]
type Said = Pick<Outcome, 'answer' | 'statements'>

/**
 * Share of the statements that are called verbatim exactly where they are what they cite: the one quote, but for a
 * full stop at the end, which a model may put behind its marker.
 */
export function verbatimTrue({ answer, statements, citations }: Said & Pick<Outcome, 'citations'>): number | null {
  const isQuote = (statement: Statement) => {
    const [n, ...more] = statement.citations
    const quote = citations.find((each) => each.n === n)?.quote
    return quote !== undefined && more.length === 0 && sameButStop(quote, answer.slice(statement.start, statement.end))
  }
  return shareThat(statements, (statement) => (statement.verdict === 'verbatim') === isQuote(statement))
}

function sameButStop(one: string, other: string): boolean {
  return one.replace(/\.$/, '') === other.replace(/\.$/, '')
}

/** Share of the statements whose markers, up to the next statement, are those of their citations, in this order. */
export function marked({ answer, statements }: Said): number | null {
  const starts = statements.map(({ start }) => start).sort((a, b) => a - b)
  return shareThat(statements, ({ start, end, verdict, citations }) => {
    // Brackets within quoted words are the document's own.
    const from = verdict === 'verbatim' ? end : start
    const shown = answer.slice(from, starts.find((next) => next > start) ?? answer.length).match(MARKERS) ?? []
    return [...new Set(shown)].join('') === citations.map((n) => `[${n}]`).join('')
  })
}

const MARKERS = /\[\d+\]/g

/** 1 when nothing can be read in an answer that is no part of a statement, else 0; null of an answer without text. */
export function stated({ answer, statements }: Said): number | null {
  if (answer.trim() === '') return null
  let rest = ''
  let from = 0
  for (const { start, end } of statements.toSorted((a, b) => a.start - b.start)) {
    rest += `${answer.slice(from, start)} `
    from = end
  }
  return /[\p{L}\p{N}]/u.test(`${rest}${answer.slice(from)}`.replace(MARKERS, '')) ? 0 : 1
}

/** Share of the citations that name the document and the headings of the passage they are from. */
export function sourceTrue({ citations, passages }: Pick<Outcome, 'citations' | 'passages'>): number | null {
  return shareThat(citations, (citation) => {
    const passage = passages.find(({ n }) => n === citation.passage)
    return passage !== undefined && nameOf(passage) === nameOf(citation)
  })
}

function nameOf({ file, title, headings }: Pick<Outcome['citations'][number], 'file' | 'title' | 'headings'>): string {
  return JSON.stringify([file, title, headings])
}
