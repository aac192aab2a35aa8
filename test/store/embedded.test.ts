import { execFileSync } from 'node:child_process'
// The embedded database over its life: opened, snapshotted, closed, damaged, restored.
import { existsSync, rmSync } from 'node:fs'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type EmbeddedDatabase, openEmbedded } from '../../store/embedded.ts'
import { makeEmpty } from '../../store/embedded-files.ts'
import { migrate } from '../../store/migrate.ts'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'

describe('the embedded database', () => {
  it('is made on the first start and keeps what was written', async () => {
    const dir = join(await temporaryFolder(), 'new', 'data')
    await write(dir, 'first')
    expect(await read(dir)).toEqual({ words: ['first'], restored: false, warnings: [] })
  })

  it('refuses a second opening while it is open, and allows it afterwards', async () => {
    const dir = await preparedDataDir()
    const database = await open(dir)
    await expect(openEmbedded(dir, fail)).rejects.toMatchObject({ code: 'store-locked' })
    await database.close()
    await (await open(dir)).close()
  })

  it('lets no two statements mix while snapshots are made', async () => {
    const dir = await preparedDataDir()
    const warnings: string[] = []
    const database = await openEmbedded(dir, (message) => warnings.push(message), 5)
    await database.query('create table numbers (n int primary key)')
    const until = performance.now() + 1_500
    for (let n = 0; performance.now() < until; n++) {
      expect(await database.query('select $1::int as n', [n])).toEqual([{ n }])
      const failing = database.transaction(async (query) => {
        await query('insert into numbers values ($1)', [n])
        await query('insert into numbers values ($1)', [n])
      })
      await expect(failing).rejects.toMatchObject({ code: 'store-failed' })
      await database.transaction(async (query) => {
        await query('insert into numbers values ($1)', [n])
        await wait(1)
      })
      expect(await database.query('select max(n) as n, count(*)::int as count from numbers')).toEqual([
        { n, count: n + 1 },
      ])
    }
    await database.close()
    expect(warnings).toEqual([])
    expect(existsSync(join(dir, 'snapshot', 'PG_VERSION'))).toBe(true)
  })

  it('is copied again only after something was written', async () => {
    const dir = await preparedDataDir()
    const database = await openEmbedded(dir, fail, 20)
    const copy = async () => (await stat(join(dir, 'snapshot')).catch(() => null))?.ino ?? null
    /** The copy that is there once nothing has taken its place for a while. */
    const settled = async () => {
      for (let last = await copy(), since = performance.now(); ; await wait(20)) {
        const now = await copy()
        if (now !== null && now === last && performance.now() - since > 1_000) return now
        if (now !== last) [last, since] = [now, performance.now()]
      }
    }
    await database.query('create table words (word text)')
    const first = await settled()
    await database.query(`insert into words values ('more')`)
    while ((await copy()) === first) await wait(20)
    await settled()
    await database.close()
  })

  it('goes on when a snapshot cannot be saved, and says so', async () => {
    const dir = await preparedDataDir()
    const warnings: string[] = []
    const database = await openEmbedded(dir, (message) => warnings.push(message), 20)
    // A pipe cannot be copied.
    execFileSync('mkfifo', [join(dir, 'pg', 'pipe')])
    await database.query('create table words (word text)')
    while (warnings.length === 0) await wait(20)
    expect(await database.query('select word from words')).toEqual([])
    await database.close()
    expect(warnings[0]).toContain('could not save its snapshot')
    expect((await read(dir)).words).toEqual([])
  })

  it('tells who holds it and where', async () => {
    const dir = await preparedDataDir()
    const database = await open(dir)
    database.announce({ pid: 1234, startedAt: 'now', url: 'http://localhost:3000', token: 't' })
    await expect(openEmbedded(dir, fail)).rejects.toThrow('process 1234 (http://localhost:3000)')
    await database.close()
    expect(await readdir(dir)).not.toContain('owner.json')
  })
})

// Root may read everything: what cannot be copied stands for what another user's files are to anybody else.
it.each([
  ['cannot be copied', (at: string) => execFileSync('mkfifo', [join(at, 'base')])],
  ['is no database', (at: string) => rmSync(join(at, 'PG_VERSION'))],
])('an empty database is made without a template that %s', async (_, spoil) => {
  const [dir, template] = [await temporaryFolder(), await temporaryFolder()]
  await writeFile(join(template, 'PG_VERSION'), 'of another user')
  await writeFile(join(template, 'more'), '')
  spoil(template)
  await makeEmpty(join(dir, 'pg'), template)
  expect(await readFile(join(dir, 'pg', 'PG_VERSION'), 'utf8')).toMatch(/^\d+\n$/)
  expect(await readdir(join(dir, 'pg'))).not.toContain('more')
})

describe('a damaged data directory', () => {
  it.each([
    ['its control file is garbled', async (pg: string) => await writeFile(join(pg, 'global', 'pg_control'), 'garbage')],
    // PGlite by itself would make a new database here, without a word.
    ['its version file is gone', async (pg: string) => await rm(join(pg, 'PG_VERSION'))],
  ])('is kept aside when %s, and the snapshot takes its place', async (_, damage) => {
    const dir = await preparedDataDir()
    await write(dir, 'saved')
    await damage(join(dir, 'pg'))
    expect(await read(dir)).toMatchObject({ words: ['saved'], restored: true })
    expect((await readdir(dir)).filter((name) => name.startsWith('pg.broken-'))).toHaveLength(1)
  })

  it('without a snapshot is refused and left alone', async () => {
    const dir = await preparedDataDir()
    await rm(join(dir, 'pg', 'global', 'pg_control'))
    for (let n = 0; n < 2; n++)
      await expect(openEmbedded(dir, fail)).rejects.toMatchObject({
        code: 'store-unavailable',
        message: expect.stringMatching(/does not open: \S.*\n.*move the folder away/s) as string,
      })
    expect((await readdir(dir)).sort()).toEqual(['lock', 'opened', 'pg'])
  })

  it('is restored anew when the first restoring was cut', async () => {
    const dir = await preparedDataDir()
    await write(dir, 'saved')
    await cutInTheMiddle(dir)
    expect(await read(dir)).toMatchObject({ words: ['saved'], restored: true })
  })
})

describe('a first start that was cut', () => {
  it('is begun anew', async () => {
    const dir = await preparedDataDir()
    await cutInTheMiddle(dir)
    const database = await open(dir)
    await migrate(database)
    expect(database.restored).toBe(false)
    await database.close()
  })
})

/** What a kill in the middle of making or restoring leaves: some files, and no word that it was ever whole. */
async function cutInTheMiddle(dir: string): Promise<void> {
  await rm(join(dir, 'opened'))
  await rm(join(dir, 'pg', 'base', '5'), { recursive: true, force: true })
  await rm(join(dir, 'pg', 'pg_wal'), { recursive: true })
}

async function open(dir: string): Promise<EmbeddedDatabase> {
  return await openEmbedded(dir, fail)
}

async function write(dir: string, word: string): Promise<void> {
  const database = await open(dir)
  await database.query('create table if not exists words (word text)')
  await database.query('insert into words values ($1)', [word])
  await database.close()
}

async function read(dir: string) {
  const warnings: string[] = []
  const database = await openEmbedded(dir, (message) => warnings.push(message))
  const words = (await database.query<{ word: string }>('select word from words')).map((row) => row.word)
  const { restored } = database
  await database.close()
  return { words, restored, warnings }
}

function fail(message: string): void {
  throw new Error(message)
}
