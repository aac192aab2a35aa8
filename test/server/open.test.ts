// The doors of a whole server, as its settings open them: without a socket, over a database of its own.
import { pino } from 'pino'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../core/config.ts'
import { hashOfKey, makeKey } from '../../core/keys.ts'
import { type Opened, openAll } from '../../server/open.ts'
import { openTestDatabase, postgresUrl, preparedDataDir } from '../support/database.ts'
import { type Issuer, openIssuer } from '../support/issuer.ts'

const silent = pino({ level: 'silent' })
const KEY_SECRET = 'XJw2kZ0mTnqk4Qe0vB8yB1cQx6Jt5uUo3n9rXhLzq0E='
const PUBLIC_URL = 'http://ask.example.com'

async function opened(env: Record<string, string>): Promise<Opened> {
  const server = await openAll(readConfig({ KEY_SECRET, ...env }), silent)
  onTestFinished(async () => await server.close())
  return server
}

const cookiesOf = (response: Response) => response.headers.getSetCookie().map((each) => each.split(';')[0] ?? '')

async function keyOf({ store }: Opened, library: string): Promise<string> {
  const { id, text } = makeKey()
  const hash = hashOfKey(text, KEY_SECRET)
  await store.keys.create({ id, library, name: 'of a guest', scopes: ['ask'], origins: [], hash, expiresAt: null })
  return text
}

async function post({ fetch }: Opened, url: string, body: object, headers: Record<string, string> = {}) {
  const sent = { 'content-type': 'application/json', ...headers }
  return await fetch(new Request(url, { method: 'POST', body: JSON.stringify(body), headers: sent }))
}

/** As the page of this host does. */
async function searchAt(server: Opened, host: string): Promise<Response> {
  const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
  return await post(server, 'http://localhost/v1/search', { query: 'x' }, headers)
}

describe.skipIf(!postgresUrl)('logging in with an account, on a server of several libraries', () => {
  let issuer: Issuer | null = null
  afterAll(async () => await issuer?.close())
  const claims = { sub: '17', email: 'ana@example.com', email_verified: true }

  async function server(url: string, library: string): Promise<Opened> {
    issuer ??= await openIssuer('footnote', 'a secret of the issuer')
    return await opened({
      DATABASE_URL: url,
      LIBRARY: library,
      PUBLIC_URL,
      OIDC_ISSUER: issuer.url,
      OIDC_CLIENT_ID: 'footnote',
      OIDC_CLIENT_SECRET: 'a secret of the issuer',
      OIDC_ALLOW: '@example.com',
      OIDC_SCOPES: 'ask,ingest,admin',
    })
  }

  async function logIn({ fetch }: Opened, shown: Readonly<Record<string, string>>, edit = (path: string) => path) {
    const at = (path: string) => new Request(PUBLIC_URL + path, { headers: shown })
    const left = await fetch(at('/login/oidc?to=/library'))
    const back = issuer?.logIn(left.headers.get('location') ?? '', claims)
    const request = at(edit(`${back?.pathname}${back?.search}`))
    request.headers.set('cookie', [shown['cookie'] ?? '', ...cookiesOf(left)].filter(Boolean).join('; '))
    const response = await fetch(request)
    return { response, cookie: cookiesOf(response).find((each) => each.includes('session=')) ?? null }
  }

  it('makes nobody a member of the library whose key they show on the way', async () => {
    await using database = await openTestDatabase()
    const [main, acme] = [await server(database.url ?? '', 'main'), await server(database.url ?? '', 'acme')]
    const key = await keyOf(acme, 'acme')
    const session = await post(main, `${PUBLIC_URL}/v1/session`, { key })
    const shown = [{ authorization: `Bearer ${key}` }, { 'x-api-key': key }, { cookie: cookiesOf(session).join('; ') }]
    for (const headers of shown) {
      const { response, cookie } = await logIn(main, headers)
      expect([response.status, response.headers.get('location')]).toEqual([303, '/library'])
      const request = new Request(`${PUBLIC_URL}/v1/library`, { headers: { cookie: cookie ?? '' } })
      expect(await (await main.fetch(request)).json()).toMatchObject({ library: 'main' })
      // However the way back is spelled.
      expect((await logIn(main, headers, (path) => path.replace('login', '%6cogin'))).cookie).toBeNull()
    }
    expect((await acme.store.keys.list('acme')).map(({ name }) => name)).toEqual(['of a guest'])
    expect((await main.store.keys.list('main')).map(({ name }) => name)).toEqual(['ana@example.com'])
  }, 60_000)

  it('lets the same person into each library whose own server invites them', async () => {
    await using database = await openTestDatabase()
    for (const library of ['main', 'acme']) {
      const its = await server(database.url ?? '', library)
      const { response } = await logIn(its, {})
      expect([response.status, response.headers.get('location')]).toEqual([303, '/library'])
      expect(await its.store.keys.list(library)).toHaveLength(1)
    }
  }, 60_000)
})

describe('a server in a container, whose port is published for its machine alone', () => {
  it('answers to the names of the machine alone, and tells what others asked, and its metrics, for the token', async () => {
    const settings = { HOST: '0.0.0.0', PUBLISHED_HOST: '127.0.0.1', DATA_DIR: await preparedDataDir() }
    const server = await opened(settings)
    for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000'])
      expect((await searchAt(server, host)).status, host).toBe(200)
    for (const host of ['evil.example:3000', '10.0.0.1:3000', 'localhost.evil.example']) {
      const response = await searchAt(server, host)
      expect(response.status, host).toBe(403)
      expect(await response.json()).toMatchObject({ code: 'wrong-host' })
    }
    // As the health checks of Dockerfile and docker-compose.yml ask, from within.
    for (const path of ['/health', '/ready'])
      expect((await server.fetch(new Request(`http://127.0.0.1:3000${path}`))).status, path).toBe(200)
    for (const path of ['/v1/gaps', '/metrics']) {
      const status = async (headers: Record<string, string>) =>
        (await server.fetch(new Request(`http://localhost${path}`, { headers }))).status
      expect([await status({}), await status({ authorization: `Bearer ${server.token}` })], path).toEqual([403, 200])
    }
  }, 60_000)
})

it('a server whose port is published for others answers to any name, and wants a key', async () => {
  const settings = { HOST: '0.0.0.0', PUBLISHED_HOST: '10.0.0.1', DATA_DIR: await preparedDataDir() }
  const response = await searchAt(await opened(settings), 'library.example')
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([401, 'no-key'])
}, 60_000)
