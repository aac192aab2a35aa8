// A second embedding space: filled beside the first, switched to whole or not at all, and forgotten.
import { describe, expect, it } from 'vitest'
import type { ChunkToEmbed, SpaceStore } from '../../core/spaces.ts'
import type { Store } from '../../core/ports.ts'
import { openStore } from '../../store/open.ts'
import { contentOf, openTestDatabase, type TestDatabase } from '../support/database.ts'
import { search, space, tinyDocument } from '../support/store-documents.ts'

const other = 'test/other/3/1'
const embed = async (texts: readonly string[]) => texts.map(() => Float32Array.from([0, 1, 0]))
const none: ReadonlySet<number> = new Set()

async function open(database: TestDatabase): Promise<Store> {
  const store = await openStore(database, 'main', space)
  await store.spaces.make(other, 3)
  return store
}

async function fill(spaces: SpaceStore, chunks?: readonly ChunkToEmbed[]): Promise<void> {
  const missing = chunks ?? (await spaces.missing('main', other, 0, 1000))
  await spaces.fill(
    'main',
    other,
    missing.map(({ chunkId }) => ({ chunkId, vector: Float32Array.from([0, 1, 0]) })),
  )
}

const many = (count: number) => Array.from({ length: count }, (_, n) => ({ text: `text ${n}` }))

describe('a second space', () => {
  it('is filled in parts and switched to, and the first one stays to go back to', async () => {
    await using database = await openTestDatabase()
    const { documents, spaces, search: store } = await open(database)
    await documents.save(tinyDocument('a.md', many(5)))
    const first = await spaces.missing('main', other, 0, 2)
    expect(first.map(({ text, headings }) => [text, headings])).toEqual([
      ['text 0', ['a.md']],
      ['text 1', ['a.md']],
    ])
    await fill(spaces, first)
    expect(await spaces.count('main', other)).toEqual({ chunks: 5, missing: 3 })
    expect((await spaces.missing('main', other, 0, 9)).map(({ text }) => text)).toEqual(['text 2', 'text 3', 'text 4'])
    await fill(spaces)
    expect((await store.state('main')).space).toBe(space.space)
    expect(await spaces.switch('main', other, none, embed)).toBe(true)
    expect((await store.state('main')).space).toBe(other)
    expect(await spaces.list('main')).toEqual([
      { space: space.space, chunks: 5, active: false, former: true },
      { space: other, chunks: 5, active: true, former: false },
    ])
    expect(await spaces.switch('main', space.space, none, embed)).toBe(true)
    expect((await store.state('main')).space).toBe(space.space)
  })

  it('embeds under the lock the few chunks that were saved since, and is not switched to with more', async () => {
    await using database = await openTestDatabase()
    const { documents, spaces, search: store } = await open(database)
    await documents.save(tinyDocument('a.md', many(40)))
    const before = await contentOf(database.query)
    expect(await spaces.switch('main', other, none, embed)).toBe(false)
    expect(await contentOf(database.query)).toEqual(before)
    await fill(spaces)
    await documents.save(tinyDocument('b.md', many(3)))
    expect(await spaces.switch('main', other, none, embed)).toBe(true)
    expect((await store.state('main')).space).toBe(other)
    expect(await spaces.count('main', other)).toEqual({ chunks: 43, missing: 0 })
  })

  it('lacks the chunks that have no direction in it, and no others', async () => {
    await using database = await openTestDatabase()
    const { documents, spaces } = await open(database)
    await documents.save(tinyDocument('a.md', many(40)))
    const chunks = await spaces.missing('main', other, 0, 100)
    const zeros = chunks.map(({ chunkId }) => ({ chunkId, vector: new Float32Array(3) }))
    await spaces.fill('main', other, zeros)
    expect(await spaces.switch('main', other, new Set(chunks.slice(0, 5).map(({ chunkId }) => chunkId)), embed)).toBe(
      false,
    )
    expect(await spaces.switch('main', other, new Set(chunks.map(({ chunkId }) => chunkId)), embed)).toBe(true)
    expect(await spaces.list('main')).toContainEqual({ space: other, chunks: 0, active: true, former: false })
  })

  it('is compared with vectors of its own alone, however often it is switched', async () => {
    await using database = await openTestDatabase()
    const store = await open(database)
    await store.documents.save(tinyDocument('a.md', [{ text: 'north', vector: [1, 0, 0, 0] }]))
    await fill(store.spaces)
    await store.spaces.switch('main', other, none, embed)
    const cosineOf = async (name: string, values: readonly number[]) => {
      const vector = { space: name, values: Float32Array.from(values) }
      const request = { library: 'main', terms: new Map(), vector, limit: 5 }
      return (await store.search.candidates(request, new AbortController().signal)).map(({ cosine }) => cosine)
    }
    expect(await cosineOf(other, [0, 1, 0])).toEqual([1])
    expect(await cosineOf(space.space, [1, 0, 0, 0])).toEqual([1])
    expect(await cosineOf('nobody/knows/3/1', [0, 1, 0])).toEqual([])
  })

  it('refuses vectors of the space that was searched before, in a way that passes', async () => {
    await using database = await openTestDatabase()
    const { documents, spaces } = await open(database)
    await documents.save(tinyDocument('a.md', many(1)))
    await spaces.switch('main', other, none, embed)
    await expect(documents.save(tinyDocument('b.md', many(1)))).rejects.toMatchObject({
      code: 'other-space',
      retryable: true,
    })
    await documents.save(tinyDocument('b.md', [{ text: 'b', vector: [0, 0, 1] }], { space: other }))
    expect(await spaces.count('main', other)).toEqual({ chunks: 2, missing: 0 })
    expect(await spaces.count('main', space.space)).toEqual({ chunks: 2, missing: 1 })
    // A removal has no vectors: it is of no space.
    const known = (await documents.known('main')).get('b.md')!
    expect(await documents.remove('main', known.id, known.revision)).toBe(true)
  })

  it('never misses a chunk, whatever is saved while it is switched back and forth', async () => {
    await using database = await openTestDatabase()
    const { documents, spaces, search: store } = await open(database)
    await documents.save(tinyDocument('first.md', many(2)))
    const done = Array.from({ length: 25 }, async (_, n) => {
      for (;;) {
        const active = (await store.state('main')).space ?? ''
        const vector = active === other ? [0, 1, 0] : [1, 0, 0, 0]
        const document = tinyDocument(`${n % 7}.md`, [{ text: `text ${n}`, vector }], { space: active })
        const saved = await documents.save(document).catch((error: { code: string }) => error.code)
        if (saved !== 'other-space') return saved
      }
    })
    for (const target of [other, space.space, other, space.space, other]) {
      const own = async (texts: readonly string[]) =>
        texts.map(() => Float32Array.from(target === other ? [0, 1, 0] : [1, 0, 0, 0]))
      while (!(await spaces.switch('main', target, none, own))) await new Promise((next) => setTimeout(next, 1))
      expect((await store.state('main')).space).toBe(target)
    }
    for (const saved of await Promise.all(done)) expect(saved).toMatch(/^(learned|changed|unchanged)$/)
    expect((await spaces.count('main', other)).missing).toBe(0)
  })
})

