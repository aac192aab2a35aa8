// What holds for every request: an id to find it by, a log line without its content, headers that keep browsers strict.
import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Log } from '../../core/log.ts'

export function requestId(log: Log): MiddlewareHandler {
  return async (c, next) => {
    const given = c.req.header('x-request-id')
    // A foreign id is taken over only when it cannot break a log line or a header.
    const id = given && /^[\w-]{1,80}$/.test(given) ? given : randomUUID()
    const began = performance.now()
    await next()
    c.header('x-request-id', id)
    c.header('x-content-type-options', 'nosniff')
    const ms = Math.round(performance.now() - began)
    log.info({ id, method: c.req.method, route: routePath(c, -1), status: c.res.status, ms }, 'request')
  }
}
