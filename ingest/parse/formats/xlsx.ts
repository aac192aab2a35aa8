// Workbooks (ECMA-376, part 1, § 18) → blocks: each sheet a section, each row a line that names its columns. Rows are
// read as they stream by and empty cells are never made, so a sheet of a million of them costs nothing. What the author
// has hidden (sheets, rows, columns) is not what readers see.
import { type Block, cleanLine, type Draft } from '../blocks.ts'
import { toIsoDate } from '../metadata.ts'
import { type Row, tableBlocks } from './table.ts'
import { officeFacts, readEntry, relations, type Tag } from './xml.ts'
import type { Archive } from './zip.ts'

export async function parseXlsx(source: string, archive: Archive): Promise<Draft> {
  const book = await readBook(source, archive)
  const blocks: Block[] = []
  for (const { name, entry } of book.sheets) {
    const rows = tableBlocks(await readSheet(source, archive, entry, book))
    if (rows.length === 0) continue
    blocks.push({ type: 'heading', level: 2, text: name })
    for (const row of rows) blocks.push(row)
  }
  const { title, date, authors } = await officeFacts(source, archive)
  return { blocks, title, url: null, publishedAt: toIsoDate(date), authors }
}

type Book = {
  readonly sheets: readonly { readonly name: string; readonly entry: string }[]
  readonly strings: readonly string[]
  /** how each style of a cell shows a number */
  readonly shows: readonly NumberShape[]
  readonly from1904: boolean
}

type NumberShape = 'plain' | 'percent' | 'date'

async function readBook(source: string, archive: Archive): Promise<Book> {
  const part = 'xl/workbook.xml'
  const targets = await relations(source, archive, part)
  const sheets: { name: string; entry: string }[] = []
  let from1904 = false
  await readEntry(source, archive, part, {
    open: ({ name, attributes }) => {
      if (name === 'workbookPr') from1904 = isOn(attributes['date1904'])
      if (name !== 'sheet' || (attributes['state'] ?? 'visible') !== 'visible') return
      const entry = targets.get(attributes['r:id'] ?? '')?.target
      if (entry !== undefined) sheets.push({ name: attributes['name'] ?? '', entry })
    },
  })
  return { sheets, strings: await readStrings(source, archive), shows: await readStyles(source, archive), from1904 }
}

/** Words above East Asian letters (rPh) say how to pronounce them and stand in no cell. */
async function readStrings(source: string, archive: Archive): Promise<string[]> {
  const strings: string[] = []
  let text = ''
  let spoken = 0
  let inText = false
  await readEntry(source, archive, 'xl/sharedStrings.xml', {
    open: ({ name }) => {
      if (name === 'si') text = ''
      if (name === 'rPh') spoken++
      inText = name === 't' && spoken === 0
    },
    close: (name) => {
      inText = false
      if (name === 'rPh') spoken--
      if (name === 'si') strings.push(text)
    },
    text: (more) => {
      if (inText) text += more
    },
  })
  return strings
}

async function readStyles(source: string, archive: Archive): Promise<NumberShape[]> {
  const custom = new Map<number, NumberShape>()
  const shows: NumberShape[] = []
  let inCells = false
  await readEntry(source, archive, 'xl/styles.xml', {
    open: ({ name, attributes }) => {
      if (name === 'cellXfs') inCells = true
      if (name === 'numFmt') custom.set(Number(attributes['numFmtId']), shapeOf(attributes['formatCode'] ?? ''))
      if (name !== 'xf' || !inCells) return
      const id = Number(attributes['numFmtId'] ?? 0)
      shows.push(custom.get(id) ?? builtIn(id))
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false
    },
  })
  return shows
}

/** § 18.8.30: the numbers of formats that no file spells out. */
function builtIn(id: number): NumberShape {
  if (id === 9 || id === 10) return 'percent'
  return (id >= 14 && id <= 22) || (id >= 45 && id <= 47) ? 'date' : 'plain'
}

function shapeOf(code: string): NumberShape {
  const bare = code.replaceAll(/"[^"]*"|\\.|\[[^\]]*\]|_.|\*./g, '')
  if (/[ymdhs]/i.test(bare.replaceAll(/general|e[+-]/gi, ''))) return 'date'
  return bare.includes('%') ? 'percent' : 'plain'
}

type Cell = { column: number; type: string; style: number; value: string }

async function readSheet(source: string, archive: Archive, entry: string, book: Book): Promise<Row[]> {
  const rows: Row[] = []
  const hidden: (readonly [from: number, to: number])[] = []
  let row: Map<number, string> | null = null
  let cell: Cell | null = null
  let next = 0
  let inValue = false
  const openCell = ({ attributes }: Tag): Cell => {
    const column = columnOf(attributes['r'] ?? '') ?? next
    next = column + 1
    return { column, type: attributes['t'] ?? 'n', style: Number(attributes['s'] ?? 0), value: '' }
  }
  await readEntry(source, archive, entry, {
    open: (tag) => {
      const { name, attributes } = tag
      if (name === 'col' && isOn(attributes['hidden']))
        hidden.push([Number(attributes['min']), Number(attributes['max'])])
      else if (name === 'row') [row, next] = [isOn(attributes['hidden']) ? null : new Map(), 0]
      else if (name === 'c') cell = openCell(tag)
      else inValue = cell !== null && (name === 'v' || name === 't')
    },
    close: (name) => {
      inValue = false
      if (name === 'row' && row !== null && row.size > 0) rows.push(row)
      if (name !== 'c') return
      const shown = cell === null || cell.value === '' ? '' : cleanLine(show(cell, book))
      const isHidden = hidden.some(([from, to]) => cell !== null && cell.column + 1 >= from && cell.column < to)
      if (row !== null && cell !== null && shown !== '' && !isHidden) row.set(cell.column, shown)
      cell = null
    },
    text: (more) => {
      if (inValue && cell !== null) cell.value += more
    },
  })
  return rows
}

/** `AB12` → 27. The last column there can be is XFD; what says another is read as the next. */
function columnOf(reference: string): number | null {
  const letters = /^[A-Z]{1,3}(?=\d)/.exec(reference)?.[0]
  if (letters === undefined) return null
  const column = Array.from(letters).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
  return column < 16_384 ? column : null
}

function show({ type, style, value }: Cell, { strings, shows, from1904 }: Book): string {
  if (type === 's') return strings[Number(value)] ?? ''
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE'
  if (type !== 'n') return value
  const number = Number(value)
  if (!Number.isFinite(number)) return value
  const shape = shows[style] ?? 'plain'
  if (shape === 'date') return dateOf(number, from1904) ?? value
  // What a binary fraction adds behind the 15th digit is shown by no program.
  return shape === 'percent' ? `${Number((number * 100).toPrecision(12))}%` : String(Number(number.toPrecision(15)))
}

/** Days since 30 December 1899, or 1 January 1904 in books from old Macs. Below one day it is a time. */
function dateOf(serial: number, from1904: boolean): string | null {
  const date = new Date(Math.round((serial + (from1904 ? 1462 : 0) - 25_569) * 86_400) * 1000)
  if (serial < 0 || Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) return null
  const [day = '', time = ''] = date.toISOString().slice(0, 19).split('T')
  if (serial < 1) return time
  return time === '00:00:00' ? day : `${day} ${time}`
}

function isOn(flag: string | undefined): boolean {
  return flag === '1' || flag === 'true'
}
