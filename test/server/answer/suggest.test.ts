// What is suggested is answered, from where it was drawn; and nobody is told of what they may not read.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../../core/ports.ts'
import { ingest } from '../../../ingest/ingest.ts'
import { openStaticEmbedder } from '../../../models/static.ts'
import { openStore } from '../../../store/open.ts'
import { openTestApp, type TestApp, type TestLibrary } from '../../support/app.ts'
import { openTestDatabase } from '../../support/database.ts'
import { outage } from '../../support/fake-store.ts'
import { folderOfFile } from '../../support/folder.ts'
import { readJson, type WireAnswer } from '../../support/wire.ts'

type Suggestion = { question: string; document: { id: string; title: string } }

let library: TestLibrary
let app: TestApp
let searches = 0

const learned = ['stripe-rate-limiters', 'notion-sharding-postgres', 'netflix-load-shedding', 'grab-trident']
const limited = `---
audience: payments
---
# How Stripe Hides Its Vault

Stripe hides its vault behind nine mirrors, and rate limits every request to the vault by hand, because the vault holds
the keys of all limiters and of their token buckets.

## The mirror problem

The mirror problem of the vault of Stripe is that nine mirrors show the vault nine times: a rate limiter that counts
requests to the vault counts each of them nine times, until the mirrors are turned to the wall by the guard of Stripe.
Then each request is counted once, and the limiters of the vault of Stripe are right again about how many there were.

## Turning the mirrors to the wall

The guard of Stripe turns the mirrors to the wall at nine in the evening, one after the other, and counts them aloud. A
mirror that was turned stays so until the morning, when the guard turns the mirrors back to the room in the same order,
and drinks a coffee with milk. Mirrors that fall from the wall are swept up and are bought anew before the evening.
`

beforeAll(async () => {
  const embedder = await openStaticEmbedder()
  const store = await openStore(await openTestDatabase(), 'main', embedder)
  const folder = await folderOfFile()
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'vault.md'), limited)
  library = { store: counting(store), embedder, folder }
  await learn(...learned.map((name) => `library/${name}.md`), join(folder, 'vault.md'))
  app = openTestApp(library)
}, 60_000)

function counting(store: Store): Store {
  const candidates: Store['search']['candidates'] = async (...asked) => {
    searches++
    return await store.search.candidates(...asked)
  }
  return { ...store, search: { ...store.search, candidates } }
}

async function learn(...paths: string[]): Promise<void> {
  const deps = { documents: library.store.documents, embedder: library.embedder, library: 'main' }
  for await (const event of ingest(paths, deps, new AbortController().signal)) expect(event.type).not.toBe('failed')
}

const suggestions = async (path: string) =>
  (await readJson<{ suggestions: Suggestion[] }>(await app.get(path))).suggestions
const ask = async (question: string, more: object = {}) =>
  await readJson<WireAnswer>(await app.post('/v1/ask', { question, ...more }))

const titlesAfter = async ({ id }: WireAnswer) =>
  (await suggestions(`/v1/answers/${id}/suggestions?limit=30`)).map(({ document }) => document.title)

/** Asked, and answered from its document. */
async function expectAnswered({ question, document }: Suggestion, more: object = {}): Promise<void> {
  const { status, citations } = await ask(question, more)
  expect(status, question).toBe('answered')
  expect(citations.map((each) => each.document.id)).toContain(document.id)
}

