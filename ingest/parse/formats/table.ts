// Tables → blocks. A row is cited alone, far from the head of its table, so each says the names of its columns:
// "Region: North; Sales: 12". CSV is read here; a sheet of a workbook comes as rows.
import { parse } from 'csv-parse/sync'
import { SourceError } from '../../../core/errors.ts'
import { type Block, cleanLine, type Draft } from '../blocks.ts'

export function parseTable(text: string, source: string): Draft {
  return {
    blocks: tableBlocks(readRows(text, source).flatMap((cells) => filledRow(cells) ?? [])),
    title: null,
    url: null,
    publishedAt: null,
    authors: [],
  }
}

/** The filled cells of a row by their column: a sheet has 16,384 columns, and may use the last one. */
export type Row = ReadonlyMap<number, string>

/** Rows in front of the head that have one cell are a title or a remark. Without a head cells stand side by side. */
export function tableBlocks(rows: readonly Row[]): Block[] {
  const wide = rows.findIndex((row) => row.size > 1)
  if (wide < 0) return rows.map(asWritten)
  const remarks = rows.slice(0, wide).map((row): Block => ({ type: 'paragraph', text: [...row.values()].join(' ') }))
  const [head, ...below] = rows.slice(wide)
  if (!head || !isHead(head, below)) return [...remarks, ...rows.slice(wide).map(asWritten)]
  return [...remarks, ...below.map((row): Block => ({ type: 'row', cells: [namedCells(head, row)] }))]
}

function asWritten(row: Row): Block {
  return { type: 'row', cells: [...row.values()] }
}

function namedCells(head: Row, row: Row): string {
  const named = Array.from(row, ([column, cell]) => {
    const name = head.get(column)?.replace(/:$/, '') ?? ''
    return name === '' ? cell : `${name}: ${cell}`
  })
  return named.join('; ')
}

/** Names only, each once, and enough for most rows; a table of nothing but its head is no table. */
function isHead(head: Row, below: readonly Row[]): boolean {
  const names = [...head.values()]
  const wider = below.filter((row) => row.size > head.size)
  const areNames = names.every((name) => name.length <= 100 && !/^[\d\s.,:%€$£+/-]+$/.test(name))
  return below.length > 0 && areNames && new Set(names).size === names.length && wider.length <= below.length / 2
}

/** Cells as they are shown; null: none is filled. */
function filledRow(cells: readonly string[]): Row | null {
  const row = new Map<number, string>()
  for (const [column, cell] of cells.entries()) {
    const shown = cleanLine(cell)
    if (shown !== '') row.set(column, shown)
  }
  return row.size === 0 ? null : row
}

/** A longer record is a quote that was never closed. */
const MAX_RECORD = 1_000_000

function readRows(text: string, source: string): string[][] {
  try {
    return parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      max_record_size: MAX_RECORD,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown'
    const message = `${source} cannot be read as a table (${why}): check its quotes`
    throw new SourceError('unreadable', source, message, { cause })
  }
}

const delimiters = [',', ';', '\t', '|'] as const

/** The one that cuts the first lines into the same number of fields, and into most. */
function delimiterOf(text: string): string {
  const lines = text
    .slice(0, 50_000)
    .split(/\r?\n/, 20)
    .filter((line) => line.trim() !== '')
  const scored = delimiters.map((delimiter) => {
    const counts = lines.map((line) => line.replaceAll(/"(?:[^"]|"")*"/g, '').split(delimiter).length)
    const [first = 1] = counts
    return {
      delimiter,
      score: first < 2 ? 0 : (counts.filter((count) => count === first).length / lines.length) * 100 + first,
    }
  })
  return scored.reduce((best, each) => (each.score > best.score ? each : best)).delimiter
}
