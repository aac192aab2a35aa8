// Bytes → text, or the reason why these bytes are no text. Never a guess: a wrongly decoded letter would be quoted.
import { SourceError } from '../../core/errors.ts'

/** The largest source that is read. The longest books are about 5 MB of text; more is an export of something else. */
export const MAX_SOURCE_BYTES = 20_000_000

export function decode(source: string, bytes: Uint8Array): string {
  if (bytes.length === 0)
    throw new SourceError('empty-file', source, `${source} is empty (0 bytes): add text or remove it`)
  checkSize(source, bytes.length)
  const format = magic.find(([, signature]) => startsWith(bytes, signature))?.[0]
  if (format) throw binary(source, `is a ${format} file under the name of a text`)
  const encoding = utf16.find(([, mark]) => startsWith(bytes, mark))?.[0] ?? 'utf-8'
  const text = decodeAs(encoding, source, bytes)
  const nul = text.indexOf('\0')
  if (nul >= 0) throw binary(source, `holds binary content (a NUL at character ${nul})`)
  return text
}

/** Also asked before reading: a file that is too large must not be loaded to find that out. */
export function checkSize(source: string, size: number): void {
  if (size <= MAX_SOURCE_BYTES) return
  const found = (size / 1e6).toFixed(1)
  throw new SourceError(
    'too-large',
    source,
    `${source} has ${found} MB, more than the ${MAX_SOURCE_BYTES / 1e6} MB that are read: split it into smaller files`,
  )
}

type Signature = readonly [name: string, bytes: readonly number[]]

const magic: readonly Signature[] = [
  ['PDF', [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ['ZIP or Office', [0x50, 0x4b, 0x03, 0x04]],
  ['PNG', [0x89, 0x50, 0x4e, 0x47]],
  ['JPEG', [0xff, 0xd8, 0xff]],
  ['GIF', [0x47, 0x49, 0x46, 0x38, 0x39, 0x61]],
  ['gzip', [0x1f, 0x8b]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf]],
  ['old Office', [0xd0, 0xcf, 0x11, 0xe0]],
  ['program', [0x7f, 0x45, 0x4c, 0x46]],
]

const utf16: readonly Signature[] = [
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]

function decodeAs(encoding: string, source: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    const place = encoding === 'utf-8' ? firstBadByte(bytes) : 'its bytes'
    const message = `${source} is not valid ${encoding.toUpperCase()} (${place}): save it as UTF-8`
    throw new SourceError('bad-encoding', source, message, { cause })
  }
}

/** Decodes up to the first replacement character that the bytes themselves do not spell. */
function firstBadByte(bytes: Uint8Array): string {
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  let offset = 0
  for (let from = 0, at = lenient.indexOf('\ufffd'); at >= 0; from = at + 1, at = lenient.indexOf('\ufffd', from)) {
    offset += Buffer.byteLength(lenient.slice(from, at))
    if (!startsWith(bytes.subarray(offset), [0xef, 0xbf, 0xbd])) break
    offset += 3
  }
  return `byte 0x${(bytes[offset] ?? 0).toString(16).padStart(2, '0')} at offset ${offset}`
}

function binary(source: string, found: string): SourceError {
  return new SourceError('binary-file', source, `${source} ${found}: export it as text, markdown or HTML`)
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte)
}
