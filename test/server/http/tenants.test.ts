// Every live route, asked for the things of one library with every credential that is not good for them, by every carrier.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeKey } from '../../../core/keys.ts'
import { rules } from '../../../server/http/access.ts'
import { bearer, idOf } from '../../support/keyed.ts'
import { asked, call, everything, openTenants, send, type Tenant, type Tenants } from '../../support/tenants.ts'

type Headers = Readonly<Record<string, string>>
type Route = { readonly method: string; readonly path: string }

let tenants: Tenants
let one: Tenant
let two: Tenant
/** what opens nothing at all, by name */
const dead = new Map<string, string>()

beforeAll(async () => {
  tenants = await openTenants()
  ;({ one, two } = tenants)
  const scopes = everything
  dead.set('unknown', makeKey().text)
  dead.set('expired', await two.key({ scopes, expiresAt: '2020-01-01T00:00:00Z' }))
  const revoked = await two.key({ scopes })
  await two.store.keys.revoke(two.name, idOf(revoked))
  dead.set('revoked', revoked)
}, 240_000)
afterAll(async () => {
  await tenants.database[Symbol.asyncDispose]()
})

const carriers: Readonly<Record<string, (key: string, tenant: Tenant) => Promise<Headers>>> = {
  Bearer: async (key) => await Promise.resolve(bearer(key)),
  'x-api-key': async (key) => await Promise.resolve({ 'x-api-key': key }),
  cookie: async (key, tenant) => ({ cookie: await tenant.login(key) }),
}

/** As the live table has them, without what everybody may. */
const closed = (): Route[] =>
  one.app.routes.filter(({ method, path }) => method !== 'ALL' && rules.get(`${method} ${path}`)?.scopes.length !== 0)

const ask = async ({ method, path }: Route, headers: Headers, of: Tenant['things'] = two.things) => {
  const { path: at, body } = asked(method, path, of, two.name)
  const accept = path === '/mcp' ? { accept: 'application/json, text/event-stream' } : {}
  return await send(tenants.fetch, method, at, { ...headers, ...accept }, body)
}

const canaries = () => new RegExp(`${one.canary}|${two.canary}`, 'i')

describe('a credential that does not hold', () => {
  it.each(['Bearer', 'x-api-key'])('opens no route, by %s, and is told nothing', async (carrier) => {
    let count = 0
    for (const route of closed())
      for (const [kind, key] of dead) {
        const headers = (await carriers[carrier]?.(key, two)) ?? {}
        const response = await ask(route, headers)
        expect(response.status, `${route.method} ${route.path} ${kind}`).toBe(401)
        expect(await response.text()).not.toMatch(canaries())
        count++
      }
    expect(count).toBeGreaterThan(120)
  })

  it('opens no route as the cookie of a session whose key was revoked, is over, or was never there', async () => {
    const [revoked, expired] = [await two.key({ scopes: everything }), await two.key({ scopes: everything })]
    const cookies = [await two.login(revoked), await two.login(expired), 'footnote_session=of-nobody']
    await two.store.keys.revoke(two.name, idOf(revoked))
    await tenants.database.query(`update api_keys set expires_at = now() - interval '1 s' where key_id = $1`, [
      idOf(expired),
    ])
    for (const route of closed())
      for (const cookie of cookies) {
        const response = await ask(route, { cookie })
        expect(response.status, `${route.method} ${route.path}`).toBe(401)
        expect(await response.text()).not.toMatch(canaries())
      }
  })

  it('opens no route when nothing is shown', async () => {
    for (const route of closed()) expect((await ask(route, {})).status, `${route.method} ${route.path}`).toBe(401)
  })
})

// The page itself, which is the same whatever its address names, a stream that there is none of, and one whose only line
// says that there is no such sync.
const shells: Readonly<Record<string, number>> = {
  'GET /answers/:id': 200,
  'GET /conversations/:id': 200,
  'GET /api/chat/:id/stream': 204,
  'POST /v1/syncs/:id/undo': 200,
}

const none: Tenant['things'] = {
  answer: 'ans_none',
  conversation: 'con_none',
  document: 'doc_none',
  revision: '0'.repeat(64),
  sync: 'syn_none',
  key: 'none',
}

