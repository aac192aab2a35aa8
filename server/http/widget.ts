// The widget on pages of other sites: what it may ask of this server from there, and nothing else.
import type { Context, MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

const scripts = [
  'widget',
  'widget-box',
  'turns',
  'answer',
  'markdown',
  'names',
  'live',
  'outcome-words',
  'events',
  'frames',
]

/** `/widget.js` and all that it loads. A test holds this list to the imports, and their sum to 15 kB compressed. */
export const widgetFiles: readonly string[] = ['widget.css', ...[...scripts, 'api', 'dom'].map((name) => `${name}.js`)]

const doors: readonly (readonly [method: string, path: RegExp])[] = [
  ['GET', /^\/v1\/suggestions$/],
  ['POST', /^\/v1\/ask$/],
  ['GET', /^\/v1\/answers\/[^/]+\/events$/],
  ['POST', /^\/v1\/answers\/[^/]+\/stop$/],
]

/** Whether a page of one of these origins may do this. `null`, which files and sandboxed frames send, is never one. */
export function isAdmitted(c: Context, origins: readonly string[]): boolean {
  const { method } = c.req
  const meant = method === 'OPTIONS' ? c.req.header('access-control-request-method') : method
  return origins.includes(c.req.header('origin') ?? '') && isDoor(meant, c.req.path)
}

/** Behind `refuseStrangers`. Cookies stay at home: no reply allows credentials. */
export function admit(origins: readonly string[]): MiddlewareHandler {
  const allow = cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['authorization', 'content-type', 'last-event-id'],
    exposeHeaders: ['retry-after'],
    // Two hours are the most that Chromium keeps to.
    maxAge: 7200,
  })
  return async (c, next) => {
    if (isAdmitted(c, origins)) return await allow(c, next)
    await next()
    // A cache must not hand a reply without permission to a site that has it.
    if (origins.length > 0 && isDoor(c.req.method, c.req.path)) c.header('vary', 'Origin', { append: true })
  }
}

/** What the widget may ask, from wherever it stands. */
export function isDoor(method: string | undefined, path: string): boolean {
  if (method === 'GET' && widgetFiles.includes(path.slice(1))) return true
  return doors.some(([its, pattern]) => its === method && pattern.test(path))
}
