// Restoring: into an empty database only, all of it or nothing, and nothing of what is newer or was tampered with.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { backUp } from '../../store/backup.ts'
import type { Heading } from '../../store/backup-file.ts'
import type { Database } from '../../store/database.ts'
import { migrate, migrateTo } from '../../store/migrate.ts'
import { migrationNames } from '../../store/own.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { restore } from '../../store/restore.ts'
import { contentOf, emptyTestDatabase, temporaryFolder } from '../support/database.ts'
import { isThere, kinds, openPlace, type Place } from '../support/places.ts'
import { search, space, tinyDocument } from '../support/store-documents.ts'

const never = new AbortController().signal
const quiet = () => {}
const names = await migrationNames()

/** A small library on a database that was just made, as a file. */
async function backedUp(database: Database): Promise<string> {
  const path = join(await temporaryFolder(), 'small.backup')
  const store = await openStore(database, 'main', space)
  for (const [name, text] of [
    ['a.md', 'a lamp'],
    ['b.md', 'two lamps'],
  ] as const)
    await store.documents.save(tinyDocument(name, [{ text }]))
  await backUp(database, path, '0.1.0', quiet, never)
  return path
}

async function openBackedUp(place: Place) {
  const database = await place.open()
  const path = await backedUp(database)
  return { database, path, before: await contentOf(database.owner.query) }
}

/** The same file with other lines, whole again as far as it says itself. */
async function forged(path: string, change: (lines: string[]) => string[]): Promise<string> {
  const whole = await readFile(path)
  const lines = zstdDecompressSync(whole.subarray(0, -40)).toString().split('\n')
  const body = zstdCompressSync(Buffer.from(change(lines).join('\n')))
  const other = `${path}.forged`
  await writeFile(other, Buffer.concat([body, whole.subarray(-40, -32), createHash('sha256').update(body).digest()]))
  return other
}

const headed =
  (change: (heading: Heading) => object) =>
  ([first = '', ...rest]: string[]) => [JSON.stringify(change(JSON.parse(first) as Heading)), ...rest]

describe.each(kinds)('a restore into the %s store', (kind) => {
  it.skipIf(!isThere(kind))(
    'is refused where something is held, and with --replace takes its place',
    { timeout: 60_000 },
    async () => {
      await using place = await openPlace(kind)
      const { database, path, before } = await openBackedUp(place)
      await database.owner.query(`update documents set source = 'changed.md' where source = 'a.md'`)
      await database.owner.query('create table somebodys (word text); insert into somebodys values (1)')
      const changed = await contentOf(database.owner.query)
      await expect(restore(database, path, { replace: false }, quiet, never)).rejects.toMatchObject({
        code: 'store-not-empty',
        message: expect.stringMatching(/documents \(2\).*--replace/) as string,
      })
      expect(await contentOf(database.owner.query)).toEqual(changed)
      await restore(database, path, { replace: true }, quiet, never)
      // What is not ours stays.
      const { somebodys, migrations, ...restored } = await contentOf(database.owner.query)
      expect([somebodys?.length, migrations?.length]).toEqual([1, names.length])
      expect(restored).toEqual(Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'migrations')))
      await database.close()
    },
  )

  it.skipIf(!isThere(kind))(
    'leaves everything as it was when a row is not what was backed up, or it is cut short',
    { timeout: 60_000 },
    async () => {
      await using place = await openPlace(kind)
      const { database, path, before } = await openBackedUp(place)
      const into = async (file: string, signal = never) =>
        await restore(database, file, { replace: true }, quiet, signal)
      const other = await forged(path, (lines) => lines.map((line) => line.replace('two lamps', 'six lamps')))
      await expect(into(other)).rejects.toMatchObject({ code: 'backup-mismatch' })
      const lost = await forged(path, (lines) => lines.filter((line) => !line.includes('b.md')))
      await expect(into(lost)).rejects.toMatchObject({ code: 'backup-mismatch' })
      const leaving = new AbortController()
      await expect(
        restore(
          database,
          path,
          { replace: true },
          (done, total) => done > total / 2 && leaving.abort(),
          leaving.signal,
        ),
      ).rejects.toMatchObject({ name: 'AbortError' })
      expect(await contentOf(database.owner.query)).toEqual(before)
      await database.close()
    },
  )

  it.skipIf(!isThere(kind))(
    'refuses what a newer version wrote, and brings an older one up to date',
    { timeout: 60_000 },
    async () => {
      await using place = await openPlace(kind)
      await using older = await openPlace(kind)
      const old = await older.open()
      await old.owner.query('drop schema public cascade; create schema public')
      await old.owner.transaction(async (query) => await migrateTo(names.slice(0, 12), query))
      const folder = await temporaryFolder()
      // As an earlier version would have left it.
      await old.owner.query(`insert into libraries (library_id) values ('main');
      insert into conversations values ('main', 'con_1');
      insert into answers (library_id, answer_id, conversation_id, question, mode, answer, finished_at)
      values ('main', 'ans_1', 'con_1', 'q', 'extractive', '{"citations": [{"n": 1}], "passages": [], "nearest": []}', now())`)
      const path = join(folder, 'old.backup')
      const { heading } = await backUp(old, path, '0.0.9', quiet, never)
      expect(heading.migrations).toEqual(names.slice(0, 12))
      await migrate(old)
      const expected = await contentOf(old.owner.query)
      await old.close()

      const database = await place.open()
      const newer = await forged(
        path,
        headed((first) => ({ ...first, migrations: [...first.migrations, '9999-x.sql'] })),
      )
      await expect(restore(database, newer, { replace: false }, quiet, never)).rejects.toMatchObject({
        code: 'backup-newer',
      })
      const other = await forged(
        path,
        headed((first) => ({ ...first, format: 2 })),
      )
      await expect(restore(database, other, { replace: false }, quiet, never)).rejects.toMatchObject({
        code: 'backup-format',
      })
      await restore(database, path, { replace: false }, quiet, never)
      const found = await contentOf(database.owner.query)
      for (const content of [found, expected]) delete content['migrations']
      expect(found).toEqual(expected)
      expect(JSON.stringify(found['answers'])).toContain('"page":null')
      const store = await openStore(database, 'main', space)
      await store.documents.save(tinyDocument('a.md', [{ text: 'a lamp' }]))
      expect(await search(store, 'lamp')).toHaveLength(1)
      await database.close()
    },
  )
})

describe.skipIf(!isThere('postgres'))('a Postgres', () => {
  it('that a server uses is not restored into', async () => {
    await using used = await emptyTestDatabase()
    await migrate(used)
    const path = await backedUp(used)
    const own = openPostgres(used.url ?? '', 1)
    await expect(restore(own, path, { replace: true }, quiet, never)).rejects.toMatchObject({
      code: 'store-in-use',
      message: expect.stringContaining('stop its servers and workers first') as string,
    })
    await own.close()
  })
})
