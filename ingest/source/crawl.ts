// The pages of one site, by following its links breadth first: robots.txt obeyed, every page once, within bounds.
import { z } from 'zod'
import type { SourceError } from '../../core/errors.ts'
import { FetchError } from '../fetch/fetch-error.ts'
import type { Fetcher } from '../fetch/fetch.ts'
import { readLinks } from '../fetch/page-links.ts'
import { openRecall, type Recalled } from '../fetch/recall.ts'
import type { Fetched } from '../fetch/request.ts'
import { openRobots } from '../fetch/robots.ts'
import { pageKey, plainUrl, toUrl } from '../fetch/web-url.ts'
import { isChosenUrl } from './choose.ts'
import { audienceHint, faultOf, isOnSite, type Listing } from './listing.ts'
import { canonicalUrl, isHtml, loadedFrom, type Page, pageEntry, wantedOf } from './page.ts'
import { hashOf, type OriginEvent, type OriginMemory, type SourceEntry } from './source.ts'
import type { SpecOf } from './spec.ts'

// Their endings are enough to know that there is nothing to learn and nowhere to go.
const noPages =
  /\.(?:png|jpe?g|gif|webp|avif|svg|ico|bmp|tiff?|mp[34]|m4[av]|webm|ogg|wav|mov|avi|zip|gz|tgz|bz2|xz|7z|rar|dmg|exe|iso|woff2?|ttf|eot|css|m?js|map|wasm|rss|atom)$/i
const LONGEST_URL = 2_000

// What is remembered of a page: where it leads, where it lives, and what its bytes were.
const shape = z.object({
  links: z.array(z.string()),
  url: z.string(),
  canonical: z.string(),
  mayBeKept: z.boolean(),
  hash: z.string(),
})
type Kept = z.infer<typeof shape>

/** `number` counts the pages that are read. */
type Step = { readonly url: string; readonly depth: number; readonly number: number }

export async function* listCrawl(
  spec: SpecOf<'crawl'>,
  fetcher: Fetcher,
  memory: OriginMemory,
  signal: AbortSignal,
): Listing {
  const recall = openRecall(fetcher, memory)
  const robots = openRobots(fetcher, recall)
  const frontier = openFrontier(spec)
  const allow = async (url: URL, signal: AbortSignal) =>
    frontier.isInside(url) ? await robots(url, signal) : 'lies outside of the site that is crawled'
  let complete = true
  for (let step = frontier.next(); step; step = frontier.next()) {
    if (step.number > spec.pages) {
      yield { type: 'skipped', source: step.url, reason: `beyond the ${spec.pages} pages that are read: raise pages` }
      complete = false
      break
    }
    const page: Page = { source: step.url, url: step.url, hints: audienceHint(spec), allow }
    try {
      const found = await recall.get(wantedOf(page, null), shape, (fetched) => keptOf(page, fetched), signal)
      const { links, url: source, canonical, mayBeKept } = found.kept
      if (step.depth < spec.depth) frontier.follow(links, step.depth + 1)
      // A copy is not learned; the page that it is a copy of is, from its own address.
      if (!isSame(source, canonical)) frontier.follow([canonical], step.depth)
      else if (mayBeKept && frontier.isNew(canonical))
        yield { type: 'entry', entry: crawledEntry({ ...page, source: canonical }, found, fetcher) }
    } catch (error) {
      signal.throwIfAborted()
      yield notRead(step, faultOf(error))
    }
  }
  recall.save()
  return complete
}

/** Links that lead nowhere are no fault; but what may be there again tomorrow is not gone. */
function notRead({ url, depth }: Step, fault: SourceError): OriginEvent {
  if (!(fault instanceof FetchError) || fault.retryable || depth === 0) return { type: 'fault', error: fault }
  return { type: 'skipped', source: url, reason: fault.message }
}

type Frontier = {
  next(): Step | null
  follow(links: readonly string[], depth: number): void
  isInside(url: URL): boolean
  /** Of documents that are meant: false for one that was named before. */
  isNew(source: string): boolean
}

/** Each page is met once, by whichever of its addresses comes first. */
function openFrontier(spec: SpecOf<'crawl'>): Frontier {
  const home = new URL(spec.url)
  const waiting = [{ url: plainUrl(home), depth: 0 }]
  const met = new Set([pageKey(home)])
  const named = new Set<string>()
  let taken = 0
  const isInside = (url: URL) => isOnSite(url, home, spec.hosts)
  return {
    next() {
      const step = waiting[taken]
      return step ? { ...step, number: ++taken } : null
    },
    follow(links, depth) {
      for (const link of links) {
        const url = new URL(link)
        if (met.has(pageKey(url)) || !isInside(url) || !isChosenUrl(url, spec)) continue
        met.add(pageKey(url))
        waiting.push({ url: link, depth })
      }
    },
    isInside,
    isNew(source) {
      const url = new URL(source)
      const key = pageKey(url)
      met.add(key)
      if (named.has(key) || !isChosenUrl(url, spec)) return false
      named.add(key)
      return true
    },
  }
}

function keptOf(page: Page, fetched: Fetched): Kept {
  const { bytes, mediaType, url } = fetched
  const html = isHtml(mediaType) ? readLinks(bytes.toString(), url.href) : null
  const links = (html?.links ?? []).flatMap((link) => {
    const to = toUrl(link)
    return to && isWorthATry(to) ? plainUrl(to) : []
  })
  const loaded = loadedFrom(page, fetched, null)
  return {
    links: [...new Set(links)],
    url: plainUrl(url),
    canonical: canonicalUrl(url, html?.canonical ?? null),
    mayBeKept: html?.mayBeKept ?? true,
    hash: loaded === 'unchanged' ? hashOf(bytes) : (loaded.seen.hash ?? hashOf(bytes)),
  }
}

function isSame(one: string, other: string): boolean {
  return pageKey(new URL(one)) === pageKey(new URL(other))
}

/** No pictures and programs, and no address that has grown in a loop of its own: /a/b/a/b/a/b. */
function isWorthATry(url: URL): boolean {
  if (url.href.length > LONGEST_URL || noPages.test(url.pathname)) return false
  const counts = new Map<string, number>()
  for (const part of url.pathname.split('/').filter(Boolean)) counts.set(part, (counts.get(part) ?? 0) + 1)
  return Math.max(0, ...counts.values()) <= 2
}

/** The page was read to find its links; it is not asked for twice, unless whoever loads it knows another one. */
function crawledEntry(
  page: Page,
  { kept, fetched, etag, lastModified }: Recalled<Kept>,
  fetcher: Fetcher,
): SourceEntry {
  return {
    source: page.source,
    async load(seen, signal) {
      if (fetched) return loadedFrom(page, fetched, seen)
      const wasLearned = seen !== null && seen.etag === etag && seen.lastModified === lastModified
      if (wasLearned || seen?.hash === kept.hash) return 'unchanged'
      return await pageEntry(page, fetcher).load(null, signal)
    },
  }
}
