// A backup: every row of ours as Postgres writes it, as of one moment, from whichever database and into either.
import { hash } from 'node:crypto'
import { StoreError } from '../core/errors.ts'
import { type BackedTable, type Heading, writeBackup } from './backup-file.ts'
import type { Database, Query } from './database.ts'
import { schemaOf } from './migrate.ts'
import { ofSpace, ownTables } from './own.ts'
import { damagedTables } from './walls.ts'

/** Rows done and rows in all. */
export type Progress = (done: number, total: number) => void

export type BackedUp = { readonly heading: Heading; readonly bytes: number }

// Migrations stand in the heading; a backup logs nobody in; and its processes are gone.
const leftOut: ReadonlySet<string> = new Set(['migrations', 'sessions', 'workers'])
// A large library takes its time; nobody waits for it but who asked.
export const PATIENCE_MS = 24 * 60 * 60_000
/** How much of a table is held in memory at once. */
const BATCH_BYTES = 4 * 1024 * 1024
const MOST_ROWS = 5_000

/** Writes to `path` what the database holds at the moment that this begins. Nobody waits for it but migrations. */
export async function backUp(
  database: Pick<Database, 'owner'>,
  path: string,
  version: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<BackedUp> {
  const before = await ownTables(database.owner.query)
  if (!before.includes('migrations')) throw noneYet()
  const work = async (query: Query): Promise<BackedUp> => {
    await query('set transaction isolation level repeatable read')
    // Before the first look: what is locked now cannot be changed by a migration that this moment would not see.
    await query(`lock table ${before.join()} in access share mode`)
    await query(exactly)
    const sight = await sightOf(query)
    const heading = await headingOf(query, sight, version)
    if (!sameTables(before, await ownTables(query)))
      throw new StoreError('store-busy', 'The tables of the database were just changed: try again.', {
        retryable: true,
      })
    const bytes = await writeBackup(path, linesOf(query, sight, heading, progress), signal)
    return { heading, bytes }
  }
  return await database.owner.transaction(work, PATIENCE_MS).catch((error: unknown) => {
    throw isRefused(error) ? unseen() : error
  })
}

/** 42501: rows that row-level security keeps back, or a table that may not be read. */
function isRefused(error: unknown): boolean {
  const cause = error instanceof StoreError ? error.cause : null
  return cause instanceof Error && 'code' in cause && cause.code === '42501'
}

/** Each value in the one way in which it can be read back on any machine. */
export const exactly = `set local statement_timeout = 0; set local lock_timeout = 0;
  set local idle_in_transaction_session_timeout = 0; set local timezone = 'UTC';
  set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local extra_float_digits = 1;
  set local bytea_output = 'hex'`

function sameTables(some: readonly string[], others: readonly string[]): boolean {
  return some.join() === others.join()
}

/** Libraries that are read one after the other; null: all at once. */
type Sight = readonly string[] | null

/**
 * That no row is left out without a word: whoever is not held by row-level security asks Postgres for an error instead of
 * fewer rows; the owner of tables whose walls hold the owner, too, steps into each library in turn. Throws StoreError.
 */
async function sightOf(query: Query): Promise<Sight> {
  const [found] = await query<{ held: boolean; owns: boolean }>(
    `select exists (select from pg_class where relforcerowsecurity and relnamespace = current_schema()::regnamespace)
       and not exists (select from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)) as held,
       (select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass('libraries')) as owns`,
  )
  if (!found?.held) {
    await query('set local row_security = off')
    return null
  }
  // Behind such a wall nobody sees a row, or each library would give those of all.
  const damaged = await damagedTables(query)
  if (damaged.length > 0)
    throw new StoreError(
      'store-unseen',
      `The walls around ${damaged.join(', ')} are damaged: start Footnote once, which repairs them, then back up.`,
    )
  await query(`set local footnote.door = 'open'`)
  const rows = await query<{ library_id: string }>('select library_id from libraries order by 1')
  await query(`set local footnote.door = ''`)
  // The door opens for the owner alone: to whoever else asks, a database full of libraries looks empty.
  if (rows.length === 0) throw found.owns ? noneYet() : unseen()
  return rows.map((row) => row.library_id)
}

function noneYet(): StoreError {
  const message = 'There is no library in this database yet: the first npm start or npm run ingest makes it.'
  return new StoreError('store-failed', message)
}

function unseen(): StoreError {
  return new StoreError(
    'store-unseen',
    'The database user of DATABASE_URL may not see every row: back up as the owner of the tables, or as a superuser.',
  )
}

/** What `read` finds of a table: in one go, or, where it holds rows of libraries, in each of them. */
async function* inSight<Found>(
  query: Query,
  sight: Sight,
  columns: readonly string[],
  read: () => AsyncGenerator<Found>,
): AsyncGenerator<Found> {
  const libraries = columns.includes('library_id') ? sight : null
  for (const library of libraries ?? [null]) {
    if (library !== null) await query(`select set_config('footnote.library', $1, true)`, [library])
    yield* read()
  }
}

// Kept for answers that point at them, and until they end; `npm run status` counts neither.
const asides: Readonly<Record<string, string>> = { documents: 'removed_at is not null', answers: 'finished_at is null' }

async function headingOf(query: Query, sight: Sight, version: string): Promise<Heading> {
  const { unknown, postgres } = await schemaOf(query)
  if (unknown.length > 0)
    throw new StoreError(
      'store-newer',
      `The database has been migrated by a newer Footnote (${unknown.join(', ')}): back it up with that version.`,
    )
  const migrations = await query<{ name: string }>('select name from migrations order by name')
  const tables: BackedTable[] = []
  for (const name of await inOrder(query)) {
    const columns = await columnsOf(query, name)
    const isAside = asides[name] ?? 'false'
    let [rows, aside] = [0, 0]
    const counting = async function* () {
      yield* await query<{ rows: string; aside: string }>(
        `select count(*) as rows, count(*) filter (where ${isAside}) as aside from ${name}`,
      )
    }
    for await (const found of inSight(query, sight, columns, counting)) {
      rows += Number(found.rows)
      aside += Number(found.aside)
    }
    tables.push({ name, columns, rows, ...(aside > 0 && { aside }) })
  }
  const libraries =
    sight ?? (await query<{ id: string }>('select library_id as id from libraries order by 1')).map(({ id }) => id)
  if (libraries.length === 0) throw noneYet()
  if (tables.find(({ name }) => name === 'libraries')?.rows !== libraries.length) throw unseen()
  return {
    footnote: 'backup',
    format: 1,
    version,
    at: new Date().toISOString(),
    postgres,
    migrations: migrations.map(({ name }) => name),
    libraries: [...libraries],
    tables,
    // Those of rows that came after this moment are among them, which harms nothing.
    sequences: await sequencesOf(query),
  }
}

async function* linesOf(query: Query, sight: Sight, heading: Heading, progress: Progress): AsyncGenerator<string> {
  const total = heading.tables.reduce((sum, { rows }) => sum + rows, 0)
  let done = 0
  yield `${JSON.stringify(heading)}\n`
  for (const table of heading.tables) {
    const sum = openSum()
    for await (const rows of inSight(query, sight, table.columns, () => rowsOf(query, table))) {
      for (const row of rows) sum.add(row)
      done += rows.length
      progress(done, total)
      yield rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    }
    yield `${JSON.stringify({ table: table.name, sum: sum.value() })}\n`
  }
}

/** Through a cursor, in batches by the largest row: a table of a few bytes a row and one of megabytes are alike. */
async function* rowsOf(query: Query, { name, columns }: BackedTable): AsyncGenerator<string[]> {
  const [largest] = await query<{ bytes: number | null }>(`select max(pg_column_size(t.*)) as bytes from ${name} t`)
  // Values are kept compressed; as text they are a few times as long.
  const most = Math.max(1, Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / (4 * (largest?.bytes ?? 1)))))
  await query(`declare backed no scroll cursor for select ${rowText(columns)} as row from ${name}`)
  for (;;) {
    const rows = await query<{ row: string }>(`fetch ${most} from backed`)
    if (rows.length > 0) yield rows.map(({ row }) => row)
    if (rows.length < most) break
  }
  await query('close backed')
}

