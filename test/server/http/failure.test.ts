import { describe, expect, it } from 'vitest'
import { AppError, ModelError, StoreError } from '../../../core/errors.ts'
import type { Store } from '../../../core/ports.ts'
import { failingGenerator, fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp } from '../../support/app.ts'
import { brokenStore, emptyStore, outage } from '../../support/fake-store.ts'
import { readEvents, readJson, type WireProblem } from '../../support/wire.ts'

const SECRET = 'xyzzy-what-nobody-may-log'
const embedder = fakeEmbedder()
const appOver = (store: Store) => openTestApp({ store, embedder, folder: '' })

const requests: [method: string, path: string, body?: unknown][] = [
  ['POST', '/v1/ask', { question: SECRET }],
  ['POST', '/v1/ask', { question: SECRET, stream: true }],
  ['POST', '/v1/ask', { question: SECRET, conversation_id: 'c' }],
  ['POST', '/v1/search', { query: SECRET }],
  ['GET', '/v1/documents'],
  ['GET', '/v1/documents/doc_0'],
  ['GET', '/v1/answers/ans_0'],
  ['GET', '/v1/answers/ans_0/events'],
  ['POST', '/v1/answers/ans_0/stop'],
]

describe('a store that does not answer', () => {
  it.each(requests)(
    'makes %s %s a 503 that says when to try again, never an abstention',
    async (method, path, body) => {
      const app = appOver(brokenStore())
      const response = body ? await app.post(path, body) : await app.get(path, { method })
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
      const problem = await readJson<WireProblem>(response)
      expect(problem).toMatchObject({ code: 'store-unavailable', status: 503 })
      expect(JSON.stringify(problem)).not.toMatch(/10\.1\.2\.3|abstain/)
      expect(app.lines.join('')).toContain('10.1.2.3')
      expect(app.lines.join('')).not.toContain(SECRET)
    },
  )

  it('while searching ends the stream that has begun with an error, and the JSON with a 503', async () => {
    const store = { ...emptyStore(), search: brokenStore().search }
    const app = appOver(store)
    const events = await readEvents(await app.post('/v1/ask', { question: SECRET, stream: true }))
    expect(events.map(({ type }) => type)).toEqual(['started', 'error'])
    expect(events.at(-1)!.body).toEqual({ code: 'store-unavailable', retryable: true })
    expect((await app.post('/v1/ask', { question: SECRET })).status).toBe(503)
  })

  it('makes /ready a 503 and leaves /health alone', async () => {
    const app = appOver(brokenStore())
    const ready = await app.get('/ready')
    expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'not-ready', reason: expect.any(String) }])
    expect((await app.get('/health')).status).toBe(200)
  })

  it('even when it hangs, does not make /ready hang', { timeout: 5_000 }, async () => {
    const app = appOver({ ...emptyStore(), ping: async () => await new Promise(() => {}) })
    expect((await app.get('/ready')).status).toBe(503)
  })
})

describe('a fault nobody expected', () => {
  it.each(requests)('in %s %s is a 500 with the request id and without its message', async (method, path, body) => {
    const app = appOver(brokenStore(() => new TypeError(`cannot read ${SECRET} of undefined`)))
    const headers = { 'x-request-id': 'mine-1' }
    const response = body ? await app.post(path, body, { headers }) : await app.get(path, { method, headers })
    expect([response.status, response.headers.get('x-request-id')]).toEqual([500, 'mine-1'])
    const problem = await readJson<WireProblem>(response)
    expect(problem).toMatchObject({ code: 'internal', request_id: 'mine-1' })
    expect(JSON.stringify(problem)).not.toMatch(/xyzzy|undefined|TypeError/)
    expect(app.lines.filter((line) => line.includes('"level":50') && line.includes('mine-1'))).toHaveLength(1)
  })

  it('of our own kind is a 500 under its code', async () => {
    const app = appOver(brokenStore(() => new StoreError('store-failed', 'relation "x" does not exist')))
    const response = await app.get('/v1/documents')
    expect(await readJson<WireProblem>(response)).toMatchObject({ status: 503, code: 'store-failed' })
    const other = appOver(brokenStore(() => new AppError('bad-prompt', `prompts/answer.md: ${SECRET}`)))
    const problem = await readJson<WireProblem>(await other.get('/v1/documents'))
    expect(problem).toMatchObject({ status: 500, code: 'bad-prompt' })
    expect(problem.title).not.toContain(SECRET)
  })
})

describe('a request id', () => {
  it.each(['a b', 'x'.repeat(81), '"}{'])('that could break a line of the log (%s) is replaced', async (given) => {
    const app = appOver(emptyStore())
    const response = await app.get('/health', { headers: { 'x-request-id': given } })
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('is in the line of its request, with the route and not the address', async () => {
    const app = appOver(emptyStore())
    await app.get(`/v1/documents/doc_0?note=${SECRET}`, { headers: { 'x-request-id': 'mine-2' } })
    expect(app.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: 'mine-2', method: 'GET', route: '/v1/documents/:id', status: 422, msg: 'request' },
    ])
    expect(app.lines.join('')).not.toContain(SECRET)
  })
})

describe('the log', () => {
  it('never holds the words of a question, whatever happens to it', async () => {
    const store = emptyStore()
    const generator = failingGenerator(new ModelError('model-unavailable', 'the provider is down'), ['Some words.'])
    const apps = [
      appOver(store),
      openTestApp({ store, embedder, folder: '' }, { generator }),
      openTestApp({ store, folder: '', embedder: { ...embedder, embed: () => Promise.reject(outage()) } }),
      appOver(brokenStore()),
      appOver({ ...store, search: brokenStore().search }),
    ]
    for (const app of apps) {
      const history = [{ question: SECRET, answer: SECRET }]
      await (await app.post('/v1/ask', { question: SECRET, history })).text()
      await (await app.post('/v1/ask', { question: SECRET, history, stream: true })).text()
      await (await app.post('/v1/ask', { question: SECRET, [SECRET]: 1 })).text()
      await (await app.post('/v1/ask', `{"question": "${SECRET}`)).text()
      await (await app.post('/v1/search', { query: SECRET })).text()
      await (await app.get(`/${SECRET}?q=${SECRET}`)).text()
      expect(app.lines.length).toBeGreaterThan(0)
      expect(app.lines.join('')).not.toContain(SECRET)
    }
  })
})
