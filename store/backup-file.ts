// The file of a backup: JSON lines, compressed by zstd, and the SHA-256 of all that in a frame that zstd skips. So
// `zstd -dc <file>` reads it anywhere, and one byte that was cut off or changed is found before a line is believed.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'

const tableShape = z.object({
  name: z.string(),
  columns: z.array(z.string()),
  rows: z.number(),
  /** of these rows, what nobody counts: documents that were removed, answers that have not ended */
  aside: z.number().optional(),
})

/**
 * The first line. `tables` stand in the order in which their rows follow, one a line, and can be put back. `sequences`:
 * what each gave last.
 */
const headingShape = z.object({
  footnote: z.literal('backup'),
  format: z.literal(1),
  version: z.string(),
  at: z.string(),
  postgres: z.string(),
  migrations: z.array(z.string()),
  libraries: z.array(z.string()),
  tables: z.array(tableShape),
  sequences: z.record(z.string(), z.string()),
})
export type Heading = Readonly<z.infer<typeof headingShape>>
export type BackedTable = Heading['tables'][number]

// The frame that zstd skips (RFC 8878, 3.1.2): its magic number, the length of what is in it, 32 bytes of a hash.
const FRAME_BYTES = 40
const frame = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0])

/** Stands under its name only when it is whole and on the disk; until then what stood there before does. */
export async function writeBackup(path: string, lines: AsyncIterable<string>, signal: AbortSignal): Promise<number> {
  const making = `${path}.${randomBytes(4).toString('hex')}.part`
  try {
    const hash = createHash('sha256')
    const hashed = new Transform({
      transform: (part: Buffer, _, done) => {
        hash.update(part)
        done(null, part)
      },
      flush(done) {
        done(null, Buffer.concat([frame, hash.digest()]))
      },
    })
    // What is in it is for nobody else: texts, questions, hashes of keys.
    const file = createWriteStream(making, { mode: 0o600, flags: 'wx', flush: true })
    await pipeline(Readable.from(lines, { objectMode: false }), createZstdCompress(), hashed, file, { signal })
    const { size } = await stat(making)
    await rename(making, path)
    await flushFolder(dirname(path))
    return size
  } catch (error) {
    await rm(making, { force: true })
    throw error
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export type BackupFile = {
  readonly heading: Heading
  readonly bytes: number
  /** Every line but the first. */
  readonly lines: () => AsyncGenerator<string>
}

/** Reads all of it once. Throws InputError for whatever is no whole backup. */
export async function openBackup(path: string, signal: AbortSignal): Promise<BackupFile> {
  const bytes = await checked(path, signal)
  const body = () => linesOf(createReadStream(path, { end: bytes - FRAME_BYTES - 1 }))
  for await (const line of body()) {
    const read = headingShape.safeParse(parsed(line))
    if (!read.success) throw otherFormat(path)
    const lines = async function* () {
      let isFirst = true
      for await (const each of body())
        if (!isFirst) yield each
        else isFirst = false
    }
    return { heading: read.data, bytes, lines }
  }
  throw otherFormat(path)
}

async function checked(path: string, signal: AbortSignal): Promise<number> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw new InputError('unreadable', `${path} cannot be read (${error instanceof Error ? error.message : ''}).`)
  })
  const damaged = new InputError(
    'backup-damaged',
    `${path} is no backup, or not a whole one: what it says of itself does not fit what is in it. Take another.`,
  )
  if (size <= FRAME_BYTES) throw damaged
  const hash = createHash('sha256')
  let at = 0
  const said = []
  for await (const part of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
    const hashed = Math.max(0, Math.min(part.length, size - FRAME_BYTES - at))
    hash.update(part.subarray(0, hashed))
    said.push(part.subarray(hashed))
    at += part.length
  }
  if (!Buffer.concat(said).equals(Buffer.concat([frame, hash.digest()]))) throw damaged
  return size
}

function otherFormat(path: string): InputError {
  return new InputError(
    'backup-format',
    `${path} is whole, but no backup that this version reads: restore it with the version of Footnote that wrote it.`,
  )
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

async function* linesOf(file: Readable): AsyncGenerator<string> {
  const body = createZstdDecompress()
  file.once('error', (error) => body.destroy(error)).pipe(body)
  let pending: Buffer[] = []
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      let from = 0
      for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, from)) {
        yield Buffer.concat([...pending, part.subarray(from, at)]).toString('utf8')
        pending = []
        from = at + 1
      }
      if (from < part.length) pending.push(part.subarray(from))
    }
  } finally {
    file.destroy()
    body.destroy()
  }
}

const NEWLINE = 10
