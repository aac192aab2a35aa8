// A disk that is full: what is there is still read, what is new is refused in words, and it goes on when there is room.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openStaticEmbedder } from '../../models/static.ts'
import { type EmbeddedDatabase, openEmbedded } from '../../store/embedded.ts'
import { roomIn } from '../../store/embedded-files.ts'
import { openStore } from '../../store/open.ts'
import { openTestApp } from '../support/app.ts'
import { preparedDataDirOfFile } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'

const disk = join(await folderOfFile(), 'disk')
mkdirSync(disk)
const canMount = mounts(disk)

afterAll(() => {
  if (canMount) execFileSync('umount', ['-l', disk])
})

/** A disk of our own; only who may mount one can try this. */
function mounts(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const ballast = join(disk, 'ballast')

/** Leaves room for so many bytes. */
function fill(bytes: number): void {
  rmSync(ballast, { force: true })
  writeFileSync(ballast, Buffer.alloc(Math.max(0, roomIn(disk) - bytes), 1))
}

async function openOnDisk(said: string[]): Promise<EmbeddedDatabase> {
  const dataDir = join(disk, 'data')
  if (!existsSync(dataDir)) cpSync(await preparedDataDirOfFile(), dataDir, { recursive: true })
  return await openEmbedded(dataDir, (message) => said.push(message))
}

describe.skipIf(!canMount)('an embedded database whose disk is full', { timeout: 120_000 }, () => {
  it('is read and answers as before, takes no document, and takes it when there is room', async () => {
    const said: string[] = []
    const embedder = await openStaticEmbedder()
    const database = await openOnDisk(said)
    const store = await openStore(database, 'main', embedder)
    const app = openTestApp({ store, embedder, folder: disk })
    const upload = async (name: string) =>
      await app.post('/v1/documents', { name, markdown: '# Stripe\n\nStripe runs four limiters in production.\n' })
    expect((await upload('stripe.md')).status).toBe(201)
    fill(40_000_000)
    const refused = await upload('again.md')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({
      code: 'store-full',
      title: expect.stringContaining('until there is room') as unknown,
    })
    const answer = await app.post('/v1/ask', { question: 'How many limiters does Stripe run in production?' })
    expect(await answer.json()).toMatchObject({ status: 'answered' })
    rmSync(ballast)
    expect((await upload('again.md')).status).toBe(201)
    await database.close()
    expect(said).toEqual([])
  })

  it('to the last byte fails what is written, holds up nobody, and opens anew with all that was acknowledged', async () => {
    const said: string[] = []
    const database = await openOnDisk(said)
    await database.query('create table notes (n int primary key, text text)')
    fill(2_000_000)
    let kept = 0
    const write = async () => {
      for (;;) {
        // Letters that do not compress.
        await database.query(
          `insert into notes select $1, string_agg(md5(random()::text), '') from generate_series(1, 8000)`,
          [kept],
        )
        kept++
      }
    }
    await expect(write()).rejects.toMatchObject({ name: 'StoreError', retryable: true })
    rmSync(ballast)
    await expect
      .poll(async () => await database.query('select 1 as one').catch(() => null), { timeout: 30_000 })
      .toEqual([{ one: 1 }])
    expect(await database.query('select count(*)::int as count from notes')).toEqual([{ count: kept }])
    await database.query('insert into notes values (-1)')
    await database.close()
    const again = await openOnDisk(said)
    expect(await again.query('select count(*)::int as count from notes')).toEqual([{ count: kept + 1 }])
    await again.close()
  })

  it('as it is opened is left as it is: no snapshot takes its place', async () => {
    const said: string[] = []
    const database = await openOnDisk(said)
    await database.query('create table if not exists later (n int)')
    await database.close()
    const next = await openOnDisk(said)
    await next.query('insert into later values (1)')
    // Without a snapshot of that, as after a kill.
    await next.query('checkpoint')
    rmSync(join(disk, 'copy'), { recursive: true, force: true })
    cpSync(join(disk, 'data'), join(disk, 'copy'), { recursive: true })
    await next.close()
    // A control file that cannot be read is a database that does not open, whatever the reason.
    const control = join(disk, 'copy/pg/global/pg_control')
    cpSync(control, join(disk, 'control'))
    writeFileSync(control, '')
    fill(1_000_000)
    await expect(openEmbedded(join(disk, 'copy'), () => {})).rejects.toThrow('disk is full')
    rmSync(ballast)
    cpSync(join(disk, 'control'), control)
    const opened = await openEmbedded(join(disk, 'copy'), () => {})
    expect(opened.restored).toBe(false)
    expect(await opened.query('select n from later')).toEqual([{ n: 1 }])
    await opened.close()
  })
})

describe('an embedded database whose log cannot be written', { timeout: 60_000 }, () => {
  it('is opened anew, with all that was acknowledged', async () => {
    const said: string[] = []
    const dataDir = await preparedDataDirOfFile()
    const database = await openEmbedded(dataDir, (message) => said.push(message), null)
    await database.query('create table notes (n int, text text)')
    await database.query('insert into notes values (0)')
    const [log, away] = [join(dataDir, 'pg/pg_wal'), join(dataDir, 'pg/away')]
    renameSync(log, away)
    const write = async () => {
      for (;;)
        await database.query(`insert into notes select n, repeat(md5(n::text), 200) from generate_series(1, 9000) n`)
    }
    await expect(write()).rejects.toMatchObject({ name: 'StoreError' })
    renameSync(away, log)
    const found = async () =>
      await database.query('select count(*)::int as count from notes where n = 0').catch(() => null)
    await expect.poll(found, { timeout: 30_000, interval: 200 }).toEqual([{ count: 1 }])
    await database.query('insert into notes values (-1)')
    await expect.poll(() => said).toContain('The embedded database was opened again.')
    await database.close()
  })
})
