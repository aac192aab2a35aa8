// Sources of sources.yaml through whole syncs: what is asked for over the network, learned, kept, removed and refused.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, describe, it } from 'vitest'
import { documentId } from '../../store/saving.ts'
import { openTestDatabase } from '../support/database.ts'
import { type FixtureSite, html, openFixtureSite, page, plainPage, silent, status } from '../support/fixture-site.ts'
import { openTestSources } from '../support/sources.ts'
import { never, search } from '../support/store-documents.ts'
import { article, articles, folderOf } from '../support/syncing.ts'

function sitemapOf(site: FixtureSite, paths: readonly string[]): void {
  const urls = paths.map((path) => `<url><loc>${site.url}${path}</loc></url>`).join('')
  site.put('/sitemap.xml', page(`<?xml version="1.0"?><urlset>${urls}</urlset>`, 'application/xml'))
}

function putPages(site: FixtureSite, names: readonly string[]): void {
  for (const name of names) site.put(`/${name}`, page(html(name, `<p>What ${name} is about, in a sentence.</p>`)))
  sitemapOf(
    site,
    names.map((name) => `/${name}`),
  )
}

const blog = (site: FixtureSite) => ({ name: 'blog', kind: 'sitemap', url: `${site.url}/sitemap.xml` })

/** What the site was asked for since the last time. */
function askedOf(site: FixtureSite): string[] {
  const log = site.log()
  site.asked.length = 0
  return log.toSorted()
}

