// The four limiters as whoever asks meets them.
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { beforeAll, describe, expect, it } from 'vitest'
import { rules } from '../../../server/http/access.ts'
import { type Limits, type LimitsDeps, openLimits } from '../../../server/limit/limits.ts'
import { ownQuotas } from '../../../server/limit/rate.ts'
import { openTestApp, openTestLibrary, slowGenerator, type TestLibrary } from '../../support/app.ts'
import { bearer, openKeyedApp } from '../../support/keyed.ts'
import { connected, generations } from '../../support/mcp.ts'
import { serving } from '../../support/serving.ts'
import { readJson, type WireProblem } from '../../support/wire.ts'

let library: TestLibrary
beforeAll(async () => {
  library = await openTestLibrary()
}, 120_000)

const limits = (changes: Partial<LimitsDeps> = {}) =>
  openLimits({ quotas: ownQuotas(), perMinute: 60, atOnce: 3, probe: null, ...changes })
const { signal } = new AbortController()
const hangs = async () => await new Promise<never>(() => {})
/** More to do than any process can, and no room at its door. */
const overwhelmed = (): Limits => {
  const full = limits({ probe: hangs })
  for (const [traffic, count] of [
    ['question', 32 + 256],
    ['search', 256],
    ['ingest', 256],
  ] as const)
    for (let n = 0; n < count; n++)
      void full.admit({ library: 'main', key: null, traffic }, () => {}, signal).catch(() => {})
  return full
}
/** What was admitted, and how much of it was done. */
const watched = () => {
  const kinds: string[] = []
  const counts = { worked: 0, over: 0 }
  const seen: Limits = {
    admit: async ({ traffic }) => {
      kinds.push(traffic)
      return { worked: () => void counts.worked++, over: () => void counts.over++ }
    },
  }
  return { limits: seen, kinds, counts }
}
const question = { question: 'How does Stripe rate limit?', mode: 'extractive' }

describe('the rate of a key', () => {
  it('is its own and that of its sessions, and ends with 429 and when to come back', async () => {
    const app = openKeyedApp(library, { limits: limits() })
    const [key, other] = [await app.key(), await app.key()]
    const session = { cookie: await app.login(key) }
    for (let n = 0; n < 10; n++)
      expect((await app.get('/v1/conversations', { headers: n % 2 ? bearer(key) : session })).status).toBe(200)
    const refused = await app.get('/v1/conversations', { headers: session })
    expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await readJson<WireProblem>(refused)).toMatchObject({ status: 429, code: 'rate-limited' })
    expect((await app.get('/v1/conversations', { headers: bearer(other) })).status).toBe(200)
    expect(app.lines.join('')).not.toContain('request failed')
  })

  it('is told to clients of the OpenAI API and of the AI SDK as they read it', async () => {
    const app = openKeyedApp(library, { limits: limits({ perMinute: 1 }) })
    const headers = bearer(await app.key())
    await app.get('/v1/conversations', { headers })
    const chat = await app.post('/v1/chat/completions', { model: 'footnote', messages: [] }, { headers })
    expect([chat.status, await chat.json()]).toMatchObject([
      429,
      { error: { type: 'rate_limit_error', code: 'rate-limited' } },
    ])
    const ui = await app.post('/api/chat', {}, { headers })
    expect([ui.status, await ui.text()]).toEqual([429, expect.stringMatching(/^Authorization: this key may ask 1 /)])
  })

  it('is nobody’s who needs no key', async () => {
    const app = openTestApp(library, { limits: limits() })
    for (let n = 0; n < 40; n++) expect((await app.get('/v1/conversations')).status).toBe(200)
  })
})

