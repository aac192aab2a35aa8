// Word documents (ECMA-376, part 1, § 17) → blocks: headings by their styles, lists by their numbering, tables, notes.
// Read as it streams by, with a stack of open paragraphs, because a text box stands inside of one. Deleted, moved and
// hidden text is left out: the reader of the document does not see it.
import { type Block, type Draft, hardBreak } from '../blocks.ts'
import { toIsoDate } from '../metadata.ts'
import { type Numbering, readNumbering } from './docx-lists.ts'
import { readStyles, type Style } from './docx-styles.ts'
import { officeFacts, readEntry, type Tag } from './xml.ts'
import type { Archive } from './zip.ts'

export async function parseDocx(source: string, archive: Archive): Promise<Draft> {
  const styles = await readStyles(source, archive)
  const numbering = await readNumbering(source, archive)
  const read = async (entry: string) => {
    const walk = newWalk(styles, numbering)
    await readEntry(source, archive, entry, {
      open: (tag) => open(walk, tag),
      close: (name) => close(walk, name),
      text: (text) => addText(walk, text),
    })
    return walk
  }
  const body = await read('word/document.xml')
  const notes = [...(await read('word/footnotes.xml')).blocks, ...(await read('word/endnotes.xml')).blocks]
  const { title, date, authors } = await officeFacts(source, archive)
  return {
    blocks: notes.length > 0 ? [...body.blocks, { type: 'heading', level: 2, text: 'Notes' }, ...notes] : body.blocks,
    title: title ?? body.title,
    url: null,
    publishedAt: toIsoDate(date),
    authors,
  }
}

type Paragraph = { text: string; style: string; list: string; depth: number }

type Walk = {
  readonly styles: ReadonlyMap<string, Style>
  readonly numbering: Numbering
  readonly blocks: Block[]
  readonly paragraphs: Paragraph[]
  /** the cells so far of each open row, and of each cell its paragraphs */
  readonly rows: string[][]
  readonly cells: string[][]
  /** how many elements are open whose text nobody sees */
  skipped: number
  runs: number
  isHidden: boolean
  inText: boolean
  title: string | null
}

function newWalk(styles: ReadonlyMap<string, Style>, numbering: Numbering): Walk {
  return {
    styles,
    numbering,
    blocks: [],
    paragraphs: [],
    rows: [],
    cells: [],
    skipped: 0,
    runs: 0,
    isHidden: false,
    inText: false,
    title: null,
  }
}

// mc:Fallback repeats in old markup what stands in mc:Choice.
const unseen = new Set(['del', 'moveFrom', 'Fallback', 'instrText', 'delText'])

type Edge = (walk: Walk, attributes: Tag['attributes']) => void

const opening = new Map<string, Edge>([
  ['p', (walk) => void walk.paragraphs.push({ text: '', style: '', list: '', depth: 0 })],
  ['r', (walk) => ([walk.runs, walk.isHidden] = [walk.runs + 1, false])],
  ['vanish', (walk, attributes) => void (walk.isHidden ||= walk.runs > 0 && isOn(attributes['w:val']))],
  [
    'rStyle',
    (walk, attributes) => void (walk.isHidden ||= walk.styles.get(attributes['w:val'] ?? '')?.isHidden === true),
  ],
  ['pStyle', (walk, attributes) => change(walk, { style: attributes['w:val'] ?? '' })],
  ['numId', (walk, attributes) => change(walk, { list: attributes['w:val'] ?? '' })],
  ['ilvl', (walk, attributes) => change(walk, { depth: Number(attributes['w:val'] ?? 0) || 0 })],
  ['tab', (walk) => write(walk, walk.runs > 0 ? '\t' : '')],
  ['br', (walk, attributes) => write(walk, attributes['w:type'] === undefined ? hardBreak : ' ')],
  ['noBreakHyphen', (walk) => write(walk, '-')],
  ['t', (walk) => void (walk.inText = true)],
  ['tr', (walk) => void walk.rows.push([])],
  ['tc', (walk) => void walk.cells.push([])],
])

const closing = new Map<string, (walk: Walk) => void>([
  ['p', closeParagraph],
  ['r', (walk) => void walk.runs--],
  ['t', (walk) => void (walk.inText = false)],
  ['tc', (walk) => void walk.rows.at(-1)?.push((walk.cells.pop() ?? []).join(' '))],
  ['tr', closeRow],
])

function open(walk: Walk, { name, attributes }: Tag): void {
  if (unseen.has(name)) walk.skipped++
  if (walk.skipped === 0) opening.get(name)?.(walk, attributes)
}

function close(walk: Walk, name: string): void {
  if (walk.skipped === 0) closing.get(name)?.(walk)
  if (unseen.has(name)) walk.skipped--
}

function addText(walk: Walk, text: string): void {
  if (walk.inText && walk.skipped === 0) write(walk, text)
}

function write(walk: Walk, text: string): void {
  const paragraph = walk.paragraphs.at(-1)
  if (paragraph && !walk.isHidden) paragraph.text += text
}

function change(walk: Walk, part: Partial<Paragraph>): void {
  const paragraph = walk.paragraphs.at(-1)
  if (paragraph) Object.assign(paragraph, part)
}

function closeParagraph(walk: Walk): void {
  const paragraph = walk.paragraphs.pop()
  if (!paragraph || paragraph.text.trim() === '') return
  const cell = walk.cells.at(-1)
  if (cell) cell.push(paragraph.text)
  else addBlock(walk, paragraph)
}

function addBlock(walk: Walk, { text, style: id, list, depth }: Paragraph): void {
  const style = walk.styles.get(id) ?? noStyle
  const marker = walk.numbering.next(list === '' ? style.list : list, depth)
  if (style.isTitle) walk.title ??= text
  if (style.level > 0) walk.blocks.push({ type: 'heading', level: style.level, text })
  else if (style.isCode) addCode(walk.blocks, text.replaceAll(hardBreak, '\n'))
  else if (marker !== null) walk.blocks.push({ type: 'entry', depth, marker, text })
  else walk.blocks.push({ type: 'paragraph', text })
}

const noStyle: Style = { level: 0, isTitle: false, isCode: false, isHidden: false, list: '' }

/** Each line of a listing is a paragraph. */
function addCode(blocks: Block[], line: string): void {
  const last = blocks.at(-1)
  if (last?.type === 'code') blocks[blocks.length - 1] = { type: 'code', text: `${last.text}\n${line}` }
  else blocks.push({ type: 'code', text: line })
}

/** A table of one column is a frame around paragraphs; a table in a cell is part of that cell. */
function closeRow(walk: Walk): void {
  const row = walk.rows.pop() ?? []
  const outer = walk.cells.at(-1)
  if (outer) outer.push(row.filter((cell) => cell !== '').join(' | '))
  else if (row.length === 1 && row[0] !== undefined) walk.blocks.push({ type: 'paragraph', text: row[0] })
  else walk.blocks.push({ type: 'row', cells: row })
}

function isOn(flag: string | undefined): boolean {
  return flag !== '0' && flag !== 'false' && flag !== 'off'
}
