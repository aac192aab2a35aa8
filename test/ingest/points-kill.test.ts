// SIGKILL before and after every statement, embedding and file of a sync, an upload and an undo. Each document is then
// wholly as before or wholly as after, the index agrees with it, and doing the same again ends where an undisturbed run
// ends. A sample of the points; with TEST_THOROUGH=1 all of them.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Syncing } from '../../core/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import type { Database } from '../../store/database.ts'
import { openStore } from '../../store/open.ts'
import { type Act, firstUpload, openAt, perform, type Sources, syncsAt } from '../support/acts.ts'
import { behindWalls, copyOf, postgresUrl, restingDatabase } from '../support/database.ts'
import { type FixtureSite, html, openFixtureSite, page } from '../support/fixture-site.ts'
import { folderOfFile } from '../support/folder.ts'
import { changesOf, type Holdings, holdingsOf } from '../support/holdings.ts'
import { openPoints, pointedEmbedder, type When } from '../support/points.ts'
import { start } from '../support/process.ts'
import { article } from '../support/syncing.ts'
import { isThorough } from '../support/thorough.ts'

const script = fileURLToPath(new URL('../support/kill-child.ts', import.meta.url))
// A kill costs 1 s on Postgres and 4 s on the embedded database, where opening and recovering take their time.
const SAMPLED = postgresUrl ? 6 : 1
const AT_ONCE = postgresUrl ? 2 : 1
// Documents whose texts fill a batch of a provider (ingest/hands.ts): a call of the fake embedder is one document's.
const MOST_UNDER_WAY = 8

type Scene = { readonly sources: Sources; readonly at: Readonly<Record<Act, string>> }
let site: FixtureSite
let scene: Scene
beforeAll(async () => {
  site = await openFixtureSite()
  scene = await setScene(site)
}, 300_000)
afterAll(async () => await site[Symbol.asyncDispose]())

