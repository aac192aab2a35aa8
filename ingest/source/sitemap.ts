// The pages that a site lists for robots (sitemaps.org): a sitemap, or an index of sitemaps, packed or not.
import { z } from 'zod'
import { SourceError } from '../../core/errors.ts'
import { unpack } from '../fetch/body.ts'
import { reasonFor } from '../fetch/fetch-error.ts'
import type { Fetcher } from '../fetch/fetch.ts'
import { listTypes } from '../fetch/media-types.ts'
import { openRecall, type Recall } from '../fetch/recall.ts'
import type { Fetched } from '../fetch/request.ts'
import { openRobots } from '../fetch/robots.ts'
import { pageKey, plainUrl, toUrl } from '../fetch/web-url.ts'
import { childrenOf, readXml, textOf } from '../fetch/xml.ts'
import { isChosenUrl } from './choose.ts'
import { audienceHint, isOnSite, type Listing } from './listing.ts'
import { pageEntry } from './page.ts'
import type { OriginEvent, OriginMemory } from './source.ts'
import type { SpecOf } from './spec.ts'

// An index may name 50,000 sitemaps; nobody who reads a library means more than this.
const MOST_FILES = 200

const shape = z.object({ sitemaps: z.array(z.string()), pages: z.array(z.string()) })
type Sitemap = z.infer<typeof shape>

export async function* listSitemap(
  spec: SpecOf<'sitemap'>,
  fetcher: Fetcher,
  memory: OriginMemory,
  signal: AbortSignal,
): Listing {
  const recall = openRecall(fetcher, memory)
  const robots = openRobots(fetcher, recall)
  const home = new URL(spec.url)
  // Now and not with the first page, so that it is remembered with the rest.
  await robots(home, signal)
  const named = new Set<string>()
  let isWhole = true
  for await (const written of pagesOf(spec.url, fetcher, recall, signal)) {
    if (typeof written !== 'string') {
      yield written
      isWhole = false
      continue
    }
    const url = toUrl(written, spec.url)
    const key = url && pageKey(url)
    if (!url || key === null || named.has(key) || !isChosenUrl(url, spec)) continue
    if (!isOnSite(url, home, spec.hosts)) {
      yield { type: 'skipped', source: url.href, reason: `on another host: name ${url.host} under hosts to read it` }
      continue
    }
    if (named.size === spec.pages) {
      yield { type: 'skipped', source: url.href, reason: `beyond the ${spec.pages} pages that are read: raise pages` }
      isWhole = false
      break
    }
    named.add(key)
    const page = { source: plainUrl(url), url: plainUrl(url), hints: audienceHint(spec), allow: robots }
    yield { type: 'entry', entry: pageEntry(page, fetcher) }
  }
  recall.save()
  return isWhole
}

/** Addresses of pages, and what was left out. Each sitemap is read once, so one that lists itself ends there. */
async function* pagesOf(
  url: string,
  fetcher: Fetcher,
  recall: Recall,
  signal: AbortSignal,
): AsyncGenerator<string | Extract<OriginEvent, { type: 'skipped' }>> {
  const waiting = [url]
  const read = new Set<string>()
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (read.has(next)) continue
    if (read.size === MOST_FILES) {
      yield { type: 'skipped', source: next, reason: `beyond the ${MOST_FILES} sitemaps that are read of one source` }
      return
    }
    read.add(next)
    const wanted = { source: next, url: next, accept: listTypes }
    const { kept } = await recall.get(wanted, shape, (fetched) => readSitemap(fetched, fetcher, signal), signal)
    waiting.push(...kept.sitemaps)
    yield* kept.pages
  }
}

async function readSitemap(fetched: Fetched, fetcher: Fetcher, signal: AbortSignal): Promise<Sitemap> {
  const source = fetched.url.href
  const bytes = isPacked(fetched.bytes) ? await unpackFor(source, fetched.bytes, fetcher, signal) : fetched.bytes
  const text = bytes.toString()
  // A sitemap may also be a list of addresses, one per line.
  if (!text.trimStart().startsWith('<'))
    return {
      sitemaps: [],
      pages: text.split(/\s+/).filter((line) => toUrl(line) !== null),
    }
  const root = await readXml(source, text)
  const locations = (name: string) => childrenOf(root, name).flatMap((entry) => textOf(entry, 'loc') ?? [])
  if (root.name !== 'urlset' && root.name !== 'sitemapindex')
    throw new SourceError(
      'bad-sitemap',
      source,
      `${source} is no sitemap (its root is <${root.name.slice(0, 40)}>): name the address of one`,
    )
  const inside = (written: string) => toUrl(written, source)?.href ?? []
  return { sitemaps: locations('sitemap').flatMap(inside), pages: locations('url') }
}

function isPacked(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

async function unpackFor(source: string, packed: Buffer, { limits }: Fetcher, signal: AbortSignal): Promise<Buffer> {
  try {
    return await unpack(packed, limits, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw reasonFor(source, error)
  }
}
