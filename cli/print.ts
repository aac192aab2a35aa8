// Answers and passages for a terminal. Colours only where somebody looks; the words are the same everywhere.
import { styleText } from 'node:util'
import { AppError, InputError } from '../core/errors.ts'
import { originalLink, readerLink } from '../core/link.ts'
import { pageWords } from '../core/pages.ts'
import { fallbackOf, lackOf, refusalOf, searchedOf } from '../core/refusal.ts'
import { clean, wrap } from './layout.ts'

/** The parts of the HTTP answer that are printed (design §4.1). */
type WireDocument = {
  readonly id: string
  readonly title: string
  readonly source: string
  readonly url: string | null
  readonly revision: string
}
type WireCitation = {
  readonly n: number
  readonly document: WireDocument
  readonly headings: readonly string[]
  readonly page: number | null
  readonly quote: string
  readonly link: string
}
export type WirePassage = {
  readonly n: number
  readonly document: WireDocument
  readonly headings: readonly string[]
  readonly page: number | null
  readonly span: { readonly start: number; readonly end: number }
  readonly text: string
  readonly score: number
}
export type WireAnswer = {
  readonly status: 'answered' | 'abstained' | 'stopped'
  readonly question: string
  readonly reason: string | null
  readonly fallback: string | null
  readonly citations: readonly WireCitation[]
  readonly statements: readonly { readonly verdict: string }[]
  readonly nearest: readonly WirePassage[]
  readonly missing: readonly string[]
  readonly words_only?: true
}

/** The page it is printed on: how wide, and where its links lead (null: no server is running). */
export type Sheet = { readonly width: number; readonly url: string | null }

const QUOTE_LIMIT = 300
const SNIPPET_LIMIT = 200

/** What stands under an answer: one footnote per citation, then anything the reader must know about the answer. */
export function footnotes(answer: WireAnswer, sheet: Sheet): string {
  const notes = answer.citations.map((citation) => {
    const label = `[${citation.n}]`.padStart(`[${answer.citations.length}]`.length)
    return note(label, citation, `“${shorten(citation.quote, QUOTE_LIMIT)}”`, citation.link, sheet)
  })
  return [...notes, ...remarks(answer).map((remark) => `${wrap(remark, sheet.width)}\n`)]
    .map((part) => `\n${part}`)
    .join('')
}

function remarks(answer: WireAnswer): string[] {
  const doubtful = answer.statements.filter(({ verdict }) => verdict === 'unsupported' || verdict === 'partial').length
  const fallback = fallbackOf(answer.fallback)
  const lack = lackOf(answer.missing)
  const searched = searchedOf(answer.words_only)
  return [
    ...(answer.status === 'stopped' ? ['Stopped before its end.'] : []),
    ...(fallback ? [fallback] : []),
    ...(searched ? [searched] : []),
    ...(lack ? [lack] : []),
    ...(doubtful > 0
      ? [`${doubtful} of ${answer.statements.length} sentences are not fully backed by their footnotes.`]
      : []),
  ]
}

export function refusal(answer: WireAnswer, sheet: Sheet): string {
  const remedy = answer.reason === 'empty-library' ? ' Fill it: npm run ingest -- <folder or file>' : ''
  const nearest = answer.nearest.length === 0 ? '' : `\nNearest passages:\n\n${passageLines(answer.nearest, sheet)}`
  return `${wrap(`${refusalOf(answer)}${remedy}`, sheet.width)}\n${nearest}`
}

export function passageLines(passages: readonly WirePassage[], sheet: Sheet): string {
  return passages
    .map((passage) => {
      const { n, text } = passage
      const label = `${n}.`.padStart(`${passages.length}.`.length)
      return note(label, passage, shorten(text, SNIPPET_LIMIT), readerLink(passage), sheet)
    })
    .join('\n')
}

/** The problem document of a response that is not ok, as an error for the terminal. */
export async function describeProblem(response: Response): Promise<AppError> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; title?: string }
  const code = problem.code ?? `http-${response.status}`
  const message = problem.title ?? `The server answered with status ${response.status}.`
  return response.status < 500 ? new InputError(code, message) : new AppError(code, message)
}

type Noted = Pick<WireCitation, 'document' | 'headings' | 'page'>

/** Title › heading and page, the words, and where to open them; all beside the label. */
function note(
  label: string,
  { headings, document, page }: Noted,
  words: string,
  link: string,
  { width, url }: Sheet,
): string {
  const indent = ' '.repeat(label.length + 1)
  const path = wrap((headings.join(' › ') || document.title) + pageWords(page), width, indent)
  // Without a running server there is nothing to open but the source itself. A link is never broken over lines.
  const place = clean(url ? `${url}${link}` : (originalLink(document, page) ?? document.source))
  return `${bold(label)} ${path}\n${indent}${wrap(words, width, indent)}\n${indent}${dim(place)}\n`
}

/** Cut between words. */
function shorten(text: string, limit: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  if (line.length <= limit) return line
  const cut = line.lastIndexOf(' ', limit)
  return `${line.slice(0, cut > limit / 2 ? cut : limit).replace(/[\uD800-\uDBFF]$/, '')} …`
}

export function bold(text: string): string {
  return styleText('bold', text)
}

function dim(text: string): string {
  return styleText('dim', text)
}
