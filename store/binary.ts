// Parameters in Postgres's binary format, which `pg` uses for every Buffer: as text, reading the numbers of a vector was
// most of what saving one cost.

const REAL = 700
const BYTEA = 17
const TEXT = 25

/** A pgvector `vector`. */
export function vectorParameter(vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 + vector.length * 4)
  bytes.writeInt16BE(vector.length)
  for (const [index, value] of vector.entries()) bytes.writeFloatBE(value, 4 + index * 4)
  return bytes
}

/** A `real[]` of all the numbers of some vectors, one after the other. */
export function realsParameter(vectors: readonly Float32Array[]): Buffer {
  const count = vectors.reduce((sum, { length }) => sum + length, 0)
  const bytes = Buffer.alloc(HEADER + count * 8)
  let at = writeHeader(bytes, REAL, count)
  for (const vector of vectors)
    for (const value of vector) {
      at = bytes.writeInt32BE(4, at)
      at = bytes.writeFloatBE(value, at)
    }
  return bytes
}

/** A `bytea[]`. */
export function byteasParameter(rows: readonly Buffer[]): Buffer {
  const bytes = Buffer.alloc(HEADER + rows.reduce((sum, { length }) => sum + 4 + length, 0))
  let at = writeHeader(bytes, BYTEA, rows.length)
  for (const row of rows) {
    at = bytes.writeInt32BE(row.length, at)
    at += row.copy(bytes, at)
  }
  return bytes
}

/** A `text[]`. Written as text, every quotation mark and backslash in it would be looked for first. */
export function textsParameter(texts: readonly string[]): Buffer {
  const bytes = Buffer.alloc(HEADER + texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0))
  let at = writeHeader(bytes, TEXT, texts.length)
  for (const text of texts) {
    const length = bytes.write(text, at + 4)
    at = bytes.writeInt32BE(length, at) + length
  }
  return bytes
}

const HEADER = 20

/** One dimension, no nulls, the type of the elements, how many, counted from 1. */
function writeHeader(bytes: Buffer, type: number, count: number): number {
  return [1, 0, type, count, 1].reduce((at, value) => bytes.writeInt32BE(value, at), 0)
}
