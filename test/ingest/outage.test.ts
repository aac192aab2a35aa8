// A database that is away for seconds in the middle of a sync.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../core/errors.ts'
import type { Embedder } from '../../core/ports.ts'
import { patient } from '../../ingest/patience.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openPostgres } from '../../store/postgres.ts'
import { openQueue } from '../../store/queue.ts'
import { openTestDatabase, postgresUrl } from '../support/database.ts'
import { openWire } from '../support/outage.ts'
import { quickQueue, startWorker } from '../support/queueing.ts'
import { never } from '../support/store-documents.ts'
import { articles, folderOf, openTestSyncs } from '../support/syncing.ts'

const OUTAGE_MS = 3_000
const away = () => new StoreError('store-unavailable', 'The database cannot be reached.', { retryable: true })

const refuse = async () => await Promise.reject<string>(away())

describe('a database that is away', () => {
  it('is asked again until it is back', async () => {
    let asked = 0
    const ask = async () => (++asked < 4 ? await Promise.reject(away()) : 'here')
    expect(await patient({ ask }, never).ask()).toBe('here')
  })

  it('for longer than a sync is believed to live ends it, with what is to be done', async () => {
    const message =
      'The database cannot be reached. It was asked again for 0.3 s: what was learned stays. Run the same again when it is back.'
    await expect(patient({ ask: refuse }, never, 300).ask()).rejects.toMatchObject({
      code: 'store-unavailable',
      message,
    })
  })

  it('is not waited for by a sync that is to end', async () => {
    await expect(patient({ ask: refuse }, AbortSignal.timeout(200)).ask()).rejects.toThrow('aborted')
  })

  it('is told from one that refuses', async () => {
    let asked = 0
    const ask = async () => {
      asked++
      return await Promise.reject(new StoreError('lease-lost', 'It does not run any more.'))
    }
    await expect(patient({ ask }, never).ask()).rejects.toMatchObject({ code: 'lease-lost' })
    expect(asked).toBe(1)
  })
})

describe.skipIf(!postgresUrl)('a sync whose connections are cut for 3 s', { timeout: 90_000 }, () => {
  it('waits and goes on, and no document is missing', async () => {
    await using database = await openTestDatabase()
    await using wire = await openWire(database.url!)
    const cuttable = openPostgres(wire.url, 4)
    const syncs = await openTestSyncs(
      { ...database, ...cuttable },
      { embedder: slowEmbedder(), tokenPrice: { usdPerMillion: 0, isProvided: true }, silentMs: 90_000 },
    )
    const learning = syncs.learn([await folderOf(articles(100))])
    learning.catch(() => null)
    await expect.poll(async () => await countOf(database), { timeout: 30_000 }).toBeGreaterThan(10)
    await wire.cut()
    await wait(OUTAGE_MS)
    await wire.mend()
    const { report, id } = await learning
    expect(await countOf(database)).toBe(100)
    // What was saved although its reply was lost is told as unchanged.
    expect(report.learned + report.unchanged).toBe(100)
    expect(report).toMatchObject({ failed: 0, changed: 0 })
    expect(await syncs.store.syncs.changes('main', id)).toHaveLength(100)
    await cuttable.close()
  })

  it('goes on with the documents that its workers have', async () => {
    await using database = await openTestDatabase()
    await using wire = await openWire(database.url!)
    const cuttable = openPostgres(wire.url, 4)
    const queue = await openQueue(cuttable, { url: wire.url, report: () => {}, ...quickQueue })
    const sharing = { open: async () => await Promise.resolve(queue), others: null }
    const syncs = await openTestSyncs({ ...database, ...cuttable }, { queue: sharing, silentMs: 90_000 })
    await startWorker(database.url!, 'one', 2)
    const files = Object.fromEntries(Object.entries(articles(30)).map(([name, text]) => [name, `${text} slow 100 ms`]))
    const learning = syncs.learn([await folderOf(files)])
    learning.catch(() => null)
    await expect.poll(async () => await countOf(database), { timeout: 30_000 }).toBeGreaterThan(3)
    await wire.cut()
    await wait(OUTAGE_MS)
    await wire.mend()
    const { report } = await learning
    expect(await countOf(database)).toBe(30)
    expect(report.learned + report.unchanged).toBe(30)
    await queue.close()
    await cuttable.close()
  })
})

async function countOf({ query }: { readonly query: Awaited<ReturnType<typeof openTestDatabase>>['query'] }) {
  const [row] = await query<{ count: number }>('select count(*)::int as count from documents')
  return row!.count
}

function slowEmbedder(): Embedder {
  const fake = fakeEmbedder()
  return {
    ...fake,
    embed: async (texts, kind, signal) => {
      await wait(150, undefined, { signal })
      return await fake.embed(texts, kind, signal)
    },
  }
}
