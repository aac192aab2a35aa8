// Wiring: configuration → the parts that answer, opened in order and closed in reverse. Used by every command.
import { randomBytes } from 'node:crypto'
import type { Config } from '../core/config.ts'
import { ConfigError } from '../core/errors.ts'
import type { Queue } from '../core/jobs.ts'
import { weaknessOf } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import type { Generator, Store } from '../core/ports.ts'
import type { Syncing } from '../core/syncs.ts'
import { within } from '../core/waiting.ts'
import { sharedQueue, type SharedQueue } from '../ingest/shared-queue.ts'
import type { WorkerDeps } from '../ingest/worker.ts'
import { openEmbedders } from '../models/embedders.ts'
import { openStaticEmbedder } from '../models/static.ts'
import { openEmbedded } from '../store/embedded.ts'
import type { Owner } from '../store/lock.ts'
import type { Database } from '../store/database.ts'
import { openPostgres } from '../store/postgres.ts'
import { quotaStore } from '../store/quotas.ts'
import { keptSecret } from '../store/secret.ts'
import type { App } from './app.ts'
import { createFront } from './http/front.ts'
import { isPublic } from './http/limits.ts'
import { openLookUps } from './http/look-ups.ts'
import { openLibraries } from './libraries.ts'
import { type Library, openLibrary, type Outside, reportTo, type Shared } from './library.ts'
import { type Limits, openLimits } from './limit/limits.ts'
import { ownQuotas } from './limit/rate.ts'

export type Opened = {
  /** of the library of the configuration */
  readonly app: App
  /** The apps as the network reaches them: whoever asks is found out first, and gets that of their library. */
  readonly fetch: (request: Request) => Promise<Response>
  /** null: no key can be made or tried */
  readonly keySecret: string | null
  readonly store: Store
  readonly token: string
  readonly syncing: Syncing
  readonly generator: Generator | null
  /** Takes documents of any library from the queue, so many at once (null: as many as are good), whatever the settings say of servers. Embedded it does nothing. */
  readonly work: (atOnce: number | null) => Promise<void>
  /** Tells other commands where this process can be reached (embedded store only). */
  readonly announce: (url: string) => void
  /** Of all libraries. */
  readonly drain: (deadlineMs: number) => Promise<void>
  /** Ends in time, closed or not: a database that hangs holds no process. */
  readonly close: () => Promise<void>
}

// The queue takes 3 s of it at most. What an embedded database has not saved by then is in its log, as after a kill.
const CLOSE_MS = 10_000

/** `anyEmbedder`: also where nobody has that of the active space. */
export type Opening = Partial<Outside> & { readonly anyEmbedder?: boolean }

