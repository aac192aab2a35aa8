// Who may talk to the server: this machine under its own names, and no page of another site.
import { beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, openTestLibrary, type TestApp } from '../../support/app.ts'

let local: TestApp
let open: TestApp
let secure: TestApp

beforeAll(async () => {
  const library = await openTestLibrary()
  local = openTestApp(library, { loopbackOnly: true })
  open = openTestApp(library)
  secure = openTestApp(library, { publicUrl: 'https://ask.example.com' })
})

describe('a server that listens on this machine alone', () => {
  it.each(['localhost', 'LOCALHOST:3000', '127.0.0.1:3000', '[::1]', '[::1]:3000'])('answers to %s', async (host) => {
    expect((await local.get('/v1/documents', { headers: { host } })).status).toBe(200)
  })

  it.each(['evil.example', 'evil.example:3000', 'localhost.evil.example', '127.0.0.1.nip.io:3000', '10.0.0.1', ''])(
    'refuses the name %j',
    async (host) => {
      const response = await local.get('/v1/documents', { headers: { host } })
      expect(response.status).toBe(403)
      const problem = (await response.json()) as { code: string; title: string }
      expect(problem.code).toBe('wrong-host')
      expect(problem.title).toContain(JSON.stringify(host))
      expect(problem.title).toContain(`http://localhost${host.endsWith(':3000') ? ':3000' : ''}, or`)
    },
  )

  it('takes the name from the address where no header gives one', async () => {
    expect((await local.fetch(new Request('http://localhost/health'))).status).toBe(200)
    expect((await local.fetch(new Request('http://evil.example/health'))).status).toBe(403)
  })
})

it('a server for a network answers to any name', async () => {
  expect((await open.get('/v1/documents', { headers: { host: 'library.example' } })).status).toBe(200)
})

describe('a post', () => {
  const from = async (origin: string, at = 'ask.example.com') =>
    (await secure.post('/v1/search', search, { headers: { host: at, origin } })).status
  const search = { query: 'token bucket' }
  const host = 'library.example:3000'

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'http://library.example:4000' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ])('of another site is refused: %j', async (headers) => {
    const response = await open.post('/v1/search', search, { headers: { host, ...headers } })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'cross-site' })
  })

  it.each([
    {},
    { origin: 'http://library.example:3000', 'sec-fetch-site': 'same-origin' },
    { origin: 'https://Library.example:3000' },
  ])('of its own page or of a program is answered: %j', async (headers) => {
    expect((await open.post('/v1/search', search, { headers: { host, ...headers } })).status).toBe(200)
  })

  it('under PUBLIC_URL has to come from its page over the same scheme', async () => {
    expect(await from('https://ask.example.com')).toBe(200)
    expect(await from('https://Ask.Example.com', 'ASK.example.com')).toBe(200)
    expect(await from('http://ask.example.com')).toBe(403)
    expect(await from('ftp://ask.example.com')).toBe(403)
    // Past the proxy, on the machine itself.
    expect(await from('http://localhost:3000', 'localhost:3000')).toBe(200)
    // A proxy that does not pass Host on.
    expect(await from('https://ask.example.com', '127.0.0.1:3000')).toBe(403)
  })
})
