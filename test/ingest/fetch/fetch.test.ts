// Reading one address of a site that is slow, busy, moved, unchanged or lying.
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Fetcher, openFetcher } from '../../../ingest/fetch/fetch.ts'
import { documentTypes } from '../../../ingest/fetch/media-types.ts'
import type { Limits, Wanted } from '../../../ingest/fetch/request.ts'
import * as fixture from '../../support/fixture-site.ts'
import { type FixtureSite, openFixtureSite, page, plainPage } from '../../support/fixture-site.ts'

const { signal } = new AbortController()
const untyped: fixture.Reply = (_, response) => response.end('x')

function fetcherFor(site: FixtureSite, limits: Partial<Limits> = {}, publicUrl: string | null = null): Fetcher {
  // Generous, because machines are slow at times; a test of slowness brings its own.
  const quick = {
    headersMs: 20_000,
    idleMs: 20_000,
    totalMs: 20_000,
    retries: 0,
    firstRetryMs: 10,
    longestRetryMs: 2_000,
  }
  return openFetcher({ publicUrl, openings: { hosts: [site.host], ports: [] }, limits: { ...quick, ...limits } })
}

function get(site: FixtureSite, path: string, fetcher: Fetcher, wanted: Partial<Wanted> = {}) {
  const url = `${site.url}${path}`
  return fetcher.get({ source: url, url, accept: documentTypes, ...wanted }, signal)
}

describe('an unchanged page', () => {
  it('is asked for by its validators, and nothing but headers is sent', async () => {
    await using site = await openFixtureSite({
      '/tag': page('<p>one</p>'),
      '/date': fixture.datedPage('<p>two</p>', 'Sat, 01 Nov 2025 10:00:00 GMT'),
    })
    const fetcher = fetcherFor(site)
    for (const path of ['/tag', '/date']) {
      const first = await get(site, path, fetcher)
      const validators = { etag: first?.etag, lastModified: first?.lastModified }
      expect(await get(site, path, fetcher, { validators })).toBeNull()
    }
    expect(site.asked.map(({ status, bytes }) => [status, bytes])).toEqual([
      [200, 10],
      [304, 0],
      [200, 10],
      [304, 0],
    ])
    // A connection is kept; the next request may come a moment before it is free again.
    expect(site.connections.all).toBeLessThanOrEqual(2)
    fetcher.close()
  })

  it('is not taken for the same because the page that it leads to now has a validator alike', async () => {
    const first = '<p>one</p>'
    const date = 'Sat, 01 Nov 2025 10:00:00 GMT'
    await using site = await openFixtureSite({ '/a': fixture.datedPage(first, date) })
    const fetcher = fetcherFor(site)
    const validators = { lastModified: (await get(site, '/a', fetcher))?.lastModified }
    site.put('/a', fixture.moved('/b'))
    site.put('/b', fixture.datedPage('<p>two</p>', date))
    const found = await get(site, '/a', fetcher, { validators })
    expect(found?.bytes.toString()).toBe('<p>two</p>')
    // From then on the validator is known to be of that address.
    const there = { lastModified: found?.lastModified, at: found?.url.href }
    expect(await get(site, '/a', fetcher, { validators: there })).toBeNull()
    fetcher.close()
  })

  it('is no answer to somebody who never read it', async () => {
    await using site = await openFixtureSite({ '/': fixture.status(304) })
    await expect(get(site, '/', fetcherFor(site))).rejects.toMatchObject({ code: 'bad-status' })
  })
})

const closedAtB = async (url: URL) => (url.pathname === '/b' ? 'is closed' : null)

describe('redirects', () => {
  it('are followed to where the page is now', async () => {
    await using site = await openFixtureSite({
      '/old': fixture.moved('/older', 301),
      '/older': fixture.moved('new?a=1', 308),
      '/new?a=1': page('<p>here</p>'),
    })
    const fetched = await get(site, '/old', fetcherFor(site))
    expect(fetched?.url.href).toBe(`${site.url}/new?a=1`)
  })

  it('that go in circles end after five', async () => {
    await using site = await openFixtureSite({ '/loop': fixture.moved('/loop') })
    await expect(get(site, '/loop', fetcherFor(site))).rejects.toMatchObject({ code: 'too-many-redirects' })
    expect(site.asked).toHaveLength(6)
  })

  it('ask for permission at every hop', async () => {
    await using site = await openFixtureSite({ '/a': fixture.moved('/b'), '/b': page('x') })
    await expect(get(site, '/a', fetcherFor(site), { allow: closedAtB })).rejects.toThrow(
      `is sent on to ${site.url}/b, which is closed`,
    )
    expect(site.log()).toEqual(['301 /a'])
  })
})

