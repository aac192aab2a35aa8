// A sync that does not come to its end: what it says of itself is what the library holds.
import { describe, expect, it } from 'vitest'
import { ModelError } from '../../core/errors.ts'
import type { Embedder } from '../../core/ports.ts'
import type { Sync, SyncRequest } from '../../core/syncs.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { never } from '../support/store-documents.ts'
import { articles, folderOf, openTestSyncs, type TestSyncs } from '../support/syncing.ts'

const FILES = 40
const charged = { tokenPrice: { usdPerMillion: 1, isProvided: true } }

/** Cut by `cut` after the second document that is told; then the sync as the store has it. */
async function cutShort(
  { syncing, store }: TestSyncs,
  cut: (sync: string) => void | Promise<void>,
  more: Partial<SyncRequest> & { readonly signal?: AbortSignal } = {},
): Promise<Sync> {
  const { signal = never, ...request } = more
  const folder = await folderOf(articles(FILES))
  let [id, told] = ['', 0]
  try {
    for await (const event of syncing.run({ trigger: 'command', paths: [folder], ...request }, signal)) {
      if (event.type === 'began') id = event.sync
      if (event.type === 'learned' && ++told === 2) await cut(id)
    }
  } catch {
    // How it ended is what the store is asked for.
  }
  return (await store.syncs.find('main', id))!
}

/** The figures agree with each other, with the rows of the sync, and with the documents that are there. */
async function expectAgreed(sync: Sync, { store, names }: TestSyncs): Promise<void> {
  const { report, done, total } = sync
  const { learned, changed, restored, removed, unchanged, failed } = report
  expect(done).toBe(learned + changed + restored + removed + unchanged + failed)
  expect(total).toBeGreaterThanOrEqual(done)
  expect(await names()).toHaveLength(learned)
  expect(await store.syncs.changes('main', sync.id)).toHaveLength(learned + changed + restored + removed)
}

/** Fails at a text of this document, while others are under way. */
function failingAt(title: string): Embedder {
  const embedder = fakeEmbedder()
  const embed: Embedder['embed'] = async (texts, kind, signal) => {
    if (texts.some((text) => text.includes(`${title}\n`)))
      throw new ModelError('model-refused', 'The provider refused.')
    return await embedder.embed(texts, kind, signal)
  }
  return { ...embedder, embed }
}

describe('a sync that is cut short counts what it saved', () => {
  it('when it is cancelled', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database, charged)
    const sync = await cutShort(syncs, async (id) => void (await syncs.syncing.cancel(id)))
    expect(sync).toMatchObject({ state: 'cancelled', fault: null })
    expect(sync.done).toBeLessThan(FILES)
    await expectAgreed(sync, syncs)
  })

  it('when another process cancels it, which is no failure', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database, charged)
    const sync = await cutShort(syncs, async (id) => void (await syncs.store.syncs.cancel('main', id)))
    expect(sync).toMatchObject({ state: 'cancelled', fault: null })
    await expectAgreed(sync, syncs)
  })

  it('when whoever asked for it leaves', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database)
    const leaving = new AbortController()
    const sync = await cutShort(syncs, () => leaving.abort(), { signal: leaving.signal })
    expect(sync.state).toBe('cancelled')
    await expectAgreed(sync, syncs)
  })

  it('when the provider of vectors fails while others are under way', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database, { ...charged, embedder: failingAt('Article30') })
    const sync = await cutShort(syncs, () => {})
    expect(sync).toMatchObject({ state: 'failed', fault: { code: 'model-refused' } })
    await expectAgreed(sync, syncs)
  })

  it('when its process dies', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database)
    const { id } = await syncs.learn([await folderOf(articles(3))])
    await asIfKilled(database, id)
    const next = openSyncs({ ...syncs.store, embedder: fakeEmbedder(), library: 'main', silentMs: 0 })
    const sync = (await next.find(id))!
    expect(sync).toMatchObject({ state: 'interrupted', done: 3, total: 3, report: { learned: 3 } })
    await expectAgreed(sync, syncs)
  })
})

/** Its last word was before the first of its documents. */
async function asIfKilled({ query }: TestDatabase, id: string): Promise<void> {
  await query(
    `update syncs set state = 'running', ended_at = null, done = 0, total = 0, report = report || '{"learned": 0}'
     where sync_id = $1`,
    [id],
  )
}