describe('a space that is dropped', () => {
  it('is not the one that is searched, and leaves nothing', async () => {
    await using database = await openTestDatabase()
    const store = await open(database)
    const { spaces } = store
    await store.documents.save(tinyDocument('a.md', many(2)))
    await fill(spaces)
    await expect(spaces.drop('main', space.space)).rejects.toMatchObject({ code: 'space-active' })
    await expect(spaces.drop('main', 'nobody/knows/3/1')).rejects.toMatchObject({ code: 'unknown-space' })
    await spaces.switch('main', other, none, embed)
    const vector = Float32Array.from([1, 0, 0, 0])
    expect((await search(store, 'text', { vector })).map(({ cosine }) => cosine)).toEqual([1, 1])
    await spaces.drop('main', space.space)
    expect(await spaces.list('main')).toEqual([{ space: other, chunks: 2, active: true, former: false }])
    expect(await database.query("select 1 from pg_tables where tablename in ('vectors_1', 'signs_1')")).toEqual([])
    // Of a question that was embedded before: the words decide alone.
    expect((await search(store, 'text', { vector })).map(({ cosine }) => cosine)).toEqual([null, null])
  })

  it('stays for another library that is searched in it', async () => {
    await using database = await openTestDatabase()
    const store = await open(database)
    const two = await openStore(database, 'two', space)
    await two.documents.save(tinyDocument('a.md', many(1), { library: 'two' }))
    await store.documents.save(tinyDocument('a.md', many(2)))
    await store.spaces.switch('main', other, none, embed)
    await store.spaces.drop('main', space.space)
    expect(await store.spaces.list('main')).toEqual([{ space: other, chunks: 2, active: true, former: false }])
    expect(await two.spaces.list('two')).toEqual([{ space: space.space, chunks: 1, active: true, former: false }])
  })
})
