// Pages, sitemaps, feeds and crawls over a site of fixtures: what is named, what is loaded, and what is asked for twice.
import { gzipSync } from 'node:zlib'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openOrigins, type Origins } from '../../../ingest/source/origins.ts'
import { parseSources } from '../../../ingest/sources-file.ts'
import * as fixture from '../../support/fixture-site.ts'
import { type FixtureSite, html, openFixtureSite, page, plainPage } from '../../support/fixture-site.ts'
import { hintsOf, listAndLoad, memoryOf, seenOf, textOf } from '../../support/listed.ts'

const { signal } = new AbortController()
let site: FixtureSite
const opened: Origins[] = []
beforeEach(async () => {
  site = await openFixtureSite()
})
afterEach(async () => {
  for (const { close } of opened.splice(0)) close()
  await site[Symbol.asyncDispose]()
})

function origin(fields: Readonly<Record<string, unknown>>, slowness: { readonly headersMs?: number } = {}) {
  const written = JSON.stringify({ allowHosts: [site.host], sources: [{ name: 'one', ...fields }] })
  const file = { ...parseSources(written, 'sources.yaml'), folder: '.' }
  const limits = { retries: 0, headersMs: 20_000, ...slowness }
  const deps = { publicUrl: null, dataDir: 'unused', environment: {}, input: Readable.from([]), limits }
  const made = openOrigins(file, deps)
  opened.push(made)
  return made.origins[0]!
}

/** Twice in a row with nothing changed: the second time costs headers only. */
async function listTwice(fields: Readonly<Record<string, unknown>>) {
  const memory = memoryOf()
  const first = await listAndLoad(origin(fields), memory, new Map(), signal)
  const before = site.asked.length
  const second = await listAndLoad(origin(fields), memory, seenOf(first), signal)
  return { first, second, memory, again: site.asked.slice(before) }
}

const bytesOf = (asked: readonly fixture.Asked[]) => asked.reduce((sum, { bytes }) => sum + bytes, 0)
const at = (...paths: string[]) => paths.map((path) => `${site.url}${path}`)

describe('single pages', () => {
  it('are learned by their address, and their canonical one is shown', async () => {
    site.put('/a', page(`<link rel="canonical" href="/real?utm_source=x"><h1>A</h1>`))
    const urls = at('/a#part', '/a', '/gone')
    const { first, second, again } = await listTwice({ kind: 'url', urls, audience: ['#Staff'] })
    expect(first).toMatchObject({ sources: at('/a', '/gone'), complete: true })
    expect(hintsOf(first, `${site.url}/a`)).toEqual({ url: `${site.url}/real`, audience: ['staff'] })
    expect(first.loaded.get(`${site.url}/gone`)).toBe('gone')
    expect(second.loaded.get(`${site.url}/a`)).toBe('unchanged')
    expect(again.map(({ status }) => status)).toEqual([304, 404])
  })

  it('cannot claim to be somebody else’s', async () => {
    site.put('/a', page(`<link rel="canonical" href="https://bank.example/login">`))
    const listed = await listAndLoad(origin({ kind: 'url', urls: at('/a') }), memoryOf(), new Map(), signal)
    expect(hintsOf(listed, `${site.url}/a`)).toEqual({ url: `${site.url}/a` })
  })

  it('are unchanged by their bytes where the server knows no validators', async () => {
    site.put('/a', plainPage('<p>same</p>'))
    const { second } = await listTwice({ kind: 'url', urls: at('/a') })
    expect(second.loaded.get(`${site.url}/a`)).toBe('unchanged')
  })

  it('are UTF-8 when the server names another encoding, and refused when it names the wrong one', async () => {
    site.put('/latin', plainPage(Buffer.from('<p>caf\xe9</p>', 'latin1'), 'text/html; charset=iso-8859-1'))
    site.put('/wrong', plainPage(Buffer.from([0x83, 0xff]), 'text/html; charset=shift_jis'))
    const listed = await listAndLoad(
      origin({ kind: 'url', urls: at('/latin', '/wrong') }),
      memoryOf(),
      new Map(),
      signal,
    )
    expect(textOf(listed, `${site.url}/latin`)).toBe('<p>café</p>')
    expect(listed.loaded.get(`${site.url}/latin`)).toMatchObject({ mediaType: 'text/html; charset=utf-8' })
    expect(listed.loaded.get(`${site.url}/wrong`)).toBe('bad-encoding')
  })
})

const urlset = (...urls: string[]) =>
  `<?xml version="1.0"?><urlset xmlns="x">${urls.map((url) => `<url><loc>${url}</loc></url>`).join('')}</urlset>`
const index = (...urls: string[]) =>
  `<sitemapindex>${urls.map((url) => `<sitemap><loc>${url}</loc></sitemap>`).join('')}</sitemapindex>`

