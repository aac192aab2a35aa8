// Migrations are applied once, in order, whoever comes first.
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { DocumentToSave } from '../../core/ports.ts'
import { migrate } from '../../store/migrate.ts'
import type { Query } from '../../store/database.ts'
import { documentId } from '../../store/saving.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { contentOf, emptyTestDatabase, openTestDatabase, postgresUrl } from '../support/database.ts'
import { search, space, tinyDocument } from '../support/store-documents.ts'

const folder = new URL('../../store/migrations/', import.meta.url)
const files = (await readdir(folder)).sort()

describe('migrations', () => {
  it('are numbered without gaps or doubles', () => {
    expect(files.map((name) => name.slice(0, 4))).toEqual(files.map((_, n) => String(n + 1).padStart(4, '0')))
    for (const name of files) expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.sql$/)
  })

  it('are applied once', async () => {
    await using database = await openTestDatabase()
    const before = await contentOf(database.query)
    expect(before['migrations']).toHaveLength(files.length)
    expect(await migrate(database)).toEqual([])
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('of twenty migrators at once are applied once', async () => {
    await using database = await emptyTestDatabase()
    const applied = await Promise.all(Array.from({ length: 20 }, async () => await migrate(database)))
    expect(applied.flat()).toEqual(files)
  })

  it.skipIf(!postgresUrl)('of twenty processes’ pools at once are applied once', async () => {
    await using empty = await emptyTestDatabase()
    const pools = Array.from({ length: 20 }, () => openPostgres(empty.url ?? '', 2))
    const applied = await Promise.all(pools.map(async (pool) => await migrate(pool)))
    expect(applied.flat()).toEqual(files)
    // And so are the libraries and spaces that each of them opens.
    await Promise.all(pools.map(async (pool) => await openStore(pool, 'main', space)))
    await Promise.all(pools.map(async (pool) => await pool.close()))
  })

  it('that fail leave nothing behind', async () => {
    await using database = await emptyTestDatabase()
    await database.query('create table answers ()')
    await expect(migrate(database)).rejects.toMatchObject({ code: 'store-failed' })
    expect(Object.keys(await contentOf(database.query))).toEqual(['answers'])
  })

  it('of a newer version are refused by name', async () => {
    await using database = await emptyTestDatabase()
    await migrate(database)
    await database.query(`insert into migrations (name) values ('9999-from-the-future.sql')`)
    await expect(openStore(database, 'main', space)).rejects.toMatchObject({
      code: 'store-newer',
      message: expect.stringContaining('9999-from-the-future.sql') as string,
    })
  })
})

describe('a library of the first schema', () => {
  const chunks = Array.from({ length: 700 }, (_, n) => ({
    text: `raft ${n % 7 ? 'quorum' : 'lease'} number${n % 100}`,
  }))
  const documents = [tinyDocument('a.md', chunks), tinyDocument('b.md', [{ text: 'raft lease' }])]

  it('is found in as one that was learned anew, and goes on from there', async () => {
    await using database = await emptyTestDatabase()
    await database.query(await readFile(new URL('0001-schema.sql', folder), 'utf8'))
    await database.query(
      `create table migrations (name text primary key, applied_at timestamptz not null default now());
       insert into migrations (name) values ('0001-schema.sql'); insert into libraries (library_id) values ('main')`,
    )
    for (const document of documents) await saveFirst(database.query, document)
    expect(await migrate(database)).toEqual(files.slice(1))

    const stores = { main: await openStore(database, 'main', space), fresh: await openStore(database, 'fresh', space) }
    for (const document of documents) await stores.fresh.documents.save({ ...document, library: 'fresh' })
    const found = async (library: 'main' | 'fresh') => {
      const candidates = await search(stores[library], 'raft lease number7', { library, limit: 20 })
      return {
        candidates: candidates.map(({ document, ordinal, words }) => [document.source, ordinal, words]),
        vocabulary: await stores[library].search.vocabulary(library),
      }
    }
    expect((await found('main')).candidates).toHaveLength(20)
    expect(await found('main')).toEqual(await found('fresh'))
    for (const library of ['main', 'fresh'] as const)
      await stores[library].documents.save(tinyDocument('a.md', [{ text: 'a quorum' }], { library }))
    expect(await found('main')).toEqual(await found('fresh'))
    expect((await found('main')).vocabulary.get('raft')).toBe(1)
  })
})

const unpaged = (places: readonly object[]) => places.map((place) => ({ ...place, page: null }))

describe('answers of the third schema', () => {
  const quotes = ['Stripe runs four limiters.', 'It sheds load.']

  /** As the third schema stored an answer: whole in its row, and whole in its last event. */
  async function storeThird(query: Query) {
    for (const name of files.slice(0, 3)) await query(await readFile(new URL(name, folder), 'utf8'))
    await query(
      `create table migrations (name text primary key, applied_at timestamptz not null default now());
       insert into libraries (library_id) values ('main'); insert into conversations values ('main', 'con_1');
       insert into documents (library_id, document_id, source, revision) values ('main', 'doc_1', 'a.md', 'new');
       insert into revisions (library_id, document_id, revision, title, text, characters, outline, boilerplate)
       values ('main', 'doc_1', 'old', 'a', 'Stripe runs four limiters. It sheds load.', 41, '[]', '[]'),
              ('main', 'doc_1', 'new', 'a', 'It sheds load.', 14, '[]', '[]')`,
    )
    await query('insert into migrations (name) select unnest($1::text[])', [files.slice(0, 3)])
    const document = { id: 'doc_1', revision: 'old' }
    const citations = quotes.map((quote, index) => ({ n: index + 1, document, quote }))
    const passages = [{ n: 1, document }]
    const answer = { id: 'ans_1', citations, passages, nearest: [] }
    await query(
      `insert into answers (library_id, answer_id, conversation_id, question, mode, answer, finished_at)
       values ('main', 'ans_1', 'con_1', 'q', 'extractive', $1, now()),
              ('main', 'ans_2', 'con_1', 'q', 'extractive', null, now())`,
      [JSON.stringify(answer)],
    )
    await query(
      `insert into answer_events (library_id, answer_id, seq, terminal, event)
       values ('main', 'ans_1', 1, false, '{"type": "passages", "passages": [{"n": 1}, {"n": 2}]}'),
              ('main', 'ans_1', 2, false, '{"type": "text", "delta": "x"}'),
              ('main', 'ans_1', 3, false, '{"type": "citation", "citation": {"n": 1}}'), ('main', 'ans_1', 4, true, $1),
              ('main', 'ans_2', 1, true, '{"type": "error", "code": "internal", "retryable": false}')`,
      [JSON.stringify({ type: 'done', answer })],
    )
    return answer
  }

  it('are listed as stale where they are, are read as before, and are stored once', async () => {
    await using database = await emptyTestDatabase()
    const answer = await storeThird(database.query)
    expect(await migrate(database)).toEqual(files.slice(3))
    const { answers } = await openStore(database, 'main', space)
    expect(await answers.list('main', { stale: true, rating: null, conversationId: null }, 9)).toMatchObject([
      { id: 'ans_1', stale: [1] },
    ])
    const [citations, passages] = [unpaged(answer.citations), unpaged(answer.passages)]
    const migrated = { ...answer, citations, passages, prompts: null, cached: false }
    expect(await answers.find('main', 'ans_1')).toEqual({ ...migrated, feedback: null })
    expect((await answers.events('main', 'ans_1', 0))?.map(({ event }) => event)).toEqual([
      { type: 'passages', passages: unpaged([{ n: 1 }, { n: 2 }]) },
      { type: 'text', delta: 'x' },
      { type: 'citation', citation: { n: 1, page: null } },
      { type: 'done', answer: migrated },
    ])
    expect(await answers.events('main', 'ans_2', 0)).toEqual([
      { seq: 1, event: { type: 'error', code: 'internal', retryable: false } },
    ])
    const copies = await database.query(`select 1 from answer_events where event::text like '%sheds load%'`)
    expect(copies).toEqual([])
  })
})

/** A document as the first schema kept it: the words of each document apart, its chunks and weights as arrays. */
async function saveFirst(query: Query, { library, source, revision, parsed, chunks }: DocumentToSave): Promise<void> {
  const id = documentId(library, source)
  await query('insert into documents (library_id, document_id, source, revision) values ($1, $2, $3, $4)', [
    library,
    id,
    source,
    revision,
  ])
  await query(
    `insert into revisions (library_id, document_id, revision, title, text, characters, outline, boilerplate)
     values ($1, $2, $3, $4, $5, $6, '[]', '[]')`,
    [library, id, revision, parsed.title, parsed.text, parsed.text.length],
  )
  await query(
    `insert into chunks (library_id, document_id, revision, ordinal, start_offset, end_offset, headings, text, content_hash)
     select $1, $2, $3, o, s, e, '["heading"]', t, t from unnest($4::int[], $5::int[], $6::int[], $7::text[]) as c(o, s, e, t)`,
    [
      library,
      id,
      revision,
      chunks.map(({ ordinal }) => ordinal),
      chunks.map(({ span }) => span.start),
      chunks.map(({ span }) => span.end),
      chunks.map(({ text }) => text),
    ],
  )
  const words = chunks.flatMap(({ ordinal, terms }) =>
    Array.from(terms, ([term, weight]) => ({ ordinal, term, weight })),
  )
  await query(
    `insert into postings (library_id, term, document_id, chunk_ids, weights)
     select $1, w.term, $2, array_agg(c.chunk_id order by c.chunk_id), array_agg(w.weight order by c.chunk_id)
     from unnest($3::int[], $4::text[], $5::real[]) as w(ordinal, term, weight)
     join chunks c on c.library_id = $1 and c.document_id = $2 and c.ordinal = w.ordinal group by w.term`,
    [
      library,
      id,
      words.map(({ ordinal }) => ordinal),
      words.map(({ term }) => term),
      words.map(({ weight }) => weight),
    ],
  )
  await query('update libraries set chunk_count = chunk_count + $2, changes = changes + 1 where library_id = $1', [
    library,
    chunks.length,
  ])
}
