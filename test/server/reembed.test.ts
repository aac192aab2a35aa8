// The embedding model is changed while the server answers: nothing is learned anew, nothing fails, nothing is lost.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../core/ports.ts'
import type { ReembedEvent, ReembedStep } from '../../core/spaces.ts'
import { uploadSource } from '../../ingest/ingest.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openStore } from '../../store/open.ts'
import { openTestApp, type TestApp, TOKEN } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { type FakeEmbedders, fakeEmbedders } from '../support/embedders.ts'
import { readJson, type WireAnswer } from '../support/wire.ts'

const [first, second] = ['fake/words/32/1', 'fake/words/64/1']
const QUESTION = 'How many shards does company 7 run?'

type Opened = { readonly app: TestApp; readonly store: Store; readonly fakes: FakeEmbedders }

async function open(database: TestDatabase, documents: number, fakes = fakeEmbedders()): Promise<Opened> {
  const embedder = fakes.of(32)
  const store = await openStore(database, 'main', embedder)
  const syncing = openSyncs({ ...store, embedder, library: 'main', silentMs: 0 })
  const app = openTestApp({ store, embedder, folder: '' }, { syncing })
  await learn(app, 0, documents)
  return { app, store, fakes }
}

const textOf = (n: number) =>
  `# Company ${n}\n\nCompany ${n} runs ${n + 10} shards in production. Its engineers move every tenth shard by night.`

async function learn(app: TestApp, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    const response = await app.post('/v1/documents', { name: `${n}.md`, markdown: textOf(n) })
    expect(response.status).toBe(201)
  }
}

async function step(app: TestApp, asked: ReembedStep): Promise<ReembedEvent[]> {
  const response = await app.post('/v1/reembed', asked, { headers: { authorization: `Bearer ${TOKEN}` } })
  expect(response.status).toBe(200)
  const lines = (await response.text()).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as ReembedEvent)
}

async function ask(app: TestApp, question = QUESTION): Promise<WireAnswer> {
  const response = await app.post('/v1/ask', { question, stream: false })
  expect(response.status).toBe(200)
  return await readJson<WireAnswer>(response)
}

