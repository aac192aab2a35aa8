// The entries of a ZIP, never unpacked to a disk. What its directory says about sizes is not believed: each byte is
// counted as it is inflated, so that overlapping, nested and lying entries all run into the same two limits.
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'
import { SourceError } from '../../../core/errors.ts'

export type Archive = {
  readonly names: readonly string[]
  /** null: there is no such entry */
  read(name: string): Promise<Buffer | null>
}

const MAX_ENTRIES = 10_000
/** The largest documents that were seen hold about 100 MB of XML. */
const MAX_EXPANDED_BYTES = 200_000_000
/** Deflate packs zeros by 1,032; XML of a real spreadsheet by 5 to 30, one of empty cells by 300. What is small may be that. */
const MAX_RATIO = 150
const SMALL_BYTES = 50_000_000

export async function openArchive(source: string, bytes: Uint8Array): Promise<Archive> {
  const limit = Math.min(MAX_EXPANDED_BYTES, Math.max(SMALL_BYTES, bytes.length * MAX_RATIO))
  return await orDamaged(source, async () => {
    const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
      lazyEntries: true,
      autoClose: false,
    })
    if (zip.entryCount > MAX_ENTRIES) throw tooMuch(source, `${zip.entryCount} entries`, `${MAX_ENTRIES}`)
    const entries = new Map<string, Entry>()
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
    let expanded = 0
    const count = (length: number) => {
      expanded += length
      if (expanded > limit) throw tooMuch(source, 'more text packed in it', `${limit / 1e6} MB`)
    }
    return {
      names: [...entries.keys()],
      read: async (name) => {
        const entry = entries.get(name)
        return entry ? await orDamaged(source, async () => await inflate(source, zip, entry, count)) : null
      },
    }
  })
}

async function inflate(source: string, zip: ZipFile, entry: Entry, count: (length: number) => void): Promise<Buffer> {
  if (entry.isEncrypted())
    throw new SourceError('encrypted', source, `${source} is encrypted: save it without a password`)
  const pieces: Buffer[] = []
  for await (const piece of await zip.openReadStreamPromise(entry)) {
    const part = piece as Buffer
    count(part.length)
    pieces.push(part)
  }
  return Buffer.concat(pieces)
}

async function orDamaged<Result>(source: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof SourceError) throw cause
    const why = cause instanceof Error ? cause.message : 'unknown'
    throw new SourceError('unreadable', source, `${source} is a damaged ZIP file (${why}): export it again`, { cause })
  }
}

function tooMuch(source: string, found: string, limit: string): SourceError {
  return new SourceError('expands-too-far', source, `${source} has ${found} than the ${limit} that are read: split it`)
}
