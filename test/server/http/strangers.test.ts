// Whoever makes up credentials costs the database a look each: however many there are, who is known is let in.
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeKey } from '../../../core/keys.ts'
import { openTestLibrary, type TestLibrary } from '../../support/app.ts'
import { bearer, idOf, type Keyed, openKeyedApp } from '../../support/keyed.ts'

type Looks = { readonly now: () => number; readonly all: () => number; readonly open: () => void }

let library: TestLibrary
beforeAll(async () => {
  library = await openTestLibrary()
}, 120_000)

/** A server whose looks at made-up credentials stand still until they are let go on. */
function openHalting(isKnown: (id: string) => boolean): { app: Keyed; looks: Looks } {
  const { keys, sessions } = library.store
  const gate = Promise.withResolvers<void>()
  let [now, all] = [0, 0]
  const halted = async <Found>(find: () => Promise<Found>): Promise<Found> => {
    now++
    all++
    await gate.promise
    now--
    return await find()
  }
  const store = {
    ...library.store,
    keys: {
      ...keys,
      find: async (id: string) => await (isKnown(id) ? keys.find(id) : halted(async () => await keys.find(id))),
    },
    sessions: { ...sessions, find: async (hash: string) => await halted(async () => await sessions.find(hash)) },
  }
  return { app: openKeyedApp(library, { store }), looks: { now: () => now, all: () => all, open: gate.resolve } }
}

function crowdOf(app: Keyed, size: number): Promise<Response>[] {
  const ways = [
    async () => await app.get('/v1/models', { headers: { cookie: `footnote_session=${madeUp()}` } }),
    async () => await app.get('/v1/models', { headers: bearer(makeKey().text) }),
    async () => await app.post('/v1/session', { key: makeKey().text }),
  ]
  return Array.from({ length: size }, async (_, n) => await ways[n % ways.length]!())
}

const madeUp = () => randomBytes(32).toString('base64url')

/** A key that holds, of which looks are never halted; `models` is what it is told. */
async function openKnown() {
  let known = ''
  const { app, looks } = openHalting((id) => id === known)
  const key = await app.key()
  known = idOf(key)
  return { app, looks, key, models: async () => (await app.get('/v1/models', { headers: bearer(key) })).status }
}

describe('a crowd of strangers', () => {
  it('keeps nobody out who is known, and of itself lets no more than a few at a time ask the database', async () => {
    const { app, looks, models } = await openKnown()
    expect(await models()).toBe(200)
    const crowd = crowdOf(app, 300)
    await expect.poll(looks.now).toBe(4)
    expect(await models()).toBe(200)
    expect(looks.now()).toBe(4)
    looks.open()
    const told = await Promise.all(crowd)
    const busy = told.filter(({ status }) => status === 503)
    expect(busy.length).toBeGreaterThan(200)
    expect(new Set(busy.map(({ headers }) => headers.get('retry-after')))).toEqual(new Set(['1']))
    expect(told.filter(({ status }) => status === 401).length).toBe(looks.all())
    expect(looks.all() + busy.length).toBe(300)
    // Afterwards there is room again.
    expect((await app.get('/v1/models', { headers: bearer(makeKey().text) })).status).toBe(401)
  })

  it('is joined by who knows the id of a key, and not its secret', async () => {
    const { app, looks, key, models } = await openKnown()
    expect(await models()).toBe(200)
    const crowd = crowdOf(app, 300)
    await expect.poll(looks.now).toBe(4)
    // Asked about in a row with the others, for which there is no room.
    const forged = await app.get('/v1/models', { headers: bearer(forgedOf(key)) })
    expect([forged.status, ((await forged.json()) as { error: { code: string } }).error.code]).toEqual([
      503,
      'overloaded',
    ])
    looks.open()
    await Promise.all(crowd)
  })

  it('is joined by who was known and is revoked', async () => {
    const { app, looks, key, models } = await openKnown()
    expect(await models()).toBe(200)
    await library.store.keys.revoke('main', idOf(key))
    expect(await models()).toBe(401)
    const crowd = crowdOf(app, 300)
    await expect.poll(looks.now).toBe(4)
    expect(await models()).toBe(503)
    looks.open()
    await Promise.all(crowd)
  })

  it('whose cookies have not the shape of one is refused without the database', async () => {
    const { app, looks } = openHalting(() => false)
    for (const value of ['0.123', 'x', `${madeUp()}x`, madeUp().slice(1), `${madeUp().slice(1)}.`]) {
      const response = await app.get('/v1/library', { headers: { cookie: `footnote_session=${value}` } })
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([401, 'session-over'])
    }
    expect(looks.all()).toBe(0)
  })
})

/** Another secret behind the same id, with the checksum that fits. */
function forgedOf(key: string): string {
  const { crc32 } = process.getBuiltinModule('node:zlib')
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const body = `fn_${idOf(key)}_${'a'.repeat(43)}`
  let [text, rest] = ['', crc32(body)]
  for (; text.length < 6; rest = Math.floor(rest / 62)) text = digits.charAt(rest % 62) + text
  return body + text
}
