// The pipeline without server, model and key: for measuring.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../core/config.ts'
import { InputError } from '../core/errors.ts'
import type { Generator, Store } from '../core/ports.ts'
import type { IngestEvent } from '../core/types.ts'
import { ingest, type IngestDeps } from '../ingest/ingest.ts'
import { showIngest } from '../ingest/progress.ts'
import { openStaticEmbedder } from '../models/static.ts'
import { openEmbedded } from '../store/embedded.ts'
import { openStore } from '../store/open.ts'
import { openPostgres } from '../store/postgres.ts'
import { type AnswerDeps, answerDeps } from './answer/answer.ts'
import { generatorOf, type Manner } from './library.ts'

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
    generator: async (config, manner) =>
      generatorOf(config, config.library, await open(config.library), report, manner),
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
