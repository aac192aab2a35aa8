// Several libraries of one database, as people make, fill and ask them.
import { describe, expect, it } from 'vitest'
import { openTestDatabase, postgresUrl, preparedDataDir } from '../support/database.ts'
import { runCommand, start, startLearning, startServer } from '../support/process.ts'
import { article, folderOf } from '../support/syncing.ts'

const KEY_SECRET = 'of-this-test-and-nothing-else-7c21'

describe('another library', { timeout: 120_000 }, () => {
  it('than main is refused by the embedded store, which cannot keep two apart', async () => {
    const settings = { DATA_DIR: await preparedDataDir() }
    for (const [args, env] of [
      [['search', 'anything', '--library', 'next'], settings],
      [['search', 'anything'], { ...settings, LIBRARY: 'next' }],
    ] as const) {
      const { code, stderr } = await runCommand([...args], env)
      expect(code).toBe(2)
      expect(stderr).toContain('LIBRARY is "next", but the embedded database holds one library, main')
    }
    const server = start('server/main.ts', [], { ...settings, PORT: '0', LIBRARY: 'next' })
    expect(await server.ended).toBe(2)
  })

  it.skipIf(!postgresUrl)(
    'is made by its first key or document, and one server answers for all, each by its keys',
    async () => {
      await using database = await openTestDatabase()
      const settings = { DATABASE_URL: database.url ?? '', KEY_SECRET }
      const [own, next] = [
        await folderOf({ 'a.md': article('Turbines') }),
        await folderOf({ 'a.md': article('Beehives') }),
      ]
      const make = async (library: string) => {
        const made = await runCommand(
          ['keys', 'create', '--name', 'me', '--library', library, '--scopes', 'ask,ingest'],
          settings,
        )
        expect(made.code, made.stderr).toBe(0)
        return made.stdout.trim()
      }
      const keys = { main: await make('main'), next: await make('next') }
      const learned = await runCommand(['ingest', next, '--library', 'next'], settings)
      expect(learned.code, learned.stderr).toBe(0)

      const server = await startServer({ ...settings, HOST: '0.0.0.0', LIBRARY_DIR: own })
      const titles = async (key: string) => {
        const response = await fetch(`${server.url}/v1/documents`, { headers: { 'x-api-key': key } })
        return ((await response.json()) as { documents: { title: string }[] }).documents.map(({ title }) => title)
      }
      expect(await titles(keys.main)).toEqual(['Turbines'])
      expect(await titles(keys.next)).toEqual(['Beehives'])
      // It learns what is sent to either.
      const sent = await fetch(`${server.url}/v1/documents`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': keys.next },
        body: JSON.stringify({ name: 'b.md', markdown: article('Honey') }),
      })
      expect(sent.status).toBe(201)
      expect((await titles(keys.next)).sort()).toEqual(['Beehives', 'Honey'])
      expect(await titles(keys.main)).toEqual(['Turbines'])

      const found = await runCommand(['search', 'beehives', '--library', 'next'], settings)
      expect(found.stdout).toContain('Beehives')
      expect((await runCommand(['search', 'beehives'], settings)).stdout).not.toContain('Beehives')
      const doctor = await runCommand(['doctor'], settings)
      expect(doctor.stdout).toContain('libraries are kept apart: footnote steps down to footnote_runtime')
      server.kill('SIGTERM')
      expect(await server.ended).toBe(0)
    },
  )

  it('by a name that cannot be one is refused in the words of the option', async () => {
    const { code, stderr } = await runCommand(['status', '--library', '../x'], { DATA_DIR: await preparedDataDir() })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^--library: "\.\.\/x" is no name of a library/)])
  })

  it.skipIf(!postgresUrl)('that nobody has filled is named by status, as it may be misspelt', async () => {
    await using database = await openTestDatabase()
    const settings = { DATABASE_URL: database.url ?? '', KEY_SECRET }
    const { stdout } = await runCommand(['status', '--library', 'typo'], settings)
    expect(stdout).toMatch(/nothing is in typo: check its name, or fill it: .* --library typo\n/)
  })

  it.skipIf(!postgresUrl)('has its documents learned by a worker that was started for none in particular', async () => {
    await using database = await openTestDatabase()
    const settings = { DATABASE_URL: database.url ?? '', WORKERS: 'only' }
    const worker = await startLearning(settings)
    const folder = await folderOf({ 'a.md': article('Beehives') })
    const learned = await runCommand(['ingest', folder, '--library', 'next', '--json'], settings)
    expect(learned.code, learned.stderr).toBe(0)
    expect(learned.stdout).toContain('"learned": 1')
    worker.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
  })
})