const listed = async (from: ReturnType<typeof origin>) => await Array.fromAsync(from.list(memoryOf(), signal))

describe('a sitemap', () => {
  it('is read with its index and packed parts, each page once, robots.txt obeyed', async () => {
    site.put('/sitemap.xml', page(index(...at('/one.xml', '/two.xml.gz', '/sitemap.xml')), 'application/xml'))
    site.put('/one.xml', page(urlset(...at('/a', '/a/', '/a?utm_source=x', '/private/b')), 'text/xml'))
    site.put('/two.xml.gz', page(gzipSync(urlset(...at('/c'), 'https://elsewhere.example/d')), 'application/gzip'))
    site.put('/robots.txt', page('User-agent: *\nDisallow: /private', 'text/plain'))
    for (const path of ['/a', '/c', '/private/b']) site.put(path, page(html(path, '')))
    const { first, second, again } = await listTwice({ kind: 'sitemap', url: `${site.url}/sitemap.xml` })
    expect(first).toMatchObject({ sources: at('/a', '/private/b', '/c'), faults: [], complete: true })
    expect(first.skipped).toEqual([expect.stringMatching(/^https:\/\/elsewhere.example\/d: on another host/)])
    expect(first.loaded.get(`${site.url}/private/b`)).toBe('not-allowed')
    expect(second).toMatchObject({ sources: first.sources, complete: true })
    expect(again.map(({ status, path }) => `${status} ${path}`)).toEqual([
      '304 /robots.txt',
      '304 /sitemap.xml',
      '304 /one.xml',
      '304 /a',
      '304 /two.xml.gz',
      '304 /c',
    ])
    expect(bytesOf(again)).toBe(0)
  })

  it('names what is chosen, up to as many pages as are read', async () => {
    site.put(
      '/sitemap.xml',
      page(urlset(...at('/docs/a', '/docs/drafts/b', '/blog/c', '/docs/d', '/docs/e')), 'text/xml'),
    )
    const chosen = { include: ['docs/**'], exclude: ['docs/drafts/**'], pages: 2 }
    const listed = await listAndLoad(
      origin({ kind: 'sitemap', url: `${site.url}/sitemap.xml`, ...chosen }),
      memoryOf(),
      new Map(),
      signal,
    )
    expect(listed).toMatchObject({ sources: at('/docs/a', '/docs/d'), complete: false })
    expect(listed.skipped[0]).toContain('/docs/e: beyond the 2 pages')
  })

  it('says what it leaves out of an index that is too long, and then nothing is said to be gone', async () => {
    const urls = Array.from({ length: 201 }, (_, n) => `${site.url}/${n}.xml`)
    for (const [n] of urls.entries()) site.put(`/${n}.xml`, page(urlset(...at(`/page-${n}`)), 'text/xml'))
    site.put('/index.xml', page(index(...urls), 'text/xml'))
    const events = await listed(origin({ kind: 'sitemap', url: `${site.url}/index.xml` }))
    const reason = 'beyond the 200 sitemaps that are read of one source'
    expect(events).toContainEqual({ type: 'skipped', source: `${site.url}/199.xml`, reason })
    expect(events.at(-1)).toEqual({ type: 'end', complete: false })
  })

  it('is read to its end, however long it is', async () => {
    const urls = at(...Array.from({ length: 50_002 }, (_, n) => `/${n}`))
    for (const [path, body] of [
      ['/long.xml', urlset(...urls)],
      ['/long.txt', urls.join('\n')],
    ] as const) {
      site.put(path, page(body, path.endsWith('xml') ? 'text/xml' : 'text/plain'))
      const events = await listed(origin({ kind: 'sitemap', url: site.url + path, pages: 60_000 }))
      expect(events.filter(({ type }) => type === 'entry')).toHaveLength(50_002)
      expect(events.at(-1)).toEqual({ type: 'end', complete: true })
    }
  })

  it('is a fault when it cannot be had, is none, or bursts, and then nothing is said to be gone', async () => {
    site.put('/page.xml', page('<html></html>', 'text/xml'))
    site.put('/bomb.xml.gz', page(gzipSync(Buffer.alloc(30_000_000)), 'application/gzip'))
    for (const [path, said] of [
      ['/missing.xml', 'is not there'],
      ['/page.xml', 'is no sitemap'],
      ['/bomb.xml.gz', 'times its size'],
    ] as const) {
      const listed = await listAndLoad(origin({ kind: 'sitemap', url: site.url + path }), memoryOf(), new Map(), signal)
      expect(listed).toMatchObject({ sources: [], faults: [expect.stringContaining(said)], complete: false })
    }
  })
})