describe('a sitemap', () => {
  it('is learned once: the second time headers are sent, and nothing is parsed or embedded', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { store, describe, read } = await openTestSources(database, site)
    putPages(site, ['one', 'two'])
    await describe([blog(site)])
    const first = await read()
    expect(first.report).toMatchObject({ learned: 2, failed: 0, removed: 0 })
    expect(first.events).toContainEqual({ type: 'reading', name: 'blog', kind: 'sitemap' })
    expect(await store.documents.find('main', documentId('main', `${site.url}/one`))).toMatchObject({
      title: 'one',
      url: `${site.url}/one`,
    })
    expect(askedOf(site)).toEqual(['200 /one', '200 /sitemap.xml', '200 /two', '404 /robots.txt'])
    const second = await read()
    expect(second.report).toMatchObject({ learned: 0, changed: 0, unchanged: 2, embedded: 0, bytes: 0 })
    expect(site.asked.reduce((sum, { path, bytes }) => sum + (path === '/robots.txt' ? 0 : bytes), 0)).toBe(0)
    expect(askedOf(site)).toEqual(['304 /one', '304 /sitemap.xml', '304 /two', '404 /robots.txt'])
  })

  it('brings a changed page, and takes one that it names no more', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { store, describe, read, names } = await openTestSources(database, site)
    putPages(site, ['one', 'two', 'three'])
    await describe([blog(site)])
    await read()
    site.put('/two', page(html('two', '<p>Something about walruses.</p>')))
    sitemapOf(site, ['/one', '/two'])
    const { report, events } = await read()
    expect(report).toMatchObject({ changed: 1, removed: 1, unchanged: 1, kept: 0 })
    expect(events).toContainEqual({ type: 'removed', source: `${site.url}/three` })
    expect(await names()).toEqual(['one', 'two'])
    expect(await search(store, 'walruses')).toHaveLength(1)
    expect(await store.reports.index('main')).toMatchObject({ strayWords: 0, emptyDocuments: { count: 0 } })
  })

  it('does not embed a page again that has moved', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { describe, read, names } = await openTestSources(database, site)
    putPages(site, ['one', 'two', 'three'])
    await describe([blog(site)])
    await read()
    site.put('/moved/three', page(html('three', '<p>What three is about, in a sentence.</p>')))
    sitemapOf(site, ['/one', '/two', '/moved/three'])
    expect((await read()).report).toMatchObject({ learned: 1, removed: 1, embedded: 0 })
    expect(await names()).toEqual(['one', 'three', 'two'])
  })

  it('counts a page that is answered 404 as gone, and one that is busy as there', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { describe, read, names } = await openTestSources(database, site)
    putPages(site, ['one', 'two', 'three'])
    await describe([blog(site)])
    await read()
    site.put('/one', status(410))
    site.put('/two', status(503))
    const { report, events } = await read()
    expect(report).toMatchObject({ removed: 1, failed: 1, unchanged: 1 })
    expect(events).toContainEqual(expect.objectContaining({ type: 'failed', source: `${site.url}/two`, code: 'busy' }))
    expect(await names()).toEqual(['three', 'two'])
  })

  it('removes nothing while it cannot be read whole, and forgets its fault when it can', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { store, describe, read, names } = await openTestSources(database, site)
    putPages(site, ['one', 'two'])
    await describe([blog(site)])
    await read()
    site.put('/sitemap.xml', status(500))
    expect((await read()).report).toMatchObject({ removed: 0, failed: 1 })
    expect(await store.syncs.failures('main', 10)).toMatchObject([{ source: `${site.url}/sitemap.xml`, code: 'busy' }])
    expect(await names()).toEqual(['one', 'two'])
    sitemapOf(site, ['/one', '/two'])
    await read()
    expect(await store.syncs.failures('main', 10)).toEqual([])
    // A fault of a source that is described no more goes, too.
    site.put('/sitemap.xml', status(500))
    await read()
    await describe([{ name: 'other', kind: 'url', urls: [`${site.url}/one`] }])
    await read()
    expect(await store.syncs.failures('main', 10)).toEqual([])
  })

  it('that lost more than a fifth keeps all of it, until deletions are allowed', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { describe, read, names } = await openTestSources(database, site)
    putPages(site, ['a', 'b', 'c', 'd', 'e'])
    await describe([blog(site)])
    await read()
    putPages(site, ['a', 'b'])
    const { report, events } = await read()
    expect(report).toMatchObject({ removed: 0, kept: 3 })
    const kept = events.find(({ type }) => type === 'kept')
    expect(kept).toMatchObject({ message: expect.stringContaining('npm run ingest -- blog --allow-deletes') as string })
    expect(await names()).toHaveLength(5)
    expect((await read(['blog'], true)).report).toMatchObject({ removed: 3, kept: 0 })
    expect(await names()).toEqual(['a', 'b'])
  })

  it('is asked for whole again after an undo', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { syncing, store, describe, read } = await openTestSources(database, site)
    putPages(site, ['one'])
    await describe([blog(site)])
    await read()
    site.put('/one', page(html('one', '<p>All about walruses.</p>')))
    const { id } = await read()
    await Array.fromAsync(syncing.undo(id, never))
    expect(await search(store, 'walruses')).toEqual([])
    expect((await read()).report).toMatchObject({ changed: 1 })
    expect(await search(store, 'walruses')).toHaveLength(1)
  })
})

describe('a crawl', () => {
  it('ends where a site leads in circles, and learns pages once', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { describe, read, names } = await openTestSources(database, site)
    site.put('/', page(html('Home', '<p>Begin here.</p><a href="/a">a</a><a href="/gone">gone</a>')))
    site.put('/a', page(html('A', '<p>The first.</p><a href="/b">b</a><a href="/#top">home</a>')))
    site.put('/b', page(html('B', '<p>The second.</p><a href="/a?utm_source=b">a</a>')))
    await describe([{ name: 'docs', kind: 'crawl', url: `${site.url}/` }])
    expect((await read()).report).toMatchObject({ learned: 3, failed: 0, skipped: 1 })
    expect(await names()).toHaveLength(3)
    expect(askedOf(site)).toEqual(['200 /', '200 /a', '200 /b', '404 /gone', '404 /robots.txt'])
    expect((await read()).report).toMatchObject({ unchanged: 3, embedded: 0, bytes: 0 })
    expect(askedOf(site)).toEqual(['304 /', '304 /a', '304 /b', '404 /gone', '404 /robots.txt'])
  })

  it('goes on without a page that dawdles, keeps what was learned of it, and removes nothing', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { describe, read, names } = await openTestSources(database, site)
    site.put('/', page(html('Home', '<p>Begin here.</p><a href="/a">a</a><a href="/b">b</a>')))
    site.put('/a', page(html('A', '<p>The first.</p>')))
    site.put('/b', page(html('B', '<p>The second.</p>')))
    await describe([{ name: 'docs', kind: 'crawl', url: `${site.url}/` }])
    await read()
    site.put('/a', silent)
    site.put('/', page(html('Home', '<p>Begin here.</p><a href="/a">a</a>')))
    const { report, events } = await read()
    expect(report).toMatchObject({ failed: 1, removed: 0, changed: 1 })
    expect(events).toContainEqual(
      expect.objectContaining({ code: 'too-slow', message: expect.stringContaining(`${site.url}/a`) as string }),
    )
    expect(await names()).toHaveLength(3)
    site.put('/a', page(html('A', '<p>The first.</p>')))
    expect((await read()).report).toMatchObject({ failed: 0, removed: 1 })
  })
})