describe('what a key has under way', () => {
  it('counts streams until their end, and frees the place of one that is left', async () => {
    const generator = slowGenerator(['Stripe [1] ', 'uses ', 'buckets.'], 10_000)
    const app = openKeyedApp(library, { limits: limits({ perMinute: 6_000 }), generator })
    const headers = bearer(await app.key())
    const asked = { ...question, mode: 'generative', stream: true }
    const streams = await Promise.all([0, 1, 2].map(async () => await app.post('/v1/ask', asked, { headers })))
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200])
    const refused = await app.get('/v1/conversations', { headers })
    expect([refused.status, (await readJson<WireProblem>(refused)).code]).toEqual([429, 'too-many-at-once'])
    await streams[0]!.body!.cancel()
    await expect.poll(async () => (await app.get('/v1/conversations', { headers })).status).toBe(200)
    await Promise.all(streams.slice(1).map(async ({ body }) => await body!.cancel()))
  })

  it('is free again after a fault', async () => {
    const app = openKeyedApp(library, { limits: limits({ perMinute: 6_000 }) })
    const headers = bearer(await app.key())
    for (let n = 0; n < 20; n++) expect((await app.post('/v1/ask', '{', { headers })).status).toBe(400)
    expect((await app.post('/v1/ask', question, { headers })).status).toBe(200)
  })
})

describe('a server with more to do than it can', () => {
  it('refuses what is asked of it with 503 and when to come back, without a look at the body', async () => {
    const app = openTestApp(library, { limits: overwhelmed(), metrics: 'open' })
    for (const [path, words] of [
      ['/v1/ask', /more to do than it can\. Ask again/],
      ['/v1/search', /questions come before searches/],
      ['/v1/documents', /questions come before documents/],
    ] as const) {
      const refused = await app.post(path, 'not even JSON')
      expect(refused.status).toBe(503)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(path === '/v1/ask' ? 1 : 3)
      const problem = await readJson<WireProblem>(refused)
      expect(problem.code).toBe('overloaded')
      expect(problem.title).toMatch(words)
    }
    const told = await (await app.get('/metrics')).text()
    expect(told).toContain('footnote_requests_shed_total{limiter="load",class="question"} 1')
    expect(told).toContain('footnote_requests_shed_total{limiter="load",class="search"} 1')
  })

  it('still says that it lives, stops answers, lets people log in and out, and revokes keys', async () => {
    const app = openKeyedApp(library, { limits: overwhelmed() })
    const key = await app.key({ scopes: ['ask', 'admin'] })
    const headers = bearer(key)
    for (const path of ['/health', '/ready', '/page.js', '/login', '/v1/keys', '/v1/status', '/'])
      expect((await app.get(path, { headers })).status, path).toBe(200)
    expect((await app.post('/v1/session', { key })).status).toBe(201)
    expect((await app.post('/v1/answers/ans_0/stop', {}, { headers })).status).toBe(404)
    expect((await app.get('/v1/keys/none', { method: 'DELETE', headers })).status).not.toBe(503)
    expect((await app.get('/v1/answers', { headers })).status).toBe(503)
  })

  it('takes whoever says so for what can wait', async () => {
    const { limits: seen, kinds } = watched()
    const app = openTestApp(library, { limits: seen })
    for (const priority of ['u=7', 'i, u=7', 'u=1', 'u=77', ''])
      await app.post('/v1/search', {}, { headers: { priority } })
    expect(kinds).toEqual(['evaluation', 'evaluation', 'search', 'search', 'search'])
  })

  it('tells a stranger who they are first, and takes no place from anybody for it', async () => {
    const app = openKeyedApp(library, { limits: overwhelmed() })
    expect((await app.post('/v1/ask', question)).status).toBe(401)
  })
})

describe('a server that is full for a moment', () => {
  it('lets a question wait for its place, and no key have more of them than it may', async () => {
    const full = limits({ probe: hangs, perMinute: 6_000, atOnce: 1 })
    const inside = await Promise.all(
      Array.from(
        { length: 32 },
        async () => await full.admit({ library: 'main', key: null, traffic: 'question' }, () => {}, signal),
      ),
    )
    const app = openKeyedApp(library, { limits: full })
    const headers = bearer(await app.key())
    const waiting = app.post('/v1/ask', question, { headers })
    await expect.poll(async () => (await app.post('/v1/ask', question, { headers })).status).toBe(429)
    inside[0]!.worked()
    expect((await waiting).status).toBe(200)
  })

  it('forgets who left the queue, and what their key had under way', async () => {
    const full = limits({ probe: hangs, atOnce: 1 })
    const asking = { library: 'main', key: 'k', traffic: 'question' } as const
    for (let n = 0; n < 32; n++) await full.admit({ ...asking, key: null }, () => {}, signal)
    for (let n = 0; n < 3; n++) {
      const leaving = new AbortController()
      const admitted = full.admit(asking, () => {}, leaving.signal)
      setImmediate(() => leaving.abort(new Error('left')))
      await expect(admitted).rejects.toThrow('left')
    }
  })
})

