// The Markdown of an answer as pieces that Slack can show: a paragraph, an item of a list, a quotation, or code.
import MarkdownIt, { type Token } from 'markdown-it'
import type { Citation } from '../../core/types.ts'
import { sourceUrl } from './links.ts'

export type Style = 'bold' | 'italic' | 'strike'

/** A run of words with one look. `text` is raw: what makes it safe is the dialect that writes it. */
export type Leaf =
  | { readonly type: 'text'; readonly text: string; readonly styles: readonly Style[] }
  | { readonly type: 'code'; readonly text: string }
  /** url null: there is nothing to open */
  | { readonly type: 'link'; readonly text: string; readonly url: string | null }

type TextPiece = {
  readonly type: 'text'
  readonly leaves: readonly Leaf[]
  /** before its first line: `• `, `2. ` or nothing */
  readonly bullet: string
  /** how many lists it stands in */
  readonly depth: number
  readonly isQuoted: boolean
}

export type Piece = TextPiece | { readonly type: 'code'; readonly text: string }

// Of links, images, HTML and addresses in a model's text nothing is made: the only links are footnotes. A line of
// dashes under a paragraph would turn it into a heading after it was shown.
const markdown = new MarkdownIt({ html: false, linkify: false }).disable([
  'link',
  'image',
  'autolink',
  'reference',
  'lheading',
])

type Numbered = Pick<Citation, 'n' | 'link' | 'document' | 'page'>

/** `[n]` becomes a link where citation `n` is known; another number in brackets stays what it is. */
export function piecesOf(text: string, citations: readonly Numbered[], publicUrl: string | null): Piece[] {
  const notes = new Map(citations.map((citation) => [citation.n, sourceUrl(citation, publicUrl)]))
  const reading: Reading = { notes, pieces: [], lists: [], quotes: 0, bullet: '', isHeading: false, rows: null }
  for (const token of markdown.parse(text.replaceAll('\0', ' ').toWellFormed(), {})) readBlock(reading, token)
  return reading.pieces
}

type Reading = {
  readonly notes: ReadonlyMap<number, string | null>
  readonly pieces: Piece[]
  /** the number of the next item of each list that is open; null: it is not numbered */
  readonly lists: (number | null)[]
  quotes: number
  bullet: string
  isHeading: boolean
  /** of the table that is open */
  rows: string[][] | null
}

function readBlock(reading: Reading, token: Token): void {
  const { lists } = reading
  switch (token.type) {
    case 'heading_open':
    case 'heading_close':
      reading.isHeading = token.nesting > 0
      break
    case 'bullet_list_open':
      lists.push(null)
      break
    case 'ordered_list_open':
      lists.push(Number(token.attrGet('start') ?? 1))
      break
    case 'bullet_list_close':
    case 'ordered_list_close':
      lists.pop()
      break
    case 'list_item_open':
      reading.bullet = nextBullet(lists)
      break
    case 'blockquote_open':
    case 'blockquote_close':
      reading.quotes += token.nesting
      break
    case 'fence':
    case 'code_block':
      reading.pieces.push({ type: 'code', text: token.content.replace(/\n$/, '') })
      break
    case 'hr':
      addText(reading, [plain('———')])
      break
    case 'inline':
      readInline(reading, token)
      break
    default:
      readTable(reading, token)
  }
}

function readTable(reading: Reading, { type }: Token): void {
  if (type === 'table_open') reading.rows = []
  if (type === 'tr_open') reading.rows?.push([])
  if (type !== 'table_close') return
  reading.pieces.push({ type: 'code', text: aligned(reading.rows ?? []) })
  reading.rows = null
}

function nextBullet(lists: (number | null)[]): string {
  const number = lists.at(-1)
  if (number === null || number === undefined) return '• '
  lists[lists.length - 1] = number + 1
  return `${number}. `
}

function readInline(reading: Reading, token: Token): void {
  const leaves = leavesOf(token.children ?? [], reading.isHeading ? ['bold'] : [], reading.notes)
  if (reading.rows) reading.rows.at(-1)?.push(leaves.map(({ text }) => text.replaceAll('\n', ' ')).join(''))
  else if (leaves.some(({ text }) => text.trim() !== '')) addText(reading, leaves)
}

function addText(reading: Reading, leaves: readonly Leaf[]): void {
  const { bullet, lists, quotes } = reading
  reading.pieces.push({ type: 'text', leaves, bullet, depth: lists.length, isQuoted: quotes > 0 })
  reading.bullet = ''
}

const styleOf: Readonly<Record<string, Style>> = { strong: 'bold', em: 'italic', s: 'strike' }

const breaks: Readonly<Record<string, string>> = { softbreak: ' ', hardbreak: '\n' }

function leavesOf(tokens: readonly Token[], outer: readonly Style[], notes: Reading['notes']): Leaf[] {
  const leaves: Leaf[] = []
  let styles = outer
  for (const { type, content, nesting } of tokens) {
    const style = styleOf[type.replace(/_(?:open|close)$/, '')]
    if (style && nesting > 0) styles = [...styles, style]
    else if (style) styles = styles.slice(0, styles.lastIndexOf(style))
    else if (type === 'code_inline') leaves.push({ type: 'code', text: content })
    else leaves.push(...withNotes(breaks[type] ?? content, styles, notes))
  }
  return joined(leaves.filter(({ text }) => text !== ''))
}

function withNotes(text: string, styles: readonly Style[], notes: Reading['notes']): Leaf[] {
  return text.split(/(\[\d+\])/).map((part) => {
    const url = /^\[\d+\]$/.test(part) ? notes.get(Number(part.slice(1, -1))) : undefined
    return url === undefined ? { type: 'text', text: part, styles } : { type: 'link', text: part, url }
  })
}

/** Neighbours of one look are one leaf, so that a sentence is not cut where the parser happened to. */
function joined(leaves: readonly Leaf[]): Leaf[] {
  const made: Leaf[] = []
  for (const leaf of leaves) {
    const last = made.at(-1)
    if (leaf.type === 'text' && last?.type === 'text' && String(leaf.styles) === String(last.styles))
      made[made.length - 1] = { ...last, text: last.text + leaf.text }
    else made.push(leaf)
  }
  return made
}

/** What people named: titles, quotes, questions. */
export function lineOf(text: string): string {
  // eslint-disable-next-line no-control-regex -- a database takes no NUL, and nobody can read one
  return text.replaceAll(/[\s\u0000]+/g, ' ').toWellFormed()
}

/** Words that are no Markdown. */
export function plain(text: string, ...styles: Style[]): Leaf {
  return { type: 'text', text: lineOf(text), styles }
}

export function paragraph(...leaves: readonly Leaf[]): TextPiece {
  return { type: 'text', leaves, bullet: '', depth: 0, isQuoted: false }
}

/** Columns under each other, in code, where every letter is as wide as the next. */
function aligned(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map(({ length }) => length))
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))))
  const line = (row: readonly string[]) =>
    widths
      .map((width, at) => (row[at] ?? '') + ' '.repeat(width - widthOf(row[at] ?? '')))
      .join(' │ ')
      .trimEnd()
  const [head = [], ...body] = rows
  return [line(head), widths.map((width) => '─'.repeat(width)).join('─┼─'), ...body.map(line)].join('\n')
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
// Emoji and the scripts of East Asia take two places.
const wide = /^[\p{Emoji_Presentation}\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]/u

function widthOf(text: string): number {
  return [...graphemes.segment(text)].reduce((sum, { segment }) => sum + (wide.test(segment) ? 2 : 1), 0)
}