describe.each(['sync', 'upload', 'undo'] as const)('%s', (act) => {
  it(
    'that is killed at any point leaves nothing by half, and is finished by the next one',
    { timeout: 3_600_000 },
    async () => {
      const at = scene.at[act]
      const whole = await undisturbed(at, act)
      const kills = whole.points.filter((_, n) => isThorough || isSampled(n, whole.points.length))
      const repeated: number[] = []
      const failed: string[] = []
      let reached = 0
      const queue = kills.values()
      const work = async () => {
        for (const { when, point } of queue) {
          const found = await killedAt(at, act, when, point, whole).catch((error: Error) => error)
          if (found instanceof Error) {
            process.stdout.write(`${act}, killed ${when} point ${point}: ${found.message}\n`)
            failed.push(`${when} ${point}: ${found.message}`)
            continue
          }
          reached += found.isReached ? 1 : 0
          repeated.push(found.repeated)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      const most = Math.max(0, ...repeated)
      process.stdout.write(
        `${act}: ${whole.points.length / 2} points, ${reached} kills; texts of at most ${most} documents embedded twice\n`,
      )
      expect(failed).toEqual([])
      // The last points move with the order in which two statements under way at once come back.
      expect(reached).toBeGreaterThanOrEqual(kills.length - 2)
      expect(most).toBeLessThanOrEqual(MOST_UNDER_WAY)
    },
  )
})

/** Evenly, and an odd number apart, so that kills before and after a point take turns. */
function isSampled(n: number, all: number): boolean {
  const step = 2 * Math.floor(all / SAMPLED / 2) + 1
  return n % step === (step - 1) / 2
}

type Whole = {
  readonly before: Holdings
  readonly after: Holdings
  readonly changes: readonly string[]
  readonly earlier: number
  readonly points: readonly { readonly when: When; readonly point: number }[]
}

async function undisturbed(at: string, act: Act): Promise<Whole> {
  await using copy = await copyOf(at)
  const seen = async () =>
    await looking(copy.at, async (database) => {
      const [syncs] = await database.query<{ count: number }>('select count(*)::int as count from syncs')
      return {
        holdings: await holdingsOf(database.query),
        changes: await changesOf(database.query),
        syncs: syncs!.count,
      }
    })
  const before = await seen()
  const child = start(script, [await order(copy.at, act, 'before', 0)], {})
  expect(await child.ended, child.stderr()).toBe(0)
  const [, count = ''] = /^(\d+) finished$/m.exec(child.stdout()) ?? []
  const after = await seen()
  const points = Array.from({ length: Number(count) }, (_, n) => n + 1)
  return {
    before: before.holdings,
    after: after.holdings,
    changes: after.changes,
    earlier: before.syncs,
    points: points.flatMap((point) => [
      { when: 'before' as const, point },
      { when: 'after' as const, point },
    ]),
  }
}

async function killedAt(at: string, act: Act, when: When, point: number, whole: Whole) {
  const name = `${act}, killed ${when} point ${point}`
  await using copy = await copyOf(at)
  const written = await order(copy.at, act, when, point)
  const { embeds } = JSON.parse(written) as { embeds: string }
  const child = start(script, [written], {})
  const code = await child.ended
  expect(child.stderr(), name).toBe('')
  await looking(copy.at, async (database) => {
    await alone(database)
    await checkWhole(database, whole, name)
    await again(database, act, embeds, whole, name)
    const { documents, rest } = await holdingsOf(database.query)
    expect(documents, name).toEqual(whole.after.documents)
    expect(rest, name).toEqual(whole.after.rest)
    // Each change is noted once, whichever sync made it.
    expect(await changesOf(database.query), name).toEqual(whole.changes)
  })
  return { isReached: code === null, repeated: await repeatedCalls(embeds) }
}

/** What must hold at the moment of the kill. */
async function checkWhole(database: Database, { before, after, changes }: Whole, name: string): Promise<void> {
  const { documents } = await holdingsOf(database.query)
  for (const [source, held] of documents)
    expect([before.documents.get(source), after.documents.get(source)], `${source}, ${name}`).toContain(held)
  for (const source of before.documents.keys()) expect(documents.has(source), `${source}, ${name}`).toBe(true)
  const { reports } = await openStore(database, 'main', fakeEmbedder())
  const { chunks, ...index } = await reports.index('main')
  const none = { count: 0, some: [] }
  expect(index, name).toEqual({
    recordedChunks: chunks,
    withoutVector: none,
    withoutSigns: none,
    withoutWords: none,
    strayWords: 0,
    miscountedWords: 0,
    oldChunks: 0,
    emptyDocuments: none,
  })
  expect(changes, name).toEqual(expect.arrayContaining(await changesOf(database.query)))
}

/** The same once more, and how the two syncs ended. */
async function again(database: Database, act: Act, embeds: string, { earlier }: Whole, name: string): Promise<void> {
  const embedder = pointedEmbedder(fakeEmbedder(), embeds, openPoints('before', 0))
  const store = await openStore(database, 'main', embedder)
  const [running] = await store.syncs.list('main', 1)
  const { syncing, close } = syncsAt(store, embedder, scene.sources)
  const done = await Array.fromAsync(perform(syncing, act, scene.sources)).catch((error: Error) => {
    // The kill came after the last word of the undo, or of all that it had to do.
    if (act === 'undo' && error.message.includes('was undone already')) return []
    throw error
  })
  close()
  const syncs = (await store.syncs.list('main', 9)).slice(0, -earlier)
  if (done.length > 0)
    expect(syncs[0], name).toMatchObject({ state: 'finished', trigger: act === 'sync' ? 'command' : act })
  const killed = syncs.find(({ id }) => id === running?.id)
  if (running?.state === 'running') expect(killed, name).toMatchObject({ state: 'interrupted' })
  const { learned = 0, changed = 0, restored = 0, removed = 0 } = killed?.report ?? {}
  if (killed)
    expect(await store.syncs.changes('main', killed.id), name).toHaveLength(learned + changed + restored + removed)
}

/** Calls that embed what was embedded before. */
async function repeatedCalls(embeds: string): Promise<number> {
  const calls = (await readFile(embeds, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
  const seen = new Set<string>()
  return calls.filter((call) => {
    const texts = JSON.parse(call) as string[]
    const isRepeated = texts.some((text) => seen.has(text))
    for (const text of texts) seen.add(text)
    return isRepeated
  }).length
}

/** What the killed process has sent may still be under way: its connections end when the server finds out. */
async function alone({ query }: Database): Promise<void> {
  if (!postgresUrl) return
  const others = `select 1 from pg_stat_activity 
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
  await expect.poll(async () => await query(others), { timeout: 20_000 }).toEqual([])
}

async function looking<Result>(at: string, look: (database: Database) => Promise<Result>): Promise<Result> {
  const database = await openAt(at)
  try {
    return await look(behindWalls(database))
  } finally {
    await database.close()
  }
}

let orders = 0
async function order(at: string, act: Act, when: When, point: number): Promise<string> {
  const embeds = join(scene.sources.folder, `../embeds-${++orders}`)
  return JSON.stringify({ act, at, sources: scene.sources, embeds, when, point })
}

/** A library, and then: a page that changed, one that is gone, files that are new, changed, moved and gone. */
async function setScene(site: FixtureSite): Promise<Scene> {
  const root = await folderOfFile()
  const folder = join(root, 'library')
  const sources = { folder, file: join(root, 'sources.yaml'), undo: null }
  await mkdir(folder)
  const write = async (name: string, words: string) => await writeFile(join(folder, name), article(name, words))
  const put = (name: string, words: string) =>
    site.put(`/${name}`, page(html(name, `<p>What ${name} says. ${words}</p>`)))
  for (const name of ['same.md', 'changed.md', 'gone.md', 'moved.md']) await write(name, 'The first words.')
  for (const name of ['same', 'changed', 'gone']) put(name, 'The first words.')
  const naming = async (names: readonly string[]) => {
    const pages = { name: 'pages', kind: 'url', urls: names.map((name) => `${site.url}/${name}`) }
    await writeFile(sources.file, JSON.stringify({ allowHosts: [site.host], sources: [pages] }))
  }
  await naming(['same', 'changed', 'gone'])
  const sync = await restingDatabase(async (database) => {
    await acting(database, sources, async (syncing) => {
      await Array.fromAsync(perform(syncing, 'sync', sources))
      await Array.fromAsync(syncing.upload([firstUpload], new AbortController().signal))
    })
    await cite(database, join(folder, 'changed.md'))
    await cite(database, join(folder, 'gone.md'))
  })
  await write('changed.md', 'Other words.')
  await write('new.md', 'Its first words.')
  await rename(join(folder, 'moved.md'), join(folder, 'moved-here.md'))
  await rm(join(folder, 'gone.md'))
  put('changed', 'Other words.')
  // Named no more: one that is named and gone would be a failure of every later sync.
  await naming(['same', 'changed'])
  let done = ''
  const undo = await restingDatabase(async (database) => {
    await acting(database, sources, async (syncing) => {
      const [began] = await Array.fromAsync(perform(syncing, 'sync', sources))
      done = began?.type === 'began' ? began.sync : ''
    })
  }, sync)
  return { sources: { ...sources, undo: done }, at: { sync, upload: sync, undo } }
}

async function acting(database: Database, sources: Sources, act: (syncing: Syncing) => Promise<void>): Promise<void> {
  const embedder = fakeEmbedder()
  const { syncing, close } = syncsAt(await openStore(database, 'main', embedder), embedder, sources)
  await act(syncing)
  close()
}

let cited = 0
async function cite({ query }: Database, source: string): Promise<void> {
  const answer = `ans_${++cited}`
  await query(`insert into conversations (library_id, conversation_id) values ('main', $1)`, [answer])
  await query(
    `insert into answers (library_id, answer_id, conversation_id, question, mode) values ('main', $1, $1, '?', 'x')`,
    [answer],
  )
  await query(
    `insert into citations (library_id, answer_id, n, document_id, revision, quote, stale)
     select 'main', $1, $2, document_id, revision, 'The first words.', false from documents where source = $3`,
    [answer, cited, source],
  )
}
