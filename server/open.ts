// Wiring: configuration → the parts that answer, opened in order and closed in reverse. Used by every command.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Config, readEnvironment } from '../core/config.ts'
import { ConfigError, InputError } from '../core/errors.ts'
import { weaknessOf } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import type { Embedder, Generator, Store } from '../core/ports.ts'
import type { Syncing } from '../core/syncs.ts'
import type { IngestEvent } from '../core/types.ts'
import { type Book, openBook } from '../ingest/book.ts'
import { ingest, type IngestDeps } from '../ingest/ingest.ts'
import { showIngest } from '../ingest/progress.ts'
import { openSyncs } from '../ingest/syncs.ts'
import type { TokenPrice } from '../ingest/tally.ts'
import { openGenerator, type Patience } from '../models/generator.ts'
import { openAiEmbedder } from '../models/openai-embedder.ts'
import { withEmbedderRetries, withRetries } from '../models/retry.ts'
import { openStaticEmbedder } from '../models/static.ts'
import { openEmbedded } from '../store/embedded.ts'
import type { Owner } from '../store/lock.ts'
import { openStore } from '../store/open.ts'
import { openPostgres } from '../store/postgres.ts'
import { keptSecret } from '../store/secret.ts'
import { type AnswerDeps, answerDeps } from './answer/answer.ts'
import { type App, createApp } from './app.ts'
import { modelCheck } from './answer/check.ts'
import { createFront } from './http/front.ts'
import { isLoopback, isPublic } from './http/limits.ts'

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
  /** Tells other commands where this process can be reached (embedded store only). */
  readonly announce: (url: string) => void
  readonly close: () => Promise<void>
}

/** Throws ConfigError, StoreError (`store-locked`: another process holds the data directory) or ModelError. */
export async function openAll(config: Config, log: Log, input: Readable | null = null): Promise<Opened> {
  // The store comes first: whoever finds its directory taken is told at once.
  const { database, announce } = await openDatabase(config, log)
  try {
    const keySecret = secretOf(config)
    const embedders = await openEmbedders(config)
    const store = await openStore(database, LIBRARY, embedders.embedder)
    const report = (message: string, error: unknown) => log.error({ err: error }, message)
    return toOpened(config, log, {
      ...embedders,
      store,
      generator: generatorOf(config, store, report),
      announce,
      input,
      keySecret,
    })
  } catch (error) {
    await database.close()
    throw error
  }
}

