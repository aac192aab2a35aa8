// Single pages, by their addresses.
import type { Fetcher } from '../fetch/fetch.ts'
import { plainUrl, toUrl } from '../fetch/web-url.ts'
import { audienceHint, type Listing } from './listing.ts'
import { pageEntry } from './page.ts'
import type { SpecOf } from './spec.ts'

export async function* listUrls(spec: SpecOf<'url'>, fetcher: Fetcher): Listing {
  const urls = new Set(spec.urls.map((written) => plainUrl(toUrl(written) ?? new URL(written))))
  for (const url of urls)
    yield { type: 'entry', entry: pageEntry({ source: url, url, hints: audienceHint(spec) }, fetcher) }
  return true
}
