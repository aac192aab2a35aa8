// Web addresses as identities: many spellings of one page are one.

// Parameters that say where a reader came from, and nothing of the page.
const tracking = /^(?:utm_\w*|gclid|dclid|fbclid|msclkid|yclid|igshid|mc_[ce]id|_hsenc|_hsmi|mkt_tok)$/i

/** http and https without user names; null for anything else. */
export function toUrl(written: string, base?: string): URL | null {
  const url = URL.parse(written.trim(), base)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null
  return url.username === '' && url.password === '' && url.hostname !== '' ? url : null
}

/** What is fetched and shown: without fragment, tracking and the dot at a host's end. The rest of a query stays as written. */
export function plainUrl(url: URL): string {
  const plain = new URL(url)
  plain.hash = ''
  if (/[^.]\.$/.test(plain.hostname)) plain.hostname = plain.hostname.slice(0, -1)
  const parameters = plain.search.slice(1).split('&')
  const kept = parameters.filter((each) => each !== '' && !tracking.test(each.split('=')[0] ?? '')).join('&')
  // With its question mark, because the first one that is given is taken for it.
  plain.search = kept === '' ? '' : `?${kept}`
  // A question mark with nothing behind it stays when an empty query is set.
  return plain.search === '' ? plain.href.replace(/\?$/, '') : plain.href
}

/** Two addresses with the same key are one page: http or https, with or without `www.` and the slash at the end. */
export function pageKey(url: URL): string {
  const plain = new URL(plainUrl(url))
  return siteOf(plain) + plain.pathname.replace(/\/+$/, '') + plain.search
}

/** The host with its port, and without `www.`. */
export function siteOf(url: URL): string {
  return url.host.replace(/^www\./, '')
}

/** The name a page would have as a file: its ending tells the format. */
export function fileNameOf(url: URL): string | null {
  const last = url.pathname.split('/').at(-1) ?? ''
  return /.\.[a-z0-9]{1,10}$/i.test(last) ? last : null
}
