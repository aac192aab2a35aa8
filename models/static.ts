// The built-in embedder: text to unit vectors from a table shipped with the project, without a network or a key.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Embedder } from '../core/ports.ts'
import { type AddRows, openRows } from './static-rows.ts'
import { readStaticTable, type StaticTable } from './static-table.ts'
import { isListed, readWords, type RowWeights, weighRows } from './static-words.ts'

const shippedTable = new URL('./static/model.bin', import.meta.url)

// A passage of 1,000 characters takes about 0.2 ms: some 6 ms go by before the event loop gets its turn.
const textsPerTurn = 32

/** Of the touched rows: what their cells are multiplied by. */
type Scratch = RowWeights & { factors: Float64Array }

/** Reads the table once (12 MB). A text without any feature gives zeros: the caller treats that as "no vector". */
export async function openStaticEmbedder(file: URL = shippedTable): Promise<Embedder> {
  const { cells, ...table } = await readStaticTable(file)
  const addRows = await openRows(cells, table.dimensions)
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
        vectors.push(embedText(text, table, scratch, addRows))
      }
      return vectors
    },
  }
}

function embedText(text: string, table: Omit<StaticTable, 'cells'>, scratch: Scratch, addRows: AddRows): Float32Array {
  weighRows(readWords(text), table, scratch)
  const { touched, weights } = scratch
  if (touched.length > scratch.factors.length) scratch.factors = new Float64Array(touched.length * 2)
  const { factors } = scratch
  for (let index = 0; index < touched.length; index++) {
    const row = touched[index] ?? 0
    const weight = weights[row] ?? 0
    factors[index] = (weight > 1 ? 1 + Math.log(weight) : weight) * (table.scales[row] ?? 0)
    weights[row] = 0
  }
  const sums = addRows(touched, scratch.factors)
  touched.length = 0
  return toUnitVector(sums)
}

function toUnitVector(sums: Float32Array): Float32Array {
  let squares = 0
  for (const sum of sums) squares += sum * sum
  const length = Math.sqrt(squares)
  const vector = new Float32Array(sums.length)
  if (length === 0) return vector
  for (let i = 0; i < sums.length; i++) vector[i] = (sums[i] ?? 0) / length
  return vector
}
