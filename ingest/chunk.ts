// Text with an outline → chunks. Chunks are exact slices, never rewritten text: a citation must point at
// characters that the reader can see. Property-tested in test/ingest/chunk.test.ts.
import type { Chunk, Heading, ParsedDocument, Span } from '../core/types.ts'

/** A chunk has about this many characters: a few paragraphs, one thought. */
export const CHUNK_SIZE = 1000

/** A section or a join of slices up to this many times the size stays whole. No chunk is longer. */
const SLACK = 1.2
export const MAX_CHUNK_SIZE = CHUNK_SIZE * SLACK

/** A slice shorter than this says too little alone and joins its neighbour. */
const TINY = 200

/**
 * Cuts at headings first, so that every chunk has one heading path. The headings themselves belong to no chunk, nor
 * does boilerplate: what is in no chunk is neither found nor quoted. Another `size` is for measuring it.
 */
export async function chunk(parsed: ParsedDocument, size = CHUNK_SIZE): Promise<Chunk[]> {
  const chunks: Chunk[] = []
  for (const section of sections(parsed)) {
    for (const part of without(parsed.boilerplate, section.span)) {
      for (const span of await slices(parsed.text, part, size)) {
        const text = parsed.text.slice(span.start, span.end)
        chunks.push({ ordinal: chunks.length, headings: section.headings, span, text })
      }
    }
  }
  return chunks
}

/** What is left of a section between the places that are no evidence. */
function* without(boilerplate: readonly Span[], section: Span): Generator<Span> {
  let start = section.start
  for (const place of boilerplate) {
    if (place.end <= start) continue
    if (place.start >= section.end) break
    yield { start, end: Math.max(start, place.start) }
    start = place.end
  }
  yield { start, end: Math.max(start, section.end) }
}

type Section = { readonly headings: readonly string[]; readonly span: Span }

function* sections(parsed: ParsedDocument): Generator<Section> {
  const path: Heading[] = []
  let start = 0
  for (const heading of parsed.outline) {
    yield { headings: titles(parsed.title, path), span: { start, end: heading.span.start } }
    start = heading.span.end
    // Levels may jump or lie; a heading closes those of its own level and below, and that is all we know.
    while ((path.at(-1)?.level ?? 0) >= heading.level) path.pop()
    path.push(heading)
  }
  yield { headings: titles(parsed.title, path), span: { start, end: parsed.text.length } }
}

/** "Results" is never just "Results": the document's title leads, unless the first heading already says it. */
function titles(title: string, path: readonly Heading[]): string[] {
  const headings = path.map((heading) => heading.title)
  return headings[0]?.toLowerCase() === title.toLowerCase() ? headings : [title, ...headings]
}

async function slices(text: string, section: Span, size: number): Promise<Span[]> {
  const whole = trimmed(text, section)
  if (whole.start === whole.end) return []
  if (whole.end - whole.start <= size * SLACK) return [whole]
  const starts = await cuts(text.slice(whole.start, whole.end), size)
  const spans = starts.map((start, i) =>
    trimmed(text, { start: whole.start + start, end: whole.start + (starts[i + 1] ?? whole.end - whole.start) }),
  )
  return joinTiny(spans, size * SLACK)
}

// The splitter returns texts, trimmed, without offsets. So it is only asked where to cut: it sees a mask of the same
// length, its pieces are found again by a cursor that may cross nothing but blanks, and only the place where each
// begins is used. The slices between those places are taken from the real text: exact, gapless and in order whatever
// the splitter does. Loaded on first use: the package takes 150-300 ms, and small libraries never need it.
async function cuts(text: string, size: number): Promise<number[]> {
  const { RecursiveCharacterTextSplitter } = await import('@langchain/textsplitters')
  const splitter = new RecursiveCharacterTextSplitter({
    chunkSize: size,
    chunkOverlap: 0,
    keepSeparator: true,
    separators: ['\n\n', '\n', sentenceEnd, ' '],
  })
  const mask = maskOf(text)
  const starts: number[] = []
  let cursor = 0
  for (const piece of await splitter.splitText(mask)) {
    const words = piece.trim()
    if (words === '') continue
    const start = skipBlanks(mask, cursor)
    if (!mask.startsWith(words, start)) throw new Error(`the splitter changed the text after character ${cursor}`)
    starts.push(starts.length === 0 ? 0 : start)
    cursor = start + words.length
  }
  return starts
}

/** A blank that no parser leaves in prose; the splitter knows it as a place to cut. */
const sentenceEnd = '\v'

// Longest run without a blank that may stay whole (a URL, a hash). Below CHUNK_SIZE, so that the splitter never has
// to cut between any two characters: it would cut emoji in half.
const MAX_RUN = 900
// Looked for at the beginnings of words alone: from any other place it would be tried in vain.
const endlessRun = new RegExp(`(?<![^ \\n\\v])[^ \\n\\v]{${MAX_RUN + 1},}`, 'g')

/** Same length, same words, but a place to cut after each sentence and within endless runs. */
function maskOf(text: string): string {
  return (
    text
      // A list stays with the line that announces it, if there is another place to cut.
      .replace(/:\n\n/g, ':\n ')
      .replace(/(?<=[.!?…]["'”’)\]]*) (?=["'“‘([]*[\p{Lu}\p{N}])/gu, sentenceEnd)
      .replace(/[。！？](?=[^\s。！？])/g, sentenceEnd)
      .replace(endlessRun, breakRun)
  )
}

/** The last character before a cut is masked by the cut. Of a surrogate pair that is the second half. */
function breakRun(run: string): string {
  let broken = ''
  for (let start = 0; start < run.length;) {
    const end = start + MAX_RUN
    if (end >= run.length) return broken + run.slice(start)
    const last = isHighSurrogate(run, end - 1) ? end - 2 : end - 1
    broken += run.slice(start, last) + sentenceEnd
    start = last + 1
  }
  return broken
}

function isHighSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xd800 && unit < 0xdc00
}

/** Left to right: a tiny slice joins the one before it, else the one after it, if the sum is not too long. */
function joinTiny(spans: readonly Span[], longest: number): Span[] {
  const joined: Span[] = []
  for (const span of spans) {
    const before = joined.at(-1)
    const fits = before !== undefined && span.end - before.start <= longest
    if (fits && (isTiny(span) || isTiny(before))) joined[joined.length - 1] = { start: before.start, end: span.end }
    else joined.push(span)
  }
  return joined
}

function isTiny(span: Span): boolean {
  return span.end - span.start < TINY
}

function trimmed(text: string, span: Span): Span {
  const slice = text.slice(span.start, span.end)
  const end = span.start + slice.trimEnd().length
  return { start: Math.min(end, span.start + slice.length - slice.trimStart().length), end }
}

function skipBlanks(text: string, from: number): number {
  const blank = /\s*/y
  blank.lastIndex = from
  blank.test(text)
  return blank.lastIndex
}
