// Bytes → text, or the reason why these bytes are no text. Never a guess: a wrongly decoded letter would be quoted.
import { SourceError } from '../../core/errors.ts'
import { binary, startsWith } from './sniff.ts'

/** The largest source that is read. The longest books are about 5 MB of text; more is an export of something else. */
export const MAX_SOURCE_BYTES = 20_000_000

/** `declared`: what the text itself says, asked only where it is not UTF-8. */
export function decode(source: string, bytes: Uint8Array, declared?: (bytes: Uint8Array) => string | null): string {
  const encoding = utf16.find(([, mark]) => startsWith(bytes, mark))?.[0] ?? 'utf-8'
  const text = decodeAs(encoding, source, bytes, declared)
  const nul = text.indexOf('\0')
  if (nul >= 0) throw binary(source, `holds binary content (a NUL at character ${nul})`)
  return text
}

export function checkBytes(source: string, bytes: Uint8Array): void {
  if (bytes.length === 0)
    throw new SourceError('empty-file', source, `${source} is empty (0 bytes): add text or remove it`)
  checkSize(source, bytes.length)
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

const utf16: readonly Signature[] = [
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]

function decodeAs(
  encoding: string,
  source: string,
  bytes: Uint8Array,
  declared?: (bytes: Uint8Array) => string | null,
): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    const named = declared?.(bytes) ?? null
    if (named !== null && named !== encoding) return decodeAs(named, source, bytes)
    const place = encoding === 'utf-8' ? firstBadByte(bytes) : 'its bytes'
    const message = `${source} is not valid ${encoding.toUpperCase()} (${place}): save it as UTF-8`
    throw new SourceError('bad-encoding', source, message, { cause })
  }
}

/** Of a page in an old encoding: `<meta charset>` is the word of its author, and no guess. */
export function charsetOfPage(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 4096)).toString('latin1')
  return /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1]?.toLowerCase() ?? null
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
