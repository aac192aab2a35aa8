// Running heads, feet and page numbers: lines at the edge of a page that come again on others, letter by letter or with
// one number that counts the pages.
import { bodySize, HEADING_SIZE, type Line } from './pdf-lines.ts'

/** How much of a page its head and its foot may take. */
const EDGE = 0.12
const MAX_EDGE_LINES = 3
/** Left and right pages have heads of their own, chapters too: a few pages are enough. */
const MIN_PAGES = 3

export function withoutMargins(pages: readonly (readonly Line[])[]): Line[][] {
  const body = bodySize(pages.flat())
  const edges = pages.map((lines) => edgeLines(lines, body))
  const counts = new Map<string, number>()
  for (const [page, lines] of edges.entries())
    for (const key of new Set(lines.flatMap((line) => keysOf(line, page)))) counts.set(key, (counts.get(key) ?? 0) + 1)
  return pages.map((lines, page) => {
    const repeated = (edges[page] ?? []).filter(
      (line) =>
        (pages.length > 1 && isPageNumber(line)) ||
        keysOf(line, page).some((key) => (counts.get(key) ?? 0) >= MIN_PAGES),
    )
    const dropped = new Set(repeated)
    return lines.filter((line) => !dropped.has(line))
  })
}

/** The outermost lines of its head and of its foot. What is set large is a title: chapters begin at the top. */
function edgeLines(lines: readonly Line[], body: number): Line[] {
  const byRise = lines.filter(({ size }) => size < body * HEADING_SIZE).sort((a, b) => b.rise - a.rise)
  const head = byRise.slice(0, MAX_EDGE_LINES).filter(({ rise }) => rise > 1 - EDGE)
  const foot = byRise.slice(-MAX_EDGE_LINES).filter(({ rise }) => rise < EDGE)
  return [...head, ...foot]
}

const MAX_NUMBERS = 8

/** Where it stands and what it says; and the same with each of its numbers counted from its page. */
function keysOf({ cells, rise }: Line, page: number): string[] {
  const place = Math.round(rise * 50)
  const text = cells.join(' ').toLowerCase()
  const numbers = Array.from(text.matchAll(/(?<![\d.])\d{1,5}(?![\d.]*\d)/g)).slice(0, MAX_NUMBERS)
  const counted = numbers.map(
    ({ index, 0: digits }) =>
      `${place} ${text.slice(0, index)}#${Number(digits) - page}#${text.slice(index + digits.length)}`,
  )
  return [`${place} ${text}`, ...counted]
}

function isPageNumber({ cells }: Line): boolean {
  return /^(?:page )?[-–—|[ ]*(?:\d{1,4}|[ivxlc]{1,7})[-–—|\] ]*(?:(?:of|\/) ?\d{1,4})?$/i.test(cells.join(' '))
}
