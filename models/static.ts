// The built-in embedder: text to unit vectors from a table shipped with the project, without a network or a key.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Embedder } from '../core/ports.ts'
import { readStaticTable, type StaticTable } from './static-table.ts'
import { isListed, readWords, type RowWeights, weighRows } from './static-words.ts'

const shippedTable = new URL('./static/model.bin', import.meta.url)

// A passage of 1,000 characters takes about 0.2 ms: some 6 ms go by before the event loop gets its turn.
const textsPerTurn = 32

/** Of the touched rows: what their cells are multiplied by. */
type Scratch = RowWeights & { factors: Float64Array }

/** Reads the table once (12 MB). A text without any feature gives zeros: the caller treats that as "no vector". */
export async function openStaticEmbedder(file: URL = shippedTable): Promise<Embedder> {
  const table = await readStaticTable(file)
  const scratch = { weights: new Float64Array(table.scales.length), touched: [], factors: new Float64Array(1024) }
  return {
    space: `built-in/static/${table.dimensions}/${table.version}`,
    dimensions: table.dimensions,
    knows: (word) => {
      const parts = readWords(word)
      return parts.length > 0 && parts.every((part) => isListed(part, table))
    },
    // Questions and passages are embedded alike, so the kind of text does not matter.
    async embed(texts, _kind, signal) {
      const vectors: Float32Array[] = []
      for (const [index, text] of texts.entries()) {
        if (index % textsPerTurn === textsPerTurn - 1) await nextTurn()
        signal.throwIfAborted()
        vectors.push(embedText(text, table, scratch))
      }
      return vectors
    },
  }
}

function embedText(text: string, table: StaticTable, scratch: Scratch): Float32Array {
  weighRows(readWords(text), table, scratch)
  const { touched, weights } = scratch
  if (touched.length > scratch.factors.length) scratch.factors = new Float64Array(touched.length * 2)
  for (const [index, row] of touched.entries()) {
    const weight = weights[row] ?? 0
    scratch.factors[index] = (weight > 1 ? 1 + Math.log(weight) : weight) * (table.scales[row] ?? 0)
    weights[row] = 0
  }
  const sums = addRows(table, touched, scratch.factors)
  touched.length = 0
  return toUnitVector(sums)
}

// The table stays int8 (11 MB instead of 45 MB as floats); a row is scaled while it is added. Four cells of all rows at
// once, because their sums stay in registers: 0.4 µs a row instead of the 0.6 µs of one row after the other, and this
// loop is most of the time that embedding takes.
function addRows({ dimensions, cells }: StaticTable, rows: readonly number[], factors: Float64Array): Float64Array {
  const sums = new Float64Array(dimensions)
  for (let i = 0; i < dimensions; i += 4) {
    let first = 0
    let second = 0
    let third = 0
    let fourth = 0
    for (let index = 0; index < rows.length; index++) {
      const cell = (rows[index] ?? 0) * dimensions + i
      const factor = factors[index] ?? 0
      first += factor * (cells[cell] ?? 0)
      second += factor * (cells[cell + 1] ?? 0)
      third += factor * (cells[cell + 2] ?? 0)
      fourth += factor * (cells[cell + 3] ?? 0)
    }
    sums[i] = first
    sums[i + 1] = second
    sums[i + 2] = third
    sums[i + 3] = fourth
  }
  return sums
}

function toUnitVector(sums: Float64Array): Float32Array {
  let squares = 0
  for (const sum of sums) squares += sum * sum
  const length = Math.sqrt(squares)
  const vector = new Float32Array(sums.length)
  if (length === 0) return vector
  for (let i = 0; i < sums.length; i++) vector[i] = (sums[i] ?? 0) / length
  return vector
}
