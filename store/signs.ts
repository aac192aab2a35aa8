// The signs of a library's vectors in memory: comparing 100,000 of them there takes 2.5 ms of CPU, where their table took
// 23. Nothing is found by signs that are old: who looks by them asks, in the statement that follows, whether the library
// has changed, and if it has, looks in the table.
import type { Database } from './database.ts'
import type { Space } from './spaces.ts'

type Signs = {
  /** the library's count of changes when they were read */
  readonly changes: number
  /** ascending */
  readonly chunkIds: Int32Array
  /** of each chunk so many words of 32 signs, the first sign highest */
  readonly words: Uint32Array
}

export type KeptSigns = {
  /** The nearest so many by their signs, ties by chunk; null: none are kept. */
  readonly nearest: (library: string, vector: Float32Array, limit: number) => Nearest | null
  /** Nobody waits for it, and what fails leaves things as they are. */
  readonly refresh: (library: string) => void
}

type Nearest = { readonly changes: number; readonly chunkIds: readonly number[] }

// While an ingest runs, every question finds the library changed.
const REFRESH_MS = 5_000
// 20 MB, and 12 ms in which a process does nothing else.
const MOST_CHUNKS = 500_000

export function keepSigns(database: Database, space: Space): KeptSigns {
  const kept = new Map<string, Signs>()
  const begunAt = new Map<string, number>()
  return {
    nearest: (library, vector, limit) => {
      const signs = kept.get(library)
      return signs ? { changes: signs.changes, chunkIds: nearestOf(signs, signsOf(vector), limit) } : null
    },
    refresh: (library) => {
      const now = performance.now()
      if (now - (begunAt.get(library) ?? -Infinity) < REFRESH_MS) return
      begunAt.set(library, now)
      const keep = (signs: Signs | null) => void (signs ? kept.set(library, signs) : kept.delete(library))
      readSigns(database, space, library).then(keep, () => {})
    },
  }
}

async function readSigns(database: Database, { id, dimensions }: Space, library: string): Promise<Signs | null> {
  const [row] = await database.query<{ changes: number; packed: Buffer | null }>(
    `select l.changes, s.packed from libraries l cross join lateral (
       select string_agg(int4send(chunk_id) || bit_send(signs), '' order by chunk_id) as packed
       from signs_${id} where library_id = $1) s
     where l.library_id = $1 and l.chunk_count <= ${MOST_CHUNKS}`,
    [library],
  )
  return row?.packed ? unpacked(row.changes, row.packed, dimensions) : null
}

// Of each chunk its id, the number of its signs, and these, 8 in a byte.
const HEAD = 8

function unpacked(changes: number, packed: Buffer, dimensions: number): Signs {
  const bytes = Math.ceil(dimensions / 8)
  const width = wordsIn(dimensions)
  const count = packed.length / (HEAD + bytes)
  const chunkIds = new Int32Array(count)
  const words = new Uint32Array(count * width)
  for (let chunk = 0; chunk < count; chunk++) {
    const start = chunk * (HEAD + bytes)
    chunkIds[chunk] = packed.readInt32BE(start)
    for (let byte = 0; byte < bytes; byte++) {
      const word = chunk * width + (byte >> 2)
      words[word] = (words[word] ?? 0) | ((packed[start + HEAD + byte] ?? 0) << (24 - 8 * (byte & 3)))
    }
  }
  return { changes, chunkIds, words }
}

/** As pgvector's binary_quantize does it: a number above 0 is a 1. */
function signsOf(vector: Float32Array): Uint32Array {
  const words = new Uint32Array(wordsIn(vector.length))
  for (const [index, value] of vector.entries())
    if (value > 0) words[index >> 5] = (words[index >> 5] ?? 0) | (1 << (31 - (index & 31)))
  return words
}

function wordsIn(dimensions: number): number {
  return Math.ceil(dimensions / 32)
}

/** A distance is a small number: counting how many chunks have each says how far the nearest reach, without sorting. */
function nearestOf({ chunkIds, words }: Signs, asked: Uint32Array, limit: number): number[] {
  const distances = distancesTo(asked, words, chunkIds.length)
  const counts = new Uint32Array(32 * asked.length + 1)
  // By index: an iterator over so many took four times as long as all the comparing.
  for (let chunk = 0; chunk < distances.length; chunk++) {
    const distance = distances[chunk] ?? 0
    counts[distance] = (counts[distance] ?? 0) + 1
  }
  let last = 0
  let left = limit
  while (last < counts.length - 1 && (counts[last] ?? 0) < left) left -= counts[last++] ?? 0
  const nearest: number[] = []
  for (let chunk = 0; chunk < distances.length; chunk++) {
    const distance = distances[chunk] ?? 0
    if (distance < last || (distance === last && left-- > 0)) nearest.push(chunkIds[chunk] ?? 0)
  }
  return nearest
}

/** Counts the ones of 32 bits at once (Warren, Hacker's Delight, 5-1). */
function distancesTo(asked: Uint32Array, words: Uint32Array, count: number): Uint16Array {
  const distances = new Uint16Array(count)
  for (let chunk = 0, at = 0; chunk < count; chunk++) {
    let sum = 0
    for (let word = 0; word < asked.length; word++, at++) {
      let bits = (words[at] ?? 0) ^ (asked[word] ?? 0)
      bits -= (bits >>> 1) & 0x55555555
      bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
      bits = (bits + (bits >>> 4)) & 0x0f0f0f0f
      sum += Math.imul(bits, 0x01010101) >>> 24
    }
    distances[chunk] = sum
  }
  return distances
}