function feedOf(site: FixtureSite, paths: readonly string[]): string {
  const items = paths.map((path) => ({
    url: `${site.url}/${path}`,
    title: `Feed ${path}`,
    date_published: '2021-03-04T10:00:00Z',
    authors: [{ name: 'Ada Keeper' }],
  }))
  return JSON.stringify({ version: 'https://jsonfeed.org/version/1.1', items })
}

describe('a feed', () => {
  it('keeps what it drops, and fills in what a page does not say', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { store, describe, read, names } = await openTestSources(database, site)
    const feed = (paths: readonly string[]) => page(feedOf(site, paths), 'application/feed+json')
    site.put('/feed.xml', feed(['one', 'two']))
    const own = '<a rel=author>Ben Pilot</a>'
    site.put('/one', page(html('Its own title', `<p>The words of one, by ${own}.</p>`)))
    site.put('/two', plainPage('The words of two have no title and no heading, only a sentence.', 'text/plain'))
    await describe([{ name: 'news', kind: 'feed', url: `${site.url}/feed.xml` }])
    expect((await read()).report).toMatchObject({ learned: 2, failed: 0 })
    const found = async (path: string) => await store.documents.find('main', documentId('main', `${site.url}/${path}`))
    expect(await found('one')).toMatchObject({
      title: 'Its own title',
      authors: ['Ben Pilot'],
      publishedAt: '2021-03-04T10:00:00.000Z',
    })
    expect(await found('two')).toMatchObject({ title: 'Feed two', authors: ['Ada Keeper'] })
    site.put('/feed.xml', feed(['one']))
    site.put('/one', status(404))
    expect((await read()).report).toMatchObject({ removed: 0, failed: 1 })
    expect(await names()).toEqual(['one', 'two'])
  })
})

