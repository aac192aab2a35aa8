// The embedded Postgres in a thread of its own: PGlite computes on the thread it lives in, and a long query
// there would freeze every stream of the server. It speaks Postgres's own protocol on a private Unix socket.
import { closeSync, cpSync, existsSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { copy, copyToDisk, flush, LEAST_ROOM_BYTES, makeEmpty, roomIn } from './embedded-files.ts'
import type { WorkerInput, WorkerMessage, WorkerReply } from './embedded.ts'

// A worker is started with what `embedded.ts` gives it and nothing else.
const { dataDir, socketPath } = workerData as WorkerInput
const live = join(dataDir, 'pg')
const snapshot = join(dataDir, 'snapshot')
/** There once `live` has been opened whole; not while it is being made or restored. */
const opened = join(dataDir, 'opened')

// Making an empty one takes seconds, and each is like the other. The first is kept inside of the package that made it:
// another version of that makes another.
const empty = fileURLToPath(new URL('./.footnote-empty', import.meta.resolve('@electric-sql/pglite')))

// The pool has one connection. When it replaces one after an error, the old one is still leaving as the new one comes.
const MAX_CONNECTIONS = 8

try {
  const { database, restored } = await openOrRestore()
  endWithDatabase(database)
  const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: MAX_CONNECTIONS })
  await server.start()
  let saved = await position(database)
  const save = async () => {
    if ((await position(database)) === saved && lastSnapshot() !== null) return
    await saveSnapshot(database)
    // Only now: saving writes to the log itself (its checkpoint), and would find that as something new to save.
    saved = await position(database)
  }
  parentPort?.on('message', (message: WorkerMessage) => void serve(message, database, server, save))
  reply({ type: 'ready', restored })
} catch (error) {
  reply({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
}

// Errors of the system below, and of Postgres about itself: once its log could not be written, it answers every statement
// with one of these ("cannot drop active portal" is 24000; nothing of ours has a cursor).
const BROKEN = /C(?:58...|XX...|24000)\0/
// An error is short, and what is longer is not looked through.
const LONGEST_ERROR = 4_096

/**
 * A disk that is full as Postgres writes its log leaves it broken, or ends it: nobody would ever be answered again. The
 * thread ends with it, and `embedded.ts` starts another.
 */
function endWithDatabase(database: PGlite): void {
  const exec = database.execProtocolRawStream.bind(database)
  database.execProtocolRawStream = async (message, options) => {
    let isBroken = false
    const onRawData = (bytes: Uint8Array) => {
      isBroken ||= bytes.length < LONGEST_ERROR && BROKEN.test(Buffer.from(bytes).toString('latin1'))
      options.onRawData(bytes)
    }
    try {
      await exec(message, { ...options, onRawData })
    } catch {
      isBroken = true
    }
    if (isBroken) process.exit(1)
  }
}

async function serve(
  message: WorkerMessage,
  database: PGlite,
  server: PGLiteSocketServer,
  save: () => Promise<void>,
): Promise<void> {
  try {
    if (message.type === 'close') await server.stop()
    if (message.type === 'copy') await saveCopy(database, message.to)
    else await save()
    if (message.type === 'close') await database.close()
    reply({ type: message.type === 'close' ? 'closed' : 'saved' })
  } catch (error) {
    reply({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

async function openOrRestore(): Promise<{ database: PGlite; restored: boolean }> {
  const saved = lastSnapshot()
  if (existsSync(opened)) {
    try {
      // PGlite would make a new, empty database here without a word, and the next snapshot would be of that.
      if (!existsSync(join(live, 'PG_VERSION'))) throw new Error(`there is no database in ${live} any more`)
      return { database: await openLive(), restored: false }
    } catch (error) {
      // PGlite never calls fsync: a power cut can leave a directory that does not open.
      // Nor does one whose disk is full, and that holds more than its last snapshot.
      if (roomIn(dataDir) < LEAST_ROOM_BYTES) throw new Error('its disk is full', { cause: error })
      if (saved === null) throw error
    }
  }
  // Never deleted: whatever is there may be all that somebody has. A first start that was cut left half a database
  // that could even open, without some of its tables; the next start begins anew.
  rmSync(opened, { force: true })
  if (existsSync(live)) renameSync(live, `${live}.broken-${Date.now()}`)
  // In a folder of its own first: what is cut halfway must not stand where a database is looked for.
  for (const name of readdirSync(dataDir))
    if (name.startsWith('pg.making-')) rmSync(join(dataDir, name), { recursive: true, force: true })
  const making = `${live}.making-${process.pid}`
  if (saved === null) await makeEmpty(making, empty)
  else cpSync(saved, making, { recursive: true })
  renameSync(making, live)
  return { database: await openLive(), restored: saved !== null }
}

async function openLive(): Promise<PGlite> {
  const database = await PGlite.create({ dataDir: live, extensions: { vector } })
  await database.query('select 1')
  closeSync(openSync(opened, 'w'))
  return database
}

async function position(database: PGlite): Promise<string> {
  const { rows } = await database.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
  return rows[0]?.lsn ?? ''
}

/** A copy of the folder, on the disk before it takes the place of the last one. Nobody writes meanwhile: the parent
 * holds the one connection; and this thread does nothing else, so that the quicker synchronous calls hold up nobody.
 * (PGlite's own dump goes through memory whole, half a gigabyte for an empty database.) */
async function saveSnapshot(database: PGlite): Promise<void> {
  await database.exec('checkpoint')
  const copying = `${snapshot}.new`
  const last = `${snapshot}.old`
  rmSync(copying, { recursive: true, force: true })
  copyToDisk(live, copying)
  // A cut between the two renames leaves the last one under its other name, where restoring looks, too.
  if (existsSync(snapshot)) rmSync(last, { recursive: true, force: true })
  if (existsSync(snapshot)) renameSync(snapshot, last)
  renameSync(copying, snapshot)
  flush(dataDir)
  rmSync(last, { recursive: true, force: true })
}

/** As a data directory of its own, for somebody who reads it at leisure while this one is written to. */
async function saveCopy(database: PGlite, to: string): Promise<void> {
  await database.exec('checkpoint')
  copy(live, join(to, 'pg'))
  closeSync(openSync(join(to, 'opened'), 'w'))
}

function lastSnapshot(): string | null {
  return [snapshot, `${snapshot}.old`].find((folder) => existsSync(join(folder, 'PG_VERSION'))) ?? null
}

function reply(message: WorkerReply): void {
  parentPort?.postMessage(message)
}
