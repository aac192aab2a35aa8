// Documents, candidates and passages for the answer pipeline, and a library of them in memory: no database.
import { expect } from 'vitest'
import { audienceNames } from '../../core/audience.ts'
import type { DocumentStore, DocumentText, SearchStore } from '../../core/ports.ts'
import { idf, queryTerms, termWeights } from '../../core/terms.ts'
import {
  type Answer,
  type AnswerEvent,
  type Candidate,
  type DocumentRef,
  type Heading,
  isTerminal,
  type Passage,
  type Question,
  type Span,
} from '../../core/types.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { type AnswerDeps, answer } from '../../server/answer/answer.ts'
import { readConcepts } from '../../server/answer/query.ts'
import type { Found } from '../../server/answer/retrieve.ts'
import { shipped } from '../../server/answer/steps.ts'
import { parseSynonyms } from '../../server/answer/synonyms.ts'
import { cachedTexts } from '../../server/answer/texts.ts'
import { cachedWords } from '../../server/answer/vocabulary.ts'
import { noDocuments } from './fake-store.ts'

export const never = new AbortController().signal

/** Lines that begin with "# " become headings, with "~ " boilerplate; these marks are not in the text, as after parsing. */
export function documentOf(name: string, marked: string, audience: readonly string[] = []): DocumentText {
  const outline: Heading[] = []
  const boilerplate: Span[] = []
  let text = ''
  for (const line of marked.split('\n')) {
    const [, mark, title = line] = /^([#~]) (.+)/.exec(line) ?? []
    const span = { start: text.length, end: text.length + title.length }
    if (mark === '#') outline.push({ level: 1, title, span })
    if (mark === '~') boilerplate.push(span)
    text += `${title}\n`
  }
  return {
    ...refOf(name),
    authors: [],
    text: text.trimEnd(),
    outline,
    boilerplate,
    pages: [],
    current: true,
    removedAt: null,
    audience,
  }
}

function refOf(name: string): DocumentRef {
  return { id: `doc_${name}`, title: name, source: `${name}.md`, url: null, revision: `rev_${name}`, publishedAt: null }
}

/** The passage `n` of a document whose text stands `offset` characters in. */
export function passageOf(text: string, more: Partial<Passage> & { readonly offset?: number } = {}): Passage {
  const { offset = 0, ...rest } = more
  const n = rest.n ?? 1
  const span = { start: offset, end: offset + text.length }
  return { n, document: refOf(`d${n}`), headings: [], page: null, span, text, score: 1, ...rest }
}

/** Numbered from 1, each in a document of its own. */
export function passagesOf(...texts: readonly string[]): Passage[] {
  return texts.map((text, index) => passageOf(text, { n: index + 1, offset: 100 * index }))
}

/** One candidate per paragraph under its heading, never the heading itself; figures are those of a search for nothing. */
export function candidatesOf(document: DocumentText, firstId = 1): Candidate[] {
  const { id, title, source, url, revision, publishedAt, text, outline, boilerplate } = document
  const ref: DocumentRef = { id, title, source, url, revision, publishedAt }
  const breaks = [...outline.map(({ span }) => span), ...boilerplate].toSorted((a, b) => a.start - b.start)
  const sections = [{ start: 0, end: 0 }, ...breaks].map((span, index) => {
    const heading = outline.findLast((each) => each.span.end <= span.end)
    const headings = [document.title, ...(heading ? [heading.title] : [])]
    return { headings, start: span.end, end: breaks[index]?.start ?? text.length }
  })
  const found = sections.flatMap(({ headings, start, end }) =>
    [...text.slice(start, end).matchAll(/\S[\s\S]*?(?=\s*(?:\n\n|$(?![\s\S])))/g)].map((match) => {
      const span = { start: start + match.index, end: start + match.index + match[0].length }
      return { document: ref, headings, span, text: match[0], words: 0, cosine: null }
    }),
  )
  return found.map((each, ordinal) => ({ chunkId: firstId + ordinal, ordinal, ...each }))
}

export type Library = Pick<AnswerDeps, 'search' | 'documents'>

/**
 * BM25 and cosine over every candidate, as the store does it, with the fake embedder's vectors. For some audiences it is
 * the library of the documents that they may read.
 */
export function libraryOf(...documents: readonly DocumentText[]): Library {
  const all = documents.flatMap((document, index) => candidatesOf(document, index * 1000 + 1))
  const weights = new Map(all.map((each) => [each, termWeights(each.headings, each.text)]))
  const vocabulary = new Map<string, number>()
  for (const held of weights.values())
    for (const term of held.keys()) vocabulary.set(term, (vocabulary.get(term) ?? 0) + 1)
  const search: SearchStore = {
    state: async () => ({ chunks: all.length, changes: 1, space: fakeEmbedder().space }),
    vocabulary: async () => vocabulary,
    readable: async (library, audiences) => {
      const { search: own } = libraryOf(...documents.filter(isFor(audiences)))
      return { ...(await own.state(library)), vocabulary: await own.vocabulary(library) }
    },
    candidates: async ({ audiences, ...request }, signal) => {
      if (audiences) return await libraryOf(...documents.filter(isFor(audiences))).search.candidates(request, signal)
      const { terms, vector, limit } = request
      const vectors = vector && (await fakeEmbedder().embed(all.map(textOf), 'document', signal))
      return all
        .map((each, index) => {
          const gain = (term: string) =>
            (weights.get(each)?.get(term) ?? 0) * idf(all.length, vocabulary.get(term) ?? 0)
          const words = [...terms].reduce((sum, [term, weight]) => sum + weight * gain(term), 0)
          const own = vectors?.[index]
          const cosine =
            vector && own ? own.reduce((sum, value, at) => sum + value * (vector.values[at] ?? 0), 0) : null
          return { ...each, words, cosine }
        })
        .filter(({ words, cosine }) => words > 0 || cosine !== null)
        .sort((a, b) => b.words - a.words)
        .slice(0, limit)
    },
  }
  const store: DocumentStore = {
    ...noDocuments,
    find: async (_library, id, revision) =>
      documents.find((each) => each.id === id && (revision === undefined || each.revision === revision)) ?? null,
  }
  return { search, documents: store }
}

function isFor(audiences: readonly string[]): (document: DocumentText) => boolean {
  const names = new Set(audienceNames(audiences))
  return ({ audience }) => audience.length === 0 || audience.some((name) => names.has(name))
}

function textOf({ headings, text }: Candidate): string {
  return [...headings, text].join('\n')
}

export type Reports = string[]

export function depsOf(library: Library, changes: Partial<AnswerDeps> = {}, reports: Reports = []): AnswerDeps {
  return {
    ...library,
    texts: cachedTexts(library.documents),
    words: cachedWords(changes.search ?? library.search),
    embedder: fakeEmbedder(),
    sentenceEmbedder: fakeEmbedder(),
    generator: null,
    steps: shipped,
    report: (message) => reports.push(message),
    ...changes,
  }
}

export function questionOf(text: string, more: Partial<Question> = {}): Question {
  return { id: 'ans_1', text, library: 'main', conversationId: 'con_1', history: [], mode: 'auto', ...more }
}

export async function eventsOf(question: Question, deps: AnswerDeps, signal = never): Promise<AnswerEvent[]> {
  return await Array.fromAsync(answer(question, deps, signal))
}

/** What a search for this query over these candidates would hand on: every word is a concept, all equally rare. */
export function foundOf(query: string, candidates: readonly Candidate[] = []): Found {
  const vocabulary = new Map(queryTerms(query).map((term) => [term, 1]))
  const concepts = readConcepts(query, parseSynonyms(''), { chunks: 100, vocabulary })
  return { query, space: fakeEmbedder().space, concepts, chunks: candidates.length, candidates }
}

/** What every answer promises, whatever went wrong: checked on its events, against the stored documents. */
export function expectLawful(events: readonly AnswerEvent[], documents: readonly DocumentText[]): Answer | null {
  expect(events[0]?.type).toBe('started')
  expect(events.map(isTerminal)).toEqual(events.map((_, index) => index === events.length - 1))
  const last = events.at(-1)
  if (!last || !('answer' in last)) return null
  const { answer } = last
  if (answer.status === 'abstained') {
    expect(answer).toMatchObject({ answer: '', statements: [], citations: [], passages: [] })
    return answer
  }
  expect(events.map((event) => (event.type === 'text' ? event.delta : '')).join('')).toBe(answer.answer)
  expect(events.flatMap((event) => (event.type === 'citation' ? [event.citation] : []))).toEqual(answer.citations)
  expect(events.flatMap(({ type, ...statement }) => (type === 'verdict' ? [statement] : []))).toEqual(answer.statements)
  expectCitations(answer, documents)
  expectStatements(answer)
  return answer
}

function expectCitations({ answer, citations, passages }: Answer, documents: readonly DocumentText[]): void {
  const marked = [...answer.matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n))
  // Numbered in the order in which they appear, and all of them do.
  expect([...new Set(marked)]).toEqual(citations.map(({ n }) => n))
  expect(citations.map(({ n }) => n)).toEqual(citations.map((_, index) => index + 1))
  for (const { document, span, quote, passage, link } of citations) {
    const stored = documents.find(({ id, revision }) => id === document.id && revision === document.revision)
    expect(stored?.text.slice(span.start, span.end)).toBe(quote)
    expect(quote).not.toBe('')
    expect(link).toBe(`/documents/${document.id}?revision=${document.revision}#${span.start}-${span.end}`)
    const read = passages[passage - 1]
    expect(read?.document.id).toBe(document.id)
    expect(read && read.span.start <= span.start && span.end <= read.span.end).toBe(true)
  }
}

function expectStatements({ answer, statements, citations }: Answer): void {
  let before = 0
  for (const { start, end, verdict, citations: cited } of statements) {
    expect(start).toBeGreaterThanOrEqual(before)
    expect(end).toBeGreaterThan(start)
    expect(end).toBeLessThanOrEqual(answer.length)
    before = end
    const words = answer.slice(start, end)
    expect(words).toBe(words.trim())
    const quotes = cited.map((n) => citations[n - 1]?.quote)
    expect(quotes).not.toContain(undefined)
    if (verdict === 'verbatim') expect(quotes.map(unstopped)).toEqual([unstopped(words)])
  }
}

/** A full stop may stand behind the marker. */
function unstopped(words: string | undefined): string | undefined {
  return words?.replace(/\.$/, '')
}