const rss = (...entries: string[]) =>
  `<rss version="2.0"><channel><title>Blog</title>${entries.join('')}</channel></rss>`
const entry = (link: string, title: string, text: string) =>
  `<item><title>${title}</title><link>${link}</link><pubDate>Thu, 04 Mar 2021 10:00:00 GMT</pubDate><description>${text}</description></item>`

describe('a feed', () => {
  it('gives the linked page, or its own words where there is none, and costs headers when it is unchanged', async () => {
    site.put(
      '/feed',
      page(
        rss(
          entry('/one?utm_source=rss', 'One', 'Short'),
          entry('/two', 'Two', 'Own words'),
          entry('https://other.example/3', 'Three', 'Linked'),
        ),
        'application/rss+xml',
      ),
    )
    site.put('/one', page(html('One', '<p>The whole article.</p>') + '<link rel=canonical href=/blog/one>'))
    const { first, second, again } = await listTwice({ kind: 'feed', url: `${site.url}/feed` })
    expect(first).toMatchObject({
      sources: [...at('/one', '/two'), 'https://other.example/3'],
      faults: [],
      complete: false,
    })
    expect(textOf(first, `${site.url}/one`)).toContain('The whole article.')
    expect(hintsOf(first, `${site.url}/one`)).toEqual({
      title: 'One',
      publishedAt: '2021-03-04T10:00:00.000Z',
      url: `${site.url}/blog/one`,
    })
    expect(textOf(first, `${site.url}/two`)).toContain('Own words')
    expect(textOf(first, 'https://other.example/3')).toContain('Linked')
    expect([...second.loaded.values()]).toEqual(['unchanged', 'unchanged', 'unchanged'])
    expect(again.map(({ status, path }) => `${status} ${path}`)).toEqual([
      '304 /feed',
      '404 /robots.txt',
      '304 /one',
      '404 /two',
    ])
  })

  it('does not replace a page by its summary because the server is busy', async () => {
    site.put('/feed', page(rss(entry('/one', 'One', 'Short')), 'application/rss+xml'))
    site.put('/one', fixture.status(503))
    const { first } = await listTwice({ kind: 'feed', url: `${site.url}/feed` })
    expect(first.loaded.get(`${site.url}/one`)).toBe('busy')
  })

  it('asks an unchanged feed again for words that were not learned', async () => {
    site.put('/feed', page(rss(entry('/gone', 'One', 'Own words')), 'application/rss+xml'))
    const memory = memoryOf()
    await listAndLoad(origin({ kind: 'feed', url: `${site.url}/feed` }), memory, new Map(), signal)
    const again = await listAndLoad(origin({ kind: 'feed', url: `${site.url}/feed` }), memory, new Map(), signal)
    expect(textOf(again, `${site.url}/gone`)).toContain('Own words')
  })
})

const links = (...paths: string[]) => paths.map((path) => `<a href="${path}">${path}</a>`).join('')

const days: fixture.Reply = (incoming, outgoing) => {
  const { pathname } = new URL(incoming.url ?? '', site.url)
  page(html(pathname, links(`${pathname}x`, `next/next/${pathname.length}`)))(incoming, outgoing)
}
const crawlWithin = (bounds: object) =>
  listAndLoad(origin({ kind: 'crawl', url: site.url, ...bounds }), memoryOf(), new Map(), signal)

