// Parameters in Postgres's binary format, which `pg` uses for every Buffer: as text, writing and reading them was most of
// what saving a vector, a chunk or a posting cost.

const INTEGER = 23
const TEXT = 25
const REAL = 700
const BYTEA = 17
const JSONB = 3802

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
  const bytes = Buffer.allocUnsafe(HEADER + count * 8)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = writeHeader(bytes, REAL, count)
  for (const vector of vectors)
    for (const value of vector) {
      view.setInt32(at, 4)
      view.setFloat32(at + 4, value)
      at += 8
    }
  return bytes
}

/** An `int[]`. */
export function integersParameter(numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + numbers.length * 8)
  let at = writeHeader(bytes, INTEGER, numbers.length)
  for (const number of numbers) {
    at = bytes.writeInt32BE(4, at)
    at = bytes.writeInt32BE(number, at)
  }
  return bytes
}

/** A `bytea[]`. */
export function byteasParameter(rows: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + rows.reduce((sum, { length }) => sum + 4 + length, 0))
  let at = writeHeader(bytes, BYTEA, rows.length)
  for (const row of rows) {
    at = bytes.writeInt32BE(row.length, at)
    at += row.copy(bytes, at)
  }
  return bytes
}

/** A `bytea[]` of entries of the index of words: whole numbers and reals by turns, 4 bytes each. */
export function entriesParameter(rows: readonly (readonly number[])[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + rows.reduce((sum, { length }) => sum + 4 + length * 4, 0))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = writeHeader(bytes, BYTEA, rows.length)
  for (const row of rows) {
    view.setInt32(at, row.length * 4)
    at += 4
    for (let index = 0; index < row.length; index += 2, at += 8) {
      view.setInt32(at, row[index] ?? 0)
      view.setFloat32(at + 4, row[index + 1] ?? 0)
    }
  }
  return bytes
}

/** A `text[]`. */
export function textsParameter(texts: readonly string[]): Buffer {
  return writeTexts(TEXT, '', texts)
}

/** A `jsonb[]` of texts that are JSON. */
export function jsonsParameter(texts: readonly string[]): Buffer {
  return writeTexts(JSONB, '\u0001', texts)
}

function writeTexts(type: number, before: string, texts: readonly string[]): Buffer {
  const length = texts.reduce((sum, text) => sum + 4 + before.length + Buffer.byteLength(text), 0)
  const bytes = Buffer.allocUnsafe(HEADER + length)
  let at = writeHeader(bytes, type, texts.length)
  for (const text of texts) {
    const written = bytes.write(before, at + 4) + bytes.write(text, at + 4 + before.length)
    at = bytes.writeInt32BE(written, at) + written
  }
  return bytes
}

const HEADER = 20

/** One dimension, no nulls, the type of the elements, how many, counted from 1. */
function writeHeader(bytes: Buffer, type: number, count: number): number {
  return [1, 0, type, count, 1].reduce((at, value) => bytes.writeInt32BE(value, at), 0)
}
