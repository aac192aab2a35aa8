// SIGKILL during a sync that learns, changes and removes: what was acknowledged is so, the stored outcomes are what
// happened, the next sync says that it was interrupted and finishes, and the interrupted one can be told apart.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { fakeEmbedder } from '../../models/fake.ts'
import { type EmbeddedDatabase, openEmbedded } from '../../store/embedded.ts'
import { openStore } from '../../store/open.ts'
import { preparedDataDir } from '../support/database.ts'
import { start } from '../support/process.ts'
import { article, folderOf } from '../support/syncing.ts'
import { isThorough } from '../support/thorough.ts'

const script = fileURLToPath(new URL('../support/sync-child.ts', import.meta.url))
// Each costs a start, a recovery and a check: 2–3 s on two idle cores.
const KILLS = isThorough ? 15 : 3
const FILES = 12

it(`survives ${KILLS} kills while documents are removed`, { timeout: 30_000 + KILLS * 20_000 }, async () => {
  const dataDir = await preparedDataDir()
  const folder = await folderOf({})
  const files = new Map<string, string>()
  const write = async (name: string, text: string) => {
    files.set(join(folder, name), text)
    await writeFile(join(folder, name), article(name, text))
  }
  for (let n = 0; n < FILES; n++) await write(`${n}.md`, 'first')
  const first = start(script, [dataDir, folder], {})
  expect(await first.ended, first.stderr()).toBe(0)
  for (let kill = 0; kill < KILLS; kill++) {
    for (let n = 0; n < FILES; n++) {
      const name = `${kill}-${n}.md`
      await write(name, `kill ${kill}`)
      const [old] = files.keys()
      files.delete(old!)
      await rm(old!)
    }
    const child = start(script, [dataDir, folder], {})
    // Somewhere in the learning, at its end, or in the removing.
    const enough = [4, FILES, FILES + 5][kill % 3]!
    while (child.stdout().split('\n').length < enough && !child.stdout().includes('finished')) await wait(2)
    await wait(Math.random() * 20)
    await child.end()
    expect(child.stderr()).toBe('')
    await check(dataDir, child.stdout())
  }
  const last = start(script, [dataDir, folder], {})
  expect(await last.ended, last.stderr()).toBe(0)
  const sources = await check(dataDir, last.stdout())
  expect(sources).toEqual([...files.keys()].sort())
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
      miscountedWords: 0,
      emptyDocuments: { count: 0 },
      oldChunks: 0,
    })
    expect(await store.search.state('main')).toMatchObject({ chunks: (await store.reports.index('main')).chunks })
    await store.syncs.closeDead('main', [], 0)
    const [sync] = await store.syncs.list('main', 1)
    expect(sync?.state).toBe(said.includes('finished') ? sync?.state : 'interrupted')
    const changes = (await store.syncs.changes('main', sync!.id)).map(({ type, source }) => `${type} ${source}`)
    const told = said.split('\n').filter((line) => /^(learned|changed|removed) /.test(line))
    // Done and not yet told is allowed, of what is saved together; told and not done is not.
    expect(changes.slice(0, told.length)).toEqual(told)
    expect(changes.length - told.length).toBeLessThanOrEqual(FILES)
    await checkChanges(database, changes)
    return [...(await store.documents.known('main')).keys()].sort()
  } finally {
    await database.close()
  }
}

async function checkChanges({ query }: EmbeddedDatabase, changes: readonly string[]): Promise<void> {
  const rows = await query<{ source: string; removed: boolean; chunks: number }>(
    `select source, removed_at is not null as removed,
            (select count(*)::int from chunks c where c.document_id = d.document_id) as chunks from documents d`,
  )
  const bySource = new Map(rows.map((row) => [row.source, row]))
  for (const { source, removed, chunks } of rows) expect(chunks > 0, source).toBe(!removed)
  for (const change of changes) {
    const [type = '', source = ''] = change.split(/ (.*)/)
    expect(bySource.get(source), change).toMatchObject({ removed: type === 'removed' })
  }
}
