// The entries of a feed: the page that each links to, or what the feed itself holds where there is no such page.
import { z } from 'zod'
import { SourceError } from '../../core/errors.ts'
import type { Seen } from '../../core/origins.ts'
import { FetchError } from '../fetch/fetch-error.ts'
import { type FeedEntry, readFeed } from '../fetch/feed-text.ts'
import type { Fetcher } from '../fetch/fetch.ts'
import { listTypes } from '../fetch/media-types.ts'
import { openRecall } from '../fetch/recall.ts'
import { openRobots, type Robots } from '../fetch/robots.ts'
import { plainUrl } from '../fetch/web-url.ts'
import { isChosenUrl } from './choose.ts'
import { audienceHint, authorsHint, isOnSite, type Listing } from './listing.ts'
import { pageEntry } from './page.ts'
import { hashOf, type Hints, type Loaded, type OriginMemory, type SourceEntry } from './source.ts'
import type { SpecOf } from './spec.ts'

// Without their contents: those are what would make this large, and are asked for again when they are needed.
const shape = z.array(
  z.object({
    key: z.string(),
    url: z.string().nullable(),
    title: z.string().nullable(),
    publishedAt: z.string().nullable(),
    authors: z.array(z.string()),
    contentHash: z.string().nullable(),
  }),
)
type Kept = z.infer<typeof shape>[number]

/** Never complete: a feed forgets its older entries, and a library does not. */
export async function* listFeed(
  spec: SpecOf<'feed'>,
  fetcher: Fetcher,
  memory: OriginMemory,
  signal: AbortSignal,
): Listing {
  const recall = openRecall(fetcher, memory)
  const robots = openRobots(fetcher, recall)
  const wanted = { source: spec.url, url: spec.url, accept: listTypes }
  let contents: Promise<ReadonlyMap<string, string>> | null = null
  const read = async (text: string) => {
    const entries = (await readFeed(spec.url, text)).map(keyed)
    contents = Promise.resolve(new Map(entries.map(({ key, entry }) => [key, entry.content ?? ''])))
    return entries.map(keptOf)
  }
  const { kept } = await recall.get(wanted, shape, ({ bytes }) => read(bytes.toString()), signal)
  const contentOf = async (key: string, signal: AbortSignal) => {
    contents ??= reread(wanted, fetcher, signal)
    return (await contents).get(key) ?? ''
  }
  // Now and not with the first page, so that it is remembered with the rest.
  await robots(new URL(spec.url), signal)
  for (const entry of kept) {
    const url = entry.url === null ? null : new URL(entry.url)
    if (url && !isChosenUrl(url, spec)) continue
    yield { type: 'entry', entry: feedEntry(entry, { spec, fetcher, robots, contentOf }) }
  }
  recall.save()
  return false
}

async function reread(wanted: Parameters<Fetcher['get']>[0], fetcher: Fetcher, signal: AbortSignal) {
  const fetched = await fetcher.get(wanted, signal)
  const entries = await readFeed(wanted.url, fetched?.bytes.toString() ?? '')
  return new Map(entries.map(keyed).map(({ key, entry }) => [key, entry.content ?? '']))
}

/** An address makes the same document of an entry wherever else it is found; without one its id has to do. */
function keyed(entry: FeedEntry): { key: string; entry: FeedEntry } {
  const url = entry.url === null ? null : plainUrl(new URL(entry.url))
  return { key: url ?? entry.id ?? hashOf(Buffer.from(entry.content ?? entry.title ?? '')).slice(0, 16), entry }
}

function keptOf({ key, entry }: { readonly key: string; readonly entry: FeedEntry }): Kept {
  const { url, title, publishedAt, authors, content } = entry
  return {
    key,
    url: url === null ? null : key,
    title,
    publishedAt,
    authors: [...authors],
    contentHash: content === null ? null : hashOf(pageOf(content)),
  }
}

type Deps = {
  readonly spec: SpecOf<'feed'>
  readonly fetcher: Fetcher
  readonly robots: Robots
  readonly contentOf: (key: string, signal: AbortSignal) => Promise<string>
}

function feedEntry(kept: Kept, { spec, fetcher, robots, contentOf }: Deps): SourceEntry {
  const source = kept.url ?? `${spec.url}#${kept.key}`
  const hints: Hints = {
    ...audienceHint(spec),
    ...(kept.title === null ? {} : { title: kept.title }),
    ...(kept.publishedAt === null ? {} : { publishedAt: kept.publishedAt }),
    ...authorsHint(kept.authors),
    url: kept.url ?? spec.url,
  }
  const own = async (seen: Seen | null, signal: AbortSignal): Promise<Loaded | 'unchanged'> => {
    if (kept.contentHash === null)
      throw new SourceError('no-text', source, `${source} has neither a page that may be read nor a text in its feed`)
    if (seen?.hash === kept.contentHash) return 'unchanged'
    const bytes = pageOf(await contentOf(kept.key, signal))
    return { bytes, mediaType: 'text/html; charset=utf-8', seen: { hash: hashOf(bytes) }, hints }
  }
  return {
    source,
    async load(seen, signal) {
      // A feed of links leads everywhere; only its own site is read, unless others are named.
      if (kept.url === null || !isOnSite(new URL(kept.url), new URL(spec.url), spec.hosts))
        return await own(seen, signal)
      try {
        return await pageEntry({ source, url: kept.url, hints, allow: robots }, fetcher).load(seen, signal)
      } catch (error) {
        // What may pass must not replace a whole page by its summary.
        if (!(error instanceof FetchError) || error.retryable || kept.contentHash === null) throw error
        return await own(seen, signal)
      }
    },
  }
}

function pageOf(content: string): Buffer {
  return Buffer.from(`<!doctype html><meta charset="utf-8">${content}`)
}
