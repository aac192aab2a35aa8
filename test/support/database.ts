// A database for a test: on the Postgres of TEST_DATABASE_URL, or else the embedded one.
import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, onTestFinished } from 'vitest'
import type { Database, Query } from '../../store/database.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { migrate } from '../../store/migrate.ts'
import { openPostgres } from '../../store/postgres.ts'
import { folderOfFile } from './folder.ts'

export type TestDatabase = Database &
  AsyncDisposable & {
    /** null on the embedded database */
    readonly url: string | null
  }

/** A real Postgres, where databases can be made. Null: the tests run on the embedded one. */
export const postgresUrl = process.env['TEST_DATABASE_URL'] || null

/**
 * Migrated, and empty. On Postgres a database of its own, cloned from a template. Of the embedded one there is one
 * per test file (opening takes a second), emptied by each call: use one after the other.
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  if (!postgresUrl) return await emptiedDatabase()
  template ??= makeTemplate(postgresUrl)
  return await makeDatabase(postgresUrl, await template)
}

/**
 * The URL of a database, or a data directory, that was made ready and that nobody has open: to be copied. It lives as
 * long as the test file.
 */
export async function restingDatabase(prepare: (database: Database) => Promise<void>, from?: string): Promise<string> {
  const at = postgresUrl ? await restingPostgres(postgresUrl, from) : await restingFolder(from)
  const database = postgresUrl ? openPostgres(at, 4) : await openEmbedded(at, () => {})
  await prepare(behindWalls(database))
  await database.close()
  // As a killed process leaves it, with nothing to restore from.
  if (!postgresUrl) await dropLeftovers(at)
  return at
}

/** A copy of a database at rest, for as long as it is used. */
export async function copyOf(at: string): Promise<{ readonly at: string } & AsyncDisposable> {
  if (postgresUrl) {
    const { url, ...database } = await makeDatabase(postgresUrl, nameIn(at))
    return { at: url ?? '', [Symbol.asyncDispose]: database[Symbol.asyncDispose] }
  }
  const folder = await mkdtemp(join(tmpdir(), 'footnote-test-'))
  cpSync(at, folder, { recursive: true })
  return { at: folder, [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, maxRetries: 5 }) }
}

async function restingPostgres(url: string, from?: string): Promise<string> {
  template ??= makeTemplate(url)
  const made = await makeDatabase(url, from === undefined ? await template : nameIn(from))
  closing.push(async () => await made[Symbol.asyncDispose]())
  await made.close()
  return made.url ?? ''
}

async function restingFolder(from?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'footnote-test-'))
  closing.push(async () => await rm(folder, { recursive: true, maxRetries: 5 }))
  cpSync(from ?? (await dataDirTemplate()), folder, { recursive: true })
  return folder
}

async function dropLeftovers(dataDir: string): Promise<void> {
  for (const left of ['lock', 'snapshot']) await rm(join(dataDir, left), { recursive: true, force: true })
}

function nameIn(url: string): string {
  return new URL(url).pathname.slice(1)
}

/** Without even the migrations. */
export async function emptyTestDatabase(): Promise<TestDatabase> {
  if (postgresUrl) return await makeDatabase(postgresUrl, 'template1')
  const database = await sharedDatabase()
  await database.query('drop schema public cascade; create schema public')
  migrated = false
  return database
}

/** A new folder that is removed with everything in it at the end of the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'footnote-test-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

/** A data directory as a first start and a clean end leave it, without its snapshot. Copied: a first start takes seconds. */
export async function preparedDataDir(): Promise<string> {
  return await prepared(await temporaryFolder())
}

/** The same, for as long as the test file runs. */
export async function preparedDataDirOfFile(): Promise<string> {
  return await prepared(await folderOfFile())
}

async function prepared(folder: string): Promise<string> {
  cpSync(await dataDirTemplate(), folder, { recursive: true })
  return folder
}

/** Every row of every table, to compare before and after. */
export async function contentOf(query: Query): Promise<Record<string, unknown[]>> {
  const content: Record<string, unknown[]> = {}
  for (const table of await tablesOf(query)) {
    const rows = await query<{ row: unknown }>(`select to_jsonb(t) as row from ${table} t order by t::text`)
    content[table] = rows.map(({ row }) => row)
  }
  return content
}

async function tablesOf(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
  )
  return rows.map(({ name }) => name)
}

// Run in reverse order after the last test of the file.
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

let template: Promise<string> | undefined

async function makeTemplate(url: string): Promise<string> {
  const database = await makeDatabase(url, 'template1')
  closing.push(async () => await database[Symbol.asyncDispose]())
  await migrate(database)
  // A database with an open connection cannot be cloned.
  await database.close()
  return nameIn(database.url ?? '')
}

async function makeDatabase(url: string, from: string): Promise<TestDatabase> {
  const name = `footnote_test_${randomBytes(6).toString('hex')}`
  await administer(url, `create database ${name} template ${from}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  const database = openPostgres(own.href, 4)
  return {
    ...behindWalls(database),
    url: own.href,
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await administer(url, `drop database ${name} with (force)`)
    },
  }
}

/** A test sees all libraries; the stores that it opens do not (`of`). */
export function behindWalls(database: Database): Database {
  return { ...database, ...database.owner, prepared: database.owner.query }
}

async function administer(url: string, sql: string): Promise<void> {
  const database = openPostgres(url, 1)
  try {
    await database.owner.query(sql)
  } finally {
    await database.close()
  }
}

let shared: Promise<Database> | undefined
let migrated = true

async function emptiedDatabase(): Promise<TestDatabase> {
  if (!migrated) await migrate(await emptyTestDatabase())
  migrated = true
  const database = await sharedDatabase()
  const tables = (await tablesOf(database.query)).filter((name) => name !== 'migrations')
  // The tables of embedding spaces are made with them.
  const made = tables.filter((name) => /^(vectors|signs)_/.test(name))
  if (made.length > 0) await database.query(`drop table ${made.join()}`)
  const kept = tables.filter((name) => !made.includes(name))
  await database.query(`truncate ${kept.join()} restart identity`)
  return database
}

/** Closing it closes nothing: the next test of the file goes on with it. */
async function sharedDatabase(): Promise<TestDatabase> {
  shared ??= openShared()
  return { ...(await shared), url: null, close: async () => {}, [Symbol.asyncDispose]: async () => {} }
}

async function openShared(): Promise<Database> {
  const folder = await prepared(await mkdtemp(join(tmpdir(), 'footnote-test-')))
  const database = await openEmbedded(folder, () => {}, null)
  closing.push(async () => {
    await database.close()
    await rm(folder, { recursive: true })
  })
  return database
}

/** Kept between runs beside the packages it was made with, so that `npm ci` makes it anew; and so does a new schema. */
async function dataDirTemplate(): Promise<string> {
  const folder = fileURLToPath(new URL(`../../node_modules/.cache/footnote-test-database-${schema()}`, import.meta.url))
  if (existsSync(folder)) return folder
  const making = `${folder}.${randomBytes(6).toString('hex')}`
  await mkdir(making, { recursive: true })
  const database = await openEmbedded(making, () => {})
  await migrate(database)
  await database.close()
  await dropLeftovers(making)
  // Two test files may make it at once: the first one's counts.
  await rename(making, folder).catch(async () => await rm(making, { recursive: true }))
  return folder
}

function schema(): string {
  const folder = new URL('../../store/migrations/', import.meta.url)
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(new URL(name, folder)))
  return hash.digest('hex').slice(0, 12)
}
