// What holds for every request: an id to find it by, a log line without its content, headers that keep browsers strict.
import { randomUUID } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { InputError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'

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
    const ms = Math.round(performance.now() - began)
    log.info({ id, method: c.req.method, route: routePath(c, -1), status: c.res.status, ms }, 'request')
  }
}

/** The id of this request, as the log and the caller know it. */
export function idOf(c: Context): string {
  return ids.get(c.req.raw) ?? ''
}

/** No name of ours holds a NUL, and Postgres stores none: such a path or query is refused before it is looked up. */
export const refuseNul: MiddlewareHandler = async (c, next) => {
  if (/%00|\0/.test(c.req.url)) throw new InputError('bad-path', 'The address holds a NUL character.', 'path')
  await next()
}
