// What those who administer do by the API.
import { beforeAll, describe, expect, it } from 'vitest'
import { openTestLibrary, type TestLibrary } from '../../support/app.ts'
import { bearer, idOf, type Keyed, openKeyedApp } from '../../support/keyed.ts'

let library: TestLibrary
let app: Keyed
let admins: string
beforeAll(async () => {
  library = await openTestLibrary()
  app = openKeyedApp(library)
  admins = await app.key({ scopes: ['ask', 'ingest', 'admin'] })
})

describe('administration', () => {
  it('is written down, and no key is in it or in any list', async () => {
    const headers = bearer(admins)
    const body = { name: 'ci', scopes: ['ask'], expires_at: null }
    const made = (await (await app.post('/v1/keys', body, { headers })).json()) as { id: string; key: string }
    expect((await app.get('/v1/models', { headers: bearer(made.key) })).status).toBe(200)
    await app.login(made.key)
    const gone = await app.get(`/v1/keys/${made.id}`, { method: 'DELETE', headers })
    expect(await gone.json()).toEqual({ id: made.id, revoked: true })
    expect((await app.get('/v1/models', { headers: bearer(made.key) })).status).toBe(401)
    const log = await (await app.get('/v1/audit?limit=3', { headers })).text()
    expect((JSON.parse(log) as { entries: object[] }).entries).toMatchObject([
      { act: 'key-revoked', actor: `key:${idOf(admins)}`, subject: made.id },
      { act: 'login', actor: `session:${made.id}` },
      { act: 'key-created', actor: `key:${idOf(admins)}`, subject: made.id },
    ])
    const list = await (await app.get('/v1/keys', { headers })).text()
    const stored = JSON.stringify(await library.store.keys.find(made.id))
    for (const text of [log, list, stored, app.lines.join('')]) {
      expect(text).not.toContain(made.key)
      expect(text).not.toContain(made.key.split('_')[2])
    }
  })

  it('by a key reads no file of the machine', async () => {
    const response = await app.post('/v1/ingest', { paths: ['/etc/hostname'] }, { headers: bearer(admins) })
    expect(response.status).toBe(403)
  })
})
