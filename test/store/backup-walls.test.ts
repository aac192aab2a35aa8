// Row-level security and backups: what Postgres hides from the role that backs up is read by another way, or refused.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backUp } from '../../store/backup.ts'
import type { Database } from '../../store/database.ts'
import { migrate } from '../../store/migrate.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { restore } from '../../store/restore.ts'
import { damagedTables, wallsOf } from '../../store/walls.ts'
import { contentOf, emptyTestDatabase, postgresUrl, temporaryFolder, type TestDatabase } from '../support/database.ts'
import { space, tinyDocument } from '../support/store-documents.ts'

const never = new AbortController().signal
const quiet = () => {}

/** Another user than the superuser of the tests. */
async function roleFor(database: TestDatabase, name: string) {
  const role = `footnote_test_${name}_${Math.random().toString(36).slice(2)}`
  await database.query(`create role ${role} login; grant usage on schema public to ${role}`)
  const url = new URL(database.url ?? '')
  url.username = role
  return { role, url: url.href }
}

async function ownedDatabase() {
  const database = await emptyTestDatabase()
  const { role, url } = await roleFor(database, 'owner')
  await database.query(`create extension vector; alter schema public owner to ${role}`)
  return { database, role, url }
}

const kept = (content: Record<string, unknown[]>) =>
  Object.fromEntries(Object.entries(content).filter(([name]) => name !== 'migrations'))

async function fill(database: Database, libraries: readonly string[]): Promise<void> {
  for (const library of libraries) {
    const store = await openStore(database, library, space)
    await store.documents.save(tinyDocument('a.md', [{ text: `a lamp of ${library}` }], { library }))
  }
}

describe.skipIf(!postgresUrl)('a library behind walls', () => {
  it('is backed up whole by its owner, whom they hold, and put back by one', { timeout: 60_000 }, async () => {
    const { database, url } = await ownedDatabase()
    await using disposed = database
    const owner = openPostgres(url, 1)
    await fill(owner, ['main', 'other'])
    expect(await wallsOf(owner.owner.query)).toMatchObject({ held: 'owner', damaged: [] })
    expect(await owner.owner.query('select from documents')).toHaveLength(0)
    const path = join(await temporaryFolder(), 'walled.backup')
    const { heading } = await backUp(owner, path, '0.1.0', quiet, never)
    expect(heading.libraries).toEqual(['main', 'other'])
    const expected = kept(await contentOf(disposed.query))
    expect(expected['documents']).toHaveLength(2)
    // Whom they do not hold has the same to keep.
    const passing = await backUp(disposed, `${path}.passing`, '0.1.0', quiet, never)
    expect(passing.heading).toEqual({ ...heading, at: passing.heading.at })
    await owner.close()

    const { database: next, url: nextUrl } = await ownedDatabase()
    await using target = next
    await target.close()
    const nextOwner = openPostgres(nextUrl, 1)
    await fill(nextOwner, ['third'])
    await expect(restore(nextOwner, path, { replace: false }, quiet, never)).rejects.toMatchObject({
      code: 'store-not-empty',
      message: expect.stringContaining('documents (1)') as string,
    })
    expect(await damagedTables(nextOwner.owner.query)).toEqual([])
    await restore(nextOwner, path, { replace: true }, quiet, never)
    expect(await wallsOf(nextOwner.owner.query)).toMatchObject({ held: 'owner', damaged: [] })
    expect(await nextOwner.of('main').query('select from documents')).toHaveLength(1)
    await nextOwner.close()
    const seeing = openPostgres(target.url ?? '', 1)
    expect(kept(await contentOf(seeing.owner.query))).toEqual(expected)
    await seeing.close()
  })

  it('is not backed up in part, by whoever sees only some of it or past walls that are damaged', async () => {
    const { database, url } = await ownedDatabase()
    await using disposed = database
    const owner = openPostgres(url, 1)
    await fill(owner, ['main'])
    const reader = await roleFor(disposed, 'reader')
    await disposed.query(`grant select on all tables in schema public to ${reader.role}`)
    const path = join(await temporaryFolder(), 'part.backup')
    const refused = { code: 'store-unseen' }
    const reading = openPostgres(reader.url, 1)
    await expect(backUp(reading, path, '0.1.0', quiet, never)).rejects.toMatchObject(refused)
    await reading.close()
    for (const damage of [
      'drop policy footnote_library on documents',
      'alter table signs_1 disable row level security',
    ]) {
      await disposed.query(damage)
      await expect(backUp(owner, path, '0.1.0', quiet, never), damage).rejects.toMatchObject(refused)
      await migrate(owner)
    }
    const { heading } = await backUp(owner, path, '0.1.0', quiet, never)
    expect(heading.tables).toContainEqual(expect.objectContaining({ name: 'documents', rows: 1 }))
    await owner.close()
  })

  it('that nobody has made yet is said to be missing, to the owner and to whom no wall holds', async () => {
    const { database, url } = await ownedDatabase()
    await using disposed = database
    const owner = openPostgres(url, 1)
    const path = join(await temporaryFolder(), 'early.backup')
    for (const state of ['empty', 'migrated']) {
      if (state === 'migrated') await migrate(owner)
      for (const reading of [owner, disposed])
        await expect(backUp(reading, path, '0.1.0', quiet, never), state).rejects.toMatchObject({
          code: 'store-failed',
          message: 'There is no library in this database yet: the first npm start or npm run ingest makes it.',
        })
    }
    await owner.close()
  })
})
