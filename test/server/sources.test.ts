// A server and a command line beside a sources.yaml, as processes.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { html, openFixtureSite, page } from '../support/fixture-site.ts'
import { runCommand, start, startServer } from '../support/process.ts'
import { articles, folderOf } from '../support/syncing.ts'

type Library = {
  readonly documents: number
  readonly sources: readonly { readonly name: string; readonly next_at: string | null }[]
  readonly failures: readonly { readonly source: string; readonly message: string }[]
}

const libraryOf = async (url: string) => (await (await fetch(`${url}/v1/library`)).json()) as Library

it(
  'learns what is described when it starts, listens meanwhile, and learns one source through it',
  { timeout: 90_000 },
  async () => {
    await using site = await openFixtureSite()
    const files = articles(2)
    const folder = await folderOf(files)
    const file = join(await temporaryFolder(), 'sources.yaml')
    site.put('/a', page(html('A page', '<p>Words of a page about walruses.</p>')))
    const sources = [
      { name: 'handbook', kind: 'folder', path: folder, schedule: 'every 6h' },
      { name: 'pages', kind: 'url', urls: [`${site.url}/a`] },
    ]
    await writeFile(file, JSON.stringify({ allowHosts: [site.host], sources }))
    const settings = { DATA_DIR: await preparedDataDir(), SOURCES: file }
    const server = await startServer(settings)
    await server.says(/Documents: 3 learned/)
    const library = await libraryOf(server.url)
    expect(library).toMatchObject({ documents: 3, failures: [] })
    expect(library.sources.map(({ name }) => name)).toEqual(['handbook', 'pages'])
    expect(Date.parse(library.sources[0]?.next_at ?? '')).toBeGreaterThan(Date.now())
    const plan = await runCommand(['ingest', '--plan'], settings)
    expect(plan.stdout).toContain('handbook (folder, every 6h): 2 unchanged')
    expect(plan.stdout).toContain('pages (url, at the start and when asked): 1 unchanged')
    await rm(join(folder, 'a1.md'))
    const one = await runCommand(['ingest', 'handbook'], settings)
    expect([one.code, one.stderr]).toEqual([0, expect.stringContaining('1 removed, 1 unchanged') as string])
    expect((await libraryOf(server.url)).documents).toBe(2)
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  },
)

it('starts with what it has when sources.yaml is broken, and says so everywhere', { timeout: 90_000 }, async () => {
  const file = join(await temporaryFolder(), 'sources.yaml')
  await writeFile(file, 'sources:\n  - name: a\n    kind: folder\n')
  const settings = { DATA_DIR: await preparedDataDir(), SOURCES: file }
  const server = await startServer(settings)
  const log = await server.says(/Nothing is learned from[^]*path/)
  expect(log[0]).toContain('sources.yaml:2')
  expect((await libraryOf(server.url)).failures).toMatchObject([
    { source: file, message: expect.stringContaining('sources.yaml:2') as string },
  ])
  const command = await runCommand(['ingest'], settings)
  expect([command.code, command.stderr]).toEqual([2, expect.stringContaining('sources.yaml:2') as string])
  const doctor = await runCommand(['doctor'], settings)
  expect(doctor.stdout).toMatch(/✗ +SOURCES: .*sources\.yaml:2/)
  await server.end()
  const missing = await runCommand(['ingest'], { ...settings, SOURCES: `${file}.none` })
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringContaining(`${file}.none is not there: correct SOURCES`) as string,
  ])
})

it('loads nothing that reads the web where there is no sources.yaml', { timeout: 60_000 }, async () => {
  const dataDir = await preparedDataDir()
  const hook = `import { registerHooks } from 'node:module'
registerHooks({ load: (url, context, next) => (/ingest.(fetch|source.(origins|spec|page))|node_modules.(sax|robots-parser|csv-parse)\\b/.test(url) && process.stderr.write('LOADED ' + url + '\\n'), next(url, context)) })`
  const preload = `data:text/javascript,${encodeURIComponent(hook)}`
  const env = { PORT: '0', DATA_DIR: dataDir, LIBRARY_DIR: await folderOf({}), NODE_OPTIONS: `--import=${preload}` }
  const server = start('server/main.ts', [], env)
  await server.says(/Footnote is ready/)
  expect(server.stderr().match(/^LOADED .*$/gm) ?? []).toEqual([])
  await server.end()
})