describe('what an assistant calls', () => {
  it('counts as a question when it asks, as a search when it says that it does something else, and else as a question', async () => {
    const { limits: seen, kinds } = watched()
    const app = openTestApp(library, { limits: seen })
    for (const headers of [
      {},
      { 'mcp-method': 'tools/call', 'mcp-name': 'ask' },
      { 'mcp-method': 'tools/call', 'mcp-name': `=?base64?${Buffer.from('ask').toString('base64')}?=` },
      { 'mcp-method': 'tools/call', 'mcp-name': 'search' },
      { 'mcp-method': 'tools/call', 'mcp-name': `=?base64?${Buffer.from('search').toString('base64')}?=` },
      { 'mcp-method': 'tools/list' },
    ])
      await app.post('/mcp', {}, { headers })
    expect(kinds).toEqual(['question', 'question', 'question', 'search', 'search', 'search'])
  })

  it.each(generations)('is told apart where the client is the official one of the manner "%s"', async (mode) => {
    const { limits: seen, kinds } = watched()
    await using server = await serving(openTestApp(library, { limits: seen }))
    const client = await connected(new StreamableHTTPClientTransport(new URL('/mcp', server.url)), mode)
    kinds.length = 0
    await client.callTool({ name: 'search', arguments: { query: 'Stripe' } })
    await client.callTool({ name: 'ask', arguments: { question: question.question } })
    await client.close()
    expect(kinds).toEqual(mode === 'auto' ? ['search', 'question'] : ['question', 'question'])
  })
})

describe('the work of a question', () => {
  it('is over when the model is asked, however long that takes', async () => {
    const { limits: seen, counts } = watched()
    const generator = slowGenerator(['Stripe [1].'], 400)
    const app = openTestApp(library, { limits: seen, generator })
    const asked = app.post('/v1/ask', { ...question, mode: 'generative' })
    await expect.poll(() => counts.worked).toBe(1)
    expect([counts.over, generator.endings.length]).toEqual([0, 0])
    expect((await asked).status).toBe(200)
    expect(counts.over).toBe(1)
  })

  it.each([
    ['/v1/ask', { ...question, stream: true }, {}],
    [
      '/mcp',
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'search', arguments: { query: 'Stripe' } } },
      { accept: 'application/json, text/event-stream' },
    ],
  ])('weighs on when its reply has begun, at %s', async (path, body, headers) => {
    const { limits: seen, counts } = watched()
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const slow = {
      ...library.embedder,
      embed: async (...asked: Parameters<typeof library.embedder.embed>) => {
        await held
        return await library.embedder.embed(...asked)
      },
    }
    const app = openTestApp(library, { limits: seen, embedder: slow })
    const response = await app.post(path, body, { headers })
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching('event-stream'),
    ])
    expect(counts.worked).toBe(0)
    release()
    await response.text()
    expect(counts.worked).toBeGreaterThan(0)
  })
})

describe('the table of routes', () => {
  it('frees from all limits what must work when nothing else does, and nothing that costs', () => {
    const free = [...rules].filter(([, { traffic }]) => traffic === 'free').map(([name]) => name)
    expect(free.filter((name) => !/\.(js|css|svg)$|session|slack|login/.test(name))).toEqual([
      'GET /health',
      'GET /ready',
      'GET /metrics',
      'GET /v1/ping/events',
      'GET /openapi.json',
      'GET /schemas/citation.json',
      'GET /docs',
      'GET /',
      'GET /answers/:id',
      'GET /conversations/:id',
      'GET /library',
      'GET /v1/models',
      'GET /v1/models/:id',
      'POST /v1/answers/:id/stop',
      'POST /v1/syncs/:id/cancel',
      'GET /v1/status',
      'GET /v1/status/index',
      'GET /v1/keys',
      'POST /v1/keys',
      'DELETE /v1/keys/:id',
      'POST /backup',
    ])
  })
})
