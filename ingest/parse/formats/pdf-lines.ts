// Pieces of text with places → lines. Their order is that of the document, which is how its columns stay apart.

export type Piece = {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly size: number
  readonly isUpright: boolean
  readonly endsLine: boolean
}

export type Line = {
  /** more than one: they stand far apart, as in a table */
  readonly cells: readonly string[]
  readonly x: number
  readonly right: number
  readonly y: number
  readonly size: number
  /** where it stands on its page: 0 is the bottom, 1 the top */
  readonly rise: number
}

/** As parts of the height of the letters. */
const CELL_GAP = 2
const WORD_GAP = 0.15
const SAME_LINE = 0.5

export function linesOf(pieces: readonly Piece[], page: { readonly bottom: number; readonly top: number }): Line[] {
  const lines: Line[] = []
  let open: Piece[] = []
  const close = () => {
    const line = lineOf(open, page)
    if (line) lines.push(line)
    open = []
  }
  for (const piece of pieces) {
    const last = open.at(-1)
    if (last && startsLine(last, piece)) close()
    if (piece.isUpright && (piece.text.trim() !== '' || open.length > 0)) open.push(piece)
    if (piece.endsLine) close()
  }
  close()
  return joinParts(lines)
}

function startsLine(last: Piece, next: Piece): boolean {
  if (next.text.trim() === '') return false
  const size = Math.max(last.size, next.size)
  // A footnote's number stands higher, but by less than half a line.
  return Math.abs(next.y - last.y) > SAME_LINE * size || next.x < last.x - size
}

function lineOf(pieces: readonly Piece[], page: { readonly bottom: number; readonly top: number }): Line | null {
  const seen = pieces.filter(({ text }) => text.trim() !== '')
  const [first] = seen
  if (!first) return null
  const cells: string[] = ['']
  let end = first.x
  for (const { text, x, width, size } of seen) {
    const gap = x - end
    if (gap > CELL_GAP * size && cells.at(-1) !== '') cells.push('')
    else if (gap > WORD_GAP * size && !/\s$/.test(cells.at(-1) ?? '')) cells[cells.length - 1] += ' '
    cells[cells.length - 1] += text
    end = Math.max(end, x + width)
  }
  const height = page.top - page.bottom
  return {
    cells: withoutLeaders(cells.map((cell) => cell.replaceAll(/\s+/g, ' ').trim()).filter((cell) => cell !== '')),
    x: first.x,
    right: end,
    y: first.y,
    size: mainSize(seen),
    rise: height > 0 ? (first.y - page.bottom) / height : 0.5,
  }
}

/** "Title . . . . . 12", a line of a contents page, has two cells. */
function withoutLeaders(cells: readonly string[]): readonly string[] {
  const match = /^(.*?[^.\s])\s*(?:\. ?){4,}(\d{1,4}|[ivxlc]{1,7})?$/.exec(cells.join(' '))
  return match ? [match[1] ?? '', match[2] ?? ''].filter((cell) => cell !== '') : cells
}

/** Of a contents page. */
export function isLeader({ cells }: Line): boolean {
  return cells.length === 2 && /^(?:\d{1,4}|[ivxlc]{1,7})$/.test(cells[1] ?? '')
}

/** Cells of one row of a table often come as lines of their own, at the same height. */
function joinParts(lines: readonly Line[]): Line[] {
  const joined: Line[] = []
  for (const line of lines) {
    const last = joined.at(-1)
    const isBeside = last !== undefined && Math.abs(last.y - line.y) < 0.2 * line.size && line.x >= last.right
    if (!isBeside || line.x - last.right > MAX_CELL_GAP * line.size) joined.push(line)
    else joined[joined.length - 1] = { ...last, cells: joinCells(last, line), right: line.right }
  }
  return joined
}

/** Wider gaps part two columns of a page. */
const MAX_CELL_GAP = 30

function joinCells(left: Line, right: Line): string[] {
  if (right.x - left.right > CELL_GAP * right.size) return [...left.cells, ...right.cells]
  return [...left.cells.slice(0, -1), `${left.cells.at(-1) ?? ''} ${right.cells[0] ?? ''}`, ...right.cells.slice(1)]
}

/** The size of most of its letters. */
function mainSize(pieces: readonly Piece[]): number {
  const sizes = new Map<number, number>()
  for (const { size, text } of pieces) sizes.set(size, (sizes.get(size) ?? 0) + text.trim().length)
  return [...sizes].reduce((best, each) => (each[1] > best[1] ? each : best), [0, -1])[0]
}

/** Letters and digits only: a title is spelt with other blanks and dashes in the text. */
export function titleKey(title: string): string {
  return title.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '')
}

/** How much larger than the text a heading is, at least. */
export const HEADING_SIZE = 1.12

/** The size of most letters. */
export function bodySize(lines: readonly Line[]): number {
  const counts = new Map<number, number>()
  for (const { size, cells } of lines) {
    const rounded = roundSize(size)
    counts.set(rounded, (counts.get(rounded) ?? 0) + cells.join('').length)
  }
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [0, -1])[0]
}

export function roundSize(size: number): number {
  return Math.round(size * 2) / 2
}
