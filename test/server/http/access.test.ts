// Every route that there is, with every credential that is not good enough, by every carrier.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rules } from '../../../server/http/access.ts'
import { openTestLibrary, type TestLibrary } from '../../support/app.ts'
import { bearer, idOf, type Keyed, openKeyedApp } from '../../support/keyed.ts'
import type { WireAnswer } from '../../support/wire.ts'

type Headers = Record<string, string>

const slack = { botToken: 'xoxb-1', signingSecret: 'x', appToken: null, channels: [], humanChannel: null }

const signOn = {
  issuer: 'http://127.0.0.1:9',
  clientId: 'footnote',
  clientSecret: null,
  allow: ['*'],
  scopes: ['ask'],
  publicUrl: 'http://ask.example',
} as const

let library: TestLibrary
let app: Keyed
/** of the answer of somebody else, asked in a conversation of theirs */
let foreign: WireAnswer
let others: string
const credentials = new Map<string, string>()

beforeAll(async () => {
  library = await openTestLibrary()
  app = openKeyedApp(library, { slack: { ...slack, apiUrl: 'http://127.0.0.1:9/' }, signOn })
  others = await app.key({ scopes: ['ask', 'ingest', 'admin'] })
  const asked = await app.post('/v1/ask', { question: 'How does Stripe rate limit?' }, { headers: bearer(others) })
  foreign = (await asked.json()) as WireAnswer
  const revoked = await app.key({ scopes: ['ask', 'ingest', 'admin'] })
  credentials.set('malformed', others.slice(0, -1))
  credentials.set(
    'mistyped',
    others.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
  )
  credentials.set('unknown', await unknown())
  credentials.set('expired', await app.key({ scopes: ['ask', 'ingest', 'admin'], expiresAt: '2020-01-01T00:00:00Z' }))
  credentials.set('revoked', revoked)
  await library.store.keys.revoke('main', idOf(revoked))
}, 120_000)
afterAll(() => expect(app.lines.join('')).not.toMatch(/fn_[0-9A-Za-z]{11}_/))

/** Whole, and of no database. */
async function unknown(): Promise<string> {
  const { makeKey } = await import('../../../core/keys.ts')
  return makeKey().text
}

const carriers: Readonly<Record<string, (key: string) => Headers>> = {
  Bearer: bearer,
  'x-api-key': (key) => ({ 'x-api-key': key }),
  cookie: (key) => ({ cookie: `footnote_session=${key}` }),
}

/** As the live table has them, without what everybody may. */
const closed = () =>
  app.routes.filter(({ method, path }) => method !== 'ALL' && rules.get(`${method} ${path}`)?.scopes.length !== 0)

const send = async (method: string, path: string, headers: Headers = {}) => {
  const at = path
    .replace('/v1/conversations/:id', `/v1/conversations/${foreign.conversation_id}`)
    .replace('/chat/:id', `/chat/${foreign.conversation_id}`)
    .replace(':id', foreign.id)
  const body = ['POST', 'PATCH'].includes(method) ? { body: '{"question": not even JSON' } : {}
  return await app.get(at, { method, headers: { 'content-type': 'application/json', ...headers }, ...body })
}

it('tells at the login that a key was not copied whole, as everywhere', async () => {
  for (const key of ['fn_garbage', others.slice(0, -1)]) {
    const response = await app.post('/v1/session', { key })
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'malformed-key' }])
  }
  const response = await app.post('/v1/session', { key: await unknown() })
  expect([response.status, await response.json()]).toMatchObject([401, { code: 'invalid-key' }])
})

it('tells who asks of the library whether they may add documents', async () => {
  const told = async (headers: Headers) =>
    ((await (await app.get('/v1/library', { headers })).json()) as { uploads: boolean }).uploads
  expect(await told(bearer(await app.key({ scopes: ['ask'] })))).toBe(false)
  const cookie = await app.login(await app.key({ scopes: ['ask', 'ingest'] }))
  expect(await told({ cookie })).toBe(true)
})

