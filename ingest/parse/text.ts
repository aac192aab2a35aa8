// Plain text → blocks. Nothing is marked up, so lines are judged by their shape; in doubt a line stays prose,
// because a wrong heading hides words from the evidence and a missing one only costs a name.
import { type Block, type Draft, proseBlocks } from './blocks.ts'
import { isCounter } from './boilerplate.ts'
import { restoreLines } from './flattened.ts'
import { parseMarkdown } from './markdown.ts'
import { plainMath } from './math.ts'

export function parseText(source: string): Draft {
  const text = source.replace(/^\ufeff/, '').replace(/\r\n?|\f/g, '\n')
  if (hasMarkdownHeadings(text)) return parseMarkdown(text)
  const blocks = toBlocks(groupsOf(text).flatMap(readGroup))
  const title = documentTitle(blocks)
  return { blocks: title === null ? blocks : raiseTitle(blocks), title, url: null, publishedAt: null, authors: [] }
}

/** `title`: whether the lines may be one by their own shape; their neighbours decide. `gap`: the blank lines above. */
type Part =
  | { readonly type: 'prose'; readonly lines: string[]; readonly title: 'no' | 'cased' | 'plain'; readonly gap: number }
  | { readonly type: 'entry'; readonly lines: string[]; readonly indent: number; readonly marker: string }

// Hard-wrapped text ends its lines before this column (mail: 72-80, wide editors: 120).
const WRAP_COLUMN = 120
// A line in sentence case is a title only above a paragraph at least this long: short lines around it make it a list.
const LONG_PROSE = 100
const MAX_TITLE_WORDS = 12
const MAX_TITLE = 150

/** A `#` line counts only after a blank line: in a listing of a script it is a comment. */
function hasMarkdownHeadings(text: string): boolean {
  return /(?:^|\n[^\S\n]*\n) {0,3}#{1,6} +\S/.test(text)
}

type Group = { readonly lines: string[]; readonly gap: number }

function groupsOf(text: string): Group[] {
  // Split by a pattern with a group: texts and the blank lines between them take turns.
  const parts = text.split(/\n((?:[^\S\n]*\n)+)/)
  return parts.flatMap((part, i) => {
    if (i % 2 === 1) return []
    const gap = (parts[i - 1] ?? '').split('\n').length - 1
    return [{ lines: part.split('\n').filter((line) => line.trim() !== ''), gap }]
  })
}

/** The lines between two blank lines. One overlong line shows that this text is not wrapped: each line is its own. */
function readGroup({ lines, gap }: Group): Part[] {
  const wrapped = lines.every((line) => line.length <= WRAP_COLUMN)
  const titleOver = wrapped && isTitleOverProse(lines)
  const parts: Part[] = []
  for (const [i, line] of lines.entries()) {
    const last = parts.at(-1)
    const entry = readEntry(line)
    if (entry) parts.push(entry)
    else if (last && continues(last, line, wrapped) && !(i === 1 && titleOver)) last.lines.push(line.trim())
    else {
      const alone = !wrapped || lines.length === 1 || (i === 0 && titleOver)
      parts.push({
        type: 'prose',
        lines: [line.trim()],
        title: alone ? titleShape(line.trim()) : 'no',
        gap: i === 0 ? gap : 0,
      })
    }
  }
  return parts
}

/** In unwrapped text only an indented line belongs to the list entry above it. */
function continues(last: Part, line: string, wrapped: boolean): boolean {
  return wrapped || (last.type === 'entry' && indentOf(line) > last.indent)
}

function readEntry(line: string): Part | null {
  const match = /^(\s*)(?:[-•*◦▪‣]|(\d{1,3})[.)])\s+(?=\S)(.*)$/.exec(line)
  if (!match) return null
  const [, space = '', number, text = ''] = match
  return { type: 'entry', lines: [text.trim()], indent: indentOf(space), marker: number ? `${number}.` : '-' }
}

function indentOf(line: string): number {
  return line.replaceAll('\t', '    ').search(/\S|$/)
}

/** A word divided at the end of a line keeps its hyphen but gets no space: "well-" + "known". */
function joinLines(lines: readonly string[]): string {
  // Kept apart by \n: a table pasted with tabs is still recognised by its lines.
  return lines.join('\n').replace(/(?<=\p{L}-)\n(?=\p{Ll})/gu, '')
}

/** The title of a wrapped paragraph without a blank line between: clearly shorter than the lines below it. */
function isTitleOverProse(lines: readonly string[]): boolean {
  const [first = '', second = ''] = lines
  const width = lines.reduce((widest, line) => Math.max(widest, line.length), 0)
  const isShort = lines.length > 2 && first.length <= 0.6 * width && /^\s*\p{Lu}/u.test(second)
  return isShort && titleShape(first.trim()) === 'cased'
}

