// The way back from a backup: in one transaction, so that a database is as it was or as the backup says, never between.
import { InputError, StoreError } from '../core/errors.ts'
import { type BackedTable, type BackupFile, openBackup } from './backup-file.ts'
import { columnsOf, exactly, PATIENCE_MS, type Progress, sumOf } from './backup.ts'
import { textsParameter } from './binary.ts'
import type { Database, Query } from './database.ts'
import { migrateTo } from './migrate.ts'
import { madeByMigrations, migrationNames, ofSpace, ownTables } from './own.ts'
import { lowerWalls, raiseWalls } from './walls.ts'

export type RestoreOptions = {
  /** drops what the database holds */
  readonly replace: boolean
}

// The embedded database copies a message anew for every 64 kB of it that arrive.
const BATCH_BYTES = 256 * 1024

/** Throws InputError for a file that is damaged or newer, and for a database that holds something or is in use. */
export async function restore(
  database: Database,
  path: string,
  { replace }: RestoreOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<BackupFile> {
  const file = await openBackup(path, signal)
  const known = await migrationNames()
  const newer = file.heading.migrations.filter((name) => !known.includes(name))
  if (newer.length > 0)
    throw new InputError(
      'backup-newer',
      `${path} was written by a newer Footnote (${file.heading.version}, ${newer.join(', ')}): restore it with that version.`,
    )
  await database.owner.transaction(async (query) => {
    await query(`${exactly}; set local row_security = off`)
    await refuseInUse(query)
    // Otherwise an owner whom they hold may not count its own rows.
    await lowerWalls(query)
    if (!replace) await refuseHeld(query)
    await dropOwn(query)
    await migrateTo(file.heading.migrations, query)
    const total = file.heading.tables.reduce((sum, { rows }) => sum + rows, 0)
    let done = 0
    const lines = file.lines()
    const step = (rows: number) => {
      signal.throwIfAborted()
      progress((done += rows), total)
    }
    try {
      await fill(query, file, lines, step)
    } finally {
      await lines.return(undefined)
    }
  }, PATIENCE_MS)
  // The planner knows nothing of tables that were filled just now.
  await database.owner.transaction(async (query) => await query(`${exactly}; analyze`), PATIENCE_MS)
  return file
}

/** Others would go on with what they remember of the database as it was. */
async function refuseInUse(query: Query): Promise<void> {
  const [others] = await query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name like 'footnote%'`,
  )
  if (others && others.count > 0)
    throw new InputError(
      'store-in-use',
      `${others.count} connections of Footnote to this database are open: stop its servers and workers first.`,
    )
}

// A library that was only opened has these, and nothing of anybody in them.
const bare: ReadonlySet<string> = new Set(['migrations', 'spaces', 'libraries', 'workers'])

async function refuseHeld(query: Query): Promise<void> {
  const held: string[] = []
  for (const name of await ownTables(query)) {
    if (bare.has(name)) continue
    const [row] = await query<{ rows: number }>(`select count(*)::int as rows from ${name}`)
    if (row && row.rows > 0) held.push(`${name} (${row.rows})`)
  }
  if (held.length > 0)
    throw new InputError(
      'store-not-empty',
      `The database is not empty: it has rows in ${held.join(', ')}. Restore into an empty one, or with --replace: then they are gone.`,
    )
}

async function dropOwn(query: Query): Promise<void> {
  const tables = await ownTables(query)
  if (tables.length > 0) await query(`drop table ${tables.join()}`)
  const { functions } = await madeByMigrations()
  const made = await query<{ signature: string }>(
    `select oid::regprocedure::text as signature from pg_proc
     where pronamespace = current_schema()::regnamespace and proname = any($1)`,
    [[...functions]],
  )
  for (const { signature } of made) await query(`drop function ${signature}`)
  // Jobs under way belong to what was there before. The next start makes it anew.
  await query('drop schema if exists pgboss cascade')
}

/**
 * Rows meet the schema that they were read from, and are changed by the later migrations as they would have been where
 * they come from. Only the tables of embedding spaces, which no migration makes, are made as this version makes them.
 */
async function fill(
  query: Query,
  { heading }: BackupFile,
  reading: AsyncGenerator<string>,
  step: (rows: number) => void,
): Promise<void> {
  await lowerWalls(query)
  const spaces = heading.tables.filter(({ name }) => ofSpace.test(name))
  for (const table of heading.tables.filter((each) => !spaces.includes(each))) await load(query, table, reading, step)
  for (const [name, last] of Object.entries(heading.sequences)) await query('select setval($1, $2)', [name, last])
  await migrateTo(await migrationNames(), query)
  const kept = await query<{ id: number; dimensions: number }>('select space_id as id, dimensions from spaces')
  for (const { id, dimensions } of kept) await makeTables(query, id, dimensions)
  await lowerWalls(query)
  for (const table of spaces) await load(query, table, reading, step)
  await raiseWalls(query)
}

/** As they are made for a new space (store/spaces.ts), which these are not. */
async function makeTables(query: Query, id: number, dimensions: number): Promise<void> {
  const chunk = `library_id text not null, chunk_id int not null, primary key (library_id, chunk_id),
    foreign key (library_id, chunk_id) references chunks on delete cascade`
  await query(`create table vectors_${id} (${chunk}, embedding vector(${dimensions}) not null);
    create table signs_${id} (${chunk}, signs bit(${dimensions}) not null)`)
}

/** The next table of the file. Throws when what arrived is not what was read. */
async function load(
  query: Query,
  table: BackedTable,
  lines: AsyncGenerator<string>,
  step: (rows: number) => void,
): Promise<void> {
  const { name, columns } = table
  if ((await columnsOf(query, name)).join() !== columns.join()) throw mismatch(`The columns of ${name}`)
  let batch: string[] = []
  let size = 0
  const flush = async () => {
    if (batch.length > 0) await insert(query, table, batch)
    step(batch.length)
    batch = []
    size = 0
  }
  for (;;) {
    const { value: line } = await lines.next()
    const read = JSON.parse(line ?? 'null') as string | { readonly sum: string } | null
    if (typeof read === 'string') {
      batch.push(read)
      if ((size += read.length) >= BATCH_BYTES) await flush()
      continue
    }
    await flush()
    const { rows, sum } = await sumOf(query, table)
    if (sum !== read?.sum || rows !== table.rows) throw mismatch(`What was read back into ${name}`)
    return
  }
}

function mismatch(what: string): StoreError {
  return new StoreError('backup-mismatch', `${what} is not what the backup says of it: the database is left as it was.`)
}

async function insert(query: Query, { name, columns }: BackedTable, rows: readonly string[]): Promise<void> {
  await query(
    `insert into ${name} (${columns.join()}) overriding system value
     select ${columns.join()} from unnest($1::text[]::${name}[])`,
    [textsParameter(rows)],
  )
}
