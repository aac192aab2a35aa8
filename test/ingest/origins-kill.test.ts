// SIGKILL while a site is read: what was acknowledged is there, the next sync goes on at once, and in the end the library
// is what the site is, with as many requests as one more reading takes.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { fakeEmbedder } from '../../models/fake.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openStore } from '../../store/open.ts'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { html, openFixtureSite, page } from '../support/fixture-site.ts'
import { start } from '../support/process.ts'
import { isThorough } from '../support/thorough.ts'

const script = fileURLToPath(new URL('../support/origins-child.ts', import.meta.url))
// Each costs a start, a recovery and a check: 3 s on two idle cores.
const KILLS = isThorough ? 12 : 2
const PAGES = 12

it(`survives ${KILLS} kills while a site is read`, { timeout: 60_000 + KILLS * 30_000 }, async () => {
  const dataDir = await preparedDataDir()
  const file = join(await temporaryFolder(), 'sources.yaml')
  await using site = await openFixtureSite()
  const sources = [{ name: 'blog', kind: 'sitemap', url: `${site.url}/sitemap.xml` }]
  await writeFile(file, JSON.stringify({ allowHosts: [site.host], sources }))
  let names: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    // Half of the pages are new, and as many are gone.
    names = Array.from({ length: PAGES }, (_, n) => `/${n + kill * (PAGES / 2)}`)
    for (const name of names) site.put(name, page(html(`Page ${name}`, `<p>What stands in ${name} after ${kill}.</p>`)))
    const urls = names.map((name) => `<url><loc>${site.url}${name}</loc></url>`).join('')
    site.put('/sitemap.xml', page(`<urlset>${urls}</urlset>`, 'application/xml'))
    const child = start(script, [dataDir, file], {})
    const enough = [3, PAGES + 2][kill % 2]!
    const isOver = () => child.stdout().includes('finished') || child.stderr() !== ''
    while (child.stdout().split('\n').length < enough && !isOver()) await wait(2)
    await wait(Math.random() * 20)
    await child.end()
    expect(child.stderr()).toBe('')
    await check(dataDir, child.stdout())
  }
  const last = start(script, [dataDir, file], {})
  expect(await last.ended, last.stderr()).toBe(0)
  expect(await check(dataDir, last.stdout())).toEqual(names.map((name) => `${site.url}${name}`).sort())
  // Nothing is left to be done, and nothing is sent again.
  site.asked.length = 0
  const idle = start(script, [dataDir, file], {})
  expect(await idle.ended, idle.stderr()).toBe(0)
  expect(
    idle
      .stdout()
      .split('\n')
      .filter((line) => /^(learned|changed|removed|failed)/.test(line)),
  ).toEqual([])
  expect(site.log().toSorted()).toEqual(
    ['404 /robots.txt', ...['/sitemap.xml', ...names].map((path) => `304 ${path}`)].toSorted(),
  )
})

/** Everything that must hold after a kill. Returns the sources of the documents. */
async function check(dataDir: string, said: string): Promise<string[]> {
  const database = await openEmbedded(dataDir, (message) => expect.unreachable(message))
  try {
    const store = await openStore(database, 'main', fakeEmbedder())
    expect(await store.reports.index('main')).toMatchObject({
      withoutVector: { count: 0 },
      withoutWords: { count: 0 },
      strayWords: 0,
      emptyDocuments: { count: 0 },
    })
    const known = await store.documents.known('main')
    const told = said.split('\n').filter((line) => /^(learned|changed|removed) /.test(line))
    for (const [type, source] of told.map((line) => line.split(' ')))
      expect(known.has(source ?? ''), `${type} ${source}`).toBe(type !== 'removed')
    // What was seen of a document is kept with it, or it would be asked for whole again.
    for (const each of known.values())
      expect(each).toMatchObject({ root: 'source:blog', seen: { seen: { hash: expect.any(String) as string } } })
    return [...known.keys()].sort()
  } finally {
    await database.close()
  }
}
