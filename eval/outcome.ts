// A transcript → what a run keeps of it: no ids of this machine, every quote compared with the stored text.
import { relative, resolve } from 'node:path'
import type { DocumentText } from '../core/ports.ts'
import type { Citation } from '../core/types.ts'
import type { AnswerDeps } from '../server/answer/answer.ts'
import { documentsOf } from './command.ts'
import { placeFinder } from './public/place.ts'
import type { Case } from './questions.ts'
import type { Outcome } from './record.ts'
import type { Transcript } from './run.ts'
import type { Place } from './score/spans.ts'

export type Shelf = {
  readonly deps: AnswerDeps
  /** what the set calls a document that was learned from this source */
  readonly fileOf: (source: string) => string
  /** the learned texts, by file */
  readonly texts: ReadonlyMap<string, DocumentText>
}

export async function openShelf(library: string, folder: string, deps: AnswerDeps): Promise<Shelf> {
  const fileOf = (source: string) => relative(resolve(folder), resolve(source)).replaceAll('\\', '/')
  const documents = await documentsOf(library, deps.documents)
  return { deps, fileOf, texts: new Map(documents.map((each) => [fileOf(each.source), each])) }
}

export async function outcomeOf(transcript: Transcript, library: string, shelf: Shelf): Promise<Outcome> {
  const { test, answer, passages, confidence } = transcript
  const { query, status, reason, missing, statements } = answer
  const citations: Outcome['citations'][number][] = []
  for (const each of answer.citations) {
    const stored = await shelf.deps.documents.find(library, each.document.id, each.document.revision)
    const isValid = stored?.text.slice(each.span.start, each.span.end) === each.quote
    const { n, passage, document, headings, span, quote } = each
    const file = shelf.fileOf(document.source)
    const isInPassage = liesInPassage(each, passages)
    citations.push({
      n,
      passage,
      file,
      title: document.title,
      headings: [...headings],
      span,
      quote,
      isValid,
      isInPassage,
    })
  }
  return {
    query,
    status,
    reason,
    missing: [...missing],
    confidence,
    answer: answer.answer,
    statements: statements.map((each) => ({ ...each, citations: [...each.citations] })),
    citations,
    passages: passages.map(({ n, document, headings, span, score, text }) => {
      const file = shelf.fileOf(document.source)
      return { n, file, title: document.title, headings: [...headings], span, score, text }
    }),
    evidence: evidenceOf(test, shelf.texts),
  }
}

function liesInPassage({ passage: n, document, span }: Citation, passages: Transcript['passages']): boolean {
  const passage = passages.find((each) => each.n === n)
  return (
    passage?.document.id === document.id &&
    passage.document.revision === document.revision &&
    passage.span.start <= span.start &&
    span.end <= passage.span.end
  )
}

/** Line by line, by letters and digits: markup is gone from the learned text, addresses of links with it. */
function evidenceOf({ places }: Case, texts: Shelf['texts']): Place[] | null {
  const found: (Place | null)[] = places.flatMap(({ file, written, share }) => {
    const text = texts.get(file)?.text
    if (text === undefined) return [null]
    const find = placeFinder(file, text)
    const lines = written.map((line) => line.replace(/\]\([^)]*\)/g, ' ')).filter((line) => /[\p{L}\p{N}]/u.test(line))
    return lines.map((content) => find({ content, share }))
  })
  return found.length === 0 || found.includes(null) ? null : found.filter((place) => place !== null)
}
