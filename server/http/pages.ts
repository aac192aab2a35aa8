// The pages: `/`, `/docs` and the files of web/ that a browser may have, each named here, under a policy that trusts nothing.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Hono } from 'hono'
import type { MiddlewareHandler } from 'hono'
import { etag } from 'hono/etag'
import { giveReaderCookie } from './reader-cookie.ts'

const script = 'text/javascript; charset=utf-8'

/** A file that is not in this list is not served: web/ also holds its types and their settings. */
export const served: ReadonlyMap<string, string> = new Map([
  ['index.html', 'text/html; charset=utf-8'],
  ['docs.html', 'text/html; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
  ['docs.css', 'text/css; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
  ['page.js', script],
  ['answer.js', script],
  ['docs.js', script],
  ['docs-schema.js', script],
  ['docs-try.js', script],
  ['dom.js', script],
  ['endings.js', script],
  ['events.js', script],
  ['live.js', script],
  ['passage.js', script],
  ['reader.js', script],
  ['turn.js', script],
])

// Even if a document's text ever became markup, nothing in it could run, load or send: the page is the second wall.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The headers of every page that shows text from documents. */
export const pageHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  c.header('content-security-policy', policy)
  c.header('x-content-type-options', 'nosniff')
  c.header('referrer-policy', 'no-referrer')
}

/** All drawn by one document: what stands at an address that names nothing is for it to say. */
const addresses = ['/', '/answers/:id', '/library', '/conversations/:id']

export function pageRoutes(webDir: string, publicUrl: string | null = null): Hono {
  const app = new Hono()
  const cookie: MiddlewareHandler = async (c, next) => {
    await next()
    giveReaderCookie(c, 'page', publicUrl)
    // The cookie is one reader's: no cache but their own may keep it.
    c.header('cache-control', 'private, no-cache')
  }
  // Around the tag, which leaves an unchanged page only the headers that caches read.
  for (const address of addresses) app.get(address, cookie)
  for (const [name, type] of served) {
    // The headers hang on each route and not on '*': a sub-app must not change the routes of its parent.
    app.on('GET', addressesOf(name), pageHeaders, etag(), async (c) => {
      const bytes = await readFile(join(webDir, name))
      // No build gives these files versioned names, so every use asks once whether they are still the same.
      return c.body(bytes, 200, { 'content-type': type, 'cache-control': 'no-cache' })
    })
  }
  return app
}

function addressesOf(name: string): string[] {
  return name === 'index.html' ? addresses : [`/${name.replace(/\.html$/, '')}`]
}
