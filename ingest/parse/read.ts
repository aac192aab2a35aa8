// Bytes → a document: what they are, the parser for it, and what all formats have in common after that. Formats of
// their own are loaded when the first of them comes. Not called by others but through parse.ts, which may do it apart.
import { SourceError } from '../../core/errors.ts'
import type { ParsedDocument } from '../../core/types.ts'
import { readAudience } from './audience.ts'
import { assemble, cleanLine, type Draft } from './blocks.ts'
import { findBoilerplate } from './boilerplate.ts'
import { findContents } from './contents.ts'
import { charsetOfPage, checkBytes, decode } from './decode.ts'
import { parseHtml } from './html.ts'
import { endingOf, type Kind, kindOf, knownEndings } from './kind.ts'
import { repairLevels } from './levels.ts'
import { parseMarkdown } from './markdown.ts'
import { readableName, toAuthors } from './metadata.ts'
import { rejoin } from './rejoin.ts'
import { kindOfArchive, looksLikeHtml, sniff } from './sniff.ts'
import { parseText } from './text.ts'

/** Throws SourceError, and nothing else, whatever the bytes are. `expected` is what they should be. */
export async function read(source: string, bytes: Uint8Array, expected = kindOf(source)): Promise<ParsedDocument> {
  return readPlain(source, bytes, expected) ?? (await readOther(source, bytes, expected))
}

/** The same at once, by code that is loaded anyway; null: it is of another kind. */
export function readPlain(source: string, bytes: Uint8Array, expected = kindOf(source)): ParsedDocument | null {
  checkBytes(source, bytes)
  const named = sniff(source, bytes, expected)
  if (named !== null && !isPlain(named)) return null
  const { kind, text } = textOf(source, bytes, named)
  const audience = readAudience(source, kind, text)
  try {
    return toDocument(source, parsers[kind](text), audience)
  } catch (cause) {
    throw asUnreadable(source, kind, cause)
  }
}

type PlainKind = 'markdown' | 'text' | 'html'

const parsers: Readonly<Record<PlainKind, (text: string) => Draft>> = {
  markdown: parseMarkdown,
  text: parseText,
  html: parseHtml,
}

function isPlain(kind: Kind | 'zip'): kind is PlainKind {
  return kind in parsers
}

/** A page that is called otherwise is a page; any other text is what its name says. */
function textOf(source: string, bytes: Uint8Array, named: PlainKind | null): { kind: PlainKind; text: string } {
  const text = decode(source, bytes, named === 'html' || named === null ? charsetOfPage : undefined)
  const kind = looksLikeHtml(text) ? 'html' : named
  if (kind === null) throw unknownType(source)
  return { kind, text }
}

async function readOther(source: string, bytes: Uint8Array, expected: Kind | null): Promise<ParsedDocument> {
  const found = sniff(source, bytes, expected)
  try {
    if (found === 'table' || found === 'notebook') return await readLines(source, bytes, found)
    const draft = await packedDraft(source, bytes, found)
    return toDocument(source, draft, null)
  } catch (cause) {
    throw asUnreadable(source, found ?? 'text', cause)
  }
}

async function readLines(source: string, bytes: Uint8Array, kind: 'table' | 'notebook'): Promise<ParsedDocument> {
  const text = decode(source, bytes)
  const audience = readAudience(source, kind, text)
  if (looksLikeHtml(text)) return toDocument(source, parseHtml(text), audience)
  if (kind === 'table')
    return toDocument(source, (await import('./formats/table.ts')).parseTable(text, source), audience)
  return toDocument(source, (await import('./formats/notebook.ts')).parseNotebook(text, source), audience)
}

async function packedDraft(source: string, bytes: Uint8Array, found: Kind | 'zip' | null): Promise<Draft> {
  if (found === 'pdf') return await (await import('./formats/pdf.ts')).parsePdf(source, bytes)
  if (found === 'mail') return await (await import('./formats/mail.ts')).parseMail(bytes)
  if (found === 'mailbox') return await (await import('./formats/mail.ts')).parseMailbox(bytes)
  const { openArchive } = await import('./formats/zip.ts')
  const archive = await openArchive(source, bytes)
  const kind = kindOfArchive(source, archive.names)
  if (kind === 'docx') return await (await import('./formats/docx.ts')).parseDocx(source, archive)
  if (kind === 'pptx') return await (await import('./formats/pptx.ts')).parsePptx(source, archive)
  if (kind === 'xlsx') return await (await import('./formats/xlsx.ts')).parseXlsx(source, archive)
  return await (await import('./formats/epub.ts')).parseEpub(source, archive)
}

/** What is the same for all: cleaning, levels, boilerplate. `audience` null: asked of the text, which must hold none. */
function toDocument(source: string, draft: Draft, audience: readonly string[] | null): ParsedDocument {
  const { text, outline, bold, pages } = assemble(rejoin(draft.blocks))
  if (text === '')
    throw new SourceError('no-text', source, `${source} has no text left without its markup: add text or remove it`)
  const contents = findContents(text, outline)
  const levels = repairLevels(outline, contents, bold)
  const title = cleanLine(draft.title ?? '')
  return {
    title: title === '' ? readableName(source) : title,
    text,
    outline: levels,
    boilerplate: findBoilerplate(text, levels, contents),
    url: draft.url,
    publishedAt: draft.publishedAt,
    authors: toAuthors(draft.authors),
    audience: audience ?? readAudience(source, 'text', text),
    ...(pages.length > 0 ? { pages } : {}),
    ...(draft.note === undefined ? {} : { note: draft.note }),
  }
}

/** One document that a parser stumbles over must not end the learning of all others. */
function asUnreadable(source: string, kind: Kind | 'zip', cause: unknown): SourceError {
  if (cause instanceof SourceError) return cause
  const message = `${source} could not be read as ${kind}: check it, or save it as plain text`
  return new SourceError('unreadable', source, message, { cause })
}

function unknownType(source: string): SourceError {
  const ending = endingOf(source)
  const found = ending === '' ? 'has no file ending' : `ends in ${ending}`
  return new SourceError(
    'unknown-type',
    source,
    `${source} ${found}; files that can be read: ${knownEndings.join(' ')}`,
  )
}
