// Syncs on Postgres whose process learns by itself, beside the workers that there are.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Embedder } from '../../core/ports.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openQueue } from '../../store/queue.ts'
import { openTestDatabase, postgresUrl, type TestDatabase } from '../support/database.ts'
import { openQueuedSyncs, quickQueue, startWorker } from '../support/queueing.ts'
import { never } from '../support/store-documents.ts'
import { article, articles, ended, folderOf, openTestSyncs, type TestSyncs } from '../support/syncing.ts'

describe.skipIf(!postgresUrl)('a process that learns beside workers', { timeout: 120_000 }, () => {
  it('learns everything itself while there is none, and opens no queue', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database, { queue: { open: unwanted, others: nobody }, silentMs: 90_000 })
    const { report } = await syncs.learn([await folderOf(articles(300))])
    expect(report).toMatchObject({ learned: 300, failed: 0 })
  })

  it('learns an upload itself, whoever else works', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database, { queue: { open: unwanted, others: somebody }, silentMs: 90_000 })
    const upload = { name: 'now.md', bytes: Buffer.from(article('Now')), said: {} }
    expect(ended(await Array.fromAsync(syncs.syncing.upload([upload], never))).report).toMatchObject({ learned: 1 })
  })

  it('gives workers what it has no hand free for', async () => {
    await using database = await openTestDatabase()
    await using beside = await openBeside(database)
    const worker = await startWorker(database.url!, 'one', 4)
    const { report } = await beside.learn([await folderOf(articles(60))])
    expect(report).toMatchObject({ learned: 60, failed: 0, chunks: 60, embedded: 60 })
    const embedded = [beside.embedded(), worker.stderr().match(/embeds/g)?.length ?? 0]
    expect(embedded[0]! + embedded[1]!).toBe(60)
    expect(Math.min(...embedded)).toBeGreaterThan(0)
    expect(await beside.store.jobs.waiting('main')).toEqual({ workers: 1, documents: 0 })
  })

  it('gives workers the most of a few documents, however many it could have under way itself', async () => {
    await using database = await openTestDatabase()
    await using beside = await openBeside(database, { usdPerMillion: 0, isProvided: false })
    const worker = await startWorker(database.url!, 'one', 32)
    const { report } = await beside.learn([await folderOf(articles(100))])
    expect(report).toMatchObject({ learned: 100, failed: 0 })
    expect(beside.embedded() + (worker.stderr().match(/embeds/g)?.length ?? 0)).toBe(100)
    expect(beside.embedded()).toBeLessThan(60)
  })

  it('learns what it gave to workers that are gone', async () => {
    await using database = await openTestDatabase()
    await using beside = await openBeside(database)
    const files = { ...articles(60), 'a30.md': article('Slow', 'slow 600000 ms') }
    const worker = await startWorker(database.url!, 'one', 4)
    const learning = beside.learn([await folderOf(files)])
    await worker.says(/embeds Slow/)
    worker.kill('SIGKILL')
    await worker.ended
    // As 30 s later.
    await database.query(`update workers set alive_at = now() - interval '1 minute'`)
    const { id, report } = await learning
    expect(report).toMatchObject({ learned: 60, changed: 0, failed: 0 })
    expect(await beside.store.syncs.changes('main', id)).toHaveLength(60)
  })

  it('is cancelled from another process, and says so', async () => {
    await using database = await openTestDatabase()
    await using beside = await openBeside(database)
    await using elsewhere = await openQueuedSyncs(database)
    const learning = beside.learn([await folderOf(articles(300))])
    learning.catch(() => null)
    await expect.poll(async () => await beside.store.documents.count('main'), { timeout: 30_000 }).toBeGreaterThan(0)
    const [sync] = await elsewhere.syncing.list(1)
    expect(await elsewhere.syncing.cancel(sync!.id)).toBe(true)
    const changes = await beside.store.syncs.changes('main', sync!.id)
    await expect(learning).rejects.toMatchObject({ code: 'cancelled' })
    expect(await beside.store.syncs.changes('main', sync!.id)).toEqual(changes)
    expect(await elsewhere.syncing.find(sync!.id)).toMatchObject({ state: 'cancelled' })
  })

  it('saves nothing once its sync was taken for dead', async () => {
    await using database = await openTestDatabase()
    await using beside = await openBeside(database)
    const learning = beside.learn([await folderOf(articles(300))])
    learning.catch(() => null)
    await expect.poll(async () => await beside.store.documents.count('main'), { timeout: 30_000 }).toBeGreaterThan(0)
    await beside.store.syncs.closeDead('main', [], 0)
    const count = await beside.store.documents.count('main')
    await expect(learning).rejects.toMatchObject({
      code: 'taken-for-dead',
      message: expect.stringContaining('run it again'),
    })
    expect(count).toBeLessThan(300)
    expect(await beside.store.documents.count('main')).toBe(count)
    expect((await beside.store.syncs.list('main', 1))[0]).toMatchObject({ state: 'interrupted' })
  })
})

const unwanted = async () => await Promise.reject(new Error('Nobody asked for the queue.'))
const nobody = async () => await Promise.resolve(false)
const somebody = async () => await Promise.resolve(true)

/** As many documents at once as where a provider makes vectors, or as where none does; each takes 100 ms. */
async function openBeside(
  database: TestDatabase,
  tokenPrice = { usdPerMillion: 0, isProvided: true },
): Promise<TestSyncs & AsyncDisposable & { readonly embedded: () => number }> {
  const fake = fakeEmbedder()
  let embedded = 0
  const embedder: Embedder = {
    ...fake,
    embed: async (texts, kind, signal) => {
      embedded += texts.length
      await wait(100, undefined, { signal })
      return await fake.embed(texts, kind, signal)
    },
  }
  const queue = await openQueue(database, { url: database.url!, report: () => {}, ...quickQueue })
  const jobs = (await openTestSyncs(database)).store.jobs
  const syncs = await openTestSyncs(database, {
    embedder,
    tokenPrice,
    silentMs: 90_000,
    queue: {
      open: async () => await Promise.resolve(queue),
      others: async () => (await jobs.waiting('main')).workers > 0,
    },
  })
  return { ...syncs, embedded: () => embedded, [Symbol.asyncDispose]: async () => await queue.close() }
}
