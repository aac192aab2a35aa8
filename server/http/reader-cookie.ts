// Who reads. Where nobody logs in, a browser gets a number that nobody can guess, and what was asked with it is its own;
// where people do, it is their key's.
import { createHash, randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { ownerOf, principalOf } from './principal.ts'

const NAME = 'footnote_reader'
const BYTES = 16
const YEAR_SECONDS = 365 * 24 * 60 * 60

/** The key; or what is stored of the cookie: its hash, so that the database opens nobody's conversations. null: neither. */
export function readerOf(c: Context): string | null {
  if (principalOf(c).type !== 'local') return ownerOf(c)
  const value = valueOf(c)
  return value === null ? null : createHash('sha256').update(value).digest('hex')
}

/**
 * Gives the cookie, or a year more of it. A browser leaves a Strict cookie at home when it follows a link from another
 * site, and a new one would take its place: so a page gives one only to a browser that says that it did not come by
 * such a link. What the page itself asks for always brings the cookie along: there a missing one is missing.
 */
export function giveReaderCookie(c: Context, by: 'page' | 'request', publicUrl: string | null): void {
  if (principalOf(c).type !== 'local') return
  const origin = c.req.header('sec-fetch-site') ?? (by === 'page' ? 'cross-site' : 'same-origin')
  const value = valueOf(c) ?? (origin === 'cross-site' ? null : randomBytes(BYTES).toString('base64url'))
  if (value === null) return
  const secure = [c.req.url, publicUrl ?? ''].some((url) => url.startsWith('https:'))
  setCookie(c, NAME, value, { httpOnly: true, sameSite: 'Strict', path: '/', maxAge: YEAR_SECONDS, secure })
}

/** What is not one of ours is none. */
function valueOf(c: Context): string | null {
  const value = getCookie(c, NAME) ?? ''
  return /^[\w-]{22}$/.test(value) ? value : null
}