describe('a crawl', () => {
  it('follows the links of one site, each page once whatever its spelling, and costs headers the second time', async () => {
    site.put(
      '/',
      page(
        html(
          'Home',
          links(
            '/a',
            '/a/',
            '/a#x',
            '/a?utm_source=y',
            '/b',
            'https://other.example/',
            '/x.png',
            '/missing',
            '/private',
          ),
        ),
      ),
    )
    site.put('/a', page(html('A', links('/', '/c', '/old'))))
    site.put('/b', page(html('B', links('/copy'))))
    site.put('/c', page(html('C', '')))
    site.put('/copy', page(html('Copy of C', '<link rel="canonical" href="/c">')))
    site.put('/old', fixture.moved('/b'))
    site.put('/private', page(html('Private', '')))
    site.put(
      '/robots.txt',
      page('User-agent: Footnote\nDisallow: /private\n\nUser-agent: *\nDisallow: /', 'text/plain'),
    )
    const { first, second, again } = await listTwice({ kind: 'crawl', url: site.url })
    expect(first).toMatchObject({ sources: at('/', '/a', '/b', '/c'), faults: [], complete: true })
    expect(first.skipped.map((line) => line.replace(site.url, ''))).toEqual([
      expect.stringMatching(/^\/missing: .*404/),
      expect.stringMatching(/^\/private: .*closed to robots/),
    ])
    expect(second).toMatchObject({ sources: first.sources, complete: true })
    expect(new Set(second.loaded.values())).toEqual(new Set(['unchanged']))
    expect(again.map(({ status, path }) => `${status} ${path}`)).toEqual([
      '304 /robots.txt',
      '304 /',
      '304 /a',
      '304 /b',
      '404 /missing',
      '304 /c',
      '301 /old',
      '304 /b',
      '304 /copy',
    ])
    // What is sent is the two words of the page that is not there, and of the one that moved.
    expect(bytesOf(again)).toBe('status 404'.length + 'status 301'.length)
  })

  it('learns what changed, moved or went away', async () => {
    site.put('/', page(html('Home', links('/a', '/b'))))
    site.put('/a', page(html('A', '')))
    site.put('/b', page(html('B', '')))
    const memory = memoryOf()
    const first = await listAndLoad(origin({ kind: 'crawl', url: site.url }), memory, new Map(), signal)
    site.put('/a', page(html('A', '<p>changed</p>')))
    site.put('/b', fixture.status(410))
    const second = await listAndLoad(origin({ kind: 'crawl', url: site.url }), memory, seenOf(first), signal)
    expect(second).toMatchObject({ sources: at('/', '/a'), complete: true })
    expect(textOf(second, `${site.url}/a`)).toContain('changed')
    expect(second.loaded.get(`${site.url}/`)).toBe('unchanged')
  })

  it('sends an unchanged page again to whoever does not know it', async () => {
    site.put('/', page(html('Home', '')))
    const memory = memoryOf()
    await listAndLoad(origin({ kind: 'crawl', url: site.url }), memory, new Map(), signal)
    const again = await listAndLoad(origin({ kind: 'crawl', url: site.url }), memory, new Map(), signal)
    expect(textOf(again, `${site.url}/`)).toContain('Home')
  })

  it('does not take for gone what could not be read', async () => {
    site.put('/', page(html('Home', links('/busy', '/slow'))))
    site.put('/busy', fixture.status(503))
    site.put('/slow', fixture.silent)
    const listed = await listAndLoad(
      origin({ kind: 'crawl', url: site.url }, { headersMs: 2_000 }),
      memoryOf(),
      new Map(),
      signal,
    )
    expect(listed).toMatchObject({
      sources: at('/'),
      complete: false,
      faults: [expect.any(String), expect.any(String)],
    })
  })

  it('ends in a calendar without an end, by depth, by number and by loops in its addresses', async () => {
    const calendar = Array.from({ length: 60 }, (_, n) => `/${'x'.repeat(n)}`)
    for (const path of calendar) site.put(path, days)
    const deep = await crawlWithin({ depth: 3 })
    expect(deep).toMatchObject({ sources: at('/', '/x', '/xx', '/xxx'), complete: true })
    const many = await crawlWithin({ depth: 50, pages: 5 })
    expect(many).toMatchObject({ complete: false })
    expect(many.skipped.at(-1)).toContain('beyond the 5 pages')
  })

  it('keeps the distance that robots.txt asks for', async () => {
    site.put('/robots.txt', page('User-agent: *\nCrawl-delay: 0.5', 'text/plain'))
    site.put('/', page(html('Home', links('/a', '/b'))))
    site.put('/a', page(html('A', '')))
    site.put('/b', page(html('B', '')))
    await listAndLoad(origin({ kind: 'crawl', url: site.url }), memoryOf(), new Map(), signal)
    const times = site.asked.map(({ atMs }) => atMs)
    expect(site.log()).toHaveLength(4)
    // Three distances of 500 ms, less what the first request may have been under way for longer than the last.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_200)
  })

  it('reads nothing while robots.txt cannot be read', async () => {
    site.put('/robots.txt', fixture.status(503))
    site.put('/', page(html('Home', '')))
    const listed = await listAndLoad(origin({ kind: 'crawl', url: site.url }), memoryOf(), new Map(), signal)
    expect(listed).toMatchObject({
      sources: [],
      complete: false,
      faults: [expect.stringContaining('robots.txt cannot be read')],
    })
    expect(site.log()).toEqual(['503 /robots.txt'])
  })

  it('does not keep pages that ask robots not to, and follows them all the same', async () => {
    site.put('/', page(`<meta name="robots" content="noindex">${links('/a')}`))
    site.put('/a', page(html('A', '')))
    const listed = await listAndLoad(origin({ kind: 'crawl', url: site.url }), memoryOf(), new Map(), signal)
    expect(listed.sources).toEqual(at('/a'))
  })

  it('stops when told to', async () => {
    site.put('/', page(html('Home', '')))
    const listing = listAndLoad(origin({ kind: 'crawl', url: site.url }), memoryOf(), new Map(), AbortSignal.abort())
    await expect(listing).rejects.toThrow('aborted')
    expect(site.asked).toEqual([])
  })
})
