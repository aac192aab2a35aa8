// The whole server over a small library, without a socket: `app.fetch`, and what it wrote into its log.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { embedderOf } from '../../core/embedding.ts'
import type { Embedder, Generator, Store } from '../../core/ports.ts'
import { ingest } from '../../ingest/ingest.ts'
import { openReembed } from '../../ingest/reembed.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { answerDeps } from '../../server/answer/answer.ts'
import { compareSpaces } from '../../server/answer/spaces.ts'
import { type App, type AppDeps, createApp } from '../../server/app.ts'
import type { Query } from '../../store/database.ts'
import { readSpace } from '../../models/openai-embedder.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase } from './database.ts'
import { folderOfFile } from './folder.ts'

const LIBRARY = 'main'
export const TOKEN = 'let-me-in'
export const KEY_SECRET = 'of-the-tests-and-nothing-else-9b1f'

/** Two subjects and a stranger: enough for an answer, a follow-up and a refusal. */
const articles: Readonly<Record<string, string>> = {
  'stripe.md': `---
title: How Stripe Limits Requests
url: https://example.com/stripe-limits
published_at: 2017-03-30
author: Paul Limiter
---
Stripe runs four limiters in production. Its rate limiting uses the token bucket algorithm.

## Request rate limiter

Stripe's request rate limiter holds every user to a number of requests per second. A short burst above the cap is allowed 🚦, because some spikes are legitimate.

## Load shedders

The fleet usage load shedder reserves a share of the workers for critical requests. Stripe starts shedding test traffic first when workers fall behind.
`,
  'notion.md': `# How Notion Sharded Postgres

Notion split its Postgres monolith into 480 logical shards on 32 physical databases. The partition key of every sharded table is the workspace id.

## Migration

Notion wrote to the old and the new databases at once while it copied the history. The switch took five minutes of downtime.
`,
  'bread.txt': `Baking bread at home

A loaf of bread needs flour, water, salt and yeast. The dough rests for twelve hours before it is baked.
`,
}

export type TestLibrary = { readonly store: Store; readonly embedder: Embedder; readonly folder: string }

type OpenedLibrary = TestLibrary & { readonly query: Query; readonly openNext: (name: string) => Promise<Store> }

/** Once per test file, in `beforeAll`. `query` is for what no port tells, `openNext` another library beside this one. */
export async function openTestLibrary(): Promise<OpenedLibrary> {
  const folder = join(await folderOfFile(), 'library')
  await mkdir(folder)
  for (const [name, text] of Object.entries(articles)) await writeFile(join(folder, name), text)
  const embedder = await openStaticEmbedder()
  const database = await openTestDatabase()
  const store = await openStore(database, LIBRARY, embedder)
  const openNext = async (name: string) => await openStore(database, name, embedder)
  const library = { store, embedder, folder, query: database.query, openNext }
  await learn(library, [folder])
  return library
}

export async function learn(
  { store, embedder }: TestLibrary,
  paths: readonly string[],
  library = LIBRARY,
): Promise<void> {
  const deps = { documents: store.documents, embedder, library }
  for await (const event of ingest(paths, deps, new AbortController().signal))
    if (event.type === 'failed') throw new Error(event.message)
}

export type TestApp = App & {
  /** every line of the log, as written */
  readonly lines: string[]
  readonly get: (path: string, init?: RequestInit) => Promise<Response>
  /** `body` is sent as JSON, a string as it is. */
  readonly post: (path: string, body: unknown, init?: RequestInit) => Promise<Response>
}

/** Cheap: any number of apps share one library. */
export function openTestApp({ store, embedder }: TestLibrary, changes: Partial<AppDeps> = {}): TestApp {
  const { library = LIBRARY } = changes
  const lines: string[] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  const deps: AppDeps = {
    store,
    embedder,
    sentenceEmbedder: embedder,
    generator: null,
    syncing: openSyncs({ ...store, embedder, library, silentMs: 0 }),
    reembed: openReembed({
      ...store,
      library,
      open: async (name, signal) => await embedderOf(embedder, name, signal),
      modelOf: (space) => readSpace(space)?.model ?? null,
      priceOf: () => 0,
      compare: async (questions, spaces, signal) => {
        const models = { embedder, sentenceEmbedder: embedder, generator: null }
        return await compareSpaces(
          questions,
          spaces,
          library,
          answerDeps(store, models, () => {}),
          signal,
        )
      },
    }),
    uploads: true,
    library,
    publicUrl: null,
    token: TOKEN,
    keySecret: KEY_SECRET,
    webDir: new URL('../../web/', import.meta.url).pathname,
    loopbackOnly: false,
    log: pino({ level: 'trace' }, sink),
    silentMs: 0,
    ...changes,
  }
  const app = createApp(deps)
  const get = async (path: string, init?: RequestInit) => await app.fetch(new Request(`http://test${path}`, init))
  return {
    ...app,
    lines,
    get,
    post: async (path, body, init = {}) =>
      await get(path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
        headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
      }),
  }
}

export type SlowGenerator = Generator & {
  /** performance.now() when each call gave its first words, in order */
  readonly beginnings: number[]
  /** performance.now() when each call ended, in order */
  readonly endings: number[]
}

/** Writes each delta after a pause, as a model does, and hears at once when nobody listens any more. */
export function slowGenerator(deltas: readonly string[], pauseMs: number): SlowGenerator {
  const beginnings: number[] = []
  const endings: number[] = []
  return {
    model: 'fake/slow',
    beginnings,
    endings,
    async *stream(_messages, signal) {
      try {
        for (const [at, delta] of deltas.entries()) {
          await pause(pauseMs, signal)
          if (at === 0) beginnings.push(performance.now())
          yield { type: 'text', delta }
        }
        yield { type: 'finish', reason: 'stop', inputTokens: 1, outputTokens: deltas.length }
      } finally {
        endings.push(performance.now())
      }
    },
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const leave = () => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  await promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
  })
}
