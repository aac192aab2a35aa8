// npm run bench ingest: generated markdown is learned into a new database as npm run ingest does it, beside workers where
// they are asked for, and what that costs is said by process and by step.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { readConfig } from '../../core/config.ts'
import { InputError } from '../../core/errors.ts'
import { openLog } from '../../core/log.ts'
import type { Embedder } from '../../core/ports.ts'
import { termWeights } from '../../core/terms.ts'
import type { Chunk } from '../../core/types.ts'
import { chunk } from '../../ingest/chunk.ts'
import { parse } from '../../ingest/parse/parse.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { readStaticTable } from '../../models/static-table.ts'
import { MAIN_LIBRARY as LIBRARY } from '../../core/settings.ts'
import { openAll } from '../../server/open.ts'
import { benchIngest, type Costs, linesOf } from './ingest.ts'
import { LARGEST_BYTES, SMALLEST_BYTES, vocabularyOf } from './markdown.ts'
import { familySeconds, mostBytesOf, parentOf } from './processors.ts'
import { startWorker, type Worker } from './workers.ts'

type IngestOptions = {
  readonly database?: string | undefined
  readonly workers?: string | undefined
  readonly json?: boolean | undefined
}

/** `machine`: in words. */
export async function measureIngest(bytes: number, options: IngestOptions, machine: string): Promise<void> {
  const { database, json = false } = options
  const count = workersOf(options)
  const embedder = await openStaticEmbedder()
  const { words } = await readStaticTable(new URL('../../models/static/model.bin', import.meta.url))
  const vocabulary = vocabularyOf(words.keys())
  const dataDir = await mkdtemp(join(tmpdir(), 'footnote-bench-data-'))
  const config = readConfig({ DATA_DIR: dataDir, ...(database && { DATABASE_URL: database }) })
  const opened = await openAll(config, openLog('silent'))
  const workers: Worker[] = []
  try {
    const { search } = opened.store
    if ((await search.state(LIBRARY)).chunks > 0)
      throw new InputError('bad-database', 'The database holds a library already: give a new one.')
    for (let n = 0; n < count; n++) workers.push(await startWorker(database ?? ''))
    const signal = new AbortController().signal
    const figures = await benchIngest({
      bytes,
      vocabulary,
      learn: (folder) => opened.syncing.run({ trigger: 'command', paths: [folder] }, signal),
      costs: async (texts) => await stepCosts(texts, embedder, signal),
      cpu: cpuMeter(database ? await postmasterOf(database) : null, workers),
      say: (line) => void process.stderr.write(`${line}\n`),
    })
    const workerBytes = await Promise.all(workers.map(async ({ pid }) => await mostBytesOf(pid)))
    if (json) return print(JSON.stringify({ machine, vocabulary: vocabulary.length, ...figures, workerBytes }))
    const { length } = vocabulary
    print(`${machine}; articles of ${SMALLEST_BYTES / 1000} to ${LARGEST_BYTES / 1000} kB, ${length} words by Zipf`)
    for (const line of linesOf(figures)) print(line)
    for (const most of workerBytes) print(`  a worker  at most ${(most / 1e6).toFixed(0)} MB`)
  } finally {
    for (const worker of workers) await worker.stop()
    await opened.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

function workersOf({ database, workers = '0' }: IngestOptions): number {
  const count = Number(workers)
  if (!Number.isInteger(count) || count < 0) throw new InputError('bad-workers', `--workers: ${workers} is no number.`)
  if (count > 0 && !database) throw new InputError('bad-workers', '--workers: only a --database has workers.')
  return count
}

export function bytesOf(size: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)(kB|MB|GB)$/.exec(size) ?? []
  if (count === undefined) throw new InputError('bad-size', `--size: ${size} is not like 64MB: write kB, MB or GB.`)
  return Number(count) * { kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'kB' | 'MB' | 'GB']
}

/** One step after the other over all texts, so that each is long enough to be measured. */
async function stepCosts(texts: readonly string[], embedder: Embedder, signal: AbortSignal): Promise<Costs> {
  const mb = texts.reduce((sum, text) => sum + text.length, 0) / 1e6
  const costs: Record<string, number> = {}
  const step = async <From, To>(name: string, all: readonly From[], work: (each: From) => Promise<To> | To) => {
    const began = process.cpuUsage()
    const made: To[] = []
    for (const each of all) made.push(await work(each))
    const { user, system } = process.cpuUsage(began)
    costs[name] = (user + system) / 1e6 / mb
    return made
  }
  const parsed = await step('parse', texts, async (text) => await parse('article.md', Buffer.from(text), signal))
  const chunked = await step('chunk', parsed, async (each) => await chunk(each))
  await step('embed', chunked, async (chunks) => await embedder.embed(chunks.map(passage), 'document', signal))
  await step('terms', chunked, (chunks) => chunks.map(({ headings, text }) => termWeights(headings, text)))
  return costs
}

function passage({ headings, text }: Chunk): string {
  return `${headings.join('\n')}\n${text}`
}

/** The process that all others of a server on this machine come from; null: it is on another one. */
async function postmasterOf(connectionString: string): Promise<number | null> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return await parentOf(rows[0]?.pid ?? 0)
  } finally {
    await client.end()
  }
}

function cpuMeter(postmaster: number | null, workers: readonly Worker[]): () => Promise<Costs> {
  return async () => {
    const { user, system } = process.cpuUsage()
    const postgres = postmaster === null ? null : await familySeconds(postmaster)
    const others = await Promise.all(workers.map(async ({ pid }) => (await familySeconds(pid)) ?? 0))
    return {
      'this process': (user + system) / 1e6,
      ...(others.length > 0 && { workers: others.reduce((sum, each) => sum + each, 0) }),
      ...(postgres !== null && { Postgres: postgres }),
    }
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
