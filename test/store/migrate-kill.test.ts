// SIGKILL before each statement of the migrations: the schema is the old one or the new one, never between; the next
// start comes to where one that was not killed comes, with everything that was there.
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Database, Query } from '../../store/database.ts'
import { migrate, migrateTo } from '../../store/migrate.ts'
import { migrationNames } from '../../store/own.ts'
import { openAt } from '../support/acts.ts'
import { contentOf, copyOf, postgresUrl, restingDatabase } from '../support/database.ts'
import { start } from '../support/process.ts'
import { schemaText } from '../support/schema.ts'
import { isThorough } from '../support/thorough.ts'

const script = fileURLToPath(new URL('../support/migrate-child.ts', import.meta.url))
// The schema that a library of the first weeks would have.
const EARLY = 3

/** As a library of the third schema was left, with rows in each table that later migrations change. */
async function makeEarly(database: Database): Promise<void> {
  await makeBare(database)
  const names = (await migrationNames()).slice(0, EARLY)
  await database.transaction(async (query) => await migrateTo(names, query))
  await database.query(`
    insert into spaces (name, dimensions) values ('test/hand-made/4/1', 4);
    insert into libraries (library_id, space_id, chunk_count) values ('main', 1, 200);
    insert into documents (library_id, document_id, source, revision) values ('main', 'doc_1', 'a.md', 'new');
    insert into revisions (library_id, document_id, revision, title, text, characters, outline, boilerplate)
      select 'main', 'doc_1', revision, 'a', repeat('It sheds load. ', 100), 1500, '[]', '[]' from unnest('{old,new}'::text[]) as revision;
    insert into chunks (library_id, document_id, revision, ordinal, start_offset, end_offset, headings, text, content_hash)
      select 'main', 'doc_1', 'new', n, n, n + 5, '["a", "b"]', 'text ' || n, 'hash ' || n from generate_series(1, 200) as n;
    insert into postings select 'main', 'text', 0, string_agg(int4send(n) || float4send(1), '' order by n) from generate_series(1, 200) as n;
    insert into terms values ('main', 'text', 200);
    insert into conversations select 'main', 'con_' || n from generate_series(1, 50) as n;
    insert into answers (library_id, answer_id, conversation_id, question, mode, answer, finished_at)
      select 'main', 'ans_' || n, 'con_' || n, 'q', 'extractive', jsonb_build_object('passages', '[]'::jsonb, 'nearest', '[]'::jsonb,
        'citations', jsonb_build_array(jsonb_build_object('n', 1, 'quote', 'It sheds load.', 'document',
          '{"id": "doc_1", "revision": "old"}'::jsonb))), now() from generate_series(1, 50) as n;
    insert into answer_events (library_id, answer_id, seq, terminal, event)
      select 'main', 'ans_' || n, 1, true, '{"type": "done", "answer": {}}' from generate_series(1, 50) as n`)
}

/** Without even the migrations. */
async function makeBare(database: Database): Promise<void> {
  await database.query('drop schema public cascade; create schema public')
}

/** Moments are another time in each run. */
async function contents(query: Query): Promise<unknown> {
  const text = JSON.stringify(await contentOf(query))
  return JSON.parse(text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.+]+/g, 'a moment'))
}

async function look(at: string, isMigrated: boolean) {
  const database = await openAt(at)
  if (isMigrated) await migrate(database)
  const found = { schema: await schemaText(database.owner.query), content: await contents(database.owner.query) }
  await database.close()
  return found
}

/** Kills a migration of a copy before this statement, and looks at what it left, and at what the next start makes of it. */
async function killAt(from: string, point: number) {
  await using copy = await copyOf(from)
  const child = start(script, [copy.at, String(point)], {})
  const code = await child.ended
  const left = await look(copy.at, false)
  return { code, said: child.stdout(), fault: child.stderr(), left, next: await look(copy.at, true) }
}

/** The embedded database takes seconds for each. */
const EACH = isThorough ? (postgresUrl ? 1 : 5) : postgresUrl ? 13 : 90

describe.each([
  ['a new database', makeBare],
  ['a library of the third schema', makeEarly],
])('the migration of %s', (_, prepare) => {
  let from: string
  let before: Awaited<ReturnType<typeof look>>
  let whole: Awaited<ReturnType<typeof killAt>>

  beforeAll(async () => {
    from = await restingDatabase(prepare)
    whole = await killAt(from, 0)
    await using copy = await copyOf(from)
    before = await look(copy.at, false)
  }, 120_000)

  it('comes to the newest schema, a statement at a time', () => {
    expect(whole.code, whole.fault).toBe(0)
    expect(Number(whole.said)).toBeGreaterThan(60)
    expect(whole.left).toEqual(whole.next)
    expect(whole.left.schema).not.toEqual(before.schema)
  })

  it(
    'that is killed leaves the old schema, and the next start comes to the new one',
    { timeout: 900_000 },
    async () => {
      const points = Number(whole.said)
      expect(points).toBeGreaterThan(0)
      let killed = 0
      for (let point = points; point > 0; point -= EACH) {
        const { code, left, next } = await killAt(from, point)
        expect(code, `statement ${point}`).toBeNull()
        expect(left, `statement ${point}`).toEqual(before)
        expect(next, `statement ${point}`).toEqual(whole.next)
        killed++
      }
      expect(killed).toBe(Math.ceil(points / EACH))
    },
  )
})

describe.skipIf(!postgresUrl)('a migrator that waits for one that is killed', () => {
  it('does all of its work', { timeout: 60_000 }, async () => {
    const from = await restingDatabase(makeEarly)
    const whole = await killAt(from, 0)
    await using copy = await copyOf(from)
    const watching = await openAt(copy.at)
    const waiting = async (count: number, others: boolean) => {
      const sql = `select from pg_locks where not granted and (locktype = 'advisory') = $1
        and database = (select oid from pg_database where datname = current_database())`
      await expect.poll(async () => (await watching.owner.query(sql, [others])).length, { timeout: 30_000 }).toBe(count)
    }
    // Held up in the middle, until the others wait for it.
    const [first, ...others] = await watching.owner.transaction(async (query) => {
      await query('lock table documents in access share mode')
      const first = start(script, [copy.at, whole.said.trim()], {})
      await waiting(1, false)
      const others = [1, 2].map(() => start(script, [copy.at, '0'], {}))
      await waiting(2, true)
      return [first, ...others]
    })
    await watching.close()
    expect(await first?.ended).toBeNull()
    for (const other of others) expect(await other.ended, other.stderr()).toBe(0)
    expect(await look(copy.at, false)).toEqual(whole.next)
  })
})