/** As the type of its table reads it. */
function rowText(columns: readonly string[]): string {
  return `row(${columns.join()})::text`
}

/** Of a table, as `openSum` makes it of its rows. */
export async function sumOf(query: Query, { name, columns }: BackedTable): Promise<{ rows: number; sum: string }> {
  const [found] = await query<{ rows: string; sum: string | null }>(
    `select count(*) as rows, sum(('x' || left(encode(sha256(convert_to(${rowText(columns)}, 'UTF8')), 'hex'), 16))
       ::bit(64)::bigint::numeric)::text as sum from ${name}`,
  )
  return { rows: Number(found?.rows), sum: shown(BigInt(found?.sum ?? 0)) }
}

/** The first 64 bits of the SHA-256 of each row, added up: two tables of the same rows have the same sum in any order. */
function openSum() {
  let sum = 0n
  return {
    add: (row: string) => (sum += hash('sha256', row, 'buffer').readBigUInt64BE(0)),
    value: () => shown(sum),
  }
}

function shown(sum: bigint): string {
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0')
}

/** Without those that are left out. A table comes after those that it points at, and those of spaces come last. */
async function inOrder(query: Query): Promise<string[]> {
  const waiting = new Set((await ownTables(query)).filter((name) => !leftOut.has(name)))
  const pointers = await query<{ from: string; to: string }>(
    `select f.relname as from, t.relname as to from pg_constraint c join pg_class f on f.oid = c.conrelid
     join pg_class t on t.oid = c.confrelid where c.contype = 'f' and f.relnamespace = current_schema()::regnamespace`,
  )
  const ordered: string[] = []
  while (waiting.size > 0) {
    const isFree = (name: string) => !pointers.some(({ from, to }) => from === name && to !== name && waiting.has(to))
    const free = [...waiting].filter(isFree)
    const next = free.find((name) => !ofSpace.test(name)) ?? free[0]
    if (next === undefined) throw new StoreError('store-failed', `Tables point at each other: ${[...waiting].join()}.`)
    ordered.push(next)
    waiting.delete(next)
  }
  return ordered
}

export async function columnsOf(query: Query, table: string): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  )
  return rows.map(({ name }) => name)
}

/** What each gave last; one that gave nothing yet is not named. */
async function sequencesOf(query: Query): Promise<Record<string, string>> {
  const rows = await query<{ name: string; last: string }>(
    `select sequencename as name, last_value::text as last from pg_sequences
     where schemaname = current_schema() and last_value is not null`,
  )
  return Object.fromEntries(rows.map(({ name, last }) => [name, last]))
}
