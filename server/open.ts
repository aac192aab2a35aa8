// Wiring: configuration → the parts that answer, opened in order and closed in reverse. Used by every command.
import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Config, readEnvironment } from '../core/config.ts'
import { ConfigError } from '../core/errors.ts'
import { weaknessOf } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import type { Embedder, Generator, Store } from '../core/ports.ts'
import type { Reembed } from '../core/spaces.ts'
import type { Syncing } from '../core/syncs.ts'
import { type Book, openBook } from '../ingest/book.ts'
import { openReembed } from '../ingest/reembed.ts'
import { sharedQueue, type SharedQueue } from '../ingest/shared-queue.ts'
import { openSyncs } from '../ingest/syncs.ts'
import type { WorkerDeps } from '../ingest/worker.ts'
import { openGenerator, type Patience } from '../models/generator.ts'
import { type Embedders, openEmbedders } from '../models/embedders.ts'
import { readSpace } from '../models/openai-embedder.ts'
import { openStaticEmbedder } from '../models/static.ts'
import { openEmbedded } from '../store/embedded.ts'
import type { Owner } from '../store/lock.ts'
import type { Database } from '../store/database.ts'
import { openStore, spaceOf } from '../store/open.ts'
import { openPostgres } from '../store/postgres.ts'
import { keptSecret } from '../store/secret.ts'
import { type AnswerDeps, answerDeps } from './answer/answer.ts'
import { type App, createApp } from './app.ts'
import { compareSpaces } from './answer/spaces.ts'
import { openEmbedder, pricedDocuments, priceOfSpace } from './embedder.ts'
import { createFront } from './http/front.ts'
import { isLoopback, isPublic } from './http/limits.ts'
import { type Limits, openLimits } from './limit/limits.ts'
import { ownQuotas } from './limit/rate.ts'
import type { Tracing } from './observe/traces.ts'

// The embedded store runs as superuser and can hold no wall between tenants: it serves this one library.
export const LIBRARY = 'main'

export type Opened = {
  readonly app: App
  /** The app as the network reaches it: whoever asks is found out first. */
  readonly fetch: (request: Request) => Promise<Response>
  /** null: no key can be made or tried */
  readonly keySecret: string | null
  readonly store: Store
  readonly token: string
  readonly syncing: Syncing
  readonly generator: Generator | null
  /** Takes documents from the queue, so many at once, whatever the settings say of servers. Embedded it does nothing. */
  readonly work: (atOnce: number) => Promise<void>
  /** Tells other commands where this process can be reached (embedded store only). */
  readonly announce: (url: string) => void
  readonly close: () => Promise<void>
}

/** `anyEmbedder`: also where nobody has that of the active space. */
export type Opening = Partial<Outside> & { readonly anyEmbedder?: boolean }

/** Throws ConfigError, StoreError (`store-locked`: another process holds the data directory) or ModelError. */
export async function openAll(
  config: Config,
  log: Log,
  { input = null, anyEmbedder = false, tracing = null }: Opening = {},
): Promise<Opened> {
  // The store comes first: whoever finds its directory taken is told at once.
  const opened = await openDatabase(config, log)
  const { database } = opened
  try {
    const keySecret = secretOf(config)
    const sentenceEmbedder = await openStaticEmbedder()
    const embedders = openEmbedders(sentenceEmbedder, config.provider)
    const active = await spaceOf(database, LIBRARY)
    const embedder = await openEmbedder(config, embedders, active, { log, anyEmbedder })
    const store = await openStore(database, LIBRARY, embedder)
    const report = (message: string, error: unknown) => log.error({ err: error }, message)
    return toOpened(config, log, {
      embedders,
      embedder,
      sentenceEmbedder,
      store,
      generator: generatorOf(config, store, report),
      ...opened,
      input,
      tracing,
      keySecret,
    })
  } catch (error) {
    await database.close()
    throw error
  }
}

type Parts = {
  readonly database: Database
  readonly store: Store
  readonly embedders: Embedders
  readonly embedder: Embedder
  readonly sentenceEmbedder: Embedder
  readonly generator: Generator | null
  readonly announce: (owner: Owner) => void
  /** what keys are stored with; null: there can be none */
  readonly keySecret: string | null
} & Outside

