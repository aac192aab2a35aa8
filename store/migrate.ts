// Brings a database to the newest schema: numbered SQL files, each applied once, in order, all or none.
import { StoreError } from '../core/errors.ts'
import type { SchemaReport } from '../core/reports.ts'
import type { Database, Query } from './database.ts'
import { migrationNames, migrationText } from './own.ts'
import { damagedTables, lowerWalls, raiseWalls } from './walls.ts'

// Any constant will do, as long as every Footnote uses the same: migrators wait for each other on it.
const LOCK_KEY = 7_031_977
const FIRST_WITH_WALLS = '0019-walls.sql'
// The timeouts are for questions. Waiting for another migrator, or rebuilding a large table, may take minutes.
const PATIENCE_MS = 60 * 60_000

/** Applies what is missing and returns the names applied. Safe to run from many processes at once. */
export async function migrate(database: Database): Promise<string[]> {
  const names = await migrationNames()
  // Who may read and write alone can open a database that has nothing to be changed.
  if (await isWhole(database.owner.query)) return []
  return await database.owner.transaction(async (query) => await migrateTo(names, query), PATIENCE_MS)
}

/** Within a transaction, which then keeps every other migrator out: applies what of these is missing. */
export async function migrateTo(names: readonly string[], query: Query): Promise<string[]> {
  await query('set local statement_timeout = 0; set local lock_timeout = 0')
  await query('select pg_advisory_xact_lock($1)', [LOCK_KEY])
  await query(
    'create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())',
  )
  const applied = new Set((await query<{ name: string }>('select name from migrations')).map((row) => row.name))
  refuseNewer(applied, await migrationNames())
  const missing = names.filter((name) => !applied.has(name))
  await lowerWalls(query)
  for (const name of missing) {
    await query(await migrationText(name))
    await query('insert into migrations (name) values ($1)', [name])
  }
  // Before 0019 there are none, as in a backup of then.
  if (applied.union(new Set(names)).has(FIRST_WITH_WALLS)) await raiseWalls(query)
  return missing
}

async function isWhole(query: Query): Promise<boolean> {
  const { missing, unknown } = await schemaOf(query)
  return missing.length === 0 && unknown.length === 0 && (await damagedTables(query)).length === 0
}

/** What a database is, without changing it. */
export async function schemaOf(query: Query): Promise<SchemaReport> {
  const [found] = await query<{ postgres: string; pgvector: string | null; migrations: string | null }>(
    `select current_setting('server_version') as postgres, to_regclass('migrations')::text as migrations,
            (select extversion from pg_extension where extname = 'vector') as pgvector`,
  )
  const rows = found?.migrations ? await query<{ name: string }>('select name from migrations') : []
  const applied = new Set(rows.map(({ name }) => name))
  const known = await migrationNames()
  return {
    postgres: found?.postgres ?? '',
    pgvector: found?.pgvector ?? null,
    missing: known.filter((name) => !applied.has(name)),
    unknown: unknownOf(applied, known),
  }
}

function unknownOf(applied: ReadonlySet<string>, known: readonly string[]): string[] {
  return [...applied].filter((name) => !known.includes(name)).sort()
}

function refuseNewer(applied: ReadonlySet<string>, known: readonly string[]): void {
  const unknown = unknownOf(applied, known)
  if (unknown.length > 0)
    throw new StoreError(
      'store-newer',
      `The database has been migrated by a newer Footnote (${unknown.join(', ')}). Start that version, or another database.`,
    )
}
