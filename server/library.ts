// One library, opened: the parts that learn and answer for it, and see no other.
import { fileURLToPath } from 'node:url'
import type { Readable } from 'node:stream'
import { type Config, readEnvironment } from '../core/config.ts'
import type { Attempt } from '../core/jobs.ts'
import type { Log } from '../core/log.ts'
import type { Embedder, Generator, Store } from '../core/ports.ts'
import type { Reembed } from '../core/spaces.ts'
import type { Syncing } from '../core/syncs.ts'
import { isLoopback } from '../core/sites.ts'
import { type Book, openBook } from '../ingest/book.ts'
import { openReembed } from '../ingest/reembed.ts'
import type { SharedQueue } from '../ingest/shared-queue.ts'
import { openSyncs } from '../ingest/syncs.ts'
import { openAttempt, type WorkerDeps } from '../ingest/worker.ts'
import { openGenerator, type Patience } from '../models/generator.ts'
import type { Embedders } from '../models/embedders.ts'
import { readSpace } from '../models/openai-embedder.ts'
import type { Database } from '../store/database.ts'
import { openStore, spaceOf } from '../store/open.ts'
import { type AnswerDeps, answerDeps } from './answer/answer.ts'
import { compareSpaces } from './answer/spaces.ts'
import { type App, createApp } from './app.ts'
import { openEmbedder, pricedDocuments, priceOfSpace } from './embedder.ts'
import { isPublic } from './http/limits.ts'
import type { LookUp } from './http/look-ups.ts'
import type { Limits } from './limit/limits.ts'
import type { Tracing } from './observe/traces.ts'

/** What all libraries of a process have in common. */
export type Shared = {
  readonly config: Config
  readonly log: Log
  readonly database: Database
  readonly embedders: Embedders
  readonly sentenceEmbedder: Embedder
  /** what keys are stored with; null: there can be none */
  readonly keySecret: string | null
  readonly token: string
  readonly limits: Limits
  readonly lookUp: LookUp
  /** a copy of the embedded database while it is open, in a folder of its own; null: anybody may connect to it */
  readonly copy: (() => Promise<string>) | null
  /** also where nobody has the embedder of the active space */
  readonly anyEmbedder: boolean
} & Outside

export type Outside = {
  /** what somebody pipes in; null: nobody does */
  readonly input: Readable | null
  /** null: nobody is told */
  readonly tracing: Tracing | null
}

export type Library = {
  readonly app: App
  readonly store: Store
  readonly syncing: Syncing
  readonly generator: Generator | null
  /** at documents of its own that the queue hands out */
  readonly attempt: Attempt
  /** The database stays open. */
  readonly close: () => void
}

/** Migrates the database, and makes the library when it is new. Throws StoreError or ModelError. */
export async function openLibrary(
  shared: Shared,
  library: string,
  queueFor: (work: WorkerDeps) => SharedQueue | null,
): Promise<Library> {
  const { config, log, database, embedders, sentenceEmbedder, tracing } = shared
  const active = await spaceOf(database, library)
  const embedder = await openEmbedder(config, embedders, active, shared)
  const store = await openStore(database, library, embedder)
  const report = reportTo(log)
  const generator = generatorOf(config, library, store, report)
  const book = bookOf(config, library, shared, store)
  // The embedded store has this one process: an answer or a sync that does not run here runs nowhere.
  const alone = config.databaseUrl ? {} : { silentMs: 0 }
  const work = { ...store, ...pricedDocuments(config, store.documents, embedder), embedder, library, report }
  const queue = queueFor(work)
  const syncing = openSyncs({ ...work, ...alone, book, ...(queue && { queue }) })
  const models = { embedder, sentenceEmbedder, generator }
  const app = createApp({
    store,
    ...models,
    replies: store.replies,
    ...configured(config),
    syncing,
    reembed: reembedding(shared, library, { store, embedder }, report),
    library,
    limits: shared.limits,
    lookUp: shared.lookUp,
    copyStore: shared.copy,
    token: shared.token,
    keySecret: shared.keySecret,
    webDir: fileURLToPath(new URL('../web/', import.meta.url)),
    tracing,
    log,
    ...alone,
  })
  return { app, store, syncing, generator, attempt: openAttempt(work), close: () => book.close() }
}

/** What of the configuration an app takes as it is. */
function configured(config: Config) {
  const { host, publicUrl, signOn, widgetOrigins, slack, uploads, unsupported, grounding, metrics, logQuestions } =
    config
  const isOwn = isLoopback(host) && !isPublic(config)
  return {
    publicUrl,
    signOn,
    widgetOrigins,
    slack,
    grounding,
    logQuestions,
    isOwn,
    loopbackOnly: isLoopback(host) || !isPublic(config),
    policy: { withholds: unsupported === 'withhold', check: null },
    metrics: metrics === 'loopback' ? (isOwn ? 'open' : 'closed') : metrics === 'on' ? 'open' : metrics,
    // On a public server a route is reached by who holds a key for it.
    uploads: uploads === 'on' || (uploads === 'loopback' && (isOwn || isPublic(config))),
  } as const
}

export function reportTo(log: Log) {
  return (message: string, error: unknown) => (error === null ? log.info(message) : log.error({ err: error }, message))
}

function bookOf(config: Config, library: string, { input }: Shared, { hosts }: Store): Book {
  const { sources: path, sourcesIsSet: isSet, publicUrl, dataDir } = config
  const sharedTurns = config.databaseUrl ? { hosts, library } : undefined
  return openBook({
    path,
    isSet,
    deps: () => ({ publicUrl, dataDir, environment: readEnvironment(), input, sharedTurns }),
  })
}

function reembedding(
  { config, embedders, sentenceEmbedder }: Shared,
  library: string,
  { store, embedder }: { readonly store: Store; readonly embedder: Embedder },
  report: AnswerDeps['report'],
): Reembed {
  const isSpace = (name: string) => name === sentenceEmbedder.space || readSpace(name) !== null
  return openReembed({
    ...store,
    library,
    open: async (name, signal) => await (isSpace(name) ? embedders.ofSpace : embedders.ofModel)(name, signal),
    modelOf: (space) => readSpace(space)?.model ?? null,
    priceOf: (space) => priceOfSpace(config, space),
    compare: async (questions, spaces, signal) => {
      const deps = answerDeps(store, { embedder, sentenceEmbedder, generator: null }, report)
      return await compareSpaces(questions, spaces, library, deps, signal)
    },
  })
}

/** `temperature` left out: the model's own. */
export type Manner = { readonly temperature?: number; readonly patience?: Patience }

export function generatorOf(
  { provider, budgetUsdPerDay: limitUsd }: Config,
  library: string,
  { spending }: Store,
  report: (message: string, error: unknown) => void,
  { patience, ...manner }: Manner = {},
): Generator | null {
  return provider && openGenerator({ ...provider, ...manner }, { limitUsd, library, spending, report }, patience)
}
