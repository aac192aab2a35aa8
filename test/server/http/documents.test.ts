import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary, TOKEN } from '../../support/app.ts'
import { readJson, type WireDocument, type WirePassage } from '../../support/wire.ts'

type Summary = WireDocument & { audience: string[]; chunks: number; characters: number; ingested_at: string }
type Page = { documents: Summary[]; next: string | null }
type Text = WireDocument & {
  text: string
  outline: { title: string; span: { start: number; end: number } }[]
  current: boolean
}

let library: TestLibrary
let app: TestApp

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library)
})

const list = async (query = '') => await readJson<Page>(await app.get(`/v1/documents${query}`))

describe('the documents', () => {
  it('are listed with what each of them is', async () => {
    const { documents, next } = await list()
    expect(next).toBeNull()
    expect(documents.map(({ title }) => title).sort()).toEqual([
      'Baking bread at home',
      'How Notion Sharded Postgres',
      'How Stripe Limits Requests',
    ])
    const stripe = documents.find(({ title }) => title.includes('Stripe'))
    expect(stripe).toEqual({
      id: expect.stringMatching(/^doc_/),
      title: 'How Stripe Limits Requests',
      source: expect.stringMatching(/stripe\.md$/),
      url: 'https://example.com/stripe-limits',
      revision: expect.stringMatching(/^[0-9a-f]{64}$/),
      published_at: '2017-03-30',
      authors: ['Paul Limiter'],
      audience: [],
      chunks: expect.any(Number),
      characters: expect.any(Number),
      ingested_at: expect.stringMatching(/^\d{4}-.*Z$/),
    })
  })

  it('come in pages of any size, each document once, and the last page says so', async () => {
    const all = (await list()).documents.map(({ id }) => id)
    for (const limit of [1, 2, 3]) {
      const seen: string[] = []
      let pages = 0
      for (let after = ''; ; pages++) {
        const page = await list(`?limit=${limit}${after && `&after=${after}`}`)
        seen.push(...page.documents.map(({ id }) => id))
        if (page.next === null) break
        after = page.next
      }
      expect(seen).toEqual(all)
      expect(pages + 1).toBe(Math.ceil(all.length / limit))
    }
  })

  it('have a text that their headings index', async () => {
    const { documents } = await list()
    for (const { id } of documents) {
      const { text, outline, current } = await readJson<Text>(await app.get(`/v1/documents/${id}`))
      expect(current).toBe(true)
      for (const { title, span } of outline) expect(text.slice(span.start, span.end)).toBe(title)
    }
  })
})

describe('a revision', () => {
  it('stays readable after a newer one took its place', async () => {
    const path = join(library.folder, 'bread.txt')
    const { documents } = await list()
    const old = documents.find(({ source }) => source.endsWith('bread.txt'))!
    const before = await readJson<Text>(await app.get(`/v1/documents/${old.id}`))
    await writeFile(path, 'Baking bread at home\n\nRye bread needs sourdough.\n')
    const headers = { authorization: `Bearer ${TOKEN}` }
    await (await app.post('/v1/ingest', { paths: [path] }, { headers })).text()

    const now = await readJson<Text>(await app.get(`/v1/documents/${old.id}`))
    expect(now).toMatchObject({ id: old.id, current: true, text: expect.stringContaining('sourdough') })
    const then = await readJson<Text>(await app.get(`/v1/documents/${old.id}?revision=${old.revision}`))
    expect(then).toEqual({ ...before, current: false })
  })

  it('that never was is a 404 that names it', async () => {
    const { documents } = await list()
    const response = await app.get(`/v1/documents/${documents[0]!.id}?revision=${'0'.repeat(64)}`)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'unknown-document', title: expect.stringContaining('0000') })
  })
})

describe('a search', () => {
  it('gives the passages, best first, as slices of their documents', async () => {
    const response = await app.post('/v1/search', { query: ' token bucket ' })
    const found = await readJson<{ query: string; passages: WirePassage[]; timings_ms: { total: number } }>(response)
    expect(found).toEqual({
      query: 'token bucket',
      passages: expect.any(Array),
      timings_ms: { total: expect.any(Number) },
    })
    expect(found.passages.map(({ n }) => n)).toEqual(found.passages.map((_, index) => index + 1))
    expect(found.passages[0]!.document.title).toBe('How Stripe Limits Requests')
    for (const { document, span, text } of found.passages) {
      const served = await app.get(`/v1/documents/${document.id}?revision=${document.revision}`)
      expect((await readJson<Text>(served)).text.slice(span.start, span.end)).toBe(text)
    }
  })
})
