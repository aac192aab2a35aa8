// Tables → blocks. A row is cited alone, far from the head of its table, so each says the names of its columns:
// "Region: North; Sales: 12". CSV is read here; a sheet of a workbook comes as rows.
import { parse } from 'csv-parse/sync'
import { SourceError } from '../../../core/errors.ts'
import { type Block, cleanLine, type Draft } from '../blocks.ts'

export function parseTable(text: string, source: string): Draft {
  return { blocks: tableBlocks(readRows(text, source)), title: null, url: null, publishedAt: null }
}

/** Rows in front of the head that have one cell are a title or a remark. Without a head cells stand side by side. */
export function tableBlocks(rows: readonly (readonly string[])[]): Block[] {
  const filled = rows.map((row) => row.map(cleanLine)).filter((row) => row.some((cell) => cell !== ''))
  const wide = filled.findIndex((row) => countFilled(row) > 1)
  if (wide < 0) return filled.map((row) => ({ type: 'row', cells: [row.find((cell) => cell !== '') ?? ''] }))
  const remarks = filled.slice(0, wide).map((row): Block => ({ type: 'paragraph', text: row.join(' ') }))
  const [first = [], ...below] = filled.slice(wide)
  if (!isHead(first, below)) return [...remarks, ...[first, ...below].map((cells): Block => ({ type: 'row', cells }))]
  return [...remarks, ...below.map((cells): Block => ({ type: 'row', cells: [namedCells(first, cells)] }))]
}

function namedCells(head: readonly string[], cells: readonly string[]): string {
  const named = cells.flatMap((cell, at) => {
    if (cell === '') return []
    const name = head[at] ?? ''
    return [name === '' ? cell : `${name.replace(/:$/, '')}: ${cell}`]
  })
  return named.join('; ')
}

/** Names only, each once, and at least as many as any row has cells; a table of nothing but its head is no table. */
function isHead(first: readonly string[], below: readonly (readonly string[])[]): boolean {
  const names = first.filter((cell) => cell !== '')
  const widest = below.reduce((most, row) => Math.max(most, countFilled(row)), 0)
  const areNames = names.every((name) => name.length <= 100 && !/^[\d\s.,:%€$£+/-]+$/.test(name))
  return below.length > 0 && areNames && new Set(names).size === names.length && names.length >= widest
}

function countFilled(row: readonly string[]): number {
  return row.filter((cell) => cell !== '').length
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
