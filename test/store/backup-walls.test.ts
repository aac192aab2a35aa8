// Row-level security and backups: what Postgres hides from the role that backs up is read by another way, or refused.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backUp } from '../../store/backup.ts'
import type { Query } from '../../store/database.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { restore } from '../../store/restore.ts'
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

/** Around each table of libraries, its owner included, as the walls between libraries are. */
async function wallOff(query: Query): Promise<void> {
  const rows = await query<{ name: string }>(
    `select table_name as name from information_schema.columns where column_name = 'library_id' and table_schema = 'public'`,
  )
  for (const { name } of rows)
    await query(`alter table ${name} enable row level security; alter table ${name} force row level security;
      create policy wall on ${name} using (library_id = current_setting('footnote.library', true))`)
  await query(
    `create policy door on libraries for select to current_user using (current_setting('footnote.door', true) = 'open')`,
  )
}

const kept = (content: Record<string, unknown[]>) =>
  Object.fromEntries(Object.entries(content).filter(([name]) => name !== 'migrations'))

describe.skipIf(!postgresUrl)('a library behind walls', () => {
  it('is backed up whole by its owner, whom they hold, and put back by one', { timeout: 60_000 }, async () => {
    const { database, url } = await ownedDatabase()
    await using disposed = database
    const owner = openPostgres(url, 1)
    for (const library of ['main', 'other']) {
      const store = await openStore(owner, library, space)
      await store.documents.save(tinyDocument('a.md', [{ text: `a lamp of ${library}` }], { library }))
    }
    await wallOff(owner.query)
    expect(await owner.query('select from documents')).toHaveLength(0)
    const path = join(await temporaryFolder(), 'walled.backup')
    const { heading } = await backUp(owner, path, '0.1.0', quiet, never)
    expect(heading.libraries).toEqual(['main', 'other'])
    const expected = kept(await contentOf(disposed.query))
    expect(expected['documents']).toHaveLength(2)
    await owner.close()
    const { database: next, url: nextUrl } = await ownedDatabase()
    await using target = next
    const nextOwner = openPostgres(nextUrl, 1)
    await target.close()
    await restore(nextOwner, path, { replace: false }, quiet, never)
    expect(kept(await contentOf(nextOwner.query))).toEqual(expected)
    await nextOwner.close()
  })

  it('is not backed up in part by whoever sees only some of it', { timeout: 60_000 }, async () => {
    const { database, url } = await ownedDatabase()
    await using disposed = database
    const owner = openPostgres(url, 1)
    const store = await openStore(owner, 'main', space)
    await store.documents.save(tinyDocument('a.md', [{ text: 'a lamp' }]))
    const reader = await roleFor(disposed, 'reader')
    await owner.query(`grant select on all tables in schema public to ${reader.role}`)
    const path = join(await temporaryFolder(), 'part.backup')
    await owner.query('alter table documents enable row level security')
    const reading = openPostgres(reader.url, 1)
    await expect(backUp(reading, path, '0.1.0', quiet, never)).rejects.toMatchObject({ code: 'store-unseen' })
    await wallOff(owner.query)
    await expect(backUp(reading, path, '0.1.0', quiet, never)).rejects.toMatchObject({ code: 'store-unseen' })
    await reading.close()
    await owner.close()
  })
})
