// What is counted of a store, and every way in which the parts of an index can disagree.
import { describe, expect, it } from 'vitest'
import type { IndexReport } from '../../core/reports.ts'
import { openStore } from '../../store/open.ts'
import { reportStore } from '../../store/reports.ts'
import { emptyTestDatabase, openTestDatabase, type TestDatabase } from '../support/database.ts'
import { wholeIndex } from '../support/fake-store.ts'
import { space, tinyDocument } from '../support/store-documents.ts'

const whole: IndexReport = { ...wholeIndex, chunks: 3, recordedChunks: 3 }

/** Two documents of three chunks, then whatever is done to their rows. */
async function damagedBy(database: TestDatabase, sql: string): Promise<IndexReport> {
  const { documents, reports } = await openStore(database, 'main', space)
  await documents.save(tinyDocument('a.md', [{ text: 'alpha beta' }, { text: 'alpha gamma' }]))
  await documents.save(tinyDocument('b.md', [{ text: 'delta' }]))
  await openStore(database, 'other', space)
  expect(await reports.index('main')).toEqual(whole)
  await database.query(sql)
  return await reports.index('main')
}

describe('an index', () => {
  const one = `(select chunk_id from chunks where text = 'delta')`
  const lacking = { count: 1, some: [{ source: 'b.md', headings: ['b.md'], text: 'delta' }] }
  const damages: [what: string, sql: string, told: Partial<IndexReport>][] = [
    ['a vector that is gone', `delete from vectors_1 where chunk_id = ${one}`, { withoutVector: lacking }],
    ['signs that are gone', `delete from signs_1 where chunk_id = ${one}`, { withoutSigns: lacking }],
    [
      'words that are gone',
      `delete from postings where term in ('delta', 'b', 'md')`,
      { withoutWords: lacking, miscountedWords: 3 },
    ],
    [
      'a chunk that is gone, while words and counts remember it',
      `delete from chunks where text = 'delta'`,
      { chunks: 2, strayWords: 1, emptyDocuments: { count: 1, some: ['b.md'] } },
    ],
    [
      'a wrong number of chunks',
      `update libraries set chunk_count = 7 where library_id = 'main'`,
      { recordedChunks: 7 },
    ],
    ['a wrong number of a word', `update terms set holding = 9 where term = 'alpha'`, { miscountedWords: 1 }],
    [
      'a document whose chunks are those of an older revision',
      `update documents set revision = 'newer' where source = 'a.md'`,
      { oldChunks: 2 },
    ],
  ]
  it.each(damages)('tells %s', async (_what, sql, told) => {
    await using database = await openTestDatabase()
    expect(await damagedBy(database, sql)).toMatchObject({ ...whole, ...told })
  })

  it('is that of one library', async () => {
    await using database = await openTestDatabase()
    const report = await damagedBy(database, `update libraries set chunk_count = 9 where library_id = 'other'`)
    expect(report).toEqual(whole)
  })
})

describe('the status of a store', () => {
  it('counts what is there', async () => {
    await using database = await openTestDatabase()
    const { documents, answers, spending, reports } = await openStore(database, 'main', space)
    await documents.save(tinyDocument('a.md', [{ text: 'alpha' }, { text: 'beta' }]))
    await answers.begin({ id: 'ans_1', library: 'main', conversationId: 'con_1', question: 'q', mode: 'extractive' })
    const reserved = await spending.reserve('main', 0.5, 5)
    await spending.settle('main', { inputTokens: 1, outputTokens: 1, costUsd: 0.25 }, null)
    const { library, bytes, schema } = await reports.status('main')
    expect(library).toEqual({
      documents: 1,
      chunks: 2,
      changedAt: expect.stringMatching(/^\d{4}-/) as string,
      space: space.space,
      // One that is under way is not stored yet.
      answers: { answered: 0, abstained: 0, stopped: 0 },
      ratings: { up: 0, down: 0 },
      today: { calls: 1, spentUsd: 0.25, reservedUsd: reserved!.usd },
    })
    expect(bytes).toBeGreaterThan(1e6)
    expect(schema).toEqual({
      postgres: expect.stringMatching(/^\d+\.\d+/) as string,
      pgvector: expect.stringMatching(/^0\.\d+/) as string,
      missing: [],
      unknown: [],
    })
  })

  it('tells that documents went as the last change', async () => {
    await using database = await openTestDatabase()
    const { documents, reports } = await openStore(database, 'main', space)
    for (const name of ['a.md', 'b.md']) await documents.save(tinyDocument(name, [{ text: name }]))
    await database.query(
      `update documents set updated_at = '2020-01-01', removed_at = case when source = 'a.md' then '2021-01-01'::timestamptz end`,
    )
    const { library } = await reports.status('main')
    expect(library).toMatchObject({ documents: 1, changedAt: '2021-01-01T00:00:00.000Z' })
  })

  it('of a database that was never migrated names what is missing, and makes nothing', async () => {
    await using database = await emptyTestDatabase()
    const { schema, library } = await reportStore(database).status('main')
    expect(library).toBeNull()
    expect(schema.missing).toContain('0001-schema.sql')
    expect(await database.query(`select 1 from pg_tables where schemaname = 'public'`)).toEqual([])
  })

  it('of a database that a newer program has migrated names its migrations', async () => {
    await using database = await openTestDatabase()
    await database.query(`insert into migrations (name) values ('9999-later.sql')`)
    const { schema, library } = await reportStore(database).status('main')
    await database.query(`delete from migrations where name = '9999-later.sql'`)
    expect([schema.unknown, library]).toEqual([['9999-later.sql'], null])
  })

  it('of a library that there is not yet is nothing', async () => {
    await using database = await openTestDatabase()
    const { library } = await reportStore(database).status('main')
    expect(library).toMatchObject({ documents: 0, chunks: 0, changedAt: null, space: null })
  })
})
