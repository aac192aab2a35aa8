// Syncs over HTTP: what they did, how far they are, and how to stop one.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Embedder } from '../../../core/ports.ts'
import type { IngestEvent } from '../../../core/types.ts'
import { openSyncs } from '../../../ingest/syncs.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary, TOKEN } from '../../support/app.ts'
import { article, articles, folderOf } from '../../support/syncing.ts'
import { readJson } from '../../support/wire.ts'

type WireSync = {
  id: string
  trigger: string
  state: string
  roots: string[]
  total: number
  done: number
  report: Record<string, number>
  ended_at: string | null
  fault: { code: string } | null
}
type Detail = WireSync & {
  outcomes: { type: string; source: string; document: string | null; code: string | null }[]
  failures: { code: string; sources: { source: string; message: string }[] }[]
}

const headers = { authorization: `Bearer ${TOKEN}` }
let library: TestLibrary
let app: TestApp

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library)
})

afterAll(async () => await app.drain(1_000))

async function learn(paths: readonly string[], more: object = {}, on = app): Promise<IngestEvent[]> {
  const text = await (await on.post('/v1/ingest', { paths, ...more }, { headers })).text()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as IngestEvent)
}

function idOf([began]: readonly IngestEvent[]): string {
  return began?.type === 'began' ? began.sync : ''
}

const syncs = async (query = '') =>
  await readJson<{ syncs: WireSync[]; next: string | null }>(await app.get(`/v1/syncs${query}`))