describe('the credential of another library', () => {
  it.each(Object.keys(carriers))(
    'with every scope, by %s, is told of things of this one what is told of none',
    async (carrier) => {
      const headers = (await carriers[carrier]?.(await one.key({ scopes: everything }), one)) ?? {}
      let refused = 0
      for (const route of closed()) {
        // A program names its conversations itself: this one would begin.
        if (route.path === '/api/chat') continue
        const name = `${route.method} ${route.path}`
        const [theirs, nobodys] = [await ask(route, headers), await ask(route, headers, none)]
        expect(theirs.status, name).toBe(nobodys.status)
        const text = await theirs.text()
        expect(text, name).not.toMatch(new RegExp(two.canary, 'i'))
        expect(JSON.stringify([...theirs.headers]), name).not.toMatch(new RegExp(two.canary, 'i'))
        const names = route.path.includes(':id') && !route.path.includes('/models/')
        if (names || ['POST /v1/ask', 'POST /v1/search', 'POST /v1/keys'].includes(name)) {
          if (shells[name] === undefined) expect([401, 403, 404], name).toContain(theirs.status)
          else expect(theirs.status, name).toBe(shells[name])
          expect(anonymous(text), name).toBe(anonymous(await nobodys.text()))
          refused++
        }
      }
      expect(refused).toBeGreaterThan(25)
    },
  )

  it('by MCP fetches, finds and is answered with nothing of this one', async () => {
    const accept = { accept: 'application/json, text/event-stream' }
    const headers = { ...bearer(await one.key()), ...accept }
    const tools = [
      call('fetch', { id: two.things.document }),
      call('search', { query: 'secret budget' }),
      call('ask', { question: 'What is the secret budget?' }),
    ]
    for (const body of tools) {
      const text = await (await send(tenants.fetch, 'POST', '/mcp', headers, body)).text()
      expect(text).not.toMatch(new RegExp(two.canary, 'i'))
      expect(/isError":true/.test(text) || new RegExp(one.canary, 'i').test(text), text).toBe(true)
    }
  })

  it('begins a conversation of its own under the name of one of this library', async () => {
    const headers = bearer(await one.key())
    const told = await (await ask({ method: 'POST', path: '/api/chat' }, headers)).text()
    expect(told).not.toMatch(new RegExp(two.canary, 'i'))
    const path = `/v1/conversations/${two.things.conversation}`
    const theirs = await (await send(tenants.fetch, 'GET', path, headers)).text()
    expect(theirs).not.toMatch(new RegExp(two.canary, 'i'))
    expect(theirs).toContain('What is the secret budget?')
    expect(await two.store.answers.turns(two.name, two.things.conversation, 9)).toHaveLength(1)
  })

  it('changes nothing here, also where it is told that there is nothing', async () => {
    const kept = await two.store.answers.find(two.name, two.things.answer)
    expect(kept).not.toBeNull()
    expect(kept?.feedback ?? null).toBeNull()
    expect(await two.store.documents.find(two.name, two.things.document)).not.toBeNull()
    const listed = await two.store.keys.list(two.name)
    expect(listed.find(({ id }) => id === two.things.key)?.revokedAt).toBeNull()
  })
})

describe('the credential of another user of this library', () => {
  it.each(Object.keys(carriers))('by %s has none of their answers and conversations', async (carrier) => {
    const headers = (await carriers[carrier]?.(await two.key(), two)) ?? {}
    const own = closed().filter(({ path }) => /^\/v1\/(answers|conversations)\/:id/.test(path))
    expect(own.length).toBeGreaterThan(8)
    for (const route of own)
      expect([403, 404], `${route.method} ${route.path}`).toContain((await ask(route, headers)).status)
    const listed = await (await send(tenants.fetch, 'GET', '/v1/answers?limit=200', headers)).json()
    expect(listed).toMatchObject({ answers: [] })
  })
})

describe('the routes of Slack', () => {
  const routes = ['/slack/events', '/slack/commands', '/slack/interactions']
  const body = JSON.stringify({ type: 'url_verification', challenge: 'let-me-in', api_app_id: 'A1' })
  const signed = (secret: string, at = Math.floor(Date.now() / 1000)): Headers => ({
    'x-slack-request-timestamp': String(at),
    'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`,
  })

  it('take the signature of Slack, made now with the right secret, and no credential in its place', async () => {
    const key = await two.key({ scopes: everything })
    const shown: readonly Headers[] = [{}, bearer(key), { 'x-api-key': key }, { cookie: await two.login(key) }]
    const wrong = [{}, signed('of-another-app'), signed('of-slack', Math.floor(Date.now() / 1000) - 400)]
    for (const path of routes)
      for (const signature of wrong)
        for (const headers of shown)
          expect([401, 404], path).toContain(
            (await send(tenants.fetch, 'POST', path, { ...headers, ...signature }, body)).status,
          )
    const right = await send(tenants.fetch, 'POST', '/slack/events', signed('of-slack'), body)
    expect(await right.text()).toContain('let-me-in')
  })

  it('belong to the library of the server: an app of another one has none', async () => {
    const response = await two.app.post('/slack/events', body, { headers: signed('of-slack') })
    expect(response.status).toBe(404)
  })
})

/** Without the names of what was asked for, and the number of the request. */
function anonymous(text: string): string {
  const names = [...Object.values(two.things), ...Object.values(none)]
  return names.reduce((left, name) => left.replaceAll(name, '…'), text).replaceAll(/"(?:request_id|id)":"[^"]*"/g, '')
}
