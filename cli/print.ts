// Answers and passages for a terminal. Colours only where somebody looks; the words are the same everywhere.
import { styleText } from 'node:util'
import { AppError, InputError } from '../core/errors.ts'

/** The parts of the HTTP answer that are printed (design §4.1). */
export type WireDocument = {
  readonly id: string
  readonly title: string
  readonly source: string
  readonly url: string | null
  readonly revision: string
}
export type WireCitation = {
  readonly n: number
  readonly document: WireDocument
  readonly headings: readonly string[]
  readonly quote: string
  readonly link: string
}
export type WirePassage = {
  readonly n: number
  readonly document: WireDocument
  readonly headings: readonly string[]
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
}

/** What stands under an answer: one footnote per citation, then anything the reader must know about the answer. */
export function footnotes(answer: WireAnswer, url: string | null): string {
  const notes = answer.citations.map(({ n, headings, quote, link, document }) =>
    [
      `${bold(`[${n}]`)} ${path(headings)}`,
      `    “${quote.length > 300 ? `${quote.slice(0, 299)}…` : quote}”`,
      `    ${dim(place(document, link, url))}`,
    ].join('\n'),
  )
  const doubtful = answer.statements.filter(({ verdict }) => verdict === 'unsupported' || verdict === 'partial').length
  const remarks = [
    ...(answer.status === 'stopped' ? ['Stopped before its end.'] : []),
    ...(answer.fallback ? [`Fell back: ${answer.fallback}.`] : []),
    ...(doubtful > 0
      ? [`${doubtful} of ${answer.statements.length} sentences are not fully backed by their footnotes.`]
      : []),
  ]
  return `\n\n${[...notes, ...remarks].join('\n')}\n`
}

const reasons: Readonly<Record<string, string>> = {
  'empty-library': 'The library is empty: npm run ingest -- <folder>',
  'nothing-relevant': 'The library does not hold an answer to this.',
  'partly-covered': 'The library touches on this, but does not answer it.',
  'model-declined': 'The passages found do not answer this.',
}

export function refusal(answer: WireAnswer, url: string | null): string {
  const reason = reasons[answer.reason ?? ''] ?? 'The library does not hold an answer to this.'
  if (answer.nearest.length === 0) return `${reason}\n`
  return `${reason}\n\nNearest passages:\n${passageLines(answer.nearest, url)}`
}

export function passageLines(passages: readonly WirePassage[], url: string | null): string {
  return passages
    .map(({ n, headings, text, document, span }) => {
      const link = `/documents/${document.id}?revision=${document.revision}#${span.start}-${span.end}`
      const shown = text.replaceAll(/\s+/g, ' ').slice(0, 160)
      return `${bold(`${n}.`)} ${path(headings)}\n    ${shown}…\n    ${dim(place(document, link, url))}\n`
    })
    .join('')
}

/** The problem document of a response that is not ok, as an error for the terminal. */
export async function describeProblem(response: Response): Promise<AppError> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; title?: string }
  const code = problem.code ?? `http-${response.status}`
  const message = problem.title ?? `The server answered with status ${response.status}.`
  return response.status < 500 ? new InputError(code, message) : new AppError(code, message)
}

function path(headings: readonly string[]): string {
  return headings.join(' › ')
}

/** Without a running server there is nothing to open but the source itself. */
function place(document: WireDocument, link: string, url: string | null): string {
  return url ? `${url}${link}` : (document.url ?? document.source)
}

function bold(text: string): string {
  return styleText('bold', text)
}

function dim(text: string): string {
  return styleText('dim', text)
}
