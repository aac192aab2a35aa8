// A page that somebody names, as something to upload: its bytes are kept, and it is not asked for again.
import type { Upload } from '../core/syncs.ts'
import type { Fetcher } from './fetch/fetch.ts'
import { FetchError } from './fetch/fetch-error.ts'
import { plainUrl, toUrl } from './fetch/web-url.ts'
import { endingFor, kindOf } from './parse/kind.ts'
import { pageEntry } from './source/page.ts'

const LONGEST_NAME = 180

/** Throws SourceError. */
export async function fetchUpload(written: string, fetcher: Fetcher, signal: AbortSignal): Promise<Upload> {
  const url = toUrl(written)
  if (!url)
    throw new FetchError('refused-url', written, 'is no web address: write http:// or https://, without a user name')
  const address = plainUrl(url)
  const loaded = await pageEntry({ source: address, url: address, hints: {} }, fetcher)
    .load(null, signal)
    .catch((error: unknown) => {
      throw isRefused(error) ? withoutRemedy(address, error) : error
    })
  // Nothing can be unchanged that was asked for without having been seen.
  if (loaded === 'unchanged') throw new Error(`${address}: unchanged, but never read`)
  const { bytes, mediaType, hints } = loaded
  // Its ending is what a later parser will know its format by.
  const ending =
    kindOf(hints.fileName ?? '') === null ? endingFor(mediaType) : /\.[^.]+$/.exec(hints.fileName ?? '')?.[0]
  const stem = nameOf(new URL(address))
  const name = ending && !stem.toLowerCase().endsWith(ending.toLowerCase()) ? `${stem}${ending}` : stem
  return { name, bytes, said: { url: hints.url ?? address } }
}

function isRefused(error: unknown): error is FetchError {
  return error instanceof FetchError && (error.code === 'refused-url' || error.code === 'refused-address')
}

/** What opens a host or a port to a source opens none to whoever may send documents. */
function withoutRemedy(address: string, error: FetchError): FetchError {
  const [reason = ''] = error.message.slice(address.length + 1).split(/: (?:if you trust it|only 80 and 443)/)
  const from = reason.startsWith('uses port') ? 'ports 80 and 443' : 'public addresses'
  return new FetchError('refused-url', address, `${reason}: pages are added from ${from} only`, { cause: error })
}

/** "example.com-guides-sharding" */
function nameOf({ host, pathname, search }: URL): string {
  return `${host}${pathname}${search}`
    .replaceAll(/[^\p{L}\p{N}.]+/gu, '-')
    .replace(/-+$/, '')
    .slice(0, LONGEST_NAME)
}
