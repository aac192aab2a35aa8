// Files with a document per row: JSON lines, and CSV.
import { createReadStream } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { audienceName, isAudienceName, narrowAudience, nobody } from '../../core/audience.ts'
import { SourceError } from '../../core/errors.ts'
import { MAX_SOURCE_BYTES } from '../parse/decode.ts'
import { namesIn, toAuthors, toIsoDate } from '../parse/metadata.ts'
import { toUrl } from '../fetch/web-url.ts'
import { isChosen } from './choose.ts'
import { audienceHint, authorsHint, type Listing } from './listing.ts'
import { hashOf, type Hints, type SourceEntry } from './source.ts'
import type { SpecOf } from './spec.ts'

type RowsSpec = SpecOf<'jsonl'> | SpecOf<'csv'>

/** `value` is an object of fields when the row could be read. */
type Row = { readonly line: number; readonly value: unknown }

export async function* listRows(spec: RowsSpec, folder: string, signal: AbortSignal): Listing {
  const file = createReadStream(resolve(folder, spec.path), { signal })
  const met = new Set<string>()
  try {
    for await (const row of spec.kind === 'csv' ? csvRows(file, spec.delimiter) : jsonRows(file)) {
      const place = `${spec.path}:${row.line}`
      const fields = fieldsOf(row.value)
      if (fields === null) {
        yield fault(place, 'holds no object with fields: correct the row, or remove it')
        continue
      }
      const read = readRow(fields, spec, place)
      if (read instanceof SourceError) yield { type: 'fault', error: read }
      else if (met.has(read.id)) yield fault(place, `repeats the id ${JSON.stringify(read.id)}: every row has its own`)
      else if (isChosen(read.id, spec)) yield { type: 'entry', entry: rowEntry(`${spec.path}#${read.id}`, read, spec) }
      if (!(read instanceof SourceError)) met.add(read.id)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SourceError) throw error
    throw unreadable(spec.path, error)
  } finally {
    file.destroy()
  }
  return true
}

/** `audience` null: there is one, and it cannot be read. */
type ReadRow = {
  readonly id: string
  readonly text: string
  readonly hints: Hints
  readonly audience: readonly string[] | null
}

const endings = { markdown: 'md', text: 'txt', html: 'html' } as const
const mediaTypes = { markdown: 'text/markdown', text: 'text/plain', html: 'text/html' } as const

function rowEntry(source: string, { text, hints, audience }: ReadRow, { format, path }: RowsSpec): SourceEntry {
  const bytes = Buffer.from(text)
  const hash = hashOf(Buffer.from(JSON.stringify([text, hints, format])))
  const isForNobody = audience === null || hints.audience?.includes(nobody) === true
  return {
    source,
    async load(seen) {
      // As the fault of the document, and not of the listing: who learns it closes the copy that was learned before.
      if (isForNobody) throw badAudience(source, audience)
      if (seen?.hash === hash) return 'unchanged'
      const fileName = `${basename(path)}.${endings[format]}`
      return { bytes, mediaType: `${mediaTypes[format]}; charset=utf-8`, seen: { hash }, hints: { ...hints, fileName } }
    },
  }
}

function readRow(fields: Fields, spec: RowsSpec, place: string): ReadRow | SourceError {
  const { columns } = spec
  const column = (name: 'id' | 'title' | 'text' | 'url' | 'published_at') => textIn(fields, columns[name] ?? name)
  const text = column('text')
  if (text === null) {
    const name = columns.text ?? 'text'
    return badRow(
      place,
      `has no text in ${name}: name its field under columns (there are: ${Object.keys(fields).slice(0, 20).join(', ')})`,
    )
  }
  const audience = audienceIn(fields[columns.audience ?? 'audience'])
  const url = toUrl(column('url') ?? '')?.href ?? null
  const title = column('title')
  const publishedAt = toIsoDate(column('published_at'))
  const hints: Hints = {
    stands: true,
    ...audienceHint({ audience: (audience && narrowAudience(audience, spec.audience)) ?? [nobody] }),
    ...(title === null ? {} : { title }),
    ...(url === null ? {} : { url }),
    ...(publishedAt === null ? {} : { publishedAt }),
    ...authorsHint(toAuthors(namesIn(fields[columns.authors ?? 'authors']))),
  }
  // A row without an id is known by its words: changed, it is another document, and the one before is gone.
  return { id: column('id') ?? url ?? hashOf(Buffer.from(text)).slice(0, 16), text, hints, audience }
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null
}

