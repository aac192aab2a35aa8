// npm run worker, as people start and stop it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTestDatabase, postgresUrl, temporaryFolder } from '../support/database.ts'
import { runCommand, start, startLearning, startServer } from '../support/process.ts'
import { articles, folderOf } from '../support/syncing.ts'

describe('npm run worker', { timeout: 90_000 }, () => {
  it('says that the embedded database needs none', async () => {
    const { code, stderr } = await runCommand(['worker'], { DATA_DIR: await temporaryFolder() })
    expect(code).toBe(2)
    expect(stderr).toContain('DATABASE_URL is not set')
  })

  it.each(['0', '33', 'all'])('refuses to do %s documents at once', async (count) => {
    const settings = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
    const { code, stderr } = await runCommand(['worker', '--at-once', count], settings)
    expect(code).toBe(2)
    expect(stderr).toContain('1 to 32')
  })

  it.skipIf(!postgresUrl)('says that SOURCES names a file that is not there, and what to do, and goes on', async () => {
    await using database = await openTestDatabase()
    const worker = start('cli/main.ts', ['worker'], { DATABASE_URL: database.url ?? '', SOURCES: '/nowhere/s.yaml' })
    await worker.says(/SOURCES: \/nowhere\/s\.yaml is not there: correct SOURCES, or unset it; until then no source/)
    await worker.says(/this worker learns/)
    await worker.end()
  })

  it.skipIf(!postgresUrl)('learns what an ingest that only gives out asks for, until it is told to stop', async () => {
    await using database = await openTestDatabase()
    const settings = { DATABASE_URL: database.url ?? '', WORKERS: 'only' }
    const worker = await startLearning(settings, '--at-once', '2')
    const ingest = await runCommand(['ingest', await folderOf(articles(3)), '--json'], settings)
    expect(ingest.code, ingest.stderr).toBe(0)
    expect(ingest.stdout).toContain('"learned": 3')
    worker.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
  })

  it.skipIf(!postgresUrl)('is not waited for by a server, which learns its folder when one comes', async () => {
    await using database = await openTestDatabase()
    const settings = { DATABASE_URL: database.url ?? '', WORKERS: 'only' }
    const server = await startServer({ ...settings, LIBRARY_DIR: await folderOf(articles(2)), UPLOADS: 'on' })
    const response = await fetch(`${server.url}/v1/documents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'now.md', markdown: '# Now' }),
    })
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'no-worker' }])
    await server.says(/2 documents wait for a worker, and none is running: npm run worker/)
    const worker = start('cli/main.ts', ['worker'], settings)
    await server.says(/Documents: 2 learned/)
    for (const each of [server, worker]) each.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  })

  it.skipIf(!postgresUrl)('reads sources when their schedules say so', async () => {
    await using database = await openTestDatabase()
    const folder = await folderOf(articles(2))
    const sources = join(await temporaryFolder(), 'sources.yaml')
    await writeFile(
      sources,
      `sources:\n  - name: notes\n    kind: folder\n    path: ${folder}\n    schedule: every 1h\n`,
    )
    const worker = await startLearning({ DATABASE_URL: database.url ?? '', SOURCES: sources })
    await expect
      .poll(async () => await database.query('select next_at from origins'), { timeout: 30_000 })
      .toHaveLength(1)
    await database.query(`update origins set next_at = now() - interval '1 s'`)
    await expect
      .poll(async () => await database.query('select source from documents'), { timeout: 60_000 })
      .toHaveLength(2)
    worker.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
  })
})
