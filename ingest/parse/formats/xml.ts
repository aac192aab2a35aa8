// XML as a series of tags and texts. Read without building a tree, so that depth costs nothing; entities of a document
// type are not expanded, and one that is used is an error. Elements lose their prefix, attributes keep it: `id` and `r:id` are two.
import { SaxesParser } from 'saxes'
import { SourceError } from '../../../core/errors.ts'
import { decode } from '../decode.ts'
import type { Archive } from './zip.ts'

export type Tag = { readonly name: string; readonly attributes: Readonly<Record<string, string>> }

export type XmlReader = {
  open?(tag: Tag): void
  close?(name: string): void
  text?(text: string): void
}

function readXml(source: string, name: string, bytes: Uint8Array, reader: XmlReader): void {
  const parser = new SaxesParser({ position: false })
  parser.on('error', (cause) => {
    // A byte order mark is gone; a declared encoding has been obeyed or is UTF-8.
    throw new SourceError(
      'unreadable',
      source,
      `${source} holds broken XML in ${name} (${cause.message}): export it again`,
    )
  })
  parser.on('opentag', ({ name, attributes }) =>
    reader.open?.({ name: local(name), attributes: attributes as Tag['attributes'] }),
  )
  parser.on('closetag', ({ name }) => reader.close?.(local(name)))
  parser.on('text', (text) => reader.text?.(text))
  parser.on('cdata', (text) => reader.text?.(text))
  parser.write(decode(source, bytes)).close()
}

/** Reads one entry; false when there is none. */
export async function readEntry(source: string, archive: Archive, name: string, reader: XmlReader): Promise<boolean> {
  const bytes = await archive.read(name)
  if (bytes === null) return false
  readXml(source, name, bytes, reader)
  return true
}

/** Text inside certain elements, as one string each. */
export function collect(wanted: ReadonlySet<string>, take: (name: string, text: string) => void): XmlReader {
  let open: string | null = null
  let text = ''
  return {
    open: ({ name }) => {
      if (open !== null || !wanted.has(name)) return
      open = name
      text = ''
    },
    close: (name) => {
      if (name !== open) return
      open = null
      take(name, text)
    },
    text: (more) => {
      if (open !== null) text += more
    },
  }
}

/** The targets of an Office part by their ids, as names of entries. External ones (links, pictures elsewhere) are none. */
export async function relations(source: string, archive: Archive, part: string): Promise<Map<string, Relation>> {
  const folder = part.slice(0, part.lastIndexOf('/') + 1)
  const found = new Map<string, Relation>()
  await readEntry(source, archive, `${folder}_rels/${part.slice(folder.length)}.rels`, {
    open: ({ name, attributes }) => {
      if (name !== 'Relationship' || attributes['TargetMode'] === 'External') return
      const target = resolveEntry(part, attributes['Target'] ?? '')
      found.set(attributes['Id'] ?? '', { target, type: attributes['Type']?.split('/').at(-1) ?? '' })
    },
  })
  return found
}

export type Relation = { readonly target: string; readonly type: string }

/** `../media/a.xml` as `ppt/slides/slide1.xml` means it. It names an entry and never a file. */
export function resolveEntry(base: string, target: string): string {
  const url = URL.parse(target, `zip://archive/${base}`)
  return url?.protocol === 'zip:' ? decodeSafely(url.pathname.replace(/^\/+/, '')) : ''
}

/** Title, date and authors as docProps/core.xml has them. Who saved it last (`lastModifiedBy`) may have written none of it. */
export async function officeFacts(
  source: string,
  archive: Archive,
): Promise<{ title: string | null; date: string | null; authors: readonly string[] }> {
  const facts = new Map<string, string>()
  const wanted = new Set(['title', 'modified', 'created', 'creator'])
  await readEntry(
    source,
    archive,
    'docProps/core.xml',
    collect(wanted, (name, text) => void facts.set(name, text.trim())),
  )
  const date = facts.get('modified') ?? facts.get('created') ?? null
  return { title: facts.get('title') || null, date, authors: [facts.get('creator') ?? ''] }
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function decodeSafely(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
