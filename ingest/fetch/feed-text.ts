// RSS, Atom and JSON Feed, brought into one form. What is missing is null and never guessed.
import { z } from 'zod'
import { SourceError } from '../../core/errors.ts'
import { firstNamed, namesIn, toIsoDate } from '../parse/metadata.ts'
import { toUrl } from './web-url.ts'
import { childrenOf, type Element, markupOf, readXml, textOf, wordsOf } from './xml.ts'

export type FeedEntry = {
  readonly id: string | null
  readonly url: string | null
  readonly title: string | null
  readonly publishedAt: string | null
  readonly authors: readonly string[]
  /** HTML */
  readonly content: string | null
}

/** `address` is where the feed was found: links in it may be relative. Throws SourceError. */
export async function readFeed(address: string, text: string): Promise<FeedEntry[]> {
  const start = text.trimStart().replace(/^\ufeff/, '')
  if (start.startsWith('{')) return readJsonFeed(address, start)
  const root = await readXml(address, text)
  if (root.name === 'feed') return childrenOf(root, 'entry').map((entry) => atomEntry(entry, address, root))
  const channel = childrenOf(root, 'channel')[0]
  if (channel && (root.name === 'rss' || root.name === 'rdf:rdf'))
    // RSS 1.0 keeps its entries beside the channel.
    return [...childrenOf(channel, 'item'), ...childrenOf(root, 'item')].map((entry) => rssEntry(entry, address))
  throw new SourceError(
    'bad-feed',
    address,
    `${address} is no feed (its root is <${root.name.slice(0, 40)}>): name the address of an RSS, Atom or JSON feed`,
  )
}

function rssEntry(entry: Element, address: string): FeedEntry {
  const guid = childrenOf(entry, 'guid')[0]
  const id = guid ? wordsOf(guid).trim() : null
  // A permalink is an address unless it says that it is none.
  const permalink = guid && guid.attributes['ispermalink'] !== 'false' && id ? toUrl(id) : null
  const link = textOf(entry, 'feedburner:origlink', 'link')
  return {
    id,
    url: (link === null ? permalink : toUrl(link, address))?.href ?? null,
    title: plainTitle(textOf(entry, 'title')),
    publishedAt: toIsoDate(textOf(entry, 'pubdate', 'dc:date')),
    authors: rssAuthors(entry),
    content: textOf(entry, 'content:encoded', 'description'),
  }
}

function rssAuthors(entry: Element): string[] {
  const [creators = [], authors = []] = ['dc:creator', 'author'].map((name) => childrenOf(entry, name).map(wordsOf))
  // RSS itself wants "ada@example.com (Ada Lovelace)"; what many write is a name alone.
  const named = authors.map((words) => /^\s*[^\s@]+@\S+ \(([^()]+)\)/.exec(words)?.[1] ?? words)
  return firstNamed(creators, named)
}

function atomAuthors(element: Element): string[] {
  return childrenOf(element, 'author').map((author) => textOf(author, 'name') ?? '')
}

/** The authors of the feed are those of every entry that names none (RFC 4287, § 4.2.1). */
function atomEntry(entry: Element, address: string, feed: Element): FeedEntry {
  const links = childrenOf(entry, 'link')
  const link = links.find(({ attributes }) => (attributes['rel'] ?? 'alternate') === 'alternate')
  const href = link?.attributes['href']
  const title = childrenOf(entry, 'title')[0]
  return {
    id: textOf(entry, 'id'),
    url: (href === undefined ? null : toUrl(href, entry.attributes['xml:base'] ?? address))?.href ?? null,
    title: title ? plainTitle(wordsOf(title)) : null,
    publishedAt: toIsoDate(textOf(entry, 'published', 'updated')),
    authors: firstNamed(atomAuthors(entry), atomAuthors(feed)),
    content: atomContent(childrenOf(entry, 'content')[0]) ?? atomContent(childrenOf(entry, 'summary')[0]),
  }
}

function atomContent(element: Element | undefined): string | null {
  if (!element) return null
  const type = element.attributes['type'] ?? 'text'
  // As markup in place, as markup in quotes, or as plain words.
  const content = type === 'html' ? wordsOf(element) : markupOf(element)
  return content.trim() === '' ? null : content
}

/** Titles may hold markup in quotes. */
function plainTitle(title: string | null): string | null {
  const plain = title
    ?.replaceAll(/<[^<>]{0,200}>/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return plain === undefined || plain === '' ? null : plain
}

const loose = z.string().nullish().catch(null)
// Version 1 had one author, version 1.1 has a list; the feed's own are those of every entry that names none.
const names = z.unknown().optional().transform(namesIn)
const jsonFeed = z.object({
  version: z.string().startsWith('https://jsonfeed.org/version/'),
  author: names,
  authors: names,
  items: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).transform(String).nullish().catch(null),
      url: loose,
      title: loose,
      content_html: loose,
      content_text: loose,
      date_published: loose,
      author: names,
      authors: names,
    }),
  ),
})

function readJsonFeed(address: string, text: string): FeedEntry[] {
  const found = jsonFeed.safeParse(parseJson(text))
  if (!found.success)
    throw new SourceError(
      'bad-feed',
      address,
      `${address} is JSON, but no JSON Feed: name the address of an RSS, Atom or JSON feed`,
    )
  const { items, ...feed } = found.data
  return items.map((entry) => ({
    id: entry.id ?? null,
    url: (entry.url ? toUrl(entry.url, address) : null)?.href ?? null,
    title: plainTitle(entry.title ?? null),
    publishedAt: toIsoDate(entry.date_published),
    authors: firstNamed([...entry.authors, ...entry.author], [...feed.authors, ...feed.author]),
    content: entry.content_html ?? (entry.content_text ? paragraphs(entry.content_text) : null),
  }))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function paragraphs(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return escaped
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${paragraph}</p>`)
    .join('\n')
}
