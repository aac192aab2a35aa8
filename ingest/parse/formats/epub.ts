// Books (EPUB 2 and 3) → blocks: the chapters of the spine in its order; one without a heading of its own is named as
// the book's table of contents names it.
import type { Block, Draft } from '../blocks.ts'
import { SourceError } from '../../../core/errors.ts'
import { charsetOfPage, decode } from '../decode.ts'
import { htmlBody } from '../html.ts'
import { toIsoDate } from '../metadata.ts'
import { collect, readEntry, resolveEntry, type XmlReader } from './xml.ts'
import type { Archive } from './zip.ts'

export async function parseEpub(source: string, archive: Archive): Promise<Draft> {
  const book = await readPackage(source, archive, await packageOf(source, archive))
  const names = await readContents(source, archive, book)
  const blocks: Block[] = []
  for (const entry of book.chapters) {
    const bytes = await archive.read(entry)
    if (bytes === null) continue
    const chapter = htmlBody(withoutEmptyTags(decode(source, bytes, charsetOfPage)))
    const name = names.get(entry)
    if (name !== undefined && chapter.length > 0 && !chapter.some((block) => block.type === 'heading'))
      blocks.push({ type: 'heading', level: 1, text: name })
    for (const block of chapter) blocks.push(block)
  }
  return { blocks, title: book.title, url: null, publishedAt: toIsoDate(book.date), authors: book.authors }
}

async function packageOf(source: string, archive: Archive): Promise<string> {
  let path = ''
  await readEntry(source, archive, 'META-INF/container.xml', {
    open: ({ name, attributes }) => {
      if (name === 'rootfile' && path === '') path = attributes['full-path'] ?? ''
    },
  })
  if (archive.names.includes(path)) return path
  const message = `${source} is a broken EPUB: its container names no book (${JSON.stringify(path)}). Export it again`
  throw new SourceError('unreadable', source, message)
}

type Book = {
  readonly title: string | null
  readonly date: string | null
  readonly authors: readonly string[]
  readonly chapters: readonly string[]
  /** where its table of contents is: a page of EPUB 3, or the NCX of EPUB 2 */
  readonly contents: { readonly entry: string; readonly isNcx: boolean } | null
}

async function readPackage(source: string, archive: Archive, path: string): Promise<Book> {
  const hrefs = new Map<string, { entry: string; type: string; isNav: boolean }>()
  const facts = new Map<string, string>()
  const spine: string[] = []
  const authors: string[] = []
  const facing = collect(new Set(['title', 'date', 'creator']), (name, text) => {
    if (name === 'creator') authors.push(text)
    else if (!facts.has(name)) facts.set(name, text.trim())
  })
  await readEntry(source, archive, path, {
    ...facing,
    open: (tag) => {
      facing.open?.(tag)
      const { name, attributes } = tag
      if (name === 'item') {
        const isNav = /\bnav\b/.test(attributes['properties'] ?? '')
        const entry = resolveEntry(path, attributes['href'] ?? '')
        hrefs.set(attributes['id'] ?? '', { entry, type: attributes['media-type'] ?? '', isNav })
      }
      if (name === 'itemref' && attributes['linear'] !== 'no') spine.push(attributes['idref'] ?? '')
    },
  })
  const files = [...hrefs.values()]
  const nav = files.find(({ isNav }) => isNav)
  const ncx = files.find(({ type }) => type === 'application/x-dtbncx+xml')
  // Each once: a spine that names a chapter a thousand times is no longer for that.
  const chapters = new Set(spine.flatMap((id) => hrefs.get(id)?.entry ?? []).filter((entry) => entry !== nav?.entry))
  const contents = nav ? { entry: nav.entry, isNcx: false } : ncx ? { entry: ncx.entry, isNcx: true } : null
  const [title, date] = [facts.get('title') || null, facts.get('date') ?? null]
  return { title, date, authors, chapters: [...chapters], contents }
}

/** The first name of each chapter. A contents page that cannot be read names nothing. */
async function readContents(source: string, archive: Archive, { contents }: Book): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  if (contents === null) return names
  const { entry, isNcx } = contents
  const name = (href: string, text: string) => {
    const target = resolveEntry(entry, href)
    if (text.trim() !== '' && !names.has(target)) names.set(target, text.trim())
  }
  try {
    await readEntry(source, archive, entry, isNcx ? ncxReader(name) : navReader(name))
  } catch (error) {
    if (!(error instanceof SourceError) || error.code !== 'unreadable') throw error
  }
  return names
}

type Name = (href: string, text: string) => void

function navReader(name: Name): XmlReader {
  let href: string | null = null
  let text = ''
  return {
    open: ({ name: tag, attributes }) => {
      if (tag === 'a') [href, text] = [attributes['href'] ?? '', '']
    },
    close: (tag) => {
      if (tag === 'a' && href !== null) name(href, text)
      if (tag === 'a') href = null
    },
    text: (more) => {
      if (href !== null) text += more
    },
  }
}

/** `<navPoint><navLabel><text>…</text></navLabel><content src="…"/>` */
function ncxReader(name: Name): XmlReader {
  let label = ''
  const labels = collect(new Set(['text']), (_, text) => void (label = text))
  return {
    ...labels,
    open: (tag) => {
      labels.open?.(tag)
      if (tag.name === 'content') name(tag.attributes['src'] ?? '', label)
    },
  }
}

/** `<a id="x"/>` is whole in XML; as HTML it would stay open, and an empty title or script swallow the chapter. */
function withoutEmptyTags(xhtml: string): string {
  return xhtml.replaceAll(
    /<(a|b|div|em|i|iframe|li|p|script|span|strong|style|td|th|title)\b((?:\s[^<>]*)?)\/>/gi,
    '<$1$2></$1>',
  )
}
