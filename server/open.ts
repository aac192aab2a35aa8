// Wiring: configuration → the parts that answer, opened in order and closed in reverse. Used by every command.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Config } from '../core/config.ts'
import type { Log } from '../core/log.ts'
import type { Embedder, Generator, Store } from '../core/ports.ts'
import { ingest } from '../ingest/ingest.ts'
import { openAiEmbedder } from '../models/openai-embedder.ts'
import { openAiGenerator } from '../models/openai-generator.ts'
import { withEmbedderRetries, withGeneratorRetries, withRetries } from '../models/retry.ts'
import { openStaticEmbedder } from '../models/static.ts'
import { openEmbedded } from '../store/embedded.ts'
import type { Owner } from '../store/lock.ts'
import { openStore } from '../store/open.ts'
import { openPostgres } from '../store/postgres.ts'
import { type App, createApp } from './app.ts'
import { modelCheck } from './answer/check.ts'
import { isLoopback } from './http/limits.ts'

// The embedded store runs as superuser and can hold no wall between tenants: it serves this one library.
export const LIBRARY = 'main'

export type Opened = {
  readonly app: App
  readonly store: Store
  readonly token: string
  readonly generator: Generator | null
  readonly embedder: Embedder
  /** Tells other commands where this process can be reached (embedded store only). */
  readonly announce: (url: string) => void
  readonly close: () => Promise<void>
}

/** Throws ConfigError, StoreError (`store-locked`: another process holds the data directory) or ModelError. */
export async function openAll(config: Config, log: Log): Promise<Opened> {
  // The store comes first: whoever finds its directory taken is told at once.
  const { database, announce } = await openDatabase(config, log)
  try {
    const models = await openModels(config)
    const store = await openStore(database, LIBRARY, models.embedder)
    return toOpened(config, log, { ...models, store, announce })
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
}

function toOpened(config: Config, log: Log, { store, embedder, sentenceEmbedder, generator, announce }: Parts): Opened {
  const token = randomBytes(32).toString('base64url')
  const app = createApp({
    store,
    embedder,
    sentenceEmbedder,
    generator,
    policy: {
      withholds: config.unsupported === 'withhold',
      check: generator && config.grounding === 'model' ? modelCheck(generator) : null,
    },
    ingesting: (paths, signal) => ingest(paths, { documents: store.documents, embedder, library: LIBRARY }, signal),
    library: LIBRARY,
    token,
    webDir: fileURLToPath(new URL('../web/', import.meta.url)),
    loopbackOnly: isLoopback(config.host),
    log,
    // The embedded store has this one process: an answer that does not run here runs nowhere.
    ...(config.databaseUrl ? {} : { silentMs: 0 }),
  })
  const startedAt = new Date().toISOString()
  return {
    app,
    store,
    token,
    generator,
    embedder,
    announce: (url) => announce({ pid: process.pid, startedAt, url, token }),
    close: async () => await store.close(),
  }
}

type Models = Pick<Parts, 'embedder' | 'sentenceEmbedder' | 'generator'>

async function openModels(config: Config): Promise<Models> {
  const { provider, embeddingModel } = config
  const generator = provider ? withGeneratorRetries(openAiGenerator(provider)) : null
  const sentenceEmbedder = await openStaticEmbedder()
  if (!provider || !embeddingModel) return { embedder: sentenceEmbedder, sentenceEmbedder, generator }
  // The size of a provider's vectors is known only from one: opening asks for it, and may have to ask again.
  const signal = new AbortController().signal
  const opened = await withRetries(async () => await openAiEmbedder({ ...provider, embeddingModel }), signal)
  return { embedder: withEmbedderRetries(opened), sentenceEmbedder, generator }
}

async function openDatabase(config: Config, log: Log) {
  if (config.databaseUrl) return { database: openPostgres(config.databaseUrl), announce: () => {} }
  const database = await openEmbedded(config.dataDir, (message) => log.error(message))
  if (database.restored)
    log.warn(`The database in ${config.dataDir} did not open and was restored from its last snapshot.`)
  return { database, announce: (owner: Owner) => database.announce(owner) }
}
