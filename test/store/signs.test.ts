// What is found by signs in memory is what their table finds, and never what was there before.
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { random } from '../../eval/stats.ts'
import type { Store } from '../../core/ports.ts'
import type { Query } from '../../store/database.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { type TinyChunk, tinyDocument } from '../support/store-documents.ts'
import { wrapped } from '../support/wrapped.ts'

const DIMENSIONS = 70
const space = { space: 'test/random/70/1', dimensions: DIMENSIONS }
const its = { space: space.space }
const draw = random(7)
const vector = () => Array.from({ length: DIMENSIONS }, () => draw() - 0.5)
const chunksOf = (count: number): TinyChunk[] =>
  Array.from({ length: count }, (_, n) => ({ text: `text ${n} ${draw()}`, vector: vector() }))

async function search({ search }: Store, values: Float32Array, limit: number, audiences?: readonly string[]) {
  const request = { library: 'main', terms: new Map<string, number>(), limit, vector: { space: space.space, values } }
  return await search.candidates({ ...request, ...(audiences && { audiences }) }, new AbortController().signal)
}

/** A store that counts how often the table of signs is scanned for a search. */
async function opened(database: TestDatabase) {
  let scans = 0
  let readings = 0
  const counted =
    (query: Query): Query =>
    async (sql, parameters) => {
      if (sql.includes('order by signs <~>')) scans++
      const rows = await query(sql, parameters)
      if (sql.includes('bit_send')) readings++
      return rows as never
    }
  const store = await openStore(
    wrapped(database, ({ query, prepared }) => ({ query: counted(query), prepared: counted(prepared) })),
    'main',
    space,
  )
  const kept = async (reading: number) => {
    await vi.waitFor(() => expect(readings).toBeGreaterThanOrEqual(reading), 10_000)
    await wait(5)
  }
  return { store, scans: () => scans, kept }
}

it('the same chunks are found by signs in memory as by their table', async () => {
  await using database = await openTestDatabase()
  const { store, scans, kept } = await opened(database)
  await store.documents.save(tinyDocument('a.md', chunksOf(300), its))
  const asked = Array.from({ length: 12 }, () => Float32Array.from(vector()))
  const ask = async (one: Float32Array) => await search(store, one, 20)
  await ask(asked[0]!)
  await kept(1)
  const before = scans()
  const fast = []
  for (const one of asked) fast.push(await ask(one))
  expect(scans()).toBe(before)
  const fresh = await openStore(database, 'main', space)
  for (const [n, one] of asked.entries()) {
    // A store that has kept nothing yet, asked for an audience that every document has, looks in the table.
    const slow = await search(fresh, one, 20, ['anyone'])
    expect(fast[n]).toEqual(slow)
    expect(slow).toHaveLength(20)
  }
})

it('a chunk that was learned a moment ago is found, and one that is gone is not', async () => {
  await using database = await openTestDatabase()
  const { store, kept } = await opened(database)
  const [one, two] = [chunksOf(1), chunksOf(1)]
  await store.documents.save(tinyDocument('a.md', one, its))
  const like = async ([chunk]: readonly TinyChunk[]) => {
    const found = await search(store, Float32Array.from(chunk?.vector ?? []), 10)
    return found.map(({ text }) => text)
  }
  expect(await like(one)).toEqual([one[0]?.text])
  await kept(1)
  expect(await like(one)).toEqual([one[0]?.text])
  await store.documents.save(tinyDocument('a.md', two, its))
  expect(await like(two)).toEqual([two[0]?.text])
})
