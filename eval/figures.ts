// Figures as text: a value with its 95 % interval, and tables of them.
import { bootstrap, mean, wilson } from './stats.ts'
import { halfOf } from './command.ts'

/** A question that was asked, with what its figures are made of. `cluster`: rows that err together, see `bootstrap`. */
export type Row = { readonly id: string; readonly cluster: string }

/** A line of a table: its name, and its figure over some rows. */
export type Measure<R extends Row> = readonly [name: string, figure: (rows: readonly R[]) => string]

/** Every measure over all rows and over the halves by the hash of their ids. */
export function halvesTable<R extends Row>(rows: readonly R[], measures: readonly Measure<R>[]): string[] {
  const halves = [rows, ...(['a', 'b'] as const).map((half) => rows.filter(({ id }) => halfOf(id) === half))]
  return grid([
    ['', 'all', 'half a', 'half b'],
    ['questions', ...halves.map(({ length }) => String(length))],
    ...measures.map(([name, figure]) => [name, ...halves.map(figure)]),
  ])
}

/** Columns as wide as their widest cell; the first is set left, the others right. */
export function grid(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** Mean of a score between -1 and 1. */
export function meanOf<R extends Row>(score: (row: R) => number): (rows: readonly R[]) => string {
  // Scored once, not in every round of the bootstrap.
  const figure = figureOf<Row & { readonly value: number }>((rows) => mean(rows.map(({ value }) => value)))
  return (rows) => figure(rows.map((row) => ({ id: row.id, cluster: row.cluster, value: score(row) })))
}

/** Mean of something that is counted, as a whole number. */
export function meanCount<R extends Row>(count: (row: R) => number): (rows: readonly R[]) => string {
  return (rows) => (rows.length === 0 ? '–' : mean(rows.map(count)).toFixed(0))
}

/** Any figure over rows, with a bootstrap interval. */
export function figureOf<R extends Row>(figure: (rows: readonly R[]) => number): (rows: readonly R[]) => string {
  return (rows) => {
    const value = figure(rows)
    if (Number.isNaN(value)) return '–'
    const [low, high] = bootstrap(rows, ({ cluster }) => cluster, figure)
    return `${value.toFixed(3)} ${Number.isNaN(low) ? '[–]' : `[${low.toFixed(3)}, ${high.toFixed(3)}]`}`
  }
}

/** Share of the rows that pass a test, of those that it is for. */
export function shareOf<R extends Row>(
  isCounted: (row: R) => boolean,
  test: (row: R) => boolean,
): (rows: readonly R[]) => string {
  return (rows) => {
    const counted = rows.filter(isCounted)
    return rate(counted.filter(test).length, counted.length)
  }
}

export function rate(successes: number, n: number, digits = 0): string {
  if (n === 0) return '–'
  const [low, high] = wilson(successes, n)
  return `${percent(successes / n, digits)} [${percent(low, digits)}, ${percent(high, digits)}]`
}

export function percent(share: number, digits = 0): string {
  return Number.isNaN(share) ? '–' : `${(share * 100).toFixed(digits)} %`
}