describe('audiences', () => {
  it('of a source narrow those of its documents, and close one that would be for nobody', async () => {
    await using database = await openTestDatabase()
    const { store, describe, read, learn } = await openTestSources(database, null)
    const folder = await folderOf({
      'plain.md': article('Plain'),
      'both.md': `---\naudience: [staff, oncall]\n---\n${article('Both')}`,
      'other.md': article('Other'),
    })
    await describe([{ name: 'handbook', kind: 'folder', path: folder }])
    await read()
    const audienceOf = async (name: string) =>
      (await store.documents.find('main', documentId('main', join(folder, name))))?.audience
    expect(await audienceOf('plain.md')).toEqual([])
    // Nothing but the description has changed.
    await describe([{ name: 'handbook', kind: 'folder', path: folder, audience: ['staff'] }])
    expect((await read()).report).toMatchObject({ changed: 3 })
    expect(await audienceOf('plain.md')).toEqual(['staff'])
    expect(await audienceOf('both.md')).toEqual(['staff'])
    await writeFile(join(folder, 'other.md'), `---\naudience: finance\n---\n${article('Other')}`)
    const { report, events } = await read()
    expect(report).toMatchObject({ failed: 1, unchanged: 2 })
    expect(events).toContainEqual(
      expect.objectContaining({ code: 'bad-audience', message: expect.stringContaining('finance') as string }),
    )
    expect(await audienceOf('other.md')).toEqual(['@nobody'])
    // By its path it would be for everyone.
    expect((await learn([join(folder, 'plain.md')])).events).toContainEqual(
      expect.objectContaining({ type: 'failed', code: 'name-taken' }),
    )
    expect(await audienceOf('plain.md')).toEqual(['staff'])
  })

  it('of a row that cannot be read close the row that was learned before', async () => {
    await using database = await openTestDatabase()
    const { store, describe, read } = await openTestSources(database, null)
    const folder = await folderOf({ 'faq.jsonl': JSON.stringify({ id: 'a', title: 'First', text: 'Some words.' }) })
    await describe([{ name: 'faq', kind: 'jsonl', path: join(folder, 'faq.jsonl') }])
    expect((await read()).report).toMatchObject({ learned: 1, failed: 0 })
    const source = `${join(folder, 'faq.jsonl')}#a`
    const found = async () => await store.documents.find('main', documentId('main', source))
    expect(await found()).toMatchObject({ title: 'First', audience: [] })
    await writeFile(join(folder, 'faq.jsonl'), JSON.stringify({ id: 'a', text: 'Some words.', audience: 7 }))
    expect((await read()).report).toMatchObject({ failed: 1, removed: 0 })
    expect(await found()).toMatchObject({ audience: ['@nobody'] })
  })
})

describe('two sources', () => {
  it('that name one document share it while they are for the same readers, and no longer', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { describe, read, names } = await openTestSources(database, site)
    putPages(site, ['one', 'two'])
    const named = { name: 'named', kind: 'url', urls: [`${site.url}/one`] }
    await describe([blog(site), named])
    expect((await read()).report).toMatchObject({ learned: 2, unchanged: 1, failed: 0 })
    // Gone from one of them, and still named by the other.
    sitemapOf(site, ['/two'])
    expect((await read()).report).toMatchObject({ removed: 0 })
    await describe([blog(site), { ...named, audience: ['staff'] }])
    expect((await read(['named'])).events).toContainEqual(
      expect.objectContaining({ type: 'failed', code: 'name-taken', source: `${site.url}/one` }),
    )
    expect(await names()).toEqual(['one', 'two'])
  })
})

describe('a plan', () => {
  it('tells each source what would be done, and writes nothing', async () => {
    await using database = await openTestDatabase()
    await using site = await openFixtureSite()
    const { syncing, store, describe, read } = await openTestSources(database, site)
    putPages(site, ['one', 'two', 'three'])
    const folder = await folderOf(articles(2))
    const handbook = { name: 'handbook', kind: 'folder', path: folder, schedule: 'every 6h' }
    await describe([blog(site), handbook])
    await read(['blog'])
    site.put('/one', page(html('one', '<p>Something else.</p>')))
    sitemapOf(site, ['/one', '/two'])
    await rm(join(folder, 'a1.md'))
    const before = await store.syncs.list('main', 10)
    const plan = await syncing.plan({ paths: [], sources: [] }, never)
    expect(plan).toMatchObject({
      added: { count: 1, some: [join(folder, 'a2.md')] },
      changed: { count: 1, some: [`${site.url}/one`] },
      removed: { count: 1, some: [`${site.url}/three`] },
      unchanged: 1,
      refused: null,
    })
    expect(plan.sources).toEqual([
      {
        name: 'blog',
        kind: 'sitemap',
        schedule: null,
        added: 0,
        changed: 1,
        removed: 1,
        failed: 0,
        unchanged: 1,
        skipped: 0,
        complete: true,
      },
      {
        name: 'handbook',
        kind: 'folder',
        schedule: 'every 6h',
        added: 1,
        changed: 0,
        removed: 0,
        failed: 0,
        unchanged: 0,
        skipped: 0,
        complete: true,
      },
    ])
    expect(await store.syncs.list('main', 10)).toEqual(before)
  })
})
