// A transcript → what a run keeps of it: no ids of this machine, every quote compared with the stored text.
import { glob } from 'node:fs/promises'
import type { DocumentText } from '../core/ports.ts'
import type { Citation } from '../core/types.ts'
import { placeFinder } from './public/place.ts'
import type { Case } from './questions.ts'
import type { Outcome } from './record.ts'
import type { Transcript } from './run.ts'
import type { Place } from './score/spans.ts'

type Stored = Pick<DocumentText, 'id' | 'revision' | 'source' | 'text'>

/** The learned documents, wherever they are: all in their current revision, and any one in any. */
export type Documents = {
  readonly all: (signal: AbortSignal) => Promise<readonly Stored[]>
  readonly find: (id: string, revision: string, signal: AbortSignal) => Promise<Stored | null>
}

export type Shelf = Pick<Documents, 'find'> & {
  /** what the set calls a document that was learned from this source */
  readonly fileOf: (source: string) => string
  /** the learned texts, by file */
  readonly texts: ReadonlyMap<string, string>
}

/** Documents are called as the files of this folder are, from which they were learned here or on another machine. */
export async function openShelf(folder: string, documents: Documents, signal: AbortSignal): Promise<Shelf> {
  const files = (await Array.fromAsync(glob('**/*', { cwd: folder }))).map((file) => file.replaceAll('\\', '/'))
  const longest = files.sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  const fileOf = (source: string) => {
    const path = `/${source.replaceAll('\\', '/')}`
    return longest.find((file) => path.endsWith(`/${file}`)) ?? source
  }
  const stored = await documents.all(signal)
  const kept = new Map(stored.map((each) => [`${each.id} ${each.revision}`, each]))
  return {
    fileOf,
    texts: new Map(stored.map(({ source, text }) => [fileOf(source), text])),
    find: async (id, revision, signal) => kept.get(`${id} ${revision}`) ?? (await documents.find(id, revision, signal)),
  }
}

export async function outcomeOf(transcript: Transcript, shelf: Shelf, signal: AbortSignal): Promise<Outcome> {
  const { test, answer, passages, confidence, isCut } = transcript
  const { query, status, reason, missing, statements } = answer
  const citations: Outcome['citations'] = []
  for (const each of answer.citations) {
    const { n, passage, document, headings, span, quote } = each
    const stored = await shelf.find(document.id, document.revision, signal)
    citations.push({
      n,
      passage,
      file: shelf.fileOf(document.source),
      title: document.title,
      headings: [...headings],
      span,
      quote,
      isValid: stored?.text.slice(span.start, span.end) === quote,
      isInPassage: liesInPassage(each, passages),
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
    ...(isCut ? { isCut } : {}),
    evidence: evidenceOf(test, shelf.texts),
    ...(answer.mode === 'generative' ? { usage: { ...answer.usage } } : {}),
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
    const text = texts.get(file)
    if (text === undefined) return [null]
    const find = placeFinder(file, text)
    const lines = written.map((line) => line.replace(/\]\([^)]*\)/g, ' ')).filter((line) => /[\p{L}\p{N}]/u.test(line))
    return lines.map((content) => find({ content, share }))
  })
  return found.length === 0 || found.includes(null) ? null : found.filter((place) => place !== null)
}
