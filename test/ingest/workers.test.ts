// Documents of one sync learned by several processes, which are paused, killed and stopped at bad moments.
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Store } from '../../core/ports.ts'
import { openTestDatabase, postgresUrl, type TestDatabase } from '../support/database.ts'
import { start } from '../support/process.ts'
import { openQueuedSyncs, startWorker } from '../support/queueing.ts'
import { never } from '../support/store-documents.ts'
import { article, articles, ended, folderOf } from '../support/syncing.ts'

// Starting a worker takes 3 s on two busy cores.
const PATIENCE_MS = 120_000

const coordinator = fileURLToPath(new URL('../support/coordinator-child.ts', import.meta.url))

describe.skipIf(!postgresUrl)('workers on Postgres', { timeout: PATIENCE_MS }, () => {
  it('share one sync', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database)
    const workers = [await startWorker(syncs.url, 'one'), await startWorker(syncs.url, 'two')]
    const { report } = await syncs.learn([await folderOf(slowArticles(12, 100))])
    expect(report).toMatchObject({ learned: 12, failed: 0, chunks: 12, embedded: 12 })
    const embedded = workers.map(({ stderr }) => embeddedBy(stderr()))
    expect(embedded[0]! + embedded[1]!).toBe(12)
    expect(Math.min(...embedded)).toBeGreaterThan(0)
    expect(await syncs.queue.waiting('main')).toEqual({ workers: 2, documents: 0 })
    await expectWhole(syncs.store, 12)
  })

  it('cannot write after another one took over', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database)
    const paused = await startWorker(syncs.url, 'paused')
    const learning = syncs.learn([await folderOf({ 'a.md': article('A', 'saved slowly, in 3000 ms') })])
    await paused.says(/saves/)
    paused.kill('SIGSTOP')
    await tenSecondsLater(database)
    const other = await startWorker(syncs.url, 'other')
    await other.says(/saves/)
    // Now both are sure that it is theirs, and about to write.
    paused.kill('SIGCONT')
    await paused.says(/is not written: another process has it/)
    const { id, report } = await learning
    expect(report).toMatchObject({ learned: 1, changed: 0, failed: 0, chunks: 1 })
    expect(await syncs.store.syncs.changes('main', id)).toHaveLength(1)
    await expectWhole(syncs.store, 1)
  })

  it('that are killed lose their documents to others', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database)
    const killed = await startWorker(syncs.url, 'killed', 2)
    const learning = syncs.learn([await folderOf(slowArticles(6, 1_000))])
    await killed.says(/embeds[^]*embeds/)
    killed.kill('SIGKILL')
    await killed.ended
    await tenSecondsLater(database)
    await startWorker(syncs.url, 'other', 2)
    const { id, report } = await learning
    expect(report).toMatchObject({ learned: 6, changed: 0, failed: 0 })
    expect(await syncs.store.syncs.changes('main', id)).toHaveLength(6)
    await expectWhole(syncs.store, 6)
  })

  it('give back what they have not finished when they are told to stop', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database)
    const stopped = await startWorker(syncs.url, 'stopped')
    const learning = syncs.learn([await folderOf(slowArticles(2, 4_000))])
    await stopped.says(/embeds/)
    const told = performance.now()
    stopped.kill('SIGTERM')
    expect(await stopped.ended).toBe(0)
    expect(performance.now() - told).toBeLessThan(9_000)
    const other = await startWorker(syncs.url, 'other')
    // Sooner than it would be missed, and no attempt is counted.
    await other.says(/embeds/)
    expect((await learning).report).toMatchObject({ learned: 2, failed: 0 })
    await expectWhole(syncs.store, 2)
  })

  it('try what failed again, later each time, and give it up with its name and the reason', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database)
    // Taken together, and only one of them again.
    const worker = await startWorker(syncs.url, 'one', 32)
    const folder = await folderOf({ 'bad.md': article('Bad', 'poison'), ...articles(12) })
    const learning = syncs.learn([folder])
    const delays = await hastened(database, learning)
    const { report, events } = await learning
    expect(report).toMatchObject({ learned: 12, failed: 1 })
    expect(embeddedBy(worker.stderr())).toBe(12 + 5)
    expect(events.find(({ type }) => type === 'failed')).toMatchObject({
      code: 'given-up',
      message: `${folder}/bad.md was tried 5 times: the vectors came out as NaN`,
    })
    expect(worker.stderr().match(/attempt \d/g)).toEqual([1, 2, 3, 4, 5].map((n) => `attempt ${n}`))
    // From 1, 2, 4 and 8 s to twice as much; up to a second passes until they are seen here.
    expect(delays).toHaveLength(4)
    for (const [n, seconds] of delays.entries()) {
      expect(seconds).toBeGreaterThan(2 ** n - 1)
      expect(seconds).toBeLessThanOrEqual(2 ** (n + 1))
    }
    await expectWhole(syncs.store, 12)
  })

  it('learn an upload before what a crawl left waiting', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database)
    const worker = await startWorker(syncs.url, 'one')
    const leaving = new AbortController()
    const folder = await folderOf(slowArticles(40, 500))
    const crawl = Array.fromAsync(syncs.syncing.run({ trigger: 'schedule', paths: [folder] }, leaving.signal))
    crawl.catch(() => null)
    await worker.says(/embeds/)
    const upload = { name: 'now.md', bytes: Buffer.from(article('Now')), said: {} }
    const { report } = ended(await Array.fromAsync(syncs.syncing.upload([upload], never)))
    expect(report).toMatchObject({ learned: 1 })
    expect(embeddedBy(worker.stderr())).toBeLessThan(20)
    leaving.abort()
    await expect(crawl).rejects.toThrow()
  })
})

