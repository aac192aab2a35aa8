// Syncs whose documents are learned by other processes, on the Postgres of TEST_DATABASE_URL.
import { fileURLToPath } from 'node:url'
import type { Queue } from '../../core/jobs.ts'
import type { SyncsDeps } from '../../ingest/syncs.ts'
import { openQueue } from '../../store/queue.ts'
import type { TestDatabase } from './database.ts'
import { type Running, start } from './process.ts'
import { openTestSyncs, type TestSyncs } from './syncing.ts'

/** As quick as pg-boss allows. */
export const quickQueue = { heartbeatSeconds: 10, watchSeconds: 1, retryDelaySeconds: 1 }

export type QueuedSyncs = TestSyncs & AsyncDisposable & { readonly queue: Queue; readonly url: string }

/** This process gives documents out and learns none. */
export async function openQueuedSyncs(database: TestDatabase, more: Partial<SyncsDeps> = {}): Promise<QueuedSyncs> {
  const url = database.url ?? ''
  const queue = await openQueue(database, { url, report: () => {}, ...quickQueue })
  const syncs = await openTestSyncs(database, {
    queue: { open: async () => await Promise.resolve(queue), others: null },
    silentMs: 90_000,
    ...more,
  })
  return { ...syncs, queue, url, [Symbol.asyncDispose]: async () => await queue.close() }
}

const script = fileURLToPath(new URL('worker-child.ts', import.meta.url))

/** Another process that works, when it does. */
export async function startWorker(url: string, name: string, atOnce = 1): Promise<Running> {
  const running = start(script, [url, name, String(atOnce), JSON.stringify(quickQueue)], {})
  await running.says(new RegExp(`${name} works`))
  return running
}
