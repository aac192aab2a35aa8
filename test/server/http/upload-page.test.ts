// POST /v1/documents with nothing but an address: the page is fetched through the guard and kept like an upload.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBook } from '../../../ingest/book.ts'
import { openSyncs } from '../../../ingest/syncs.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'
import {
  bomb,
  type FixtureSite,
  html,
  moved,
  openFixtureSite,
  page,
  plainPage,
  status,
} from '../../support/fixture-site.ts'
import { readJson } from '../../support/wire.ts'

type Problem = { readonly code: string; readonly title: string }
type Sent = {
  readonly documents: readonly { readonly id: string; readonly source: string; readonly outcome: string }[]
}

let library: TestLibrary
let site: FixtureSite
let app: TestApp
beforeAll(async () => {
  library = await openTestLibrary()
  site = await openFixtureSite()
  app = appOver([site.host])
})
afterAll(async () => await site[Symbol.asyncDispose]())

function appOver(hosts: readonly string[]): TestApp {
  const limits = { firstRetryMs: 1, headersMs: 300, totalMs: 2_000 }
  const deps = () => ({ publicUrl: null, dataDir: '', environment: {}, input: null, limits })
  const book = openBook({ path: '', isSet: false, deps, openings: { hosts, ports: [] } })
  const { store, embedder } = library
  const syncing = openSyncs({ ...store, embedder, library: 'main', silentMs: 0, book })
  return openTestApp(library, { syncing })
}

describe('a page that is added by its address', () => {
  it('is learned with what is said of it, and kept so that it can be learned anew', async () => {
    const canonical = '<link rel="canonical" href="/guides/walruses">'
    site.put(
      '/w?utm_source=x',
      page(`<html><head>${canonical}<title>Walruses</title></head><p>Tusks grow for life.</p></html>`),
    )
    site.put('/w', page(`<html><head>${canonical}<title>Walruses</title></head><p>Tusks grow for life.</p></html>`))
    const response = await app.post('/v1/documents', { url: `${site.url}/w?utm_source=x`, audience: ['zoo'] })
    expect(response.status).toBe(201)
    const { documents } = await readJson<Sent>(response)
    const [added] = documents
    expect(added).toMatchObject({ source: `upload/127.0.0.1-${site.port}-w.html`, outcome: 'learned' })
    expect(await readJson(await app.get(`/v1/documents/${added?.id}`))).toMatchObject({
      title: 'Walruses',
      url: `${site.url}/guides/walruses`,
      audience: ['zoo'],
    })
    const kept = await library.store.documents.upload('main', added?.id ?? '')
    expect(Buffer.from(kept?.bytes ?? []).toString()).toContain('Tusks grow')
  })

  it('is read by the type it is served as, and may be given a name', async () => {
    site.put('/raw', plainPage('# Notes\n\nThe *first* of them.', 'text/markdown'))
    const response = await app.post('/v1/documents', { url: `${site.url}/raw`, name: 'notes' })
    expect((await readJson<Sent>(response)).documents[0]?.source).toBe('upload/notes.md')
  })

  it.each([
    ['/none', status(404), 'gone', 'is not there (404)'],
    ['/closed', status(403), 'forbidden', 'without signing in'],
    ['/busy', status(503), 'busy', 'is not served now'],
    ['/picture', plainPage('x', 'image/png'), 'wrong-type', 'is image/png'],
    ['/bomb', bomb(30_000_000), 'bomb', 'more than 100 times its size'],
    ['/inside', moved('http://10.0.0.1/'), 'refused-url', 'added from public addresses only'],
    ['/empty', page(html('', '')), 'no-text', 'no text left'],
  ])('at %s is refused with its reason', async (path, reply, code, words) => {
    site.put(path, reply)
    const response = await app.post('/v1/documents', { url: `${site.url}${path}` })
    expect(response.status).toBe(422)
    const problem = await readJson<Problem>(response)
    expect(problem).toMatchObject({ code, title: expect.stringContaining(words) as string })
  })

  it('on a private host is refused, whatever sources.yaml opens for sources', async () => {
    const asked = site.asked.length
    const response = await appOver([]).post('/v1/documents', { url: `http://127.0.0.1/` })
    expect(await readJson(response)).toMatchObject({
      code: 'refused-url',
      title:
        'url: http://127.0.0.1/ leads to 127.0.0.1, which is no public address: pages are added from public addresses only.',
      field: 'url',
    })
    expect(site.asked.length).toBe(asked)
  })

  it.each([
    [
      'http://127.0.0.1:38199/',
      'leads to 127.0.0.1, which is no public address: pages are added from public addresses only.',
    ],
    ['http://example.com:8080/', 'uses port 8080: pages are added from ports 80 and 443 only.'],
  ])('at %s is refused without a remedy that would not work', async (url, words) => {
    const response = await appOver([]).post('/v1/documents', { url })
    expect(await readJson(response)).toMatchObject({ code: 'refused-url', title: `url: ${url} ${words}` })
  })

  it('is not fetched where uploads are off', async () => {
    const closed = openTestApp(library, { uploads: false })
    expect((await closed.post('/v1/documents', { url: `${site.url}/raw` })).status).toBe(403)
  })
})
