// Bytes → a document: small text here, everything else in a process of its own (apart.ts), because a parser of packed
// formats may loop, grow or die on what strangers made.
import type { ParsedDocument } from '../../core/types.ts'
import { openReader, type Reader } from './apart.ts'
import { type About, kindBy } from './kind.ts'
import { readPlain } from './read.ts'

/** Up to this size a text is read in less time than the event loop may be kept. */
const SMALL_BYTES = 100_000

/** Throws SourceError, and nothing else but the signal's reason, whatever the bytes are. */
export async function parse(
  source: string,
  bytes: Uint8Array,
  signal: AbortSignal,
  about: About = {},
): Promise<ParsedDocument> {
  signal.throwIfAborted()
  const expected = kindBy(source, about)
  const plain = bytes.length <= SMALL_BYTES ? readPlain(source, bytes, expected) : null
  if (plain) return plain
  reader ??= openReader()
  return await reader.read(source, bytes, signal, expected)
}

// One for the whole process: it is started with the first file that needs it, and ends by itself when it has none.
let reader: Reader | null = null
