// The embedded database: PGlite with pgvector in a worker thread, one process, one directory, one connection.
// The same `pg` driver talks to it as to a real Postgres (docs/decisions/0002).
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { StoreError } from '../core/errors.ts'
import { type Database, toDatabase } from './database.ts'
import { LEAST_ROOM_BYTES, roomIn } from './embedded-files.ts'
import { lockDirectory, type Owner } from './lock.ts'

export type WorkerInput = { readonly dataDir: string; readonly socketPath: string }
export type WorkerMessage = { readonly type: 'snapshot' | 'close' } | { readonly type: 'copy'; readonly to: string }
export type WorkerReply =
  | { readonly type: 'ready'; readonly restored: boolean }
  | { readonly type: 'saved' | 'closed' }
  | { readonly type: 'failed'; readonly message: string }

export type EmbeddedDatabase = Database & {
  readonly announce: (owner: Owner) => void
  /** Makes a data directory of its own out of what there is now, and says where. Whoever asked removes it. */
  readonly copy: () => Promise<string>
  /** true when the directory did not open and the last snapshot was used */
  readonly restored: boolean
}

// The bound on what a power cut can take. A process that is killed loses nothing acknowledged (measured: design §6).
const SNAPSHOT_EVERY_MS = 5 * 60_000

const REOPEN_MS = 1_000

/** Whether there is a database in `dir`, live or saved; opening it would make one otherwise. */
export function holdsDatabase(dir: string): boolean {
  return ['pg', 'snapshot', 'snapshot.old'].some((name) => existsSync(join(dir, name)))
}

/**
 * Opens (or makes) the database in `dir`. Without snapshots (null) it is closed at once, for a folder that is thrown
 * away. Throws StoreError `store-locked` or `store-unavailable`.
 */
export async function openEmbedded(
  dir: string,
  warn: (message: string) => void,
  snapshotEveryMs: number | null = SNAPSHOT_EVERY_MS,
): Promise<EmbeddedDatabase> {
  const dataDir = resolve(dir)
  const lock = lockDirectory(dataDir)
  removeCopies(dataDir)
  // Not inside dataDir: a Unix socket's path may have 107 bytes at most, a data directory's any length.
  const socketDir = mkdtempSync(join(tmpdir(), 'footnote-'))
  const thread = openThread({ dataDir, socketPath: join(socketDir, '.s.PGSQL.5432') }, warn)
  const leave = async () => {
    await thread.end()
    rmSync(socketDir, { recursive: true, force: true })
    lock.release()
  }
  const ready = await nextReply(thread.worker()).catch(async (cause: unknown) => {
    await leave()
    throw doesNotOpen(dataDir, cause)
  })
  thread.keep()
  const pool = openPool(socketDir)
  const keeps = snapshotEveryMs !== null
  const timer = keeps
    ? saveEvery(snapshotEveryMs, async () => await turn(pool, thread.worker(), { type: 'snapshot' }), warn)
    : undefined
  const onClose = async () => {
    if (keeps) await ask(thread.worker(), { type: 'close' }).catch((error: unknown) => warn(snapshotFault(error)))
    await leave()
  }
  const checkRoom = async () => {
    if (roomIn(dataDir) < LEAST_ROOM_BYTES)
      throw new StoreError('store-full', `The disk of ${dataDir} is full.`, { retryable: true })
  }
  const database = toDatabase(pool, { onClose, checkRoom })
  return {
    ...database,
    close: async () => {
      clearInterval(timer)
      await database.close()
    },
    announce: lock.announce,
    copy: async () => {
      const to = mkdtempSync(join(dataDir, COPY))
      await turn(pool, thread.worker(), { type: 'copy', to })
      return to
    },
    restored: ready.type === 'ready' && ready.restored,
  }
}

const COPY = 'backing-up-'

/** Those of backups that were killed. One that is being read is locked by its reader. */
function removeCopies(dataDir: string): void {
  for (const name of readdirSync(dataDir).filter((each) => each.startsWith(COPY))) {
    const copied = join(dataDir, name)
    try {
      lockDirectory(copied).release()
    } catch {
      continue
    }
    rmSync(copied, { recursive: true, force: true })
  }
}

function openThread(input: WorkerInput, warn: (message: string) => void) {
  const begin = () => new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: input })
  let worker = begin()
  const over = new AbortController()
  // As one whose process was killed is opened, with all that was acknowledged. Until then statements fail, and say so.
  const reopen = async () => {
    for (let tries = 1; ; tries++) {
      await wait(REOPEN_MS, undefined, { ref: false })
      if (over.signal.aborted) return
      rmSync(input.socketPath, { force: true })
      worker = begin()
      try {
        await nextReply(worker)
        warn('The embedded database was opened again.')
        return keep()
      } catch (error) {
        if (tries === 1) warn(`The embedded database cannot be opened again yet: ${String(error)}`)
        await worker.terminate()
      }
    }
  }
  const keep = () => {
    // Without a listener an error of the thread would end the process.
    worker.on('error', (error) => warn(`The thread of the embedded database ended: ${String(error)}`))
    worker.once('exit', () => void reopen())
  }
  return {
    worker: () => worker,
    /** From now on another follows when it ends by itself. */
    keep,
    end: async () => {
      over.abort()
      await worker.terminate()
    },
  }
}

// One connection: PGlite has one session, and two connections' messages must not interleave in it. It is kept open:
// there is nothing to save by closing it.
function openPool(socketDir: string): pg.Pool {
  return new pg.Pool({
    host: socketDir,
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    max: 1,
    idleTimeoutMillis: 0,
  })
}

function saveEvery(ms: number, save: () => Promise<void>, warn: (message: string) => void): NodeJS.Timeout {
  let saving = false
  const timer = setInterval(() => {
    // Not one behind the other: a database that takes longer to save than the interval would do nothing else.
    if (saving) return
    saving = true
    save()
      .catch((error: unknown) => warn(snapshotFault(error)))
      .finally(() => (saving = false))
  }, ms)
  return timer.unref()
}

/** Waits for its turn on the one connection: elsewhere it would fall between two messages of a statement under way. */
async function turn(pool: pg.Pool, worker: Worker, message: WorkerMessage): Promise<void> {
  const taken = await pool.connect()
  try {
    await ask(worker, message)
  } finally {
    taken.release()
  }
}

/** One question at a time: every message of the thread is the answer to the last one. */
async function ask(worker: Worker, message: WorkerMessage): Promise<WorkerReply> {
  const reply = nextReply(worker)
  worker.postMessage(message)
  return await reply
}

async function nextReply(worker: Worker): Promise<WorkerReply> {
  // A thread that is gone has this number and will never answer.
  if (worker.threadId === -1) throw new Error('the database thread has ended')
  const settled = new AbortController()
  const ended = once(worker, 'exit', settled).then(() => {
    throw new Error('the database thread ended')
  })
  try {
    const [reply] = (await Promise.race([once(worker, 'message', settled), ended])) as [WorkerReply]
    if (reply.type === 'failed') throw new Error(reply.message)
    return reply
  } finally {
    settled.abort()
  }
}

function doesNotOpen(dataDir: string, cause: unknown): StoreError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StoreError(
    'store-unavailable',
    `The embedded database in ${dataDir} does not open: ${why}\nIf that cannot be put right, move the folder away to start anew, or set DATABASE_URL.`,
    { cause },
  )
}

function snapshotFault(error: unknown): string {
  return `The embedded database could not save its snapshot: ${error instanceof Error ? error.message : String(error)}`
}
