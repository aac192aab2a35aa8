// The common form of every parser: a list of blocks, and the one place where blocks become plain text with an outline.
// All cleaning happens here, before offsets exist: what is stored is exactly what every span indexes.
import type { Heading } from '../../core/types.ts'

export type Block =
  | { readonly type: 'heading'; readonly level: number; readonly text: string }
  | { readonly type: 'paragraph'; readonly text: string }
  /** A list entry. `marker` is `-` or `3.`; an empty marker continues the entry above with another paragraph. */
  | { readonly type: 'entry'; readonly depth: number; readonly marker: string; readonly text: string }
  | { readonly type: 'row'; readonly cells: readonly string[] }
  | { readonly type: 'code'; readonly text: string }

/** What one parser makes of one source; read.ts adds the fallback title and the plain text. */
export type Draft = {
  readonly blocks: readonly Block[]
  readonly title: string | null
  readonly url: string | null
  readonly publishedAt: string | null
  /** as they are written */
  readonly authors: readonly string[]
  /** what of the source was left out */
  readonly note?: string
}

// Marks in raw text: around bold words, and before code. They are control characters, so cleaning removes them with all
// others; until then they tell which lines are bold from end to end (in a contents page those are the titles of the
// articles), and that a paragraph beginning with a small letter begins with a name.
export const boldOpen = '\x02'
export const boldClose = '\x03'
export const codeOpen = '\x04'

/** Where a page of the source begins, in raw text: in front of its first word, with a blank before it. */
export const pageMark = '\x05'

/** Stands for a `<br>` in raw text: one is a space, two in a row end the paragraph. */
export const hardBreak = '\v'

// A "heading" longer than this is a paragraph in the wrong tags. It must stay evidence, and titles are not evidence.
const MAX_TITLE = 200

// Deeper lists than this are nesting attacks or layout, and two spaces per level would outgrow the text itself.
const MAX_DEPTH = 8

/** `bold` holds where each line that is bold from end to end starts in the text, `pages` where each page begins. */
export type Assembled = {
  readonly text: string
  readonly outline: readonly Heading[]
  readonly bold: ReadonlySet<number>
  readonly pages: readonly number[]
}

/** Plain text and outline. Blocks are separated by one blank line, neighbours of one list or table by a line break. */
export function assemble(blocks: readonly Block[]): Assembled {
  const parts: string[] = []
  const outline: Heading[] = []
  const bold = new Set<number>()
  const pages: number[] = []
  let emptyPages = 0
  let length = 0
  let previous: Block['type'] | null = null
  for (const block of blocks) {
    const line = toPlain(block)
    if (line === '') emptyPages += rawOf(block).split(pageMark).length - 1
    if (line === '') continue
    const joint = previous === null ? '' : block.type === previous && isLine(block) ? '\n' : '\n\n'
    const start = length + joint.length
    length = start + line.length
    if (block.type === 'heading' && line.length <= MAX_TITLE)
      outline.push({ level: block.level, title: line, span: { start, end: length } })
    if (isBold(block)) bold.add(start)
    for (; emptyPages > 0; emptyPages--) pages.push(start)
    for (const offset of pageStarts(rawOf(block))) pages.push(start + offset)
    parts.push(joint, line)
    previous = block.type
  }
  for (; emptyPages > 0; emptyPages--) pages.push(length)
  return { text: parts.join(''), outline, bold, pages }
}

/** Within a paragraph a page begins behind a blank. */
function pageStarts(raw: string): number[] {
  let length = 0
  const before = raw.split(pageMark).slice(0, -1)
  return before.map((part) => {
    const shown = cleanLine(part)
    if (shown !== '') length += shown.length + 1
    return length
  })
}

function rawOf(block: Block): string {
  return block.type === 'row' ? block.cells.join(' ') : block.text
}

/** Outside of the bold words there is nothing to read: no letter, only blanks, page numbers, leaders. */
function isBold(block: Block): boolean {
  const raw = rawOf(block)
  return raw.includes(boldOpen) && !/\p{L}/u.test(raw.replaceAll(boldWords, ''))
}