describe('a change of the embedding model', () => {
  it('keeps revisions, citations and everything that was learned', async () => {
    await using database = await openTestDatabase()
    const { app, store, fakes } = await open(database, 9)
    const before = await ask(app)
    const known = await store.documents.known('main')
    expect((await step(app, { step: 'switch', model: second })).at(-1)).toEqual({
      type: 'switched',
      from: first,
      to: second,
    })
    const after = await ask(app)
    expect(after.models.embedder).toBe(second)
    expect(after.citations[0]).toEqual(before.citations[0])
    const [citation] = before.citations
    const stored = await store.documents.find('main', citation!.document.id, citation!.document.revision)
    expect(stored).toMatchObject({ current: true })
    expect(stored!.text.slice(citation!.span.start, citation!.span.end)).toBe(citation!.quote)
    const embedded = fakes.embedded(second)
    await learn(app, 0, 9)
    expect(fakes.embedded(second)).toBe(embedded)
    expect(await store.documents.known('main')).toEqual(known)
    expect(await readJson(await app.get('/ready'))).toMatchObject({ models: { embedder: second } })
    expect((await step(app, { step: 'back' })).at(-1)).toEqual({ type: 'switched', from: second, to: first })
    expect(fakes.embedded(first)).toBe(embedded)
  })

  it('is not noticed by whoever asks, while it is filled and switched back and forth', async () => {
    await using database = await openTestDatabase()
    const { app } = await open(database, 12)
    const over = new AbortController()
    const asking = Array.from({ length: 3 }, async () => {
      const seen: WireAnswer[] = []
      while (!over.signal.aborted) seen.push(await ask(app))
      return seen
    })
    for (const model of [second, first, second, first, second]) {
      await step(app, { step: 'switch', model })
      await ask(app)
    }
    over.abort()
    const answers = (await Promise.all(asking)).flat()
    expect(answers.length).toBeGreaterThan(5)
    for (const { status, answer } of answers)
      expect([status, answer]).toEqual(['answered', expect.stringContaining('17 shards')])
    expect(app.lines.filter((line) => /words alone|failed/.test(line))).toEqual([])
  })

  it('goes on where a fill was cut, and takes along what was learned meanwhile', async () => {
    await using database = await openTestDatabase()
    const held = { wait: async () => {} }
    const fakes = fakeEmbedders(async () => await held.wait())
    const { app, store } = await open(database, 100, fakes)
    const leaving = new AbortController()
    const headers = { authorization: `Bearer ${TOKEN}` }
    const body = { step: 'fill', model: second }
    const response = await app.post('/v1/reembed', body, { headers, signal: leaving.signal })
    const reader = response.body!.getReader()
    // "0 of all", then the first batch.
    for (const _ of [1, 2]) await reader.read()
    await reader.cancel()
    const { missing } = await store.spaces.count('main', second)
    expect(missing).toBeGreaterThan(0)
    const done = fakes.embedded(second)
    await learn(app, 100, 104)
    const [planned] = await step(app, { step: 'plan', model: second })
    expect(planned).toMatchObject({ type: 'planned', from: first, to: second, missing: missing + 4, tokens: 0, usd: 0 })
    const sampled = fakes.embedded(second) - done
    await step(app, { step: 'switch', model: second })
    expect(fakes.embedded(second) - done - sampled).toBe(missing + 4)
    expect((await store.spaces.count('main', second)).missing).toBe(0)
  }, 60_000)

  it('makes a document that was embedded for the other space be embedded once more', async () => {
    await using database = await openTestDatabase()
    const gate = Promise.withResolvers<void>()
    const held = { next: false }
    const fakes = fakeEmbedders(async () => {
      if (!held.next) return
      held.next = false
      await gate.promise
    })
    const { app, store } = await open(database, 2, fakes)
    await step(app, { step: 'fill', model: second })
    held.next = true
    const learning = learn(app, 2, 3)
    while (held.next) await wait(1)
    await step(app, { step: 'switch', model: second })
    gate.resolve()
    await learning
    expect((await store.spaces.count('main', second)).missing).toBe(0)
    expect((await store.spaces.count('main', first)).missing).toBe(1)
    expect([...(await store.documents.known('main')).keys()]).toContain(uploadSource('2.md'))
  })

  it('compares both on what was asked', async () => {
    await using database = await openTestDatabase()
    const { app } = await open(database, 9)
    for (const n of [3, 7, 7]) await ask(app, `How many shards does company ${n} run?`)
    await step(app, { step: 'fill', model: second })
    const [compared] = await step(app, { step: 'compare', model: second })
    expect(compared).toMatchObject({
      type: 'compared',
      questions: 2,
      with_places: 2,
      from: { space: first, documents: 2, places: 2 },
      to: { space: second, documents: 2, places: 2 },
    })
    const questions = [
      {
        question: QUESTION,
        cited: [
          { document: '1.md', spans: [] },
          { document: 'none.md', spans: [] },
        ],
      },
    ]
    const [given] = await step(app, { step: 'compare', model: second, questions })
    expect(given).toMatchObject({ questions: 1, with_places: 0, from: { places: 0 } })
  })

  it('leaves a server that has no embedder of the new space with the words, and says so', async () => {
    await using database = await openTestDatabase()
    const { app, store } = await open(database, 9)
    await step(app, { step: 'switch', model: second })
    const alone = fakeEmbedder()
    const other = openTestApp({ store, embedder: alone, folder: '' })
    expect(await ask(other)).toMatchObject({ status: 'answered', models: { embedder: second } })
    expect(other.lines.join('')).toMatch(/searching by words alone/)
  })

  it.each<[ReembedStep, object]>([
    [{ step: 'back' }, { code: 'unknown-space' }],
    [{ step: 'drop', model: first }, { code: 'space-active' }],
    [{ step: 'fill', model: 'nobody/knows/3/1' }, { code: 'model-unavailable' }],
  ])('says why it cannot: %j', async (asked, line) => {
    await using database = await openTestDatabase()
    const { app } = await open(database, 1)
    expect((await step(app, asked)).at(-1)).toMatchObject({ type: 'error', ...line })
  })
})