type Parts = {
  readonly store: Store
  readonly embedder: Embedder
  readonly sentenceEmbedder: Embedder
  readonly generator: Generator | null
  readonly announce: (owner: Owner) => void
  /** what somebody pipes in; null: nobody does */
  readonly input: Readable | null
  readonly keySecret: string | null
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
  const { store, embedder, sentenceEmbedder, generator, announce, keySecret } = parts
  const token = randomBytes(32).toString('base64url')
  const book = bookOf(config, parts.input)
  const report = (message: string, error: unknown) =>
    error === null ? log.info(message) : log.error({ err: error }, message)
  // The embedded store has this one process: an answer or a sync that does not run here runs nowhere.
  const alone = config.databaseUrl ? {} : { silentMs: 0 }
  const syncing = openSyncs({ ...store, ...alone, embedder, library: LIBRARY, book, report, ...pricesOf(config) })
  const app = createApp({
    store,
    embedder,
    sentenceEmbedder,
    generator,
    replies: store.replies,
    policy: {
      withholds: config.unsupported === 'withhold',
      check: generator && config.grounding === 'model' ? modelCheck(generator) : null,
    },
    syncing,
    // On a public server a route is reached by who holds a key for it.
    uploads:
      config.uploads === 'on' || (config.uploads === 'loopback' && (isLoopback(config.host) || isPublic(config))),
    library: LIBRARY,
    publicUrl: config.publicUrl,
    token,
    keySecret,
    webDir: fileURLToPath(new URL('../web/', import.meta.url)),
    loopbackOnly: isLoopback(config.host),
    widgetOrigins: config.widgetOrigins,
    slack: config.slack,
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
    announce: (url) => announce({ pid: process.pid, startedAt, url, token }),
    close: async () => {
      book.close()
      await store.close()
    },
  }
}

/** One app, for one library: a key of another opens nothing. */
function frontOf(config: Config, { store, keySecret: secret }: Parts, app: App, token: string): Opened['fetch'] {
  const { keys, sessions } = store
  const access = { keys, sessions, secret, token, isPublic: isPublic(config), publicUrl: config.publicUrl }
  return createFront({ ...access, nobodys: app, appOf: (library) => (library === LIBRARY ? app : null) })
}

function bookOf({ sources: path, sourcesIsSet: isSet, publicUrl, dataDir }: Config, input: Readable | null): Book {
  return openBook({
    path,
    isSet,
    deps: () => ({ publicUrl, dataDir, environment: readEnvironment(), input }),
  })
}

/** The built-in embedder costs nothing; one of a provider without a price costs nobody knows what. */
function pricesOf({ embeddingModel, embeddingPrice }: Config): { readonly tokenPrice?: TokenPrice } {
  return embeddingModel === null ? {} : { tokenPrice: { usdPerMillion: embeddingPrice?.inputUsd ?? null } }
}

/** `temperature` left out: the model's own. */
type Manner = { readonly temperature?: number; readonly patience?: Patience }

function generatorOf(
  { provider, budgetUsdPerDay: limitUsd }: Config,
  { spending }: Store,
  report: (message: string, error: unknown) => void,
  { patience, ...manner }: Manner = {},
): Generator | null {
  return (
    provider && openGenerator({ ...provider, ...manner }, { limitUsd, library: LIBRARY, spending, report }, patience)
  )
}

async function openEmbedders(config: Config): Promise<Pick<Parts, 'embedder' | 'sentenceEmbedder'>> {
  const { provider, embeddingModel } = config
  const sentenceEmbedder = await openStaticEmbedder()
  if (!provider || !embeddingModel) return { embedder: sentenceEmbedder, sentenceEmbedder }
  // The size of a provider's vectors is known only from one: opening asks for it, and may have to ask again.
  const signal = new AbortController().signal
  const opened = await withRetries(async () => await openAiEmbedder({ ...provider, embeddingModel }), signal)
  return { embedder: withEmbedderRetries(opened), sentenceEmbedder }
}

async function openDatabase(config: Config, log: Log) {
  if (config.databaseUrl) return { database: openPostgres(config.databaseUrl), announce: () => {} }
  const database = await openEmbedded(config.dataDir, (message) => log.error(message))
  if (database.restored)
    log.warn(`The database in ${config.dataDir} did not open and was restored from its last snapshot.`)
  return { database, announce: (owner: Owner) => database.announce(owner) }
}

type Learning = {
  /** shows no progress: for libraries of one document, of which there are hundreds */
  readonly quiet?: boolean
} & Pick<IngestDeps, 'chunkSize' | 'prepare'>

export type Offline = {
  /**
   * Learns files and folders as a library of this name, and gives what answers from it. Throws InputError when a file
   * cannot be learned, and when there is none.
   */
  readonly learn: (library: string, paths: readonly string[], how?: Learning) => Promise<AnswerDeps>
  /** All that is stored of that library. */
  readonly store: (library: string) => Promise<Store>
  /** The configured model, its budget counted in this database; null: none is configured. */
  readonly generator: (config: Config, manner: Manner) => Promise<Generator | null>
  readonly close: () => Promise<void>
}

/** The pipeline without server, model and key, to be measured: in a database that is gone afterwards, or in this one. */
export async function openOffline(
  databaseUrl: string | undefined,
  stream: NodeJS.WriteStream,
  signal = new AbortController().signal,
): Promise<Offline> {
  const embedder = await openStaticEmbedder()
  const say = (message: string) => void stream.write(`${message}\n`)
  const dir = await mkdtemp(join(tmpdir(), 'footnote-offline-'))
  const database = databaseUrl ? openPostgres(databaseUrl) : await openEmbedded(dir, say, null)
  const open = async (library: string) => await openStore(database, library, embedder)
  const report = (message: string, error: unknown) => say(`${message}: ${String(error)}`)
  return {
    store: open,
    generator: async (config, manner) => generatorOf(config, await open(LIBRARY), report, manner),
    learn: async (library, paths, { quiet = false, ...how } = {}) => {
      const store = await open(library)
      const events = ingest(paths, { documents: store.documents, embedder, library, ...how }, signal)
      const whole = expectLearned(events, paths)
      if (quiet) await Array.fromAsync(whole)
      else await showIngest(whole, { stream, interactive: stream.isTTY })
      return answerDeps(store, { embedder, sentenceEmbedder: embedder, generator: null }, report)
    },
    close: async () => {
      await database.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Hands the events on. A document that is missing would count as a wrong answer. */
async function* expectLearned(
  events: AsyncIterable<IngestEvent>,
  paths: readonly string[],
): AsyncGenerator<IngestEvent> {
  let documents = 0
  for await (const event of events) {
    if (event.type === 'failed') throw new InputError(event.code, event.message)
    if (event.type === 'learned' || event.type === 'changed' || event.type === 'unchanged') documents++
    yield event
  }
  if (documents === 0) throw new InputError('nothing-learned', `${paths.join(', ')} holds no document to learn.`)
}