/** Not by its words, which could be any: by what a sentence has and a title has not. */
function titleShape(line: string): 'no' | 'cased' | 'plain' {
  if (line.length > MAX_TITLE) return 'no'
  const words = line.split(/\s+/).length
  const isSentence = /[.,;:…][\p{Pf}\p{Pe}"']*$/u.test(line) || /\p{Ll}[.!]\s+\p{Lu}/u.test(line)
  if (isSentence || !/^[\p{Lu}\p{N}"'“‘]/u.test(line) || !/\p{L}{2}/u.test(line) || line.includes('\t')) return 'no'
  if (words <= MAX_TITLE_WORDS + 4 && isTitleCase(line)) return 'cased'
  // A question and an answer are two sentences; only a title in title case may ask first.
  return words <= MAX_TITLE_WORDS && !/\p{Ll}\?\s+\p{Lu}/u.test(line) ? 'plain' : 'no'
}

/** On both sides of a colon: of "a caption for your pleasure: The Name Of The Thing" only the name is a title. */
function isTitleCase(line: string): boolean {
  const sides = line.split(/:\s/).map((side) => {
    // Small words are small in titles too.
    const long = side.split(/\s+/).filter((word) => /^\P{L}*\p{L}{4}/u.test(word))
    return { long: long.length, cased: long.filter((word) => /^\P{L}*\p{Lu}/u.test(word)).length }
  })
  return sides.every(({ long, cased }) => cased >= 0.7 * long) && sides.some(({ cased }) => cased > 0)
}

function toBlocks(parts: readonly Part[]): Block[] {
  const indents: number[] = []
  const titles = parts.filter((part, i) => isHeading(part, parts[i + 1]))
  const levelOf = levelsByGap(titles)
  return parts.flatMap((part, i): Block[] => {
    const text = joinLines(part.lines)
    if (part.type === 'entry')
      return [{ type: 'entry', depth: depthOf(part.indent, indents), marker: part.marker, text: plainInline(text) }]
    indents.length = 0
    if (isHeading(part, parts[i + 1])) return [{ type: 'heading', level: levelOf(part), text }]
    const restored = restoreLines(text)
    return restored === null ? proseBlocks(plainInline(text)) : below(parseMarkdown(restored).blocks)
  })
}

/**
 * Where some titles stand below two blank lines and others below one, the wider gap begins an article and the narrower
 * one a section of it. What stands above the first title tells nothing.
 */
function levelsByGap(titles: readonly Part[]): (title: Part) => number {
  const areApart = titles.filter((part, i) => i > 0 && isApart(part)).length >= 2
  return (title) => (areApart && title !== titles[0] && !isApart(title) ? 3 : 2)
}

function isApart(part: Part): boolean {
  return part.type === 'prose' && part.gap >= 2
}

/** The headings of a text inside an article stand below the article's title. */
function below(blocks: readonly Block[]): Block[] {
  return blocks.map((block) =>
    block.type === 'heading' ? { ...block, level: Math.min(6, Math.max(3, block.level + 1)) } : block,
  )
}

/** Remains of markup that plain text shows literally. */
function plainInline(text: string): string {
  return plainMath(text).replace(/(?<![\w*])\*\*(?=[^\s*])([^*\n]{1,100})(?<=\S)\*\*(?![\w*])/g, '$1')
}

/** Levels by indentation, whatever its width: `indents` holds those of the open levels. */
function depthOf(indent: number, indents: number[]): number {
  while (indents.length > 0 && (indents.at(-1) ?? 0) > indent) indents.pop()
  if (indents.length === 0 || (indents.at(-1) ?? 0) < indent) indents.push(indent)
  return indents.length - 1
}

function isHeading(part: Part, next: Part | undefined): boolean {
  if (part.type !== 'prose' || part.title === 'no' || next === undefined) return false
  // "Latest posts", "Showing 5 of 12": the label of a list.
  if (isCounter(next.lines[0] ?? '')) return false
  const below = joinLines(next.lines).length
  if (part.title === 'plain') return below >= LONG_PROSE
  return below > joinLines(part.lines).length || next.type === 'entry' || next.title === 'cased'
}

/** A first heading names the document if it is the only one, or stands right above the next. Else it is one of many. */
function documentTitle(blocks: readonly Block[]): string | null {
  const [first, second] = blocks
  if (first?.type !== 'heading') return null
  const isOnly = blocks.every((block, i) => i === 0 || block.type !== 'heading')
  return isOnly || second?.type === 'heading' ? first.text : null
}

function raiseTitle(blocks: readonly Block[]): Block[] {
  return blocks.map((block, i) => (i === 0 && block.type === 'heading' ? { ...block, level: 1 } : block))
}
