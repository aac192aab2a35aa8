// A passage as the pieces an answer can quote: sentences, list entries, table rows and code lines, each with its place.
import { words } from '../../core/terms.ts'
import type { Passage, Span } from '../../core/types.ts'

export type Piece = {
  readonly passage: Passage
  /** place in the document, not in the passage; list marks and surrounding space excluded */
  readonly span: Span
  readonly text: string
  readonly kind: 'sentence' | 'entry' | 'row'
  /** number of the line of the passage it stands in: pieces of one paragraph share it */
  readonly line: number
  /** stands in a list or a table */
  readonly listed: boolean
  /** of a whole row: the names of its columns */
  readonly head?: Piece
  readonly terms: ReadonlySet<string>
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
/** What stands before the words of a list entry. */
export const listMark = /^\s*(?:[-•*]|\d{1,2}[.)])\s+/
/** Ends in a full stop that ends no sentence: an abbreviation ("e.g.", "U.S.") or an initial. */
export const endsInAbbreviation =
  /(?:^|[\s(])(?:[Ee]\.g|[Ii]\.e|etc|vs|cf|approx|Dr|Mr|Mrs|Ms|St|No|Inc|Ltd|Co|Corp|Fig|al|(?:[A-Z]\.)*[A-Z])\.\s*$/
// Where the segmenter cuts too early: after an abbreviation, or before a lower-case word.
const continues = /^[\p{Ll}\d,;)]/u

export function piecesOf(passage: Passage): Piece[] {
  const pieces: Piece[] = []
  const lines = passage.text.split('\n')
  let offset = 0
  for (const [line, text] of lines.entries()) {
    if (cellsOf(text) === 1) pieces.push(...piecesOfLine(passage, text, offset, line))
    else if (!isTableHead(lines, line)) pieces.push(...piecesOfRow(passage, lines, offset, line))
    offset += text.length + 1
  }
  return pieces
}

/** The names of the columns say nothing on their own: the first of three rows or more of the same width. */
function isTableHead(lines: readonly string[], at: number): boolean {
  const width = cellsOf(lines[at])
  return (
    width > 1 &&
    cellsOf(lines[at - 1]) !== width &&
    cellsOf(lines[at + 1]) === width &&
    cellsOf(lines[at + 2]) === width
  )
}

function cellsOf(line: string | undefined): number {
  return line?.split(CELL).length ?? 0
}

const CELL = ' | '
// A longer row is quoted by the cell.
const ROW_WORDS = 30

/** A row is one piece; each cell of a long one is, and is about its row and its column. */
function piecesOfRow(passage: Passage, lines: readonly string[], offset: number, number: number): Piece[] {
  const line = lines[number] ?? ''
  const row = toPiece(passage, line, { start: 0, end: line.length }, offset, 'row', number)
  const head = headOf(passage, lines, offset, number)
  if (line.split(/\s+/).length <= ROW_WORDS) return [{ ...row, ...(head && { head }) }]
  const columns = head?.text.split(CELL) ?? []
  const cells = line.split(CELL)
  let start = 0
  return cells.map((cell, column) => {
    const mark = listMark.exec(cell)?.[0].length ?? 0
    const piece = toPiece(passage, line, { start: start + mark, end: start + cell.length }, offset, 'row', number)
    start += cell.length + CELL.length
    return { ...piece, terms: piece.terms.union(termsOf(`${cells[0] ?? ''} ${columns[column] ?? ''}`)) }
  })
}

/** The first line of the table that a row stands in, where that names the columns. */
function headOf(passage: Passage, lines: readonly string[], offset: number, number: number): Piece | null {
  let [at, start] = [number, offset]
  while (cellsOf(lines[at - 1]) === cellsOf(lines[number])) start -= (lines[--at]?.length ?? 0) + 1
  if (!isTableHead(lines, at)) return null
  return toPiece(passage, lines[at] ?? '', { start: 0, end: lines[at]?.length ?? 0 }, start, 'row', at)
}

function piecesOfLine(passage: Passage, line: string, offset: number, number: number): Piece[] {
  if (line.trim() === '') return []
  const mark = listMark.exec(line)?.[0].length ?? 0
  if (mark > 0)
    // The first sentence of a list entry is the entry; what it goes on to say can be quoted after it, or left out.
    return withHead(line.slice(mark), sentenceSpans(line.slice(mark))).map(({ start, end }, index) =>
      toPiece(
        passage,
        line,
        { start: start + mark, end: end + mark },
        offset,
        index === 0 ? 'entry' : 'sentence',
        number,
      ),
    )
  return sentenceSpans(line).map((span) => toPiece(passage, line, span, offset, 'sentence', number))
}

/** "Servers. They run FreeBSD." is one: a name alone is no sentence. */
function withHead(text: string, [head, next, ...rest]: readonly Span[]): Span[] {
  if (!head) return []
  if (!next || text.slice(head.start, head.end).split(/\s+/).length > 3) return [head, ...(next ? [next] : []), ...rest]
  return [{ start: head.start, end: next.end }, ...rest]
}

/** Sentences of a line of text; together they cover it but for the space around them. */
export function sentenceSpans(line: string): Span[] {
  const spans: { start: number; end: number }[] = []
  for (const { segment, index } of segmenter.segment(line)) {
    const last = spans.at(-1)
    const joins = last && (endsInAbbreviation.test(line.slice(last.start, last.end)) || continues.test(segment))
    if (joins) last.end = index + segment.length
    else spans.push({ start: index, end: index + segment.length })
  }
  return spans.map((span) => trimmed(line, span)).filter(({ start, end }) => end > start)
}

function toPiece(
  passage: Passage,
  line: string,
  span: Span,
  offset: number,
  kind: Piece['kind'],
  number: number,
): Piece {
  const { start, end } = trimmed(line, span)
  const text = line.slice(start, end)
  const base = passage.span.start + offset
  return {
    passage,
    span: { start: base + start, end: base + end },
    text,
    kind,
    line: number,
    listed: listMark.test(line) || line.includes(' | '),
    terms: termsOf(text),
  }
}

function termsOf(text: string): ReadonlySet<string> {
  return new Set(words(text).map(({ term }) => term))
}

function trimmed(line: string, { start, end }: Span): Span {
  const text = line.slice(start, end)
  return { start: start + text.length - text.trimStart().length, end: start + text.trimEnd().length }
}