function textIn(fields: Fields, name: string): string | null {
  const value = Object.hasOwn(fields, name) ? fields[name] : null
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  return text === '' ? null : text
}

/** A list, or names by commas; null: it cannot be read, which must not make a row public. */
function audienceIn(value: unknown): string[] | null {
  if (value === undefined || value === null || value === '') return []
  const written: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
  const names = written.map((name) => (typeof name === 'string' ? audienceName(name) : ''))
  if (names.length > 0 && names.every(isAudienceName)) return [...new Set(names)]
  return null
}

function badAudience(source: string, audience: readonly string[] | null): SourceError {
  const sentence =
    audience === null
      ? 'has an audience that cannot be read: write names by commas, or a list of texts'
      : `is for ${audience.join(', ')}, of whom its source is for nobody: name a group in both`
  return new SourceError('bad-audience', source, `${source} ${sentence}`)
}

async function* jsonRows(file: Readable): AsyncGenerator<Row> {
  let line = 0
  for await (const written of linesOf(file)) {
    line++
    if (written.trim() === '') continue
    try {
      yield { line, value: JSON.parse(line === 1 ? written.replace(/^\ufeff/, '') : written) as unknown }
    } catch {
      yield { line, value: null }
    }
  }
}

/** Lines of a bounded length: a file without any would otherwise be read whole to find its first. */
async function* linesOf(file: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let begun: string[] = []
  let length = 0
  for await (const part of file as AsyncIterable<Buffer>) {
    // Only what is new is searched: a long row would otherwise be searched again with each of its parts.
    const [rest = '', ...lines] = decoder.decode(part, { stream: true }).split('\n').reverse()
    for (const line of lines.reverse()) {
      yield begun.join('') + line
      begun = []
      length = 0
    }
    begun.push(rest)
    length += rest.length
    if (length > MAX_SOURCE_BYTES) throw Object.assign(new Error('a row is too long'), { code: TOO_LONG })
  }
  const last = begun.join('') + decoder.decode()
  if (last !== '') yield last
}

const TOO_LONG = `a row of more than ${MAX_SOURCE_BYTES / 1e6} MB`

async function* csvRows(file: Readable, delimiter: string): AsyncGenerator<Row> {
  const { parse } = await import('csv-parse')
  const options = {
    columns: true,
    bom: true,
    info: true,
    delimiter,
    skip_empty_lines: true,
    max_record_size: MAX_SOURCE_BYTES,
  }
  const parser = file.pipe(parse(options))
  file.on('error', (error) => parser.destroy(error))
  for await (const { record, info: place } of parser as AsyncIterable<{ record: unknown; info: { lines: number } }>)
    yield { line: place.lines, value: record }
}

function fault(place: string, sentence: string): { type: 'fault'; error: SourceError } {
  return { type: 'fault', error: badRow(place, sentence) }
}

function badRow(place: string, sentence: string): SourceError {
  return new SourceError('bad-row', place, `${place} ${sentence}`)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist: check the path',
  EACCES: 'may not be read: check its permissions',
  EISDIR: 'is a folder: name the file',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not valid UTF-8: save it as UTF-8',
}

function unreadable(path: string, cause: unknown): SourceError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const place = cause instanceof Error && 'lines' in cause ? ` in line ${String(cause.lines)}` : ''
  return new SourceError(
    'unreadable',
    path,
    `${path} ${reasons[code] ?? `cannot be read as rows (${code}${place}): check its format`}`,
    { cause },
  )
}
