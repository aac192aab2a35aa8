// What a site is asked for, to the request: by each kind of source, when nothing or one thing has changed, and when the
// site misbehaves. The table of docs/sources.md is what is counted here.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import * as fixture from '../support/fixture-site.ts'
import { type FixtureSite, html, openFixtureSite, page } from '../support/fixture-site.ts'
import { openTestSources, type TestSources } from '../support/sources.ts'

const guide = readFileSync(new URL('../../docs/sources.md', import.meta.url), 'utf8')
const PAGES = ['a', 'b', 'c']

type Kind = 'url' | 'sitemap' | 'feed' | 'crawl'

/** Where a source of this kind begins, and how the site names its pages there. */
const begins: Readonly<Record<Kind, string>> = { url: '', sitemap: '/sitemap.xml', feed: '/feed.json', crawl: '/' }

function listed(site: FixtureSite, kind: Kind, paths: readonly string[]): void {
  if (kind === 'sitemap') {
    const urls = paths.map((path) => `<url><loc>${site.url}/${path}</loc></url>`).join('')
    site.put('/sitemap.xml', page(`<urlset>${urls}</urlset>`, 'application/xml'))
  }
  if (kind === 'feed') {
    const items = paths.map((path) => ({ url: `${site.url}/${path}`, title: path }))
    const feed = { version: 'https://jsonfeed.org/version/1.1', items }
    site.put('/feed.json', page(JSON.stringify(feed), 'application/feed+json'))
  }
  if (kind === 'crawl') site.put('/', page(html('Home', `<p>Begin here.</p>${paths.map(link).join('')}`)))
}

const link = (path: string) => `<a href="/${path}">${path}</a>`

const pageOf = (name: string, words = 'The first words.') => page(html(name, `<p>What ${name} says. ${words}</p>`))

/** What happens to a site, one after the other; each leaves everything else as it is. */
const happenings: readonly (readonly [string, (site: FixtureSite, kind: Kind) => void])[] = [
  ['the first time', () => {}],
  ['nothing changed', () => {}],
  ['one page changed', (site) => site.put('/a', pageOf('a', 'Other words.'))],
  ['one page moved (301)', (site) => (site.put('/b2', pageOf('b')), site.put('/b', fixture.moved('/b2')))],
  ['one page gone (410)', (site) => site.put('/c', fixture.status(410))],
  ['nothing changed since', () => {}],
]

describe.each(['url', 'sitemap', 'feed', 'crawl'] as const)('a source of kind %s', (kind) => {
  it('asks for what changed, and for headers of the rest', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const sources = await openTestSources(database, site)
    site.put('/robots.txt', page('User-agent: *\nDisallow: /private', 'text/plain'))
    for (const path of PAGES) site.put(`/${path}`, pageOf(path))
    listed(site, kind, PAGES)
    const spec =
      kind === 'url' ? { urls: PAGES.map((path) => `${site.url}/${path}`) } : { url: site.url + begins[kind] }
    await sources.describe([{ name: 'site', kind, ...spec }])
    const rows: string[] = []
    for (const [what, happen] of happenings) {
      happen(site, kind)
      rows.push(`| ${kind} | ${what} | ${await counted(site, sources)} |`)
    }
    expect(rows).toEqual(guide.match(new RegExp(`^\\| ${kind} \\|.*`, 'gm')))
  })
})

/** requests, whole bodies, 304s, redirects, refusals; then documents and chunks embedded */
async function counted(site: FixtureSite, { read }: TestSources): Promise<string> {
  site.asked.length = 0
  const { report } = await read()
  const count = (...codes: readonly number[]) => site.asked.filter(({ status }) => codes.includes(status)).length
  const done = (['learned', 'changed', 'removed', 'unchanged', 'failed'] as const)
    .filter((type) => report[type] > 0)
    .map((type) => `${report[type]} ${type}`)
  const columns = [
    site.asked.length,
    count(200),
    count(304),
    count(301),
    count(404, 410),
    done.join(', '),
    report.embedded,
  ]
  return columns.join(' | ')
}

/** How often a page of each name is asked for in one sync, and what is said of it. */
const misbehaving: readonly (readonly [path: string, reply: fixture.Reply, requests: number, code: string | null])[] = [
  ['/fine', pageOf('fine'), 1, null],
  ['/moved', fixture.moved('/fine', 308), 1, null],
  ['/in-circles', fixture.moved('/in-circles'), 6, 'too-many-redirects'],
  ['/elsewhere', fixture.moved('http://169.254.169.254/latest/meta-data/'), 1, 'refused-url'],
  ['/silent', fixture.silent, 3, 'too-slow'],
  ['/stalling', fixture.stalling, 1, 'too-slow'],
  ['/dripping', fixture.dripping(50), 1, 'too-slow'],
  ['/cut', fixture.lying(1_000, '<p>short'), 3, 'unreachable'],
  ['/huge', fixture.plainPage('x', 'text/html', { 'content-length': '99999999999' }), 1, 'too-large'],
  ['/bomb', fixture.bomb(30_000_000), 1, 'bomb'],
  ['/picture', fixture.plainPage('x', 'image/png'), 1, 'wrong-type'],
  ['/busy', fixture.status(503), 3, 'busy'],
  ['/busy-at-first', fixture.failing(2, 503, pageOf('busy')), 3, null],
  ['/busy-for-long', fixture.status(429, { 'retry-after': '3600' }), 1, 'busy'],
  ['/gone', fixture.status(404), 1, 'gone'],
  ['/private', pageOf('private'), 0, 'not-allowed'],
]

describe('a site that misbehaves', () => {
  it('is asked this often for each page, and each has its reason', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const sources = await openTestSources(database, site)
    site.put('/robots.txt', page('User-agent: *\nDisallow: /private', 'text/plain'))
    for (const [path, reply] of misbehaving) site.put(path, reply)
    listed(
      site,
      'sitemap',
      misbehaving.map(([path]) => path.slice(1)),
    )
    await sources.describe([{ name: 'site', kind: 'sitemap', url: `${site.url}/sitemap.xml` }])
    const { events } = await sources.read()
    const found = misbehaving.map(([path]) => {
      const requests = site.asked.filter((asked) => asked.path === path).length
      const failed = events.find((event) => event.type === 'failed' && event.source === site.url + path)
      return [path, requests, failed?.type === 'failed' ? failed.code : null]
    })
    // One more for the page that the moved one leads to.
    const expected = misbehaving.map(([path, , requests, code]) => [path, requests + (path === '/fine' ? 1 : 0), code])
    expect(found).toEqual(expected)
  })

  it('with a calendar without an end is asked for as many pages as are bounded, and for headers of them the second time', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const sources = await openTestSources(database, site)
    for (let day = 0; day < 1_000; day++)
      site.put(
        `/day/${day}`,
        page(html(`Day ${day}`, `<p>Nothing.</p>${link(`day/${day + 1}`)}${link(`day/${day + 50}`)}`)),
      )
    await sources.describe([{ name: 'days', kind: 'crawl', url: `${site.url}/day/0`, pages: 20, depth: 50 }])
    expect((await sources.read()).report).toMatchObject({ learned: 20, failed: 0 })
    expect(site.asked).toHaveLength(21)
    site.asked.length = 0
    expect((await sources.read()).report).toMatchObject({ unchanged: 20, embedded: 0, bytes: 0 })
    const statuses = site.asked.map(({ status }) => status).toSorted((a, b) => a - b)
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 304), 404])
  })
})
