// The walls between libraries, table by table: whole, noticed when they are not, and there for tables that come later.
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Database, Query } from '../../store/database.ts'
import { migrate } from '../../store/migrate.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { openQueue } from '../../store/queue.ts'
import { damagedTables, wallsOf } from '../../store/walls.ts'
import { openTestDatabase, postgresUrl, type TestDatabase } from '../support/database.ts'
import { space, tinyDocument } from '../support/store-documents.ts'

/** They hold names of embedders and of migrations, and nothing of any library. */
const ofNoLibrary = ['migrations', 'spaces']

async function tablesOf(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  )
  return rows.map(({ name }) => name)
}

describe('every table', () => {
  it('that holds anything of a library has a whole wall, on the embedded database too, which passes it', async () => {
    await using database = await openTestDatabase()
    await openStore(database, 'one', space)
    const walled = (await tablesOf(database.query)).filter((name) => !ofNoLibrary.includes(name))
    expect(walled.length).toBeGreaterThan(25)
    const rows = await database.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_policy p on p.polrelid = c.oid
       where c.relrowsecurity and c.relforcerowsecurity and p.polname = 'footnote_library' and p.polcmd = '*'
         and pg_get_expr(p.polqual, c.oid) = '(library_id = current_setting(''footnote.library''::text, true))' order by 1`,
    )
    expect(rows.map(({ name }) => name)).toEqual(walled)
    expect(await damagedTables(database.query)).toEqual([])
  })
})

describe.skipIf(!postgresUrl)('on a real Postgres', () => {
  let database: TestDatabase
  /** as the server opens it */
  let served: Database
  let tables: string[]

  beforeAll(async () => {
    database = await openTestDatabase()
    served = openPostgres(database.url ?? '', 2)
    for (const library of ['one', 'two']) {
      const store = await openStore(served, library, space)
      await store.documents.save(tinyDocument('a.md', [{ text: `canary of ${library}` }], { library }))
    }
    tables = (await tablesOf(database.query)).filter((name) => !ofNoLibrary.includes(name))
    for (const table of tables) await fill(database.query, table)
    return async () => {
      await served.close()
      await database[Symbol.asyncDispose]()
    }
  })

  it('a table shows a library its own rows, a stranger and nobody none', async () => {
    for (const table of tables) {
      expect((await seen(served.of('one').query, table)).sort(), table).toEqual(expect.arrayContaining(['one']))
      expect(await seen(served.of('one').query, table), table).not.toContain('two')
      expect(await seen(served.of('three').query, table), table).toEqual([])
      expect(await seen(served.query, table), table).toEqual([])
    }
  })

  it('a library writes no row of another: it adds none, changes none, removes none, moves none', async () => {
    const { query } = served.of('one')
    for (const table of tables) {
      const refused = { code: 'store-failed', message: expect.stringContaining('42501') as string }
      await expect(
        query(`insert into ${table} (library_id) overriding user value values ('two')`),
        table,
      ).rejects.toMatchObject(refused)
      await expect(query(`update ${table} set library_id = 'two'`), table).rejects.toMatchObject(refused)
      expect(await query(`delete from ${table} where library_id = 'two' returning 1`), table).toEqual([])
      await expect(query(`truncate ${table} cascade`), table).rejects.toMatchObject(refused)
    }
  })

  it('the server owns nothing, passes no wall and makes nothing', async () => {
    const { query } = served.of('one')
    const [who] = await query<{ user: string; odd: boolean }>(
      `select current_user::text as user, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin
         or exists (select from pg_class where relowner = r.oid) as odd from pg_roles r where rolname = current_user`,
    )
    expect(who).toEqual({ user: 'footnote_runtime', odd: false })
    for (const sql of [
      'alter table documents no force row level security',
      'alter table documents disable row level security',
      'drop policy footnote_library on documents',
      'create policy mine on documents using (true)',
      'drop table documents',
      'alter role footnote_runtime bypassrls',
      `select footnote_wall('documents')`,
      `insert into migrations (name) values ('9999-x.sql')`,
      `insert into spaces (name, dimensions) values ('x', 1)`,
    ])
      await expect(query(sql), sql).rejects.toMatchObject({ code: 'store-failed' })
    // What opens the doors from inside opens none for it.
    await served.of('three').transaction(async (own) => {
      await own(`set local footnote.door = 'open'`)
      for (const table of tables) expect(await seen(own, table), table).toEqual([])
    })
  })

  it('a library that is named within a transaction is forgotten at its end', async () => {
    await served.of('one').transaction(async (query) => {
      expect(await query('select library_id from libraries')).toEqual([{ library_id: 'one' }])
    })
    await served
      .of('one')
      .transaction(async (query) => {
        await query('select 1 / 0')
      })
      .catch(() => {})
    const both = ['one', 'two', 'one', 'two', 'two', 'one']
    const rows = await Promise.all(
      both.map(async (each) => await served.of(each).query('select library_id from libraries')),
    )
    expect(rows.flat()).toEqual(both.map((each) => ({ library_id: each })))
  })

  it('a wall that is missing or loosened on any one table is noticed, lets rows through, and is repaired by the next start', async () => {
    for (const table of tables)
      for (const [damage, lets] of damages(table)) {
        await database.query(damage)
        expect(await damagedTables(database.query), damage).toEqual([table])
        const shown = await seen(served.of('one').query, table)
        expect(shown.includes('two') || !shown.includes('one'), damage).toBe(lets)
        await migrate(served)
        expect(await damagedTables(database.query), damage).toEqual([])
        expect(await seen(served.of('one').query, table), damage).not.toContain('two')
      }
  }, 300_000)

  it('tables that another program makes beside them are not the server’s to read, not after its next start either', async () => {
    await database.query(`create table strangers (library_id text); insert into strangers values ('one'), ('two')`)
    for (const when of ['made', 'migrated']) {
      await expect(served.of('one').query('select * from strangers'), when).rejects.toMatchObject({
        code: 'store-failed',
      })
      await migrate(served)
    }
    expect(await damagedTables(database.query)).toEqual([])
    await database.query('drop table strangers')
  })
})

describe.skipIf(!postgresUrl)('a database user', () => {
  it('that may make no roles is held by the walls as the owner of the tables', async () => {
    await using made = await ownedDatabase('nosuperuser')
    const stores = [await openStore(made.database, 'one', space), await openStore(made.database, 'two', space)]
    for (const [index, library] of ['one', 'two'].entries())
      await stores[index]?.documents.save(tinyDocument('a.md', [{ text: 'canary' }], { library }))
    expect(await wallsOf(made.database.owner.query)).toEqual({ user: made.user, held: 'owner', damaged: [] })
    const { query } = made.database.of('one')
    expect(await seen(query, 'documents')).toEqual(['one'])
    expect(await seen(made.database.query, 'documents')).toEqual([])
    // The doors open for it all the same.
    await stores[1]?.keys.create({ ...aKey, library: 'two' })
    expect(await stores[0]?.keys.find('k')).toMatchObject({ holder: { library: 'two' }, holds: true })
    expect(await stores[0]?.keys.list('one')).toEqual([])
    expect(await stores[0]?.keys.count()).toEqual({ made: 1, hold: 1 })
    // A later change of all rows reaches those of every library.
    await made.database.owner.query(`delete from migrations where name like '0019%'`)
    await made.database.owner.query(`drop function ${doors}`)
    expect(await migrate(made.database)).toEqual(['0019-walls.sql'])
    expect(await seen(query, 'documents')).toEqual(['one'])
  })

  it('that owns tables of another program in the same schema finds their walls as they were after a repair', async () => {
    await using made = await ownedDatabase('nosuperuser')
    await openStore(made.database, 'one', space)
    const { query } = made.database.owner
    for (const table of ['strangers (id int)', 'guests (library_id text)']) await query(`create table ${table}`)
    for (const table of ['strangers', 'guests'])
      await query(`alter table ${table} enable row level security, force row level security;
        create policy theirs on ${table} using (true)`)
    const before = await wallsAround(query, 'strangers', 'guests')
    await query('drop policy footnote_library on documents')
    expect(await damagedTables(query)).toEqual(['documents'])
    await migrate(made.database)
    expect(await damagedTables(query)).toEqual([])
    expect(await wallsAround(query, 'strangers', 'guests')).toEqual(before)
  })

  it('that owns nothing, and is only a member of the role that the server steps down to, is enough to serve', async () => {
    await using database = await openTestDatabase()
    const name = `footnote_test_${randomBytes(6).toString('hex')}`
    await database.query(`create role ${name} login in role footnote_runtime`)
    await database.query(`grant create on database ${new URL(database.url ?? '').pathname.slice(1)} to ${name}`)
    const url = new URL(database.url ?? '')
    url.username = name
    const served = openPostgres(url.href, 2)
    const store = await openStore(served, 'one', space)
    await store.documents.save(tinyDocument('a.md', [{ text: 'canary' }], { library: 'one' }))
    expect(await wallsOf(served.owner.query)).toEqual({ user: name, held: 'role', damaged: [] })
    expect(await seen(served.owner.query, 'documents')).toEqual([])
    const queue = await openQueue(served, { url: url.href, report: () => {} })
    await store.syncs.begin('one', { id: 'syn_1', trigger: 'command', roots: [] })
    expect(
      await queue.send({ library: 'one', sync: 'syn_1', task: { source: 'a' }, bytes: new Uint8Array() }, 'rest'),
    ).toBe(1)
    await queue.close()
    await served.close()
    await database.query(`drop owned by ${name} cascade; drop role ${name}`)
  })

  it('that passes every wall, and has no role to step down to, opens nothing', async () => {
    await using made = await ownedDatabase('bypassrls')
    await expect(openStore(made.database, 'one', space)).rejects.toMatchObject({
      code: 'store-unwalled',
      message: expect.stringMatching(/passes every wall.*docs\/access\.md/) as string,
    })
  })
})

const aKey = { id: 'k', name: 'k', hash: 'h', scopes: ['ask'] as const, origins: [], expiresAt: null }
const doors = [
  'footnote_wall(regclass), footnote_key(text), footnote_session(text), footnote_keys_holding(text[])',
  'footnote_sessions_holding(text[]), footnote_key_count(), footnote_workers(float8), footnote_make_space(text, int)',
  'footnote_drop_space(int), footnote_open_doors()',
].join(', ')

/** Each with whether it changes what a library sees: what lets a stranger in, or keeps the library itself out. */
const damages = (table: string): [string, boolean][] => [
  [`drop policy footnote_library on ${table}`, true],
  [`alter table ${table} disable row level security`, true],
  [`create policy wide on ${table} using (true)`, true],
  [`alter policy footnote_library on ${table} using (true)`, true],
  // Seen by nobody but the owner, whom it held.
  [`alter table ${table} no force row level security`, false],
]

/** Libraries whose rows it shows. */
async function seen(query: Query, table: string): Promise<string[]> {
  const rows = await query<{ library_id: string }>(`select distinct library_id from ${table} order by 1`)
  return rows.map((row) => row.library_id)
}

async function wallsAround(query: Query, ...tables: readonly string[]): Promise<object[]> {
  return await query(
    `select relname, relrowsecurity, relforcerowsecurity, relacl::text, array(select polname from pg_policy where polrelid = c.oid)
     from pg_class c where relname = any($1::text[]) order by 1`,
    [tables],
  )
}

/** A row of each library, past whatever a row has to be: only whose it is matters here. */
async function fill(query: Query, table: string): Promise<void> {
  const columns = await query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attnotnull and not atthasdef
       and attidentity = '' and attname <> 'library_id'`,
    [table],
  )
  const names = columns.map(({ name }) => `, ${name}`).join('')
  const values = columns.map(({ type }) => `, ${valueOf(type)}`).join('')
  for (const library of ['one', 'two'])
    await query(
      `set session_replication_role = replica;
       insert into ${table} (library_id${names}) select '${library}'${values} where not exists (select from ${table} where library_id = '${library}');
       set session_replication_role = origin`,
    )
}

const oddValues: Readonly<Record<string, string>> = {
  jsonb: `'{}'`,
  'text[]': `'{}'`,
  'int[]': `'{}'`,
  'integer[]': `'{}'`,
  boolean: 'false',
  bytea: `''`,
  date: 'now()',
  'timestamp with time zone': 'now()',
}

function valueOf(type: string): string {
  if (type === 'text') return `'x' || gen_random_uuid()`
  return oddValues[type] ?? (type.startsWith('vector') || type.startsWith('bit') ? 'null' : '1')
}

/** A database that belongs to a user of its own, who may make no roles. */
async function ownedDatabase(kind: string) {
  const name = `footnote_test_${randomBytes(6).toString('hex')}`
  const admin = openPostgres(postgresUrl ?? '', 1)
  const own = new URL(postgresUrl ?? '')
  own.pathname = `/${name}`
  await admin.owner.query(`create role ${name} login ${kind}`)
  await admin.owner.query(`create database ${name} owner ${name}`)
  const inside = openPostgres(own.href, 1)
  await inside.owner.query(`create extension vector; alter schema public owner to ${name}`)
  await inside.close()
  own.username = name
  const database = openPostgres(own.href, 2)
  return {
    database,
    user: name,
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await admin.owner.query(`drop database ${name} with (force)`)
      await admin.owner.query(`drop role ${name}`)
      await admin.close()
    },
  }
}
