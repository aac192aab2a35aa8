// What the index says of a word is read once, for as long as the library does not change.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Store } from '../../core/ports.ts'
import { openStore } from '../../store/open.ts'
import type { Query } from '../../store/database.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { search, space, tinyDocument } from '../support/store-documents.ts'
import { wrapped } from '../support/wrapped.ts'

/** A store that counts how often the index is read. */
async function opened(database: TestDatabase) {
  let readings = 0
  const counting = (prepared: Query): Query => {
    return async (sql, parameters) => {
      if (sql.includes('from postings')) readings++
      return await prepared(sql, parameters)
    }
  }
  const counted = wrapped(database, ({ prepared }) => ({ prepared: counting(prepared) }))
  return { store: await openStore(counted, 'main', space), readings: () => readings }
}

/** As a question does it: the state first. */
async function ask(store: Store, question: string): Promise<string[]> {
  const { changes } = await store.search.state('main')
  return (await search(store, question, { changes })).map(({ text, words }) => `${text} ${words}`)
}

const vocabulary = ['raft', 'leader', 'shard', 'queue', 'cache']

it('a word that was read is not read again until the library changes', async () => {
  await using database = await openTestDatabase()
  const { store, readings } = await opened(database)
  await store.documents.save(tinyDocument('a.md', [{ text: 'raft leader' }, { text: 'raft' }]))
  expect(await ask(store, 'raft')).toHaveLength(2)
  expect(readings()).toBe(1)
  expect(await ask(store, 'raft')).toHaveLength(2)
  expect(readings()).toBe(1)
  expect(await ask(store, 'raft leader nothing')).toHaveLength(2)
  expect(readings()).toBe(2)
  expect(await ask(store, 'nothing leader')).toHaveLength(1)
  expect(readings()).toBe(2)
  await store.documents.save(tinyDocument('b.md', [{ text: 'leader of a raft' }]))
  expect(await ask(store, 'leader')).toHaveLength(2)
  expect(readings()).toBe(3)
})

it('a library that changes between the state and the search is not searched as it was', async () => {
  await using database = await openTestDatabase()
  const { store } = await opened(database)
  await store.documents.save(tinyDocument('a.md', [{ text: 'raft' }]))
  const { changes } = await store.search.state('main')
  expect(await search(store, 'raft', { changes })).toHaveLength(1)
  await store.documents.save(tinyDocument('a.md', [{ text: 'leader' }, { text: 'raft again' }]))
  expect((await search(store, 'raft', { changes })).map(({ text }) => text)).toEqual(['raft again'])
  expect((await search(store, 'leader raft', { changes })).map(({ text }) => text)).toHaveLength(2)
})

it('a library that changes all the time is found all the same', async () => {
  await using database = await openTestDatabase()
  const writing = await openStore(database, 'main', space)
  await writing.documents.save(tinyDocument('a.md', [{ text: 'raft' }, { text: 'leader' }]))
  let saved = 0
  const busy = (prepared: Query): Query => {
    return async (sql, parameters) => {
      // Between what was found and what is shown.
      if (sql.includes('c.headings')) await writing.documents.save(tinyDocument('b.md', [{ text: `shard ${saved++}` }]))
      return await prepared(sql, parameters)
    }
  }
  const store = await openStore(
    wrapped(database, ({ prepared }) => ({ prepared: busy(prepared) })),
    'main',
    space,
  )
  const vector = Float32Array.from([1, 0, 0, 0])
  for (let n = 0; n < 3; n++) {
    const { changes } = await store.search.state('main')
    expect((await search(store, 'raft', { changes, vector })).map(({ text }) => text)).toContain('raft')
    // The signs are read behind the search.
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(saved).toBeGreaterThan(2)
})

const step = fc.oneof(
  fc.record({
    type: fc.constant('save' as const),
    source: fc.constantFrom('a.md', 'b.md', 'c.md'),
    chunks: fc.array(fc.uniqueArray(fc.constantFrom(...vocabulary), { minLength: 1 }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant('ask' as const),
    words: fc.uniqueArray(fc.constantFrom(...vocabulary, 'nothing'), { minLength: 1 }),
    isLate: fc.boolean(),
  }),
)

it('whatever was asked before, a search finds what a store finds that remembers nothing', async () => {
  await using database = await openTestDatabase()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const store = await openStore(database, 'main', space)
      let changes = 0
      for (const each of steps) {
        if (each.type === 'save') {
          const chunks = each.chunks.map((words) => ({ text: words.join(' ') }))
          await store.documents.save(tinyDocument(each.source, chunks))
          continue
        }
        // Late: the state that a question was read in is not that of the library any more.
        if (!each.isLate) ({ changes } = await store.search.state('main'))
        const question = each.words.join(' ')
        const fresh = await openStore(database, 'main', space)
        expect(await search(store, question, { changes })).toEqual(await search(fresh, question))
      }
    }),
    { numRuns: 25 },
  )
})
