// The whole way: the library that is shipped, asked over HTTP, every footnote opened and compared.
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { ingest } from '../ingest/ingest.ts'
import { openStaticEmbedder } from '../models/static.ts'
import { openStore } from '../store/open.ts'
import { openTestApp, type TestApp } from './support/app.ts'
import { openTestDatabase } from './support/database.ts'
import { readEvents, readJson, type WireAnswer } from './support/wire.ts'

const questions: [question: string, source: RegExp][] = [
  ['How did Stripe rate limit?', /stripe-rate-limiters/],
  ['How did Notion shard Postgres?', /notion-sharding-postgres/],
  ['What did Dropbox do about the 3 nines?', /dropbox-three-nines/],
  ['How does Netflix shed load?', /netflix-load-shedding/],
  ['Which hardware and operating system does WhatsApp run on?', /whatsapp/],
  ['How did Quora shard MySQL?', /quora-mysql-sharding/],
  ['How does Facebook prioritise video encoding?', /facebook-video-encoding-priority/],
  ['How does Google File System handle writes?', /google-file-system/],
  ['What is the power of two choices at Mixpanel?', /mixpanel-two-choices/],
  ['How does PayPal avoid a thundering herd?', /paypal-thundering-herd/],
]

let app: TestApp

beforeAll(async () => {
  const embedder = await openStaticEmbedder()
  const store = await openStore(await openTestDatabase(), 'main', embedder)
  const folder = fileURLToPath(new URL('../library/', import.meta.url))
  const deps = { documents: store.documents, embedder, library: 'main' }
  for await (const event of ingest([folder], deps, new AbortController().signal))
    if (event.type === 'failed') throw new Error(event.message)
  app = openTestApp({ store, embedder, folder })
}, 120_000)

async function ask(question: string): Promise<WireAnswer> {
  const response = await app.post('/v1/ask', { question })
  expect(response.status).toBe(200)
  return await readJson<WireAnswer>(response)
}

describe('the shipped library', () => {
  it.each(questions)('answers %s with footnotes that hold', async (question, source) => {
    const answer = await ask(question)
    expect(answer.status).toBe('answered')
    expect(answer.citations.length).toBeGreaterThan(0)
    expect(answer.citations.map(({ document }) => document.source).join('\n')).toMatch(source)
    for (const { document, span, quote } of answer.citations) {
      const opened = await app.get(`/v1/documents/${document.id}?revision=${document.revision}`)
      const { text, revision } = await readJson<{ text: string; revision: string }>(opened)
      expect(revision).toBe(document.revision)
      expect(text.slice(span.start, span.end)).toBe(quote)
    }
    for (const { start, end, verdict, citations } of answer.statements) {
      expect(verdict).toBe('verbatim')
      expect(answer.citations.find(({ n }) => n === citations[0])!.quote).toBe(answer.answer.slice(start, end))
    }
  })

  it('opens every link of an answer as a page that a person can read', async () => {
    const { citations } = await ask('How did Stripe rate limit?')
    for (const { link, document } of citations) {
      const page = await app.get(link.slice(0, link.indexOf('#')))
      expect([page.status, page.headers.get('content-type')]).toMatchObject([200, expect.stringContaining('text/html')])
      expect(await page.text()).toContain(document.title.replaceAll("'", '&#39;'))
    }
  })

  it.each(['How does Slack rate limit its search API?', 'Who won the football world cup in 1998?'])(
    'does not answer %s',
    async (question) => {
      const answer = await ask(question)
      expect([answer.status, answer.answer, answer.citations.length]).toEqual(['abstained', '', 0])
      expect(answer.reason).not.toBeNull()
    },
  )

  it('streams the same answer, and replays it', async () => {
    const question = 'How did Notion shard Postgres?'
    const [whole, events] = [
      await ask(question),
      await readEvents(await app.post('/v1/ask', { question, stream: true })),
    ]
    const { answer } = events.at(-1)!.body
    expect([answer.answer, answer.citations]).toEqual([whole.answer, whole.citations])
    expect(await readEvents(await app.get(`/v1/answers/${answer.id}/events`))).toEqual(events)
  })
})
