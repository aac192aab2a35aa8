// The pages: `/`, `/docs` and the files of web/ that a browser may have, each named here, under a policy that trusts nothing.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import { etag } from 'hono/etag'
import { giveReaderCookie } from './reader-cookie.ts'

const script = 'text/javascript; charset=utf-8'
const scripts = (...names: readonly string[]): [string, string][] => names.map((name) => [`${name}.js`, script])

/** A file that is not in this list is not served: web/ also holds its types and their settings. */
export const served: ReadonlyMap<string, string> = new Map([
  ['index.html', 'text/html; charset=utf-8'],
  ['docs.html', 'text/html; charset=utf-8'],
  ['login.html', 'text/html; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
  ['login.css', 'text/css; charset=utf-8'],
  ['docs.css', 'text/css; charset=utf-8'],
  ['widget.css', 'text/css; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
  ...scripts('page', 'state', 'turns', 'turn', 'answer', 'markdown', 'source', 'history', 'library', 'gaps', 'receipt'),
  ...scripts('form', 'ending', 'feedback', 'copy', 'outcome-words', 'events', 'api', 'live', 'dates', 'names', 'html'),
  ...scripts('reader', 'docs', 'docs-schema', 'docs-try', 'dom', 'frames', 'login', 'widget', 'widget-box'),
])

/** Libraries that the page loads as they are in node_modules: its address below /modules/, and its file. */
const modules: ReadonlyMap<string, string> = new Map([
  ['preact.js', 'preact'],
  ['preact-hooks.js', 'preact/hooks'],
  ['signals.js', '@preact/signals'],
  ['signals-core.js', '@preact/signals-core'],
  ['htm.js', 'htm'],
])

/** What pages are made of, and nothing of anybody's. */
export const openFiles: readonly string[] = [
  ...[...served.keys()].filter((name) => !name.endsWith('.html')).map((name) => `/${name}`),
  ...[...modules.keys()].map((name) => `/modules/${name}`),
]

// Even if a document's text ever became markup, nothing in it could run, load or send: the page is the second wall.
const policy = (inline: string) =>
  [
    "default-src 'none'",
    `script-src 'self'${inline}`,
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

/** The headers of every page that shows text from documents. */
export const pageHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.res.headers.has('content-security-policy')) c.header('content-security-policy', policy(''))
  c.header('x-content-type-options', 'nosniff')
  c.header('referrer-policy', 'no-referrer')
}

/** All drawn by one document: what stands at an address that names nothing is for it to say. */
const addresses = ['/', '/answers/:id', '/library', '/conversations/:id']

type PageOptions = {
  readonly publicUrl?: string | null
  /** whose accounts people may log in with; left out, or null: nobody's */
  readonly issuer?: string | null
}

export function pageRoutes(webDir: string, { publicUrl = null, issuer = null }: PageOptions = {}): Hono {
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
    const isPage = name.endsWith('.html')
    // An answer of "not modified" replaces the policy that a browser has kept: a page is always sent whole.
    const kept = isPage ? [] : [etag()]
    // The headers hang on each route and not on '*': a sub-app must not change the routes of its parent.
    app.on('GET', addressesOf(name), pageHeaders, compress(), ...kept, async (c) => {
      const bytes = name === 'login.html' ? await loginPage(webDir, issuer) : await readFile(join(webDir, name))
      if (isPage) c.header('content-security-policy', policy(inlineHash(bytes.toString())))
      return send(c, type === script ? Buffer.from(withoutComments(bytes.toString())) : bytes, type)
    })
  }
  for (const [name, specifier] of modules)
    app.get(`/modules/${name}`, pageHeaders, compress(), etag(), async (c) => {
      return send(c, await readFile(fileURLToPath(import.meta.resolve(specifier))), script)
    })
  return app
}

/** Without a way in by another's accounts, the page says nothing of one. */
async function loginPage(webDir: string, issuer: string | null): Promise<Buffer<ArrayBuffer>> {
  const page = await readFile(join(webDir, 'login.html'), 'utf8')
  const way =
    issuer === null
      ? ''
      : `<p>Or with an account that you have elsewhere:</p><a id="sign-on" href="/login/oidc">Log in with ${new URL(issuer).host}</a>`
  return Buffer.from(page.replace('<!-- sign-on -->', way))
}

function send(c: Context, bytes: Buffer<ArrayBuffer>, type: string) {
  // No build gives these files versioned names, so every use asks once whether they are still the same.
  return c.body(bytes, 200, { 'content-type': type, 'cache-control': 'no-cache' })
}

/**
 * Comments that have lines of their own, left out: a third of these files, and their readers are elsewhere. The lines
 * stay, so that a place in an error is one in the file.
 */
export function withoutComments(source: string): string {
  return source.replace(/^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/)[^])*\*\/[ \t]*)$/gm, (comment) => comment.replace(/.+/g, ''))
}

/** The map of modules is the one script that must stand in the page itself: it is allowed by its hash. */
function inlineHash(page: string): string {
  const [, map] = /<script type="importmap">([^]*?)<\/script>/.exec(page) ?? []
  return map === undefined ? '' : ` 'sha256-${createHash('sha256').update(map).digest('base64')}'`
}

function addressesOf(name: string): string[] {
  return name === 'index.html' ? addresses : [`/${name.replace(/\.html$/, '')}`]
}
