// One page of the web as something to learn.
import { SourceError } from '../../core/errors.ts'
import type { Seen } from '../../core/origins.ts'
import type { Fetcher } from '../fetch/fetch.ts'
import { documentTypes } from '../fetch/media-types.ts'
import { readLinks } from '../fetch/page-links.ts'
import { type Fetched, sentOnTo, type Wanted } from '../fetch/request.ts'
import { fileNameOf, plainUrl, siteOf, toUrl } from '../fetch/web-url.ts'
import { hashOf, type Hints, type Loaded, type SourceEntry } from './source.ts'

export type Page = {
  readonly source: string
  readonly url: string
  readonly hints: Hints
  readonly allow?: Wanted['allow']
}

export function pageEntry(page: Page, fetcher: Fetcher): SourceEntry {
  return {
    source: page.source,
    async load(seen, signal) {
      const fetched = await fetcher.get(wantedOf(page, seen), signal)
      return fetched === null ? 'unchanged' : loadedFrom(page, fetched, seen)
    },
  }
}

export function wantedOf({ source, url, allow }: Page, validators: Wanted['validators']): Wanted {
  return { source, url, validators: validators ?? null, accept: documentTypes, ...(allow ? { allow } : {}) }
}

/** Servers that know no validators send everything again; what it is then tells whether it changed. */
export function loadedFrom(page: Page, fetched: Fetched, seen: Seen | null): Loaded | 'unchanged' {
  const { bytes, mediaType } = toUtf8(page.source, fetched)
  const hash = hashOf(bytes)
  const { etag, lastModified, url } = fetched
  const moved = sentOnTo(page.url, fetched)
  // The same words at another address are learned once more, so that the new one is shown and asked.
  if (seen?.hash === hash && seen.at === moved.at) return 'unchanged'
  const fileName = fileNameOf(url)
  return {
    bytes,
    mediaType,
    seen: {
      hash,
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
      ...moved,
    },
    hints: {
      ...page.hints,
      url: canonicalOf(bytes, mediaType, url),
      ...(fileName === null ? {} : { fileName }),
    },
  }
}

export function isHtml(mediaType: string | null): boolean {
  return mediaType !== null && /^(?:text\/html|application\/xhtml\+xml)\b/.test(mediaType)
}

/** Where the page says it lives, if that is on its own site; else where it was found. */
function canonicalOf(bytes: Buffer, mediaType: string | null, url: URL): string {
  const claimed = isHtml(mediaType) ? readLinks(bytes.toString(), url.href).canonical : null
  return canonicalUrl(url, claimed)
}

export function canonicalUrl(url: URL, claimed: string | null): string {
  const canonical = claimed === null ? null : toUrl(claimed)
  // A page cannot speak for somebody else's: readers click this address.
  return plainUrl(canonical && siteOf(canonical) === siteOf(url) ? canonical : url)
}

/** Only the transport knows an encoding that the bytes do not tell. Wrong letters would be quoted, so none are guessed. */
function toUtf8(source: string, { bytes, mediaType }: Fetched): { bytes: Buffer; mediaType: string | null } {
  const charset = /^text\/.*;\s*charset="?([^";\s]+)/.exec(mediaType ?? '')?.[1]
  if (mediaType === null || charset === undefined || charset === 'utf-8') return { bytes, mediaType }
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes)
    return { bytes: Buffer.from(text), mediaType: `${mediaType.split(';')[0]}; charset=utf-8` }
  } catch (cause) {
    const message = `${source} is not in the encoding that its server names (${charset.slice(0, 40)})`
    throw new SourceError('bad-encoding', source, message, { cause })
  }
}