describe.skipIf(!postgresUrl)('a sync on Postgres', { timeout: PATIENCE_MS }, () => {
  it('whose process was killed is finished by the next one, and nothing is learned twice', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database, { silentMs: 2_500 })
    await startWorker(syncs.url, 'one', 2)
    const folder = await folderOf(slowArticles(12, 300))
    const killed = start(coordinator, [syncs.url, folder], {})
    await killed.says(/learned[^]*learned/)
    killed.kill('SIGKILL')
    await killed.ended
    await wait(3_000)
    const { id, report } = await syncs.learn([folder])
    const all = await syncs.store.syncs.list('main', 10)
    expect(all.map(({ state }) => state)).toEqual(['finished', 'interrupted'])
    const before = await syncs.store.syncs.changes('main', all[1]!.id)
    const after = await syncs.store.syncs.changes('main', id)
    expect(report.learned).toBe(after.length)
    expect([...before, ...after].map(({ source }) => source).sort()).toEqual(
      Object.keys(slowArticles(12, 300))
        .map((name) => `${folder}/${name}`)
        .sort(),
    )
    await expectWhole(syncs.store, 12)
  })

  it('is cancelled from another process, and its workers write no more', async () => {
    await using database = await openTestDatabase()
    await using syncs = await openQueuedSyncs(database)
    await using elsewhere = await openQueuedSyncs(database)
    const worker = await startWorker(syncs.url, 'one')
    const learning = syncs.learn([await folderOf(slowArticles(20, 1_000))])
    learning.catch(() => null)
    await worker.says(/embeds/)
    const [sync] = await elsewhere.syncing.list(1)
    expect(await elsewhere.syncing.cancel(sync!.id)).toBe(true)
    const changes = await syncs.store.syncs.changes('main', sync!.id)
    await expect(learning).rejects.toMatchObject({ code: 'cancelled' })
    await worker.says(/another process has it, or its sync is over/)
    expect(await syncs.store.syncs.changes('main', sync!.id)).toEqual(changes)
    expect(await elsewhere.syncing.find(sync!.id)).toMatchObject({ state: 'cancelled' })
    expect(await elsewhere.syncing.cancel(sync!.id)).toBe(false)
  })
})

/** Whoever has a job and has said nothing since is missed: pg-boss allows no shorter silence. */
async function tenSecondsLater({ query }: TestDatabase): Promise<void> {
  await query(`update pgboss.job set heartbeat_on = heartbeat_on - interval '10 s' where state = 'active'`)
}

/** Meanwhile what is to be tried again is tried at once. How many seconds each would have waited. */
async function hastened({ query }: TestDatabase, learning: Promise<unknown>): Promise<number[]> {
  const delays: number[] = []
  const isOver = learning.then(
    () => true,
    () => true,
  )
  while (!(await Promise.race([isOver, wait(50, false)]))) {
    const found = await query<{ seconds: number }>(
      `with late as (select name, id, start_after - now() as delay from pgboss.job where state = 'retry' and start_after > now())
       update pgboss.job as job set start_after = now() from late where job.name = late.name and job.id = late.id
       returning extract(epoch from late.delay)::float as seconds`,
    )
    delays.push(...found.map(({ seconds }) => seconds))
  }
  return delays
}

/** So many articles that each take so long to embed. */
function slowArticles(count: number, ms: number): Record<string, string> {
  const names = Array.from({ length: count }, (_, n) => `a${n}.md`)
  return Object.fromEntries(names.map((name) => [name, article(`Article ${name}`, `slow ${ms} ms`)]))
}

function embeddedBy(said: string): number {
  return said.match(/embeds/g)?.length ?? 0
}

/** So many documents, each of one chunk, and an index in which everything agrees. */
async function expectWhole({ reports, documents }: Store, count: number): Promise<void> {
  expect(await documents.count('main')).toBe(count)
  expect(await reports.index('main')).toMatchObject({
    chunks: count,
    recordedChunks: count,
    withoutVector: { count: 0 },
    withoutWords: { count: 0 },
    strayWords: 0,
    miscountedWords: 0,
    emptyDocuments: { count: 0 },
    oldChunks: 0,
  })
}
