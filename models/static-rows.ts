// Adding up the rows of a text, most of what embedding it takes: in WebAssembly, sixteen cells at a time (static/rows.wat).
import { readFile } from 'node:fs/promises'

/** The sum of `factors[k] * cells` of row `rows[k]`, column by column. */
export type AddRows = (rows: readonly number[], factors: Float64Array) => Float32Array

// Its types come with those of browsers, which Node's do not bring along.
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
  instantiate(
    bytes: Uint8Array,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ readonly instance: { readonly exports: Readonly<Record<string, unknown>> } }>
}

type Added = (rows: number, factors: number, count: number, cells: number, dimensions: number, sums: number) => void

// So many rows are added by one call; longer texts take several.
const AT_ONCE = 1024
const PAGE_BYTES = 65_536

/** The cells are copied. `dimensions` is a multiple of 16. */
export async function openRows(cells: Int8Array, dimensions: number): Promise<AddRows> {
  const factorsAt = 4 * AT_ONCE
  const sumsAt = 8 * AT_ONCE
  const cellsAt = sumsAt + 4 * dimensions
  const pages = Math.ceil((cellsAt + cells.length) / PAGE_BYTES)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const bytes = await readFile(new URL('./static/rows.wasm', import.meta.url))
  const { instance } = await WebAssembly.instantiate(bytes, { its: { memory } })
  const add = instance.exports['add'] as Added
  new Int8Array(memory.buffer, cellsAt).set(cells)
  const its = {
    rows: new Int32Array(memory.buffer, 0, AT_ONCE),
    factors: new Float32Array(memory.buffer, factorsAt, AT_ONCE),
    sums: new Float32Array(memory.buffer, sumsAt, dimensions),
  }
  return (rows, factors) => {
    its.sums.fill(0)
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, rows.length - from)
      for (let index = 0; index < count; index++) {
        its.rows[index] = rows[from + index] ?? 0
        its.factors[index] = factors[from + index] ?? 0
      }
      add(0, factorsAt, count, cellsAt, dimensions, sumsAt)
    }
    return its.sums.slice()
  }
}
