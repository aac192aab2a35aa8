// Keys, sessions and the audit log as the store keeps them.
import { beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../core/ports.ts'
import { openStore } from '../../store/open.ts'
import { keptSecret } from '../../store/secret.ts'
import { openTestDatabase, temporaryFolder, type TestDatabase } from '../support/database.ts'
import { space } from '../support/store-documents.ts'

let database: TestDatabase
let store: Store

beforeEach(async () => {
  database = await openTestDatabase()
  store = await openStore(database, 'main', space)
})

const PAST = '2020-01-01T00:00:00.000Z'
const create = async (id: string, expiresAt: string | null = null) =>
  await store.keys.create({ id, library: 'main', name: id, scopes: ['ask'], origins: [], hash: `of ${id}`, expiresAt })

describe('a key', () => {
  it('holds until it is over or revoked, and is revoked once', async () => {
    await create('a')
    await create('b', PAST)
    await create('c')
    expect(await store.keys.find('a')).toMatchObject({ hash: 'of a', holds: true, holder: { library: 'main' } })
    expect(await store.keys.find('b')).toMatchObject({ holds: false })
    expect(await store.keys.find('d')).toBeNull()
    expect(await store.keys.revoke('other', 'c')).toBe(false)
    expect(await store.keys.revoke('main', 'c')).toBe(true)
    expect(await store.keys.revoke('main', 'c')).toBe(false)
    expect([...(await store.keys.holding(['a', 'b', 'c', 'd']))]).toEqual(['a'])
    expect(await store.keys.count()).toEqual({ made: 2, hold: 1 })
  })

  it('is listed without its hash, with when it was used, coarsely', async () => {
    const { id, library, name } = await create('a')
    await store.keys.touch({ id, library, name, scopes: ['ask'], origins: [] }, 'mark')
    const [first] = await store.keys.list('main')
    expect(JSON.stringify(first)).not.toContain('of a')
    expect(first?.lastUsedAt).toMatch(/^20/)
    await store.keys.touch({ id, library, name, scopes: ['ask'], origins: [] }, 'mark')
    expect((await store.keys.list('main'))[0]).toEqual(first)
    expect(await store.keys.list('other')).toEqual([])
  })
})

describe('a session', () => {
  it('ends a week after its last use, a month after its beginning, with its key, and when it is ended', async () => {
    await create('a')
    for (const hash of ['one', 'two', 'three', 'four']) await store.sessions.begin({ hash, library: 'main', key: 'a' })
    await database.query(`update sessions set seen_at = now() - interval '8 days' where session_hash = 'one'`)
    await database.query(`update sessions set began_at = now() - interval '31 days' where session_hash = 'two'`)
    await database.query(`update sessions set seen_at = now() - interval '6 days' where session_hash = 'three'`)
    const found = async (hash: string) => (await store.sessions.find(hash))?.id ?? null
    expect(await Promise.all(['one', 'two', 'three', 'four'].map(found))).toEqual([null, null, 'a', 'a'])
    const [seen] = await database.query<{ fresh: boolean }>(
      `select seen_at > now() - interval '1 hour' as fresh from sessions where session_hash = 'three'`,
    )
    expect(seen).toEqual({ fresh: true })
    await store.sessions.end('main', 'four')
    expect([...(await store.sessions.holding(['one', 'three', 'four']))]).toEqual(['three'])
    await store.keys.revoke('main', 'a')
    expect(await found('three')).toBeNull()
    expect((await store.sessions.holding(['three'])).size).toBe(0)
  })
})

describe('the audit log', () => {
  it('tells the newest first, by pages, of its own library', async () => {
    await openStore(database, 'other', space)
    for (const subject of ['1', '2', '3'])
      await store.audit.note('main', { act: 'key-created', actor: 'local', subject })
    await store.audit.note('other', { act: 'login', actor: 'local', subject: null })
    const first = await store.audit.list('main', 2)
    expect(first.map(({ subject }) => subject)).toEqual(['3', '2'])
    expect((await store.audit.list('main', 2, first[1]?.id)).map(({ subject }) => subject)).toEqual(['1'])
  })
})

it('the secret of the embedded store is made once', async () => {
  const folder = await temporaryFolder()
  const secret = keptSecret(folder)
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(keptSecret(folder)).toBe(secret)
})

it('counts keys of another secret, of those whose secret is known, and learns it from their use', async () => {
  const key = { library: 'main', name: 'k', scopes: ['ask'] as const, origins: [], expiresAt: null }
  await store.keys.create({ ...key, id: 'a', hash: 'a', mark: 'one' })
  await store.keys.create({ ...key, id: 'b', hash: 'b', mark: 'one', expiresAt: PAST })
  await store.keys.create({ ...key, id: 'c', hash: 'c' })
  await store.keys.welcome({ ...key, id: 'd' }, 'https://one.example')
  const misfits = async () =>
    await Promise.all(['one', 'two', null].map(async (mark) => await store.keys.misfits(mark)))
  expect(await misfits()).toEqual([0, 1, 2])
  await store.keys.touch({ ...key, id: 'c' }, 'two')
  expect(await misfits()).toEqual([1, 1, 2])
})

it('lists people with who vouches for them, and when they were here last', async () => {
  const person = { library: 'main', name: 'ana@example.com', scopes: ['ask'] as const, origins: [] }
  for (const id of ['one', 'two']) await store.keys.welcome({ ...person, id }, `https://${id}.example`)
  await store.sessions.begin({ hash: 'h', library: 'main', key: 'one' })
  await database.query(`update api_keys set last_used_at = '2020-01-01' where library_id = 'main'`)
  const listed = new Map((await store.keys.list('main')).map((key) => [key.id, key]))
  expect(listed.get('one')).toMatchObject({
    issuer: 'https://one.example',
    lastUsedAt: expect.not.stringMatching(/^2020/) as string,
  })
  expect(listed.get('two')).toMatchObject({ issuer: 'https://two.example', lastUsedAt: '2020-01-01T00:00:00.000Z' })
  await store.keys.welcome({ ...person, id: 'two' }, 'https://two.example')
  expect((await store.keys.list('main')).every(({ lastUsedAt }) => lastUsedAt?.startsWith('2020') === false)).toBe(true)
})
