// Heading levels that lie: sections written as if they were articles. A contents page that tells articles from their
// sections (bold, indented, numbered) knows better. Without one only a heading between two others of its kind moves.
import type { Heading } from '../../core/types.ts'
import { type Contents, type ContentsEntry, titleKey } from './contents.ts'

export function repairLevels(
  outline: readonly Heading[],
  contents: readonly Contents[],
  bold: ReadonlySet<number>,
): readonly Heading[] {
  const kin = levelWithKin(outline)
  const entries = depths(
    contents.flatMap((each) => each.entries),
    bold,
  )
  return entries === null ? kin : followContents(kin, entries)
}

type Entry = { readonly key: string; readonly depth: number }

/** Null: all entries look alike, so they tell nothing about levels. */
function depths(entries: readonly ContentsEntry[], bold: ReadonlySet<number>): Entry[] | null {
  const bolds = entries.filter(({ start }) => bold.has(start)).length
  const areMixed = bolds > 0 && bolds < entries.length
  const found = entries.map(({ title, start, depth }) => ({
    key: titleKey(title),
    depth: areMixed && !bold.has(start) ? Math.max(1, depth) : depth,
  }))
  const top = Math.min(...found.map(({ depth }) => depth))
  return found.some(({ depth }) => depth > top) ? found.map((each) => ({ ...each, depth: each.depth - top })) : null
}

/**
 * A listed section stands below the last article, however it was written. What the contents do not list keeps its
 * distance from the heading above it, and an unlisted heading as high as an article is one.
 */
function followContents(outline: readonly Heading[], entries: readonly Entry[]): Heading[] {
  const listed = align(outline, entries)
  let article: number | null = null
  let shift = 0
  return outline.map((heading, i) => {
    const depth = listed.get(i)
    if (depth === 0 || (depth === undefined && heading.level <= (article ?? 0))) {
      article = heading.level
      shift = 0
    } else if (depth !== undefined) shift = Math.max(0, (article ?? 0) + depth - heading.level)
    return shift === 0 ? heading : { ...heading, level: Math.min(6, heading.level + shift) }
  })
}

// The table below has a cell per heading and entry; a document beyond this keeps the levels it has.
const MAX_CELLS = 4_000_000

/**
 * Which heading is which entry: the longest common subsequence, because titles repeat ("Results" stands in every
 * article), the contents leave some out, and both are in order.
 */
function align(outline: readonly Heading[], entries: readonly Entry[]): Map<number, number> {
  const width = entries.length + 1
  const found = new Map<number, number>()
  if (width * outline.length > MAX_CELLS) return found
  const keys = outline.map(({ title }) => titleKey(title))
  const longest = new Uint16Array(width * (outline.length + 1))
  const at = (i: number, j: number) => longest[i * width + j] ?? 0
  for (let i = keys.length - 1; i >= 0; i--)
    for (let j = entries.length - 1; j >= 0; j--)
      longest[i * width + j] = keys[i] === entries[j]?.key ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  for (let i = 0, j = 0; i < keys.length && j < entries.length;) {
    const entry = entries[j]
    if (entry && keys[i] === entry.key) {
      found.set(i++, entry.depth)
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return found
}

/** Two headings that end in the same two words, and between them a third, written higher: it is their sister. */
function levelWithKin(outline: readonly Heading[]): readonly Heading[] {
  return outline.map((heading, i) => {
    const [before, after] = [outline[i - 1], outline[i + 1]]
    if (!before || !after || before.level <= heading.level || after.level <= heading.level) return heading
    const tail = tailOf(heading)
    return tail !== null && tail === tailOf(before) && tail === tailOf(after)
      ? { ...heading, level: before.level }
      : heading
  })
}

function tailOf({ title }: Heading): string | null {
  const words = titleKey(title).split(' ')
  return words.length > 2 ? words.slice(-2).join(' ') : null
}
