// Bytes of a source → ParsedDocument: picks the parser, and refuses with a reason what cannot be learned.
import { SourceError } from '../../core/errors.ts'
import type { ParsedDocument } from '../../core/types.ts'
import { readAudience } from './audience.ts'
import { assemble, cleanLine, type Draft } from './blocks.ts'
import { findBoilerplate } from './boilerplate.ts'
import { findContents } from './contents.ts'
import { decode } from './decode.ts'
import { parseHtml } from './html.ts'
import { endingOf, type Kind, kindOf, knownEndings } from './kind.ts'
import { repairLevels } from './levels.ts'
import { parseMarkdown } from './markdown.ts'
import { readableName } from './metadata.ts'
import { rejoin } from './rejoin.ts'
import { parseText } from './text.ts'

/** Throws SourceError, and nothing else, whatever the bytes are. */
export function parse(source: string, bytes: Uint8Array): ParsedDocument {
  const kind = kindOf(source)
  if (kind === null) throw unknownType(source)
  const content = decode(source, bytes)
  const audience = readAudience(source, kind, content)
  const draft = parseAs(kind, source, content)
  const { text, outline, bold } = assemble(rejoin(draft.blocks))
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
    audience,
  }
}

const parsers: Readonly<Record<Kind, (text: string) => Draft>> = {
  markdown: parseMarkdown,
  text: parseText,
  html: parseHtml,
}

/** One document that a parser stumbles over must not end the learning of all others. */
function parseAs(kind: Kind, source: string, text: string): Draft {
  try {
    return parsers[kind](text)
  } catch (cause) {
    const message = `${source} could not be read as ${kind}: check its markup, or save it as plain text`
    throw new SourceError('unreadable', source, message, { cause })
  }
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
