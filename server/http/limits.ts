// What holds for every request: an id to find it by, a log line without its content, headers that keep browsers strict.
import { randomUUID } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { InputError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { isLoopback } from '../../core/sites.ts'

const ids = new WeakMap<Request, string>()

export function requestId(log: Log): MiddlewareHandler {
  return async (c, next) => {
    const given = c.req.header('x-request-id')
    // A foreign id is taken over only when it cannot break a log line or a header.
    const id = given && /^[\w-]{1,80}$/.test(given) ? given : randomUUID()
    ids.set(c.req.raw, id)
    const began = performance.now()
    await next()
    c.header('x-request-id', id)
    c.header('x-content-type-options', 'nosniff')
    // What is left of a body that was not read to its end would stand in front of the next request.
    if (c.res.status === 413 || (leftUnread.has(c.res.status) && mayBeLarge(c))) c.header('connection', 'close')
    const ms = Math.round(performance.now() - began)
    log.info({ id, method: c.req.method, route: routePath(c, -1), status: c.res.status, ms }, 'request')
  }
}

// Refused by who asks, or by how much was asked, before the body was looked at.
const leftUnread = new Set([401, 403, 429, 503])
// The adaptor reads away what is left, and a new connection would cost both sides more than so little.
const SMALL_BYTES = 16 * 1024

function mayBeLarge({ req }: Context): boolean {
  const length = req.header('content-length')
  return length === undefined ? req.header('transfer-encoding') !== undefined : Number(length) > SMALL_BYTES
}

/** The id of this request, as the log and the caller know it. */
export function idOf(c: Context): string {
  return ids.get(c.req.raw) ?? ''
}

export type Place = {
  readonly host: string
  readonly publishedHost: string | null
  readonly publicUrl: string | null
}

/** Whether others than this machine reach the server: by its address, or through a proxy that stands on this machine. */
export function isPublic({ host, publishedHost, publicUrl }: Place): boolean {
  return !isLoopback(publishedHost ?? host) || (publicUrl !== null && !isLoopback(new URL(publicUrl).hostname))
}

/**
 * A web page can make the browser of somebody on this machine its messenger: by a name of its own that resolves to
 * 127.0.0.1 (DNS rebinding), or by posting across sites. Neither may read the library or start a model, but for what
 * `isAdmitted` lets a page of another site do.
 */
export function refuseStrangers(
  loopbackOnly: boolean,
  isAdmitted: (c: Context) => boolean,
  publicUrl: string | null = null,
): MiddlewareHandler {
  const known = publicUrl === null ? null : new URL(publicUrl)
  return async (c, next) => {
    const host = (c.req.header('host') ?? new URL(c.req.url).host).toLowerCase()
    const name = host.replace(/:\d*$/, '')
    // Reached under another name on purpose, the server cannot know which names are its own.
    if (loopbackOnly && !isLoopback(name) && host !== known?.host)
      throw new InputError(
        'wrong-host',
        `Host: ${JSON.stringify(host.slice(0, 80))} is not this machine; use http://localhost${/:\d+$/.exec(host)?.[0] ?? ''}, or set PUBLIC_URL to where people reach the server, which then wants keys.`,
        'Host',
      )
    if (['POST', 'PUT', 'PATCH', 'DELETE'].includes(c.req.method) && isFromElsewhere(c, host, known) && !isAdmitted(c))
      throw new InputError('cross-site', 'Origin: the page of another site may not write to this server.', 'Origin')
    await next()
  }
}

function isFromElsewhere(c: Context, host: string, known: URL | null): boolean {
  if (c.req.header('sec-fetch-site') === 'cross-site') return true
  const origin = c.req.header('origin')?.toLowerCase()
  if (origin === undefined) return false
  // Over http the name is whoever's stands on the way: a page that came so is not that of https.
  if (host === known?.host) return origin !== known.origin
  // "null", the origin of a sandboxed page or a file, is no host of ours either.
  return origin.replace(/^https?:\/\//, '') !== host
}

/** No name of ours holds a NUL, and Postgres stores none: such a path or query is refused before it is looked up. */
export const refuseNul: MiddlewareHandler = async (c, next) => {
  if (/%00|\0/.test(c.req.url)) throw new InputError('bad-path', 'The address holds a NUL character.', 'path')
  await next()
}
