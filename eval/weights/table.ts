// Before and after: figures on both halves, weights by name, and the weights as weights.ts writes them.
import { type Half, halfOf } from '../command.ts'
import { grid, type Measure, type Row } from '../figures.ts'

/** Every measure with the weights that ship and with those that were fitted, on the half they were fitted on and the other. */
export function beforeAfter<R extends Row>(
  name: string,
  before: readonly R[],
  after: readonly R[],
  measures: readonly Measure<R>[],
): string[] {
  const half = (rows: readonly R[], wanted: Half) => rows.filter(({ id }) => halfOf(id) === wanted)
  const columns = [half(before, 'a'), half(after, 'a'), half(before, 'b'), half(after, 'b')]
  return grid([
    [name, 'half a before', 'half a after', 'half b before', 'half b after'],
    ['questions', ...columns.map(({ length }) => String(length))],
    ...measures.map(([measure, figure]) => [measure, ...columns.map(figure)]),
  ])
}

export function weightTable(names: readonly string[], before: readonly number[], after: readonly number[]): string[] {
  return grid([['weight', 'before', 'after'], ...names.map((name, at) => [name, cell(before[at]), cell(after[at])])])
}

function cell(weight: number | undefined): string {
  return weight === undefined ? '–' : weight.toFixed(2)
}

/** What is pasted is what was measured: two decimals decide as well as all of them. */
export function rounded(weight: number): number {
  return Math.round(weight * 100) / 100
}

export function sourceOf(name: string, weights: readonly number[]): string {
  return `export const ${name}: readonly number[] = [${weights.join(', ')}]`
}
