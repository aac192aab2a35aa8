// What a source is by its first bytes. They count for more than its name: a PDF that is called .txt is a PDF, and what
// a name promises and the bytes do not hold is refused with both in one sentence.
import { SourceError } from '../../core/errors.ts'
import { endingOf, isTextKind, type Kind, kindOf } from './kind.ts'

/** A ZIP is told apart by its entries later. null: a text, and the name does not say of which kind. */
export function sniff(source: string, bytes: Uint8Array, named = kindOf(source)): Kind | 'zip' | null {
  if (isPdf(bytes, named)) return 'pdf'
  if (zips.some((signature) => startsWith(bytes, signature))) return 'zip'
  const foreign = foreigners.find(([, signature]) => startsWith(bytes, signature))
  if (foreign) throw binary(source, `is ${foreign[0]}, whatever its name says`, foreign[2])
  if (named === null || isTextKind(named) || named === 'mail' || named === 'mailbox') return named
  if (looksLikeHtml(Buffer.from(bytes.subarray(0, SNIFFED)).toString('latin1'))) return 'html'
  const begins = JSON.stringify(Buffer.from(bytes.subarray(0, 8)).toString('latin1'))
  const message = `${source} is no ${named.toUpperCase()} file (it begins with ${begins}): it may be cut or have another type; export it again`
  throw new SourceError('wrong-type', source, message)
}

/** A whole page, not a text that has tags in it. */
export function looksLikeHtml(text: string): boolean {
  return /^[\s\ufeff]*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^]{0,500}?-->\s*)?<(?:!doctype\s+html|html[\s>])/i.test(
    text.slice(0, SNIFFED),
  )
}

export function binary(source: string, found: string, hint = 'export it as text, markdown or HTML'): SourceError {
  return new SourceError('binary-file', source, `${source} ${found}: ${hint}`)
}

export function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte)
}

const SNIFFED = 1024

/** Readers accept up to a kilobyte in front of a PDF; but a text about PDFs may have these letters there, too. */
function isPdf(bytes: Uint8Array, named: Kind | null): boolean {
  const head = Buffer.from(bytes.subarray(0, SNIFFED)).toString('latin1')
  return named === 'pdf' ? head.includes('%PDF-') : /^(?:\xef\xbb\xbf)?\s*%PDF-\d/.test(head)
}

type Signature = readonly number[]

// With entries, and without.
const zips: readonly Signature[] = [
  [0x50, 0x4b, 0x03, 0x04],
  [0x50, 0x4b, 0x05, 0x06],
]

const foreigners: readonly (readonly [name: string, bytes: Signature, hint?: string])[] = [
  [
    'an old or encrypted Office file',
    [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1],
    'save it without a password as .docx, .xlsx or .pptx',
  ],
  ['a PNG picture', [0x89, 0x50, 0x4e, 0x47]],
  ['a JPEG picture', [0xff, 0xd8, 0xff]],
  ['a GIF picture', [0x47, 0x49, 0x46, 0x38, 0x39, 0x61]],
  ['a gzip file', [0x1f, 0x8b], 'unpack it'],
  ['a 7z file', [0x37, 0x7a, 0xbc, 0xaf], 'unpack it'],
  ['a RAR file', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07], 'unpack it'],
  ['an RTF file', [0x7b, 0x5c, 0x72, 0x74, 0x66, 0x31], 'save it as .docx, text or HTML'],
  ['a program', [0x7f, 0x45, 0x4c, 0x46]],
]

/** What a ZIP holds, by the names of its entries. */
export function kindOfArchive(source: string, names: readonly string[]): PackedKind {
  const found = marks.find(([, name]) => names.includes(name))
  if (found) return found[0]
  const ending = endingOf(source)
  const message = `${source} is a ZIP file but no document that can be read (.docx .pptx .xlsx .epub)`
  const next = ending === '.zip' ? 'unpack it' : 'export it in one of these formats'
  throw new SourceError('unknown-type', source, `${message}: ${next}`)
}

type PackedKind = 'docx' | 'pptx' | 'xlsx' | 'epub'

const marks: readonly (readonly [PackedKind, string])[] = [
  ['docx', 'word/document.xml'],
  ['pptx', 'ppt/presentation.xml'],
  ['xlsx', 'xl/workbook.xml'],
  ['epub', 'META-INF/container.xml'],
]