describe('a sync', () => {
  it('tells what it did to each source, and which failed for the same reason', async () => {
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': '', 'c.md': ' ', 'd.md': '', 'e.png': 'x' })
    const events = await learn([folder])
    const detail = await readJson<Detail>(await app.get(`/v1/syncs/${idOf(events)}`))
    expect(detail).toMatchObject({
      trigger: 'command',
      state: 'finished',
      roots: [folder],
      total: 4,
      done: 4,
      report: { learned: 1, failed: 3, skipped: 1 },
      fault: null,
    })
    expect(detail.ended_at).toMatch(/^20\d\d-/)
    expect(detail.outcomes.map(({ type, source }) => `${type} ${source.slice(folder.length + 1)}`).sort()).toEqual([
      'failed b.md',
      'failed c.md',
      'failed d.md',
      'learned a.md',
      'skipped e.png',
    ])
    expect(detail.outcomes.find(({ type }) => type === 'learned')?.document).toMatch(/^doc_/)
    const empty = detail.failures.find(({ code }) => code === 'empty-file')
    expect(empty?.sources.map(({ source }) => source)).toEqual([join(folder, 'b.md'), join(folder, 'd.md')])
    expect(empty?.sources[0]?.message).toContain('b.md is empty')
  })

  it('stands in the list by pages, the newest first', async () => {
    const folder = await folderOf({ 'a.md': article('Alpha') })
    const ids = [idOf(await learn([folder])), idOf(await learn([folder]))]
    const first = await syncs('?limit=1')
    expect(first.syncs.map(({ id }) => id)).toEqual([ids[1]])
    expect(first.next).toBe(ids[1])
    expect((await syncs(`?limit=1&after=${first.next}`)).syncs.map(({ id }) => id)).toEqual([ids[0]])
  })

  it('that ended is told as one event', async () => {
    const id = idOf(await learn([await folderOf({ 'a.md': article('Alpha') })]))
    const text = await (await app.get(`/v1/syncs/${id}/events`)).text()
    expect(text).toMatch(/^id: 1\nevent: ended\ndata: \{.*"state":"finished"/)
  })

  it('that runs is followed and cancelled, keeps what it learned, and the next one goes on', async () => {
    const held = Promise.withResolvers<void>()
    let embedded = 0
    const slow: Embedder = {
      ...library.embedder,
      embed: async (texts, kind, signal) => {
        // Two are learned, the third waits until the sync is stopped.
        if (++embedded > 2) await Promise.race([held.promise, rejected(signal)])
        return await library.embedder.embed(texts, kind, signal)
      },
    }
    const own = openTestApp(
      { ...library, embedder: slow },
      { syncing: openSyncs({ ...library.store, embedder: slow, library: 'main', silentMs: 0 }) },
    )
    const folder = await folderOf(articles(5))
    const learning = learn([folder], {}, own)
    const state = async () => await readJson<{ running: string | null }>(await own.get('/v1/library'))
    let running: string | null = null
    while (running === null) {
      await wait(5)
      ;({ running } = await state())
    }
    const followed = (await own.get(`/v1/syncs/${running}/events`)).text()
    let sync: WireSync
    do {
      await wait(5)
      sync = await readJson<WireSync>(await own.get(`/v1/syncs/${running}`))
    } while (sync.done < 2)
    expect(sync).toMatchObject({ state: 'running', total: 5, done: 2, report: { learned: 2 } })
    const answer = await own.post(`/v1/syncs/${running}/cancel`, {}, { headers })
    expect(await readJson(answer)).toEqual({ id: running, cancelled: true })
    expect((await learning).at(-1)).toMatchObject({ type: 'error', code: 'cancelled' })
    const names = Array.from((await followed).matchAll(/^event: (\w+)$/gm), ([, name]) => name)
    expect(names.length).toBeGreaterThan(1)
    expect(names.slice(0, -1).every((name) => name === 'progress')).toBe(true)
    expect(names.at(-1)).toBe('ended')
    expect(await readJson(await own.get(`/v1/syncs/${running}`))).toMatchObject({ state: 'cancelled', done: 2 })
    held.resolve()
    expect((await learn([folder], {}, own)).at(-1)).toMatchObject({ report: { learned: 3, unchanged: 2 } })
  })

  it('whose process died is interrupted, with what it had done', async () => {
    await library.store.syncs.begin('main', { id: 'syn_dead', trigger: 'start', roots: ['library'] })
    const [document] = await library.store.documents.list('main', 1)
    await library.store.documents.remove('main', document!.id, document!.revision, 'syn_dead')
    const found = await readJson<WireSync>(await app.get('/v1/syncs/syn_dead'))
    expect(found).toMatchObject({ state: 'interrupted', report: { removed: 1 } })
    expect(found.ended_at).not.toBeNull()
  })

  it('of another process runs as long as it says so, and hears that it is to end', async () => {
    const patient = openTestApp(library, {
      syncing: openSyncs({ ...library.store, embedder: library.embedder, library: 'main' }),
    })
    await library.store.syncs.begin('main', { id: 'syn_elsewhere', trigger: 'schedule', roots: [] })
    expect(await readJson(await patient.get('/v1/syncs/syn_elsewhere'))).toMatchObject({ state: 'running' })
    const response = await patient.post('/v1/syncs/syn_elsewhere/cancel', {}, { headers })
    expect(await readJson(response)).toMatchObject({ cancelled: true })
    const { report } = (await library.store.syncs.find('main', 'syn_elsewhere'))!
    const progress = { total: 0, done: 0, reading: null, report }
    expect(await library.store.syncs.renew('main', 'syn_elsewhere', progress)).toBe('to-cancel')
  })
})

describe('the state of the library', () => {
  it('names the sources that cannot be learned, until they can or are gone', async () => {
    const folder = await folderOf({ 'a.md': article('Alpha'), 'bad.md': '', 'worse.md': '' })
    const failures = async () => {
      const { failures } = await readJson<{ failures: { source: string; code: string }[] }>(
        await app.get('/v1/library'),
      )
      return failures.filter(({ source }) => source.startsWith(folder)).map(({ source }) => source)
    }
    await learn([folder])
    expect(await failures()).toEqual([join(folder, 'bad.md'), join(folder, 'worse.md')])
    await learn([await folderOf({ 'b.md': article('Beta') })])
    expect(await failures()).toHaveLength(2)
    await writeFile(join(folder, 'bad.md'), article('Better'))
    await rm(join(folder, 'worse.md'))
    await learn([folder])
    expect(await failures()).toEqual([])
  })

  it('counts what can be asked about, and tells of the last sync', async () => {
    const folder = await folderOf({ 'a.md': article('Alpha') })
    const events = await learn([folder])
    const state = await readJson<{ documents: number; chunks: number }>(await app.get('/v1/library'))
    expect(state).toMatchObject({
      library: 'main',
      model: null,
      uploads: true,
      running: null,
      last_sync: { id: idOf(events), trigger: 'command', state: 'finished', report: { learned: 1 } },
    })
    const { chunks } = await library.store.search.state('main')
    expect(state).toMatchObject({ documents: await library.store.documents.count('main'), chunks })
  })
})

describe('stopped by its guard, an ingest', () => {
  it('says why in its last line, and goes on with allow_deletes', async () => {
    const folder = await folderOf(articles(3))
    await learn([folder])
    for (const n of [1, 2, 3]) await rm(join(folder, `a${n}.md`))
    await writeFile(join(folder, 'new.md'), article('New'))
    expect((await learn([folder])).at(-1)).toMatchObject({ type: 'error', code: 'too-many-removals' })
    expect(app.lines.join('')).not.toContain('ingest failed')
    const report = (await learn([folder], { allow_deletes: true })).at(-1)
    expect(report).toMatchObject({ report: { removed: 3, learned: 1 } })
    const undone = await app.post('/v1/syncs/last/undo', {}, { headers })
    expect(await undone.text()).toMatch(/"removed":1.*\n$/)
  })
})

async function rejected(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    if (signal.aborted) reject(signal.reason as Error)
  })
}