describe('what could be asked here', () => {
  it('is answered, from the document that it names', async () => {
    const all = await suggestions('/v1/suggestions?limit=12')
    expect(all.length).toBeGreaterThan(5)
    for (const each of all) await expectAnswered(each)
    expect(new Set(all.map(({ question }) => question)).size).toBe(all.length)
  })

  it('is of as many documents as there are for everyone, and of no other', async () => {
    const all = await suggestions('/v1/suggestions?limit=30')
    const titles = all.map(({ document }) => document.title)
    expect(new Set(titles.slice(0, 4)).size).toBe(4)
    expect(titles.filter((title) => /vault/i.test(title))).toEqual([])
    expect(all.map(({ question }) => question)).toContain('How does Stripe keep its API up with rate limiters?')
  })

  it('is the same until the library changes, and then tried anew', async () => {
    const first = await suggestions('/v1/suggestions')
    expect(first).toHaveLength(3)
    const before = searches
    expect(await suggestions('/v1/suggestions')).toEqual(first)
    expect(searches).toBe(before)
    await learn('library/whatsapp-small-engineering-team.md')
    const titles = (await suggestions('/v1/suggestions?limit=5')).map(({ document }) => document.title)
    expect(titles).toContain('How WhatsApp Served a Billion Users With 50 Engineers')
    expect(searches).toBeGreaterThan(before)
  })

  it('takes no more attempts than a few per question, however many ask at once', async () => {
    const fresh = openTestApp(library)
    const before = searches
    const asked = await Promise.all(
      [1, 2, 3].map(async () => await (await fresh.get('/v1/suggestions?limit=2')).text()),
    )
    expect(new Set(asked).size).toBe(1)
    expect(searches - before).toBeLessThanOrEqual(3 * 2 * 4)
  })

  it('is no shorter after a fault than without one: what could not be tried is a fault', async () => {
    const { search } = library.store
    let fails = true
    const failing: Store['search']['candidates'] = async (...asked) => {
      if (fails) throw outage()
      return await search.candidates(...asked)
    }
    const store = { ...library.store, search: { ...search, candidates: failing } }
    const faulty = openTestApp({ ...library, store })
    expect((await faulty.get('/v1/suggestions')).status).toBe(503)
    fails = false
    const { suggestions: found } = await readJson<{ suggestions: Suggestion[] }>(await faulty.get('/v1/suggestions'))
    expect(found).toHaveLength(3)
  })

  it('is nothing in an empty library', async () => {
    const { search, documents } = library.store
    const empty = { ...search, state: async () => ({ chunks: 0, changes: 0, space: null }), candidates: async () => [] }
    const store = { ...library.store, search: empty, documents: { ...documents, list: async () => [] } }
    const response = await openTestApp({ ...library, store }).get('/v1/suggestions')
    expect(await response.json()).toEqual({ suggestions: [] })
  })
})

describe('what could be asked after an answer', () => {
  const QUESTION = 'How does Stripe keep its API up with rate limiters?'

  it('stands beside what it cites, says something new, and is answered in its conversation', async () => {
    const { id, conversation_id, citations } = await ask(QUESTION)
    const next = await suggestions(`/v1/answers/${id}/suggestions`)
    expect(next.length).toBeGreaterThan(0)
    expect(next[0]?.document.id).toBe(citations[0]?.document.id)
    expect(next.map(({ question }) => question)).not.toContain(QUESTION)
    await expectAnswered(next[0]!, { conversation_id })
  })

  it('is nothing that was asked in the conversation before', async () => {
    const first = await ask(QUESTION)
    const [next] = await suggestions(`/v1/answers/${first.id}/suggestions`)
    const more = { conversation_id: first.conversation_id }
    const { id } = await ask(next!.question.toUpperCase(), more)
    const questions = (await suggestions(`/v1/answers/${id}/suggestions?limit=30`)).map(({ question }) => question)
    expect(questions).not.toContain(next!.question)
    expect(questions).not.toContain(QUESTION)
  })

  it('is, after a refusal of what nothing comes near to, what could be asked anyway', async () => {
    const { id, status } = await ask('Which colour does the queen of Denmark paint her submarine?')
    expect(status).toBe('abstained')
    expect(await suggestions(`/v1/answers/${id}/suggestions`)).toEqual(await suggestions('/v1/suggestions'))
  })

  it('is drawn from what the audiences of the answer may read', async () => {
    const question = 'How does Stripe rate limit its vault?'
    const everyone = await ask(question, { audiences: [] })
    const payments = await ask(question, { audiences: ['Payments'] })
    expect(await titlesAfter(everyone)).not.toContain('How Stripe Hides Its Vault')
    expect(await titlesAfter(payments)).toContain('How Stripe Hides Its Vault')
  })

  it.each(['ans_0', 'a%20b'])('of %s, which is no answer, is a 404', async (id) => {
    const response = await app.get(`/v1/answers/${id}/suggestions`)
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'unknown-answer' }])
  })
})
