// Ranked candidates → numbered passages: each grown to the section it stands in, neighbours joined.
import { StoreError } from '../../core/errors.ts'
import { type PageStarts, pageAt } from '../../core/pages.ts'
import type { DocumentText } from '../../core/ports.ts'
import { words } from '../../core/terms.ts'
import type { Passage, Span } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'
import { wordsOf } from './features.ts'
import type { Scored } from './fuse.ts'

const PASSAGES = 8
// A passage holds its whole section when that is not longer than this: lists keep their introduction.
const SECTION_LIMIT = 2_400

/** At most 8, best first; no two overlap, none is a copy of another. Throws StoreError when a stored text differs from its chunk. */
export async function choosePassages(
  ranked: readonly Scored[],
  library: string,
  deps: Pick<AnswerDeps, 'texts'>,
  signal: AbortSignal,
): Promise<Passage[]> {
  const passages: Omit<Passage, 'n'>[] = []
  const chosenWords: ReadonlySet<string>[] = []
  for (const { candidate, score } of ranked) {
    if (passages.length === PASSAGES) break
    signal.throwIfAborted()
    const taken = passages.filter(({ document }) => document.id === candidate.document.id).map(({ span }) => span)
    const left = without(candidate.span, taken)
    if (left.end - left.start < LEAST_LEFT * (candidate.span.end - candidate.span.start)) continue
    const terms = new Set(wordsOf(candidate).map(({ term }) => term))
    if (chosenWords.some((chosen) => isCopy(terms, chosen))) continue
    const stored = await deps.texts(library, candidate.document)
    // What was found must be what can be quoted: anything else would cite words that no reader can open.
    if (stored.text.slice(candidate.span.start, candidate.span.end) !== candidate.text)
      throw new StoreError('store-failed', `Chunk ${candidate.chunkId} is not what its document holds at its place.`)
    const section = trim(stored.text, sectionAround(stored, candidate.span))
    const chosen = taken.some((span) => overlap(span, section)) ? trim(stored.text, left) : section
    const text = stored.text.slice(chosen.start, chosen.end)
    chosenWords.push(termsOf(text))
    const { document, headings } = candidate
    passages.push({ document, headings, page: pageAt(stored.pages, chosen.start), span: chosen, text, score })
  }
  return passages.map((passage, index) => ({ n: index + 1, ...passage, score: round(passage.score) }))
}

/** Where the pages of their documents begin. */
export async function pagesOf(
  passages: readonly Passage[],
  library: string,
  { texts }: Pick<AnswerDeps, 'texts'>,
): Promise<PageStarts> {
  const paged = passages.filter(({ page }) => page !== null)
  return new Map(
    await Promise.all(
      paged.map(async ({ document }) => [document.id, (await texts(library, document)).pages] as const),
    ),
  )
}

// The end of a section that is too long for one passage is a passage of its own; a few words of it are not.
const LEAST_LEFT = 0.5

/** What the taken spans leave of one, at its beginning or its end. */
function without({ start, end }: Span, taken: readonly Span[]): Span {
  for (const span of taken) {
    if (span.end <= start || span.start >= end) continue
    if (span.start - start > end - span.end) end = Math.max(start, span.start)
    else start = Math.min(end, span.end)
  }
  return { start, end }
}

// An article that stands in a library twice is rarely the same to the letter: a copy is a text whose words nearly all
// stand in one passage. A short text shares its words by chance, so of those almost all have to be there.
const COPIED = 0.8
const COPIED_SHORT = 0.95
const SHORT = 30

function isCopy(terms: ReadonlySet<string>, passage: ReadonlySet<string>): boolean {
  // With figures of its own it is another version, which may contradict.
  if ([...terms].some((term) => /\d/.test(term) && !passage.has(term))) return false
  const share = terms.intersection(passage).size / Math.max(1, terms.size)
  return share >= (terms.size < SHORT ? COPIED_SHORT : COPIED)
}

function termsOf(text: string): ReadonlySet<string> {
  return new Set(words(text).map(({ term }) => term))
}

/**
 * The text between the headings around a chunk, or as much of it around the chunk as fits. Boilerplate ends it like a
 * heading does: a reader is never shown an advertisement as evidence.
 */
function sectionAround(stored: DocumentText, chunk: Span): Span {
  let start = 0
  let end = stored.text.length
  for (const span of breaksOf(stored)) {
    if (span.end <= chunk.start) start = Math.max(start, span.end)
    if (span.start >= chunk.end) end = Math.min(end, span.start)
  }
  if (end - start <= SECTION_LIMIT) return { start, end }
  const room = Math.max(0, SECTION_LIMIT - (chunk.end - chunk.start)) / 2
  return {
    start: paragraphStart(stored.text, Math.max(start, chunk.start - room), chunk.start),
    end: paragraphEnd(stored.text, Math.min(end, chunk.end + room), chunk.end),
  }
}

function* breaksOf({ outline, boilerplate }: DocumentText): Generator<Span> {
  for (const { span } of outline) yield span
  yield* boilerplate
}

/** The first paragraph break between `from` and `to`, so that no passage begins within a sentence. */
function paragraphStart(text: string, from: number, to: number): number {
  const found = text.indexOf('\n', Math.floor(from))
  return found === -1 || found > to ? to : found + 1
}

function paragraphEnd(text: string, from: number, to: number): number {
  const found = text.lastIndexOf('\n', Math.floor(from))
  return found < to ? to : found
}

function trim(text: string, { start, end }: Span): Span {
  while (start < end && /\s/.test(text.charAt(start))) start++
  while (end > start && /\s/.test(text.charAt(end - 1))) end--
  return { start, end }
}

function overlap(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end
}

function round(score: number): number {
  return Math.round(score * 1000) / 1000
}