describe('the table of access', () => {
  it('has a line for every live route, and none for another', () => {
    const live = new Set(
      app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`),
    )
    expect([...live].filter((name) => !rules.has(name))).toEqual([])
    expect([...rules.keys()].filter((name) => !live.has(name))).toEqual([])
    expect(closed().length).toBeGreaterThan(40)
  })

  it('leaves open what holds nothing of anybody, and that only', () => {
    const open = [...rules].filter(([name, { scopes }]) => scopes.length === 0 && !/\.(js|css|svg)$/.test(name))
    expect(open.map(([name]) => name)).toEqual([
      'GET /health',
      'GET /ready',
      'GET /metrics',
      'GET /v1/ping/events',
      'GET /openapi.json',
      'GET /schemas/citation.json',
      'GET /docs',
      'GET /login',
      'GET /login/oidc',
      'GET /login/oidc/return',
      'GET /v1/session',
      'POST /v1/session',
      'DELETE /v1/session',
      'POST /slack/events',
      'POST /slack/commands',
      'POST /slack/interactions',
    ])
  })
})

describe('every closed route', () => {
  it('refuses whoever shows nothing, without a look at the body', async () => {
    for (const { method, path } of closed()) {
      const response = await send(method, path)
      expect(response.status, `${method} ${path}`).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="footnote"')
      expect(await response.text()).toContain('no-key'.slice(0, path.startsWith('/api/chat') ? 0 : 6))
    }
  })

  it.each(Object.keys(carriers))(
    'refuses every key that does not hold, by %s, with words that tell nobody which',
    async (carrier) => {
      for (const { method, path } of closed()) {
        const told = new Set<string>()
        for (const [kind, key] of credentials) {
          const response = await send(method, path, carriers[carrier]?.(key))
          expect(response.status, `${method} ${path} ${kind}`).toBe(401)
          if (!['malformed', 'mistyped'].includes(kind)) told.add(await response.text())
        }
        expect(told.size, path).toBe(1)
      }
    },
  )

  it.each(['ask', 'ingest', 'admin'] as const)(
    'refuses a key that has %s alone where it wants another scope',
    async (scope) => {
      const key = await app.key({ scopes: [scope] })
      let refused = 0
      for (const { method, path } of closed()) {
        const wanted = rules.get(`${method} ${path}`)?.scopes ?? []
        if (wanted.includes(scope)) continue
        for (const headers of [bearer(key), { 'x-api-key': key }, { cookie: await app.login(key) }]) {
          const response = await send(method, path, headers)
          expect(response.status, `${method} ${path}`).toBe(403)
          expect(response.headers.get('www-authenticate')).toContain('insufficient_scope')
          refused++
        }
      }
      expect(refused).toBeGreaterThan(15)
    },
  )

  it('of an answer or a conversation says of somebody else’s what it says of none', async () => {
    const key = await app.key()
    const own = closed().filter(({ path }) => /^\/v1\/(answers|conversations)\/:id/.test(path))
    expect(own.length).toBeGreaterThan(8)
    for (const { method, path } of own) {
      for (const headers of [bearer(key), { 'x-api-key': key }, { cookie: await app.login(key) }]) {
        const ask = async (id: string) => {
          const body = method === 'PATCH' ? '{"title":"x"}' : '{"rating":"up"}'
          const sent = ['POST', 'PATCH'].includes(method) ? { body } : {}
          const all = { 'content-type': 'application/json', ...headers }
          return await app.get(path.replace(':id', id), { method, headers: all, ...sent })
        }
        const isAnswer = path.startsWith('/v1/answers')
        const [real, none] = isAnswer ? [foreign.id, 'ans_none'] : [foreign.conversation_id, 'con_none']
        const [theirs, nobodys] = [await ask(real), await ask(none)]
        expect([theirs.status, nobodys.status], `${method} ${path}`).toEqual([404, 404])
        expect((await theirs.text()).replaceAll(real, '')).toBe((await nobodys.text()).replaceAll(none, ''))
      }
    }
  })
})

describe('a key with ask', () => {
  it('has its own answers and conversations, and admin has everybody’s answers', async () => {
    const key = await app.key()
    const headers = bearer(key)
    const before = (await (await app.get('/v1/answers', { headers })).json()) as { answers: unknown[] }
    expect(before.answers).toEqual([])
    const asked = await app.post('/v1/ask', { question: 'How did Notion shard Postgres?' }, { headers })
    const { id, conversation_id: conversation } = (await asked.json()) as WireAnswer
    for (const path of [`/v1/answers/${id}`, `/v1/answers/${id}/events`, `/v1/conversations/${conversation}`]) {
      expect((await app.get(path, { headers })).status, path).toBe(200)
      expect((await app.get(path, { headers: bearer(others) })).status, path).toBe(200)
    }
    const list = async (key: string) => {
      const reply = await app.get('/v1/answers?limit=200', { headers: bearer(key) })
      return ((await reply.json()) as { answers: { id: string }[] }).answers.map((each) => each.id)
    }
    expect(await list(key)).toEqual([id])
    expect(await list(others)).toEqual(expect.arrayContaining([id, foreign.id]))
    const session = { cookie: await app.login(key) }
    const page = (await (await app.get('/v1/conversations', { headers: session })).json()) as {
      conversations: object[]
    }
    expect(page.conversations).toMatchObject([{ id: conversation }])
  })

  it('continues no conversation but its own, by no surface', async () => {
    const headers = bearer(await app.key())
    const question = 'And then?'
    const message = { role: 'user', parts: [{ type: 'text', text: question }] }
    for (const id of [foreign.conversation_id, 'con_of_nobody']) {
      if (id === 'con_of_nobody')
        await library.store.answers.begin({
          id: 'ans_n',
          library: 'main',
          conversationId: id,
          question,
          mode: 'extractive',
        })
      expect((await app.post('/v1/ask', { question, conversation_id: id }, { headers })).status).toBe(404)
      expect((await app.post('/api/chat', { id, messages: [message] }, { headers })).status).toBe(404)
      expect((await app.get(`/api/chat/${id}/stream`, { headers })).status).toBe(204)
      const listed = await app.get(`/v1/answers?conversation_id=${id}`, { headers })
      expect(((await listed.json()) as { answers: unknown[] }).answers).toEqual([])
    }
    expect((await app.get(`/v1/answers?after=${foreign.id}`, { headers })).status).toBe(422)
  })

  it('owns what it asked by the chat API and by MCP', async () => {
    const key = await app.key()
    const headers = bearer(key)
    const body = { model: 'footnote', messages: [{ role: 'user', content: 'How does Stripe rate limit?' }] }
    expect((await app.post('/v1/chat/completions', body, { headers })).status).toBe(200)
    const call = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'ask', arguments: { question: 'How did Notion shard Postgres?' } },
    }
    const accept = { accept: 'application/json, text/event-stream' }
    const answered = await app.post('/mcp', call, { headers: { ...headers, ...accept } })
    expect(answered.status).toBe(200)
    await answered.text()
    const list = (await (await app.get('/v1/answers', { headers })).json()) as { answers: unknown[] }
    expect(list.answers).toHaveLength(2)
  })
})

describe('a request', () => {
  it('with two different credentials is refused, with the same one twice it is not', async () => {
    const [a, b] = [await app.key(), await app.key()]
    const status = async (headers: Headers) => (await app.get('/v1/models', { headers })).status
    expect(await status({ ...bearer(a), 'x-api-key': b })).toBe(400)
    expect(await status({ ...bearer(a), cookie: await app.login(b) })).toBe(400)
    expect(await status({ ...bearer(a), 'x-api-key': a })).toBe(200)
  })

  it('to a path of the OpenAI API is refused in its shape', async () => {
    const response = await app.post('/v1/chat/completions', {})
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: { code: 'no-key', param: 'Authorization' } })
  })

  it('does the same work for an id that there is not', async () => {
    const found: string[] = []
    const keys = {
      ...library.store.keys,
      find: async (id: string) => (found.push(id), await library.store.keys.find(id)),
    }
    const counted = openKeyedApp(library, { store: { ...library.store, keys } })
    const wrong = others.replace(/_[^_]+$/, '')
    expect(wrong).toMatch(/^fn_/)
    await counted.get('/v1/models', { headers: bearer(await unknown()) })
    await counted.get('/v1/models', { headers: bearer(others) })
    expect(found).toHaveLength(2)
    // What has no checksum that fits is told without the database.
    await counted.get('/v1/models', { headers: bearer(credentials.get('mistyped') ?? '') })
    expect(found).toHaveLength(2)
  })

  it('with a key is refused by a server with another secret, and with a session only when its key is revoked', async () => {
    const key = await app.key()
    const cookie = await app.login(key)
    const next = openKeyedApp(library, { keySecret: 'another-one-of-the-tests-and-nothing-else' })
    const statuses = async () => [
      (await next.get('/v1/documents', { headers: bearer(key) })).status,
      (await next.get('/v1/documents', { headers: { cookie } })).status,
      (await app.get('/v1/documents', { headers: bearer(key) })).status,
    ]
    expect(await statuses()).toEqual([401, 200, 200])
    await library.store.keys.revoke('main', idOf(key))
    expect(await statuses()).toEqual([401, 401, 401])
  })

  it('of a program to a server of this machine needs none, whatever it brings along', async () => {
    const local = openKeyedApp(library, {}, false)
    const status = async (headers: Headers) => (await local.get('/v1/models', { headers })).status
    expect(await status({})).toBe(200)
    expect(await status(bearer('any'))).toBe(200)
    expect(await status({ cookie: 'footnote_session=of-another-server' })).toBe(200)
    expect(await status(bearer(await unknown()))).toBe(401)
  })
})

describe('a browser', () => {
  it('without a session is sent to the login page and back', async () => {
    for (const path of ['/', '/library', '/answers/ans_1', `/documents/doc_1?revision=${'0'.repeat(64)}`]) {
      const response = await app.get(path, { headers: { accept: 'text/html' }, redirect: 'manual' })
      expect(response.status).toBe(303)
      expect(response.headers.get('location')).toBe(`/login?to=${encodeURIComponent(path)}`)
    }
    expect((await app.get('/login')).status).toBe(200)
  })

  it('gets a cookie that no script and no other site can use, and nobody has it after logging out', async () => {
    const key = await app.key()
    const secure = openKeyedApp(library, { publicUrl: 'https://ask.example.com' })
    const given = (await secure.post('/v1/session', { key })).headers.get('set-cookie') ?? ''
    expect(given).toMatch(
      /^__Host-footnote_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    const headers = { cookie: await app.login(key) }
    expect(await (await app.get('/v1/session', { headers })).json()).toMatchObject({ type: 'session', scopes: ['ask'] })
    expect((await app.get('/v1/session', { method: 'DELETE', headers })).status).toBe(204)
    expect((await app.get('/v1/session', { headers })).status).toBe(401)
    expect((await app.post('/v1/session', { key: credentials.get('revoked') })).status).toBe(401)
  })
})

describe('a key that stands in pages', () => {
  const site = 'https://docs.example.com'

  it('is good for what the widget does, from its sites, and nothing else', async () => {
    const served = openKeyedApp(library, { widgetOrigins: [site, 'https://other.example.com'] })
    const key = await served.key({ origins: [site] })
    const ask = async (headers: Headers) =>
      await served.post(
        '/v1/ask',
        { question: 'How does Stripe rate limit?' },
        { headers: { ...bearer(key), ...headers } },
      )
    const asked = await ask({ origin: site })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([200, site])
    expect((await ask({})).status).toBe(401)
    expect((await ask({ origin: 'https://other.example.com' })).status).toBe(401)
    for (const path of ['/v1/answers', '/v1/documents', '/v1/conversations'])
      expect((await served.get(path, { headers: { ...bearer(key), origin: site } })).status, path).toBe(403)
    expect((await served.post('/v1/session', { key }, { headers: { origin: 'http://test' } })).status).toBe(401)
    const may = {
      origin: site,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const preflight = await served.get('/v1/ask', { method: 'OPTIONS', headers: may })
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
  })

  it('opens no door for other sites where none is named', async () => {
    const key = await app.key({ origins: [site] })
    const response = await app.get('/v1/suggestions', { headers: { ...bearer(key), origin: site } })
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    const posted = await app.post('/v1/ask', { question: 'x' }, { headers: { ...bearer(key), origin: site } })
    expect(posted.status).toBe(403)
  })
})

describe('the host name', () => {
  it('of PUBLIC_URL is let in through a proxy on this machine, and no other', async () => {
    const proxied = openKeyedApp(library, { loopbackOnly: true, publicUrl: 'https://ask.example.com' })
    const status = async (host: string) => (await proxied.get('/v1/models', { headers: { host } })).status
    expect(await status('ask.example.com')).toBe(401)
    expect(await status('evil.example.com')).toBe(403)
  })
})