describe('limits', () => {
  it.each([
    ['too-slow', 'did not begin', fixture.silent, { headersMs: 300 }],
    ['too-slow', 'stopped answering', fixture.stalling, { idleMs: 300 }],
    ['too-slow', 'took longer than 0.6 s', fixture.dripping(50), { totalMs: 600 }],
    ['too-large', 'more than 1 MB', fixture.endless],
    ['bomb', 'more than 100 times', fixture.bomb(3_000_000), { bytes: 10_000_000 }],
    ['unreachable', 'was cut off', fixture.lying(1_000, '<p>short')],
    ['too-large', 'more than 1 MB', plainPage('x', 'text/html', { 'content-length': '99999999999' })],
    ['wrong-type', 'image/png', plainPage('x', 'image/png')],
    ['wrong-type', 'text/css', plainPage('x', 'text/css')],
    ['wrong-type', 'no type', untyped],
    ['bad-encoding', 'packed as zstd', plainPage('x', 'text/html', { 'content-encoding': 'zstd' })],
    ['bad-encoding', 'cannot be unpacked', plainPage('x', 'text/html', { 'content-encoding': 'gzip' })],
    ['gone', '404', fixture.status(404)],
    ['gone', '410', fixture.status(410)],
    ['forbidden', '403', fixture.status(403)],
    ['bad-status', '204', fixture.status(204)],
    ['busy', '503', fixture.status(503)],
  ] satisfies [string, string, fixture.Reply, Partial<Limits>?][])(
    'say %s: %s',
    async (code, said, reply, limits?: Partial<Limits>) => {
      await using site = await openFixtureSite({ '/': reply })
      const refusal = await get(site, '/', fetcherFor(site, { bytes: 1_000_000, ...limits })).catch(
        (error: unknown) => error,
      )
      expect(refusal).toMatchObject({ code, source: `${site.url}/`, message: expect.stringContaining(said) as string })
    },
  )

  it('take a page that packs well', async () => {
    const body = '<p>the same words again</p>'.repeat(30_000)
    const packed = plainPage(gzipSync(body), 'text/html', { 'content-encoding': 'gzip' })
    await using site = await openFixtureSite({ '/': packed })
    expect((await get(site, '/', fetcherFor(site)))?.bytes.toString()).toBe(body)
  })

  it('take a file without a type when its ending tells what it is', async () => {
    await using site = await openFixtureSite({ '/a.md': plainPage('# A', 'application/octet-stream') })
    expect((await get(site, '/a.md', fetcherFor(site)))?.bytes.toString()).toBe('# A')
  })

  it('pass an abort on as it is', async () => {
    await using site = await openFixtureSite({ '/': fixture.silent })
    const stop = new AbortController()
    const reading = fetcherFor(site).get({ source: 'x', url: `${site.url}/`, accept: documentTypes }, stop.signal)
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 20)
    await expect(reading).rejects.toBe(reason)
  })
})

describe('a busy server', () => {
  it.each([429, 500, 502, 503])('is asked again after %i, and gives its page', async (code) => {
    await using site = await openFixtureSite({ '/': fixture.failing(2, code, page('<p>at last</p>')) })
    expect((await get(site, '/', fetcherFor(site, { retries: 2 })))?.bytes.toString()).toBe('<p>at last</p>')
    expect(site.asked).toHaveLength(3)
  })

  it('is not asked more often than that', async () => {
    await using site = await openFixtureSite({ '/': fixture.status(503) })
    await expect(get(site, '/', fetcherFor(site, { retries: 2 }))).rejects.toMatchObject({
      code: 'busy',
      retryable: true,
    })
    expect(site.asked).toHaveLength(3)
  })

  it('is given the time that it asks for', async () => {
    await using site = await openFixtureSite({ '/': fixture.failing(1, 429, page('x'), { 'retry-after': '1' }) })
    await get(site, '/', fetcherFor(site, { retries: 2 }))
    const [first, second] = site.asked
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990)
  })

  it('is left alone when it asks for longer than anybody waits', async () => {
    await using site = await openFixtureSite({ '/': fixture.status(503, { 'retry-after': '3600' }) })
    await expect(get(site, '/', fetcherFor(site, { retries: 2 }))).rejects.toMatchObject({ code: 'busy' })
    expect(site.asked).toHaveLength(1)
  })

  it.each([400, 401, 404, 410])('is not asked again after %i', async (code) => {
    await using site = await openFixtureSite({ '/': fixture.status(code) })
    await expect(get(site, '/', fetcherFor(site, { retries: 2 }))).rejects.toMatchObject({ retryable: false })
    expect(site.asked).toHaveLength(1)
  })
})

describe('politeness', () => {
  it('has two connections to a host at most, whoever asks', async () => {
    let atOnce = 0
    let most = 0
    const paths = Array.from({ length: 12 }, (_, n) => `/${n}`)
    const slow: fixture.Reply = (incoming, outgoing) => {
      most = Math.max(most, ++atOnce)
      setTimeout(() => {
        atOnce--
        plainPage('x')(incoming, outgoing)
      }, 10)
    }
    await using site = await openFixtureSite(Object.fromEntries(paths.map((path) => [path, slow])))
    const fetcher = fetcherFor(site)
    await Promise.all(paths.map((path) => get(site, path, fetcher)))
    expect({ most, open: site.connections.most, all: site.connections.all }).toEqual({ most: 2, open: 2, all: 2 })
    fetcher.close()
  })

  it('gives the turn of somebody who left to the next', async () => {
    await using site = await openFixtureSite({ '/silent': fixture.silent, '/': page('x') })
    const fetcher = fetcherFor(site)
    const stop = new AbortController()
    const url = `${site.url}/silent`
    const ask = () => fetcher.get({ source: url, url, accept: documentTypes }, stop.signal)
    const stuck = Promise.allSettled([ask(), ask(), ask(), ask()])
    const next = get(site, '/', fetcher)
    await expect.poll(() => site.asked.length).toBe(2)
    stop.abort()
    expect((await next)?.bytes.toString()).toBe('x')
    expect((await stuck).every(({ status }) => status === 'rejected')).toBe(true)
    expect(site.log()).toEqual(['0 /silent', '0 /silent', '200 /'])
    fetcher.close()
  })

  it('says who is asking, and where to complain', async () => {
    await using site = await openFixtureSite({ '/': page('x') })
    await get(site, '/', fetcherFor(site, {}, 'https://ask.example.com'))
    expect(site.asked[0]?.headers['user-agent']).toBe('Footnote (+https://ask.example.com)')
  })
})
