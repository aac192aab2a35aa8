// The embedded database: PGlite with pgvector in a worker thread, one process, one directory, one connection.
// The same `pg` driver talks to it as to a real Postgres (docs/decisions/0002).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { StoreError } from '../core/errors.ts'
import { type Database, toDatabase } from './database.ts'
import { type DirectoryLock, lockDirectory, type Owner } from './lock.ts'

export type WorkerInput = { readonly dataDir: string; readonly socketPath: string }
export type WorkerMessage = { readonly type: 'snapshot' | 'close' }
export type WorkerReply =
  | { readonly type: 'ready'; readonly restored: boolean }
  | { readonly type: 'saved' | 'closed' }
  | { readonly type: 'failed'; readonly message: string }

export type EmbeddedDatabase = Database & {
  readonly announce: (owner: Owner) => void
  /** true when the directory did not open and the last snapshot was used */
  readonly restored: boolean
}

// The bound on what a power cut can take. A process that is killed loses nothing acknowledged (measured: design §6).
const SNAPSHOT_EVERY_MS = 5 * 60_000

/** Opens (or makes) the database in `dir`. Throws StoreError `store-locked` or `store-unavailable`. */
export async function openEmbedded(dir: string, warn: (message: string) => void): Promise<EmbeddedDatabase> {
  const dataDir = resolve(dir)
  const lock = lockDirectory(dataDir)
  // Not inside dataDir: a Unix socket's path may have 107 bytes at most, a data directory's any length.
  const socketDir = mkdtempSync(join(tmpdir(), 'footnote-'))
  const socketPath = join(socketDir, '.s.PGSQL.5432')
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
    workerData: { dataDir, socketPath } satisfies WorkerInput,
  })
  const started = await replyOf(worker, 'ready').catch(async (error: unknown) => {
    await worker.terminate()
    rmSync(socketDir, { recursive: true, force: true })
    lock.release()
    throw new StoreError(
      'store-unavailable',
      `The embedded database in ${dataDir} does not open. Move the folder away to start anew, or set DATABASE_URL.`,
      { cause: error },
    )
  })
  worker.on('message', (reply: WorkerReply) => {
    if (reply.type === 'failed') warn(`The embedded database could not save its snapshot: ${reply.message}`)
  })
  const timer = setInterval(() => worker.postMessage({ type: 'snapshot' } satisfies WorkerMessage), SNAPSHOT_EVERY_MS)
  timer.unref()
  // One connection: PGlite has one session, and two connections' messages must not interleave in it.
  const pool = new pg.Pool({ host: socketDir, port: 5432, user: 'postgres', database: 'postgres', max: 1 })
  const database = toDatabase(pool, async () => {
    clearInterval(timer)
    await closeWorker(worker, lock, socketDir)
  })
  return { ...database, announce: lock.announce, restored: started.type === 'ready' && started.restored }
}

async function closeWorker(worker: Worker, lock: DirectoryLock, socketDir: string): Promise<void> {
  const closed = replyOf(worker, 'closed')
  worker.postMessage({ type: 'close' } satisfies WorkerMessage)
  try {
    await closed
  } finally {
    await worker.terminate()
    rmSync(socketDir, { recursive: true, force: true })
    lock.release()
  }
}

async function replyOf(worker: Worker, type: WorkerReply['type']): Promise<WorkerReply> {
  return await new Promise((resolveReply, reject) => {
    worker.on('message', (reply: WorkerReply) => {
      if (reply.type === type) resolveReply(reply)
      if (reply.type === 'failed') reject(new Error(reply.message))
    })
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('The database thread ended.')))
  })
}
