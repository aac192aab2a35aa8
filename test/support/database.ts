// A fresh, migrated database for a test: on the Postgres of TEST_DATABASE_URL, or else on the embedded one.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { type Database, type Query } from '../../store/database.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { migrate } from '../../store/migrate.ts'
import { openPostgres } from '../../store/postgres.ts'

/** A real Postgres, where a second database can be made. Null: the tests run on the embedded one. */
export const postgresUrl = process.env['TEST_DATABASE_URL'] || null

/** `close` belongs to whoever opened it: a store that closes it ends a Postgres pool, and leaves the embedded one open. */
export type TestDatabase = Database & AsyncDisposable

/** Of the embedded one there is one per test file, emptied by each call: `await using`, one after the other. */
export async function openTestDatabase(): Promise<TestDatabase> {
  return postgresUrl ? await clonedDatabase(postgresUrl) : await emptiedDatabase()
}

/** An empty Postgres database without even the migrations, and its URL: for tests that need pools of their own. */
export async function emptyPostgres(url: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const name = `footnote_test_${randomBytes(6).toString('hex')}`
  await administer(url, `create database ${name}`)
  return { url: urlOf(url, name), [Symbol.asyncDispose]: async () => await drop(url, name) }
}

/** A new folder that is removed with everything in it at the end of the test file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'footnote-test-'))
  closing.push(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

/** A data directory as a first start and a clean end leave it, without its snapshot. Copied: a first start takes seconds. */
export async function preparedDataDir(): Promise<string> {
  const template = await dataDirTemplate()
  const dataDir = await temporaryFolder()
  await cp(template, dataDir, { recursive: true })
  return dataDir
}

/** Every row of every table, to compare before and after. */
export async function contentOf(query: Query): Promise<Record<string, unknown[]>> {
  const tables = await query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
  )
  const content: Record<string, unknown[]> = {}
  for (const { name } of tables)
    content[name] = (await query<{ row: unknown }>(`select to_jsonb(t) as row from ${name} t order by t::text`)).map(
      ({ row }) => row,
    )
  return content
}

// In reverse order, after the last test of the file.
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

let template: Promise<string> | undefined

async function clonedDatabase(url: string): Promise<TestDatabase> {
  template ??= makeTemplate(url)
  const name = `footnote_test_${randomBytes(6).toString('hex')}`
  await administer(url, `create database ${name} template ${await template}`)
  const database = openPostgres(urlOf(url, name), 4)
  return {
    ...database,
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await drop(url, name)
    },
  }
}

async function makeTemplate(url: string): Promise<string> {
  const name = `footnote_test_template_${randomBytes(6).toString('hex')}`
  await administer(url, `create database ${name}`)
  closing.push(async () => await drop(url, name))
  const database = openPostgres(urlOf(url, name), 1)
  await migrate(database)
  await database.close()
  return name
}

async function administer(url: string, sql: string): Promise<void> {
  const database = openPostgres(url, 1)
  try {
    await database.query(sql)
  } finally {
    await database.close()
  }
}

async function drop(url: string, name: string): Promise<void> {
  await administer(url, `drop database if exists ${name} with (force)`)
}

function urlOf(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

let embedded: Promise<Database> | undefined

async function emptiedDatabase(): Promise<TestDatabase> {
  embedded ??= openShared()
  const database = await embedded
  await database.query('drop schema public cascade; create schema public')
  await migrate(database)
  return { ...database, close: async () => {}, [Symbol.asyncDispose]: async () => {} }
}

async function openShared(): Promise<Database> {
  const database = await openEmbedded(await preparedDataDir(), (message) => {
    throw new Error(message)
  })
  closing.push(database.close)
  return database
}

/** Kept between runs with the packages it was made with, so that `npm ci` makes it anew. */
async function dataDirTemplate(): Promise<string> {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/footnote-test-database', import.meta.url))
  if (existsSync(folder)) return folder
  const making = `${folder}.${randomBytes(6).toString('hex')}`
  await mkdir(making, { recursive: true })
  const database = await openEmbedded(making, () => {})
  await database.close()
  for (const left of ['lock', 'snapshot.tar']) await rm(join(making, left), { force: true })
  // Two test files may make it at once: the first one's counts.
  await rename(making, folder).catch(async () => await rm(making, { recursive: true }))
  return folder
}
