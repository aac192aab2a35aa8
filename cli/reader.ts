// What there is in a store, read without changing it: no migration, no library made, no embedder asked. `status` and
// `doctor` must be able to look at a store that `npm start` would refuse. One that does not open is put back to its last
// snapshot, as by every start, and that is told.
import type { Config } from '../core/config.ts'
import { StoreError } from '../core/errors.ts'
import type { JobStore } from '../core/jobs.ts'
import type { IndexReport, StoreStatus, WallReport } from '../core/reports.ts'
import { fromWire } from '../server/http/wire.ts'
import type { Database } from '../store/database.ts'
import { holdsDatabase, openEmbedded } from '../store/embedded.ts'
import { jobStore } from '../store/jobs.ts'
import { keyStore } from '../store/keys.ts'
import { type Owner, readOwner, refuseFile } from '../store/lock.ts'
import { openPostgres } from '../store/postgres.ts'
import { reportStore } from '../store/reports.ts'
import { wallsOf } from '../store/walls.ts'
import { connectTo, get } from './connect.ts'

export type Waiting = Awaited<ReturnType<JobStore['waiting']>>

export type Reader = {
  /** the server that holds the store and is asked instead; null: it is open in this process */
  readonly owner: Owner | null
  /** true when the directory did not open and the last snapshot took its place */
  readonly restored: boolean
  readonly status: (signal: AbortSignal) => Promise<StoreStatus>
  readonly index: (signal: AbortSignal) => Promise<IndexReport>
  /** processes that learn documents, and documents that wait for them; null: the store has one process */
  readonly waiting: (() => Promise<Waiting>) | null
  /** what keeps libraries apart; null: the store has one */
  readonly walls: (() => Promise<WallReport>) | null
  /** keys that hold and were made with another secret; null: whoever holds the store tells */
  readonly misfits: ((mark: string | null) => Promise<number>) | null
  readonly close: () => Promise<void>
}

/** Null: there is no store yet, the first start makes it. Throws StoreError or ConfigError. */
export async function openReader(config: Config): Promise<Reader | null> {
  // Connecting waits for the first statement: a wrong address shows there.
  const { library } = config
  if (config.databaseUrl) return readShared(openPostgres(config.databaseUrl, 1), library)
  refuseFile(config.dataDir)
  if (!holdsDatabase(config.dataDir)) return null
  try {
    const database = await openEmbedded(config.dataDir, () => {}, null)
    return readHere(database, library, database.restored)
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'store-locked')) throw error
    return readThrough(readOwner(config.dataDir), error)
  }
}

function readShared(database: Database, library: string): Reader {
  const jobs = jobStore(database)
  return {
    ...readHere(database, library, false),
    waiting: async () => await jobs.waiting(library),
    walls: async () => await wallsOf(database.owner.query),
  }
}

function readHere(database: Database, library: string, restored: boolean): Reader {
  const reports = reportStore(database.of(library))
  return {
    owner: null,
    restored,
    status: async () => await reports.status(library),
    index: async () => await reports.index(library),
    waiting: null,
    walls: null,
    misfits: async (mark) => await keyStore(database.of(library)).misfits(mark),
    close: database.close,
  }
}

function readThrough(owner: Owner | null, locked: StoreError): Reader {
  const { url, token } = owner ?? {}
  if (!owner || !url || !token) throw locked
  const connection = connectTo(url, token)
  return {
    owner,
    restored: false,
    status: async (signal) => fromWire(await get(connection, '/v1/status', signal)) as StoreStatus,
    index: async (signal) => fromWire(await get(connection, '/v1/status/index', signal)) as IndexReport,
    waiting: null,
    walls: null,
    misfits: null,
    close: async () => {},
  }
}

/** The address of a server that runs with this configuration, null when none answers. */
export async function findServer(config: Config, reader: Reader | null, signal: AbortSignal): Promise<string | null> {
  if (reader?.owner?.url) return reader.owner.url
  // An embedded store that could be opened here is served by nobody, whoever listens at that port.
  if (!config.databaseUrl) return null
  const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${config.port}`
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  const isUp = await fetch(new URL('/health', url), { signal: patience })
    .then(async (response) => ((await response.json()) as { status?: string }).status === 'ok')
    .catch(() => false)
  signal.throwIfAborted()
  return isUp ? url : null
}

// On this machine: it answers in milliseconds or not at all.
const PATIENCE_MS = 2_000