/** Throws ConfigError, StoreError (`store-locked`: another process holds the data directory) or ModelError. */
export async function openAll(
  config: Config,
  log: Log,
  { input = null, anyEmbedder = false, tracing = null }: Opening = {},
): Promise<Opened> {
  // The store comes first: whoever finds its directory taken is told at once.
  const { database, announce, copy } = await openDatabase(config, log)
  try {
    const keySecret = secretOf(config)
    const sentenceEmbedder = await openStaticEmbedder()
    const embedders = openEmbedders(sentenceEmbedder, config.provider)
    const token = randomBytes(32).toString('base64url')
    const outside = { input, tracing, copy, limits: limitsOf(config, database), lookUp: openLookUps() }
    const shared = { config, log, database, embedders, sentenceEmbedder, keySecret, token, anyEmbedder, ...outside }
    tracing?.reportTo(reportTo(log))
    return await toOpened(shared, announce)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Behind the lock of the data directory. Throws ConfigError. */
function secretOf({ keySecret, databaseUrl, dataDir }: Config): string | null {
  const weakness = keySecret === null ? null : weaknessOf(keySecret)
  if (weakness !== null)
    throw new ConfigError([
      `KEY_SECRET: its value (not shown) ${weakness}. Set it to what this prints: openssl rand -base64 32`,
    ])
  return keySecret ?? (databaseUrl === null ? keptSecret(dataDir) : null)
}

async function toOpened(shared: Shared, announce: (owner: Owner) => void): Promise<Opened> {
  const { config, log, keySecret, token, database, tracing } = shared
  let queue: SharedQueue | null = null
  const own = await openLibrary(shared, config.library, (work) => {
    queue = queueOf(shared, work, async (library) => await others.of(library))
    return queue
  })
  const guests: Shared = { ...shared, config: forGuests(config) }
  const others = openLibraries(async (library) => await openLibrary(guests, library, () => queue))
  const startedAt = new Date().toISOString()
  const { app, store, syncing, generator } = own
  const closing = async () => {
    own.close()
    await others.close()
    await queue?.close()
    await database.close()
    await tracing?.close()
  }
  return {
    app,
    fetch: frontOf(shared, own, async (library) => (await others.of(library)).app),
    keySecret,
    store,
    syncing,
    token,
    generator,
    work: async (atOnce) => await queue?.work(atOnce),
    announce: (url) => announce({ pid: process.pid, startedAt, url, token }),
    drain: async (deadlineMs) => void (await Promise.all([app.drain(deadlineMs), others.drain(deadlineMs)])),
    close: async () => {
      if (!(await within(CLOSE_MS, closing())))
        log.error(
          `The database was not closed within ${CLOSE_MS / 1_000} s: it does not answer. What it has acknowledged is kept.`,
        )
    },
  }
}

/** One for all libraries of this process: it is the process that can bear so much. */
function limitsOf({ databaseUrl, quota, sheds }: Config, database: Database): Limits {
  const probe = async () => void (await database.query('select 1'))
  return openLimits({ ...quota, quotas: databaseUrl ? quotaStore(database) : ownQuotas(), probe: sheds ? probe : null })
}

/** What the server has been told of its own library is no other one's: its sources, its Slack, whom an issuer vouches for. */
function forGuests(config: Config): Config {
  return { ...config, sources: '', sourcesIsSet: false, slack: null, signOn: null }
}

/** Each library has an app of its own. The embedded store holds this one: a key of another opens nothing. */
function frontOf(
  { config, keySecret: secret, token, lookUp }: Shared,
  { app, store: { keys, sessions } }: Library,
  appOf: (library: string) => Promise<App>,
): Opened['fetch'] {
  const access = { keys, sessions, lookUp, secret, token, isPublic: isPublic(config), publicUrl: config.publicUrl }
  return createFront({
    ...access,
    nobodys: app,
    appOf: async (library) => {
      if (library === config.library) return app
      return config.databaseUrl === null ? null : await appOf(library)
    },
  })
}

/** Null: there is no other process. Jobs of other libraries are done by these. */
function queueOf(
  { config: { databaseUrl: url, workers }, database }: Shared,
  work: WorkerDeps,
  others: (library: string) => Promise<Library>,
): SharedQueue | null {
  if (url === null) return null
  const open = async (): Promise<Queue> => {
    // Loaded on first use: most starts learn nothing new.
    const queue = await (await import('../store/queue.ts')).openQueue(database, { url, report: work.report })
    return {
      ...queue,
      work: async (library, atOnce, attempt) =>
        await queue.work(library, atOnce, async (ref, signal) => {
          const its = ref.library === library ? attempt : (await others(ref.library)).attempt
          await its(ref, signal)
        }),
    }
  }
  return sharedQueue(open, workers === 'beside', work)
}

async function openDatabase(config: Config, log: Log) {
  if (config.databaseUrl) return { database: openPostgres(config.databaseUrl), announce: () => {}, copy: null }
  const database = await openEmbedded(config.dataDir, (message) => log.error(message))
  if (database.restored)
    log.warn(`The database in ${config.dataDir} did not open and was restored from its last snapshot.`)
  return { database, announce: (owner: Owner) => database.announce(owner), copy: database.copy }
}
