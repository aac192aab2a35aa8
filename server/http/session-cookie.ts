// The cookie of a session: unguessable, out of reach of scripts, never sent along from other sites.
import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import { parse } from 'hono/utils/cookie'

const NAME = 'footnote_session'
// As long as a session lasts at most (store/sessions.ts); that it is over earlier, the server knows.
const MONTH_SECONDS = 30 * 24 * 60 * 60

export function sessionIn(request: Request, publicUrl: string | null): string | null {
  const name = nameFor(request.url, publicUrl)
  const header = request.headers.get('cookie') ?? ''
  return header.includes(name) ? (parse(header, name)[name] ?? null) : null
}

/** Whether it may be one of ours, by its shape. */
export function isSessionCookie(value: string): boolean {
  return /^[\w-]{43}$/.test(value)
}

/** A new one; gives its value, which is stored hashed. */
export function giveSessionCookie(c: Context, publicUrl: string | null): string {
  const value = randomBytes(32).toString('base64url')
  setCookie(c, nameFor(c.req.url, publicUrl), value, {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
    secure: isSecure(c.req.url, publicUrl),
    maxAge: MONTH_SECONDS,
  })
  return value
}

export function takeSessionCookie(c: Context, publicUrl: string | null): void {
  const secure = isSecure(c.req.url, publicUrl)
  deleteCookie(c, nameFor(c.req.url, publicUrl), { path: '/', secure })
}

/** `__Host-` keeps a neighbouring host from setting it, and browsers take it over https only. */
function nameFor(url: string, publicUrl: string | null): string {
  return isSecure(url, publicUrl) ? `__Host-${NAME}` : NAME
}

/** Behind a proxy the request says http: PUBLIC_URL says what the browser sees. */
function isSecure(url: string, publicUrl: string | null): boolean {
  return (publicUrl ?? url).startsWith('https:')
}
