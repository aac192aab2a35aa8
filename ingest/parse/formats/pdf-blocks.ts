// Lines with places → headings, paragraphs, list entries and rows. A heading is what the outline of the document says,
// else what is set larger than the text; a paragraph ends where a gap, an indent or a short last line shows it.
import { type Block, pageMark } from '../blocks.ts'
import { bodySize, HEADING_SIZE, isLeader, type Line, roundSize, titleKey } from './pdf-lines.ts'

const MAX_HEADING = 200

export function pdfBlocks(pages: readonly (readonly Line[])[], outline: ReadonlyMap<string, number>): Block[] {
  const lines = pages.flat()
  const layout: Layout = { size: bodySize(lines), sizes: [], outline, words: vocabulary(lines) }
  layout.sizes.push(...headingSizes(lines, layout.size))
  return pages.flatMap((page) => {
    const blocks = groupsOf(page, layout).flatMap((group) => toBlocks(group, layout))
    return markPage(blocks)
  })
}

type Layout = {
  /** of most letters */
  readonly size: number
  /** of headings, largest first */
  readonly sizes: number[]
  readonly outline: ReadonlyMap<string, number>
  readonly words: ReadonlyMap<string, number>
}

/** The mark stands in front of the first words of the page, or alone where there are none. */
function markPage(blocks: readonly Block[]): Block[] {
  const [first, ...rest] = blocks
  if (first === undefined) return [{ type: 'paragraph', text: pageMark }]
  if (first.type !== 'row') return [{ ...first, text: pageMark + first.text }, ...rest]
  const [cell = '', ...cells] = first.cells
  return [{ type: 'row', cells: [pageMark + cell, ...cells] }, ...rest]
}

function headingSizes(lines: readonly Line[], body: number): number[] {
  const sizes = new Set(lines.map(({ size }) => roundSize(size)).filter((size) => size >= body * HEADING_SIZE))
  return [...sizes].sort((a, b) => b - a)
}

type Group = { readonly level: number; readonly lines: Line[] }

/** Lines that belong together: a heading, a paragraph, an entry, a table. */
function groupsOf(lines: readonly Line[], layout: Layout): Group[] {
  const groups: Group[] = []
  const gap = usualGap(lines)
  for (const line of lines) {
    const level = levelOf(line, layout)
    const group = groups.at(-1)
    const last = group?.lines.at(-1)
    if (group && last && group.level === level && continues(group, last, line, gap)) group.lines.push(line)
    else groups.push({ level, lines: [line] })
  }
  return groups
}

function levelOf(line: Line, { outline, sizes }: Layout): number {
  const { cells, size } = line
  const text = cells.join(' ')
  if (text.length > MAX_HEADING || !/\p{L}/u.test(text) || isLeader(line)) return 0
  return outline.get(titleKey(text)) ?? Math.min(6, sizes.indexOf(roundSize(size)) + 1)
}

function continues({ level, lines }: Group, last: Line, next: Line, gap: number): boolean {
  const drop = last.y - next.y
  if (drop <= 0 || Math.abs(last.size - next.size) > 0.1 * last.size) return false
  if (level > 0) return drop < 1.6 * next.size
  const rows = [last, next].filter(({ cells }) => cells.length > 1).length
  if (rows > 0) return rows === 2 && drop < 3 * next.size
  const isNear = drop <= Math.max(1.25 * gap, 1.05 * next.size)
  return isNear && entryMarker(next) === null && !isIndented(lines, last, next) && !endsShort(lines, last)
}

/** A first line may be indented, a later one not; but the second line of an entry stands under its words. */
function isIndented(lines: readonly Line[], last: Line, next: Line): boolean {
  const isBelowMarker = lines.length === 1 && entryMarker(last) !== null
  return !isBelowMarker && next.x > last.x + next.size
}

/** A sentence that ends well before the right edge of its paragraph ends it. */
function endsShort(lines: readonly Line[], last: Line): boolean {
  const widest = lines.reduce((most, { right }) => Math.max(most, right), 0)
  const width = widest - Math.min(...lines.map(({ x }) => x))
  return lines.length > 1 && last.right < widest - 0.15 * width && /[.!?:]["'”’)\]]*$/.test(last.cells.join(' '))
}

/** From line to line, as most lines of the page have it. */
function usualGap(lines: readonly Line[]): number {
  const gaps = lines
    .flatMap((line, i) => {
      const drop = (lines[i - 1]?.y ?? line.y) - line.y
      return drop > 0.5 * line.size && drop < 3 * line.size ? [drop] : []
    })
    .sort((a, b) => a - b)
  return gaps[Math.floor(gaps.length / 4)] ?? 0
}

const marker = /^(?:([•◦▪‣●○■–·-])|(\d{1,3})[.)])\s+(?=\S)/

function entryMarker({ cells }: Line): string | null {
  const match = marker.exec(cells.join(' '))
  if (!match) return null
  return match[2] === undefined ? '-' : `${match[2]}.`
}

function toBlocks({ level, lines }: Group, { words }: Layout): Block[] {
  const [first] = lines
  if (!first) return []
  if (level === 0 && (lines.length > 1 || isLeader(first)) && lines.every(({ cells }) => cells.length > 1))
    return lines.map(({ cells }) => ({ type: 'row', cells }))
  const text = joinLines(
    lines.map(({ cells }) => cells.join(' ')),
    words,
  )
  if (level > 0) return [{ type: 'heading', level, text }]
  const mark = entryMarker(first)
  if (mark !== null) return [{ type: 'entry', depth: 0, marker: mark, text: text.replace(marker, '') }]
  return [{ type: 'paragraph', text }]
}

/**
 * A word that is divided at the end of a line is made whole, unless its halves are words that the document has
 * elsewhere: "manip-ulation" was divided by the printer, "read-only" by its author.
 */
function joinLines(lines: readonly string[], words: ReadonlyMap<string, number>): string {
  const count = (word: string) => words.get(word.toLowerCase()) ?? 0
  return lines.reduce((text, line) => {
    const [, head] = /(\p{L}+)-$/u.exec(text) ?? []
    const [tail] = /^\p{Ll}+/u.exec(line) ?? []
    if (head === undefined || tail === undefined) return `${text} ${line}`
    // The second half stands at the beginning of its line, and is counted once for that.
    const isCompound = count(head) > 0 && count(tail) > 1 && count(head + tail) === 0
    return isCompound ? text + line : text.slice(0, -1) + line
  })
}

function vocabulary(lines: readonly Line[]): Map<string, number> {
  const words = new Map<string, number>()
  for (const { cells } of lines)
    for (const [word] of cells.join(' ').matchAll(/\p{L}{2,}(?!\p{L}*-$)/gu))
      words.set(word.toLowerCase(), (words.get(word.toLowerCase()) ?? 0) + 1)
  return words
}
