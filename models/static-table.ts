// The bytes of models/static/model.bin as a table of word vectors (models/static/FORMAT.md).
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../core/errors.ts'

/** One row per word, pair of words or letter-group bucket, in this order. A value is `scales[row] * cells[…]`. */
export type StaticTable = {
  readonly version: number
  readonly dimensions: number
  /** word → row; the row of a word is also its rank, the most common first */
  readonly words: ReadonlyMap<string, number>
  /** `load` → `balancer` → row */
  readonly pairs: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly buckets: { readonly first: number; readonly count: number }
  /** only words of a lower rank are parts of a compound */
  readonly compoundRank: number
  readonly scales: Float32Array
  readonly cells: Int8Array
}

type Header = {
  readonly dimensions: number
  readonly words: number
  readonly pairs: number
  readonly buckets: number
  readonly compoundRank: number
  readonly stringBytes: number
}

const headerBytes = 32
const knownVersion = 1

/** Throws ConfigError when the file is missing, foreign or not whole. */
export async function readStaticTable(file: URL): Promise<StaticTable> {
  const bytes = await readBytes(file)
  const header = readHeader(bytes, file)
  const rows = header.words + header.pairs + header.buckets
  const stringsEnd = headerBytes + header.stringBytes
  const scalesStart = Math.ceil(stringsEnd / 4) * 4
  const cellsStart = scalesStart + rows * 4
  const wanted = cellsStart + rows * header.dimensions
  if (bytes.length !== wanted) throw faultOf(file, `has ${bytes.length} bytes where its header announces ${wanted}`)

  const strings = new TextDecoder().decode(bytes.subarray(headerBytes, stringsEnd)).split('\n')
  if (strings.length !== header.words + header.pairs)
    throw faultOf(file, `holds ${strings.length} strings where its header announces ${header.words + header.pairs}`)
  return {
    version: knownVersion,
    dimensions: header.dimensions,
    words: numberFrom(0, strings.slice(0, header.words)),
    pairs: pairsFrom(header.words, strings.slice(header.words)),
    buckets: { first: header.words + header.pairs, count: header.buckets },
    compoundRank: header.compoundRank,
    // A copy, because a view of floats needs an address that is a multiple of 4 and a read buffer promises none.
    scales: new Float32Array(bytes.slice(scalesStart, cellsStart).buffer),
    cells: new Int8Array(bytes.buffer, bytes.byteOffset + cellsStart, rows * header.dimensions),
  }
}

async function readBytes(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { buffer, byteOffset, length } = await readFile(file)
    // A plain Uint8Array, because slice() of a Buffer is a view and not a copy.
    return new Uint8Array(buffer, byteOffset, length)
  } catch (error) {
    throw faultOf(file, `could not be read (${error instanceof Error ? error.message : String(error)})`)
  }
}

function readHeader(bytes: Uint8Array<ArrayBuffer>, file: URL): Header {
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, 4))
  if (magic === 'SEM1' && bytes.length < headerBytes) throw faultOf(file, `ends within its header`)
  if (magic !== 'SEM1')
    throw faultOf(file, `begins with ${JSON.stringify(magic)} where an embedding table begins with "SEM1"`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  const field = (index: number) => view.getUint32(4 + index * 4, true)
  if (field(0) !== knownVersion) throw faultOf(file, `is of version ${field(0)}, this program reads ${knownVersion}`)
  // The embedder adds sixteen cells at a time.
  if (field(1) === 0 || field(1) % 16 !== 0) throw faultOf(file, `has ${field(1)} dimensions, not a multiple of 16`)
  return {
    dimensions: field(1),
    words: field(2),
    pairs: field(3),
    buckets: field(4),
    compoundRank: field(5),
    stringBytes: field(6),
  }
}

function numberFrom(first: number, strings: readonly string[]): Map<string, number> {
  return new Map(strings.map((string, index) => [string, first + index]))
}

/** By the first word, because most words begin no pair: a text need not be put together to find that out. */
function pairsFrom(first: number, strings: readonly string[]): Map<string, Map<string, number>> {
  const pairs = new Map<string, Map<string, number>>()
  for (const [index, string] of strings.entries()) {
    const [word = '', next = ''] = string.split(' ')
    const known = pairs.get(word) ?? new Map<string, number>()
    pairs.set(word, known.set(next, first + index))
  }
  return pairs
}

function faultOf(file: URL, fault: string): ConfigError {
  return new ConfigError([`${fileURLToPath(file)} ${fault}. Restore models/static/model.bin from the repository.`])
}
