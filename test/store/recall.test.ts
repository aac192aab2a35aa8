// A library that holds a small part of all rows, beside one that has filled the table with near copies of its vectors: what
// is nearest to a question is found as by comparing each of its own vectors.
import { beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../core/ports.ts'
import { vectorParameter } from '../../store/binary.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase, postgresUrl, type TestDatabase } from '../support/database.ts'
import { never, tinyDocument } from '../support/store-documents.ts'

const DIMENSIONS = 256
const space = { space: `test/random/${DIMENSIONS}/1`, dimensions: DIMENSIONS }
const ROWS = 52_000
const parts = { 'a thousandth': 0.001, 'a hundredth': 0.01, 'a twentieth': 0.05 } as const
const COPIES = 16
const QUESTIONS = 100
const BEST = 8

/** Of a small, fast generator (mulberry32), so that every run has the same vectors. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32 - 0.5
  }
}
const next = numbers(7)
const random = (size: number) => Float32Array.from({ length: DIMENSIONS }, () => next() * size)

/** Of a subject: texts of one library are about some fifty things. */
const subjects = Array.from({ length: 50 }, () => random(1))
function vectorOf(): Float32Array {
  const subject = subjects[Math.floor((next() + 0.5) * subjects.length)] ?? random(1)
  return random(1).map((value, index) => value + (subject[index] ?? 0))
}

describe.skipIf(!postgresUrl)('a search by vectors', () => {
  let database: TestDatabase
  const stores = new Map<string, Store>()

  beforeAll(async () => {
    database = await openTestDatabase()
    for (const [library, part] of Object.entries(parts)) {
      const store = await openStore(database, library, space)
      const chunks = Array.from({ length: Math.round(ROWS * part) }, (_, n) => ({
        text: `text ${n}`,
        vector: [...vectorOf()],
      }))
      await store.documents.save(tinyDocument('a.md', chunks, { library, space: space.space }))
      stores.set(library, store)
    }
    await openStore(database, 'noisy', space)
    const noises = Array.from({ length: COPIES }, () => vectorParameter(random(0.2)))
    await database.transaction(async (query) => {
      await query('set local session_replication_role = replica')
      for (const [copy, noise] of noises.entries())
        await query(
          `insert into vectors_1 select 'noisy', row_number() over () + $2::int * 10000, embedding + $1::vector
           from vectors_1 where library_id <> 'noisy'`,
          [noise, copy],
        )
      await query(
        `insert into signs_1 select library_id, chunk_id, binary_quantize(embedding)::bit(${DIMENSIONS})
         from vectors_1 where library_id = 'noisy'`,
      )
    })
    await database.query('analyze vectors_1; analyze signs_1')
    return async () => await database[Symbol.asyncDispose]()
  }, 300_000)

  it.each(Object.keys(parts))('in a library that holds %s of the rows finds its nearest', async (library) => {
    const store = stores.get(library)
    const [held] = await database.query<{ own: number; all: number }>(
      `select count(*) filter (where library_id = $1)::int as own, count(*)::int as all from signs_1`,
      [library],
    )
    let hits = 0
    for (let n = 0; n < QUESTIONS; n++) {
      const values = vectorOf()
      const exact = await database.query<{ chunk_id: number }>(
        `select chunk_id from vectors_1 where library_id = $1 order by embedding <=> $2::vector, chunk_id limit ${BEST}`,
        [library, vectorParameter(values)],
      )
      const request = {
        library,
        terms: new Map<string, number>(),
        limit: BEST,
        vector: { space: space.space, values },
      }
      const found = (await store?.search.candidates(request, never)) ?? []
      expect(found).toHaveLength(BEST)
      const ids = new Set(found.map(({ chunkId }) => chunkId))
      hits += exact.filter((row) => ids.has(row.chunk_id)).length
    }
    const recall = hits / (QUESTIONS * BEST)
    process.stderr.write(`recall@${BEST} ${recall.toFixed(4)} of ${held?.own} in ${held?.all} rows\n`)
    expect(recall).toBeGreaterThanOrEqual(0.95)
  })
})