type Outside = {
  /** what somebody pipes in; null: nobody does */
  readonly input: Readable | null
  /** null: nobody is told */
  readonly tracing: Tracing | null
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

function toOpened(config: Config, log: Log, parts: Parts): Opened {
  const { store, embedder, sentenceEmbedder, generator, announce, tracing, keySecret } = parts
  const token = randomBytes(32).toString('base64url')
  const book = bookOf(config, parts)
  const report = reportTo(log)
  // The embedded store has this one process: an answer or a sync that does not run here runs nowhere.
  const alone = config.databaseUrl ? {} : { silentMs: 0 }
  const work = { ...store, ...pricedDocuments(config, store.documents), embedder, library: LIBRARY, report }
  const queue = queueOf(config, parts.database, work)
  const syncing = openSyncs({ ...work, ...alone, book, ...(queue && { queue: queue.open }) })
  tracing?.reportTo(report)
  const app = createApp({
    store,
    embedder,
    sentenceEmbedder,
    generator,
    replies: store.replies,
    ...configured(config),
    syncing,
    reembed: reembedding(config, parts, report),
    library: LIBRARY,
    token,
    keySecret,
    webDir: fileURLToPath(new URL('../web/', import.meta.url)),
    limits: limitsOf(config, store),
    tracing,
    log,
    ...alone,
  })
  const startedAt = new Date().toISOString()
  return {
    app,
    fetch: frontOf(config, parts, app, token),
    keySecret,
    store,
    syncing,
    token,
    generator,
    work: async (atOnce) => await queue?.work(atOnce),
    announce: (url) => announce({ pid: process.pid, startedAt, url, token }),
    close: async () => {
      book.close()
      await queue?.close()
      await store.close()
      await tracing?.close()
    },
  }
}

/** One app, for one library: a key of another opens nothing. */
function frontOf(config: Config, { store, keySecret: secret }: Parts, app: App, token: string): Opened['fetch'] {
  const { keys, sessions } = store
  const access = { keys, sessions, secret, token, isPublic: isPublic(config), publicUrl: config.publicUrl }
  return createFront({ ...access, nobodys: app, appOf: (library) => (library === LIBRARY ? app : null) })
}

/** One for all apps of this process: it is the process that can bear so much. */
function limitsOf({ databaseUrl, quota, sheds }: Config, store: Store): Limits {
  const probe = async () => await store.ping(new AbortController().signal)
  return openLimits({ ...quota, quotas: databaseUrl ? store.quotas : ownQuotas(), probe: sheds ? probe : null })
}

/** What of the configuration an app takes as it is. */
function configured(config: Config) {
  const { host, publicUrl, widgetOrigins, slack, uploads, unsupported, grounding, metrics, logQuestions } = config
  const isOwn = isLoopback(host) && !isPublic(config)
  return {
    publicUrl,
    widgetOrigins,
    slack,
    grounding,
    logQuestions,
    loopbackOnly: isLoopback(host),
    policy: { withholds: unsupported === 'withhold', check: null },
    metrics: metrics === 'loopback' ? (isOwn ? 'open' : 'closed') : metrics === 'on' ? 'open' : metrics,
    // On a public server a route is reached by who holds a key for it.
    uploads: uploads === 'on' || (uploads === 'loopback' && (isOwn || isPublic(config))),
  } as const
}

/** Null: there is no other process. */
function queueOf({ databaseUrl: url, workers }: Config, database: Database, work: WorkerDeps): SharedQueue | null {
  if (url === null) return null
  // Loaded on first use: most starts learn nothing new.
  const open = async () => await (await import('../store/queue.ts')).openQueue(database, { url, report: work.report })
  return sharedQueue(open, workers === 'beside', work)
}

function reportTo(log: Log) {
  return (message: string, error: unknown) => (error === null ? log.info(message) : log.error({ err: error }, message))
}

function bookOf(config: Config, { input, store: { hosts } }: Parts): Book {
  const { sources: path, sourcesIsSet: isSet, publicUrl, dataDir } = config
  const sharedTurns = config.databaseUrl ? { hosts, library: LIBRARY } : undefined
  return openBook({
    path,
    isSet,
    deps: () => ({ publicUrl, dataDir, environment: readEnvironment(), input, sharedTurns }),
  })
}

function reembedding(
  config: Config,
  { store, embedders, embedder, sentenceEmbedder }: Parts,
  report: AnswerDeps['report'],
): Reembed {
  const isSpace = (name: string) => name === sentenceEmbedder.space || readSpace(name) !== null
  return openReembed({
    ...store,
    library: LIBRARY,
    open: async (name, signal) => await (isSpace(name) ? embedders.ofSpace : embedders.ofModel)(name, signal),
    modelOf: (space) => readSpace(space)?.model ?? null,
    priceOf: (space) => priceOfSpace(config, space),
    compare: async (questions, spaces, signal) => {
      const deps = answerDeps(store, { embedder, sentenceEmbedder, generator: null }, report)
      return await compareSpaces(questions, spaces, LIBRARY, deps, signal)
    },
  })
}

/** `temperature` left out: the model's own. */
export type Manner = { readonly temperature?: number; readonly patience?: Patience }

export function generatorOf(
  { provider, budgetUsdPerDay: limitUsd }: Config,
  { spending }: Store,
  report: (message: string, error: unknown) => void,
  { patience, ...manner }: Manner = {},
): Generator | null {
  return (
    provider && openGenerator({ ...provider, ...manner }, { limitUsd, library: LIBRARY, spending, report }, patience)
  )
}

async function openDatabase(config: Config, log: Log) {
  if (config.databaseUrl) return { database: openPostgres(config.databaseUrl), announce: () => {} }
  const database = await openEmbedded(config.dataDir, (message) => log.error(message))
  if (database.restored)
    log.warn(`The database in ${config.dataDir} did not open and was restored from its last snapshot.`)
  return { database, announce: (owner: Owner) => database.announce(owner) }
}
