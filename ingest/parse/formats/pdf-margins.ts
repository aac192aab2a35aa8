// Running heads, feet and page numbers: lines at the edge of a page that come again, but for their numbers, on others.
import type { Line } from './pdf-lines.ts'

/** How much of a page its head and its foot may take. */
const EDGE = 0.12
const MAX_EDGE_LINES = 3
/** Left and right pages have heads of their own, chapters too: a part of all pages is enough. */
const MIN_PAGES = 3

export function withoutMargins(pages: readonly (readonly Line[])[]): Line[][] {
  const counts = new Map<string, number>()
  for (const lines of pages)
    for (const key of new Set(edgeLines(lines).map(keyOf))) counts.set(key, (counts.get(key) ?? 0) + 1)
  return pages.map((lines) => {
    const edges = new Set(edgeLines(lines))
    return lines.filter((line) => {
      if (!edges.has(line)) return true
      const count = counts.get(keyOf(line)) ?? 0
      return !(count >= MIN_PAGES || (isPageNumber(line) && (count > 1 || pages.length > 1)))
    })
  })
}

function edgeLines(lines: readonly Line[]): Line[] {
  const head = lines.filter(({ rise }) => rise > 1 - EDGE)
  const foot = lines.filter(({ rise }) => rise < EDGE)
  // A page that is all edge, as a slide may be, has no margins.
  return [head, foot].flatMap((edge) => (edge.length <= MAX_EDGE_LINES ? edge : []))
}

/** Where it stands and what it says, without its numbers. */
function keyOf({ cells, rise }: Line): string {
  return `${Math.round(rise * 50)} ${cells
    .join(' ')
    .toLowerCase()
    .replaceAll(/\d+/g, '#')
    .replaceAll(/\b[ivxlc]+\b/g, '#')}`
}

function isPageNumber({ cells }: Line): boolean {
  return /^(?:page )?[-–—|[ ]*(?:\d{1,4}|[ivxlc]{1,7})[-–—|\] ]*(?:(?:of|\/) ?\d{1,4})?$/i.test(cells.join(' '))
}