const boldWords = new RegExp(`${boldOpen}[^${boldOpen}${boldClose}]*${boldClose}`, 'g')

/** Raw prose to blocks: paragraphs, or table rows where every line was pasted with tabs or dots between its cells. */
export function proseBlocks(raw: string): Block[] {
  return splitAtHardBreaks(raw).flatMap((part): Block[] => {
    const rows = tabbedRows(part) ?? dottedRows(part)
    return rows ?? [{ type: 'paragraph', text: part }]
  })
}

/** The paragraphs of raw text in which line breaks of the source mean nothing. */
export function splitAtHardBreaks(raw: string): string[] {
  return raw.includes(hardBreak) ? raw.split(/\v\s*\v/) : [raw]
}

/** One line of clean text: the form in which every title, paragraph and cell is stored. */
export function cleanLine(raw: string): string {
  // Each run of blanks is one; a single blank, which most are, is not looked at as a match.
  return removeInvisible(raw)
    .replace(/[^\S ]\s*| \s+/g, ' ')
    .trim()
}

function toPlain(block: Block): string {
  if (block.type === 'row') return rowLine(block.cells.map(cleanLine))
  if (block.type === 'entry') return entryLine(block.depth, block.marker, cleanLine(block.text))
  return block.type === 'code' ? cleanCode(block.text) : cleanLine(block.text)
}

function isLine(block: Block): boolean {
  return block.type === 'entry' || block.type === 'row'
}

function entryLine(depth: number, marker: string, text: string): string {
  if (text === '') return ''
  const indent = '  '.repeat(Math.min(depth, MAX_DEPTH))
  return marker === '' ? `${indent}  ${text}` : `${indent}${marker} ${text}`
}

function rowLine(cells: readonly string[]): string {
  return cells.some((cell) => cell !== '') ? cells.join(' | ').trim() : ''
}

function tabbedRows(part: string): Block[] | null {
  if (!part.includes('\t')) return null
  const lines = part.split('\n').filter((line) => line.trim() !== '')
  // One line with a tab is a sentence with odd spacing; two and more are a table or a contents page.
  if (lines.length < 2 || !lines.every((line) => line.trim().includes('\t'))) return null
  return lines.map((line) => ({ type: 'row', cells: line.trim().split(/\t+/) }))
}

/** The lines of a contents page, "Title ..... 12", are rows of a table too. */
function dottedRows(part: string): Block[] | null {
  if (!/(?:\. ?){4}/.test(part)) return null
  const lines = part.split('\n').filter((line) => line.trim() !== '')
  if (lines.length < 2 || lines.some((line) => line.length > 200)) return null
  const rows = lines.map((line) => /^(.*?[^.\s])\s*(?:\. ?){4,}\s*(\d{1,4})$/.exec(line.trim()))
  if (rows.includes(null)) return null
  return rows.map((row) => ({ type: 'row', cells: [row?.[1] ?? '', row?.[2] ?? ''] }))
}

/** Code keeps its lines and its indentation. */
function cleanCode(raw: string): string {
  return removeInvisible(raw.replace(/\r\n?|\u2028|\u2029/g, '\n'))
    .replace(/[\u00a0\f\v]/g, ' ')
    .replace(/^(?:[^\S\n]*\n)+/, '')
    .trimEnd()
}

// NFC, so that a word typed with combining accents is found by its usual spelling. Not NFKC: that would turn
// "x²" into "x2", and a quote must show what the author wrote.
function removeInvisible(raw: string): string {
  // oxlint-disable-next-line no-control-regex -- plain ASCII needs none of the work below
  if (/^[\t\n\r\x20-\x7e]*$/.test(raw)) return raw
  return raw.toWellFormed().replace(invisible, '').replaceAll('\u0085', ' ').normalize('NFC')
}

// Control characters, soft hyphens, zero-width and direction marks, and the tag characters that hide text from a
// reader but not from a model. The two joiners stay in scripts that spell with them, and in emoji.
const invisible =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- single code points, listed on purpose
  /[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|(?<![\u0300-\uffff])[\u200c\u200d]+|\udb40[\udc00-\uddef]/g
