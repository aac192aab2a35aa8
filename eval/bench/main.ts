// npm run bench: how fast documents are learned, searched and answered, on the embedded database or a real Postgres.
// npm run bench ingest: how fast generated markdown is learned.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { AppError, InputError } from '../../core/errors.ts'
import { openLog } from '../../core/log.ts'
import type { Embedder, Store } from '../../core/ports.ts'
import { termWeights } from '../../core/terms.ts'
import type { Chunk } from '../../core/types.ts'
import { chunk } from '../../ingest/chunk.ts'
import { parse } from '../../ingest/parse/parse.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { openGenerator } from '../../models/generator.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { readStaticTable } from '../../models/static-table.ts'
import { type AnswerDeps, answer, newAnswerId } from '../../server/answer/answer.ts'
import { search } from '../../server/answer/search.ts'
import { createApp } from '../../server/app.ts'
import { type Offline, openOffline } from '../../server/open.ts'
import { exitCodeOf } from '../exit.ts'
import { quantile } from '../stats.ts'
import { readLibrary, writeCopy } from './enlarge.ts'
import { benchIngest, type Costs, linesOf } from './ingest.ts'
import { LARGEST_BYTES, SMALLEST_BYTES, vocabularyOf } from './markdown.ts'
import { familySeconds, parentOf } from './processors.ts'
import { compareFirstText, openEagerProvider } from './provider.ts'

const usage = `npm run bench -- [--library <folder>] [--questions <file.jsonl>] [--chunks <number>]
                 [--database <postgres://…>] [--rounds 3] [--provider]
  --questions   one JSON object with a "question" per line; by default the titles of the library's documents
  --chunks      learns copies of the library, their sections shuffled, until there are that many chunks
  --database    an empty database; by default an embedded one that is removed at the end
  --provider    only the time that is added to a model's first word, over 300 answers
npm run bench -- ingest [--size 64MB] [--database <postgres://…>] [--json]
  --size        how much markdown is made and learned, in kB, MB or GB`

const LIBRARY = 'bench'

process.exitCode = await exitCodeOf(async () => await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      library: text,
      questions: text,
      chunks: text,
      database: text,
      rounds: text,
      size: text,
      provider: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return say(usage)
  const [asked] = positionals
  if (asked === 'ingest') return await measureIngest(bytesOf(values.size ?? '64MB'), values)
  if (asked !== undefined)
    throw new InputError('bad-arguments', `There is no bench of ${JSON.stringify(asked)}.\n${usage}`)
  const offline = await openOffline(values.database, process.stdout)
  try {
    const signal = new AbortController().signal
    const folder = values.library ?? 'library'
    const deps = await offline.learn(LIBRARY, [folder])
    if (values.chunks) await enlarge(Number(values.chunks), folder, offline, deps)
    const questions = values.questions
      ? await readQuestions(values.questions)
      : (await deps.documents.list(LIBRARY, 200)).map(({ title }) => title)
    const rounds = Number(values.rounds ?? 3)
    say(machine(values.database))
    if (values.provider) return await compareProvider(await offline.store(LIBRARY), deps, signal)
    say(
      await measure(
        'search',
        questions,
        rounds,
        async (question) => void (await search(question, LIBRARY, deps, signal)),
      ),
    )
    say(await measure('answer', questions, rounds, async (question) => await answerOne(question, deps, signal)))
    say(`memory  ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`)
  } finally {
    await offline.close()
  }
}

function machine(database: string | undefined): string {
  const kind = database ? 'Postgres' : 'embedded database'
  return `${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${kind}`
}

type IngestOptions = { readonly database?: string | undefined; readonly json?: boolean | undefined }

async function measureIngest(bytes: number, { database, json = false }: IngestOptions): Promise<void> {
  const embedder = await openStaticEmbedder()
  const { words } = await readStaticTable(new URL('../../models/static/model.bin', import.meta.url))
  const vocabulary = vocabularyOf(words.keys())
  const offline = await openOffline(database, process.stderr)
  try {
    const store = await offline.store(LIBRARY)
    if ((await store.search.state(LIBRARY)).chunks > 0)
      throw new InputError('bad-database', 'The database holds a library already: give a new one.')
    const syncing = openSyncs({ ...store, embedder, library: LIBRARY })
    const signal = new AbortController().signal
    const figures = await benchIngest({
      bytes,
      vocabulary,
      learn: (folder) => syncing.run({ trigger: 'command', paths: [folder] }, signal),
      costs: async (texts) => await stepCosts(texts, embedder, signal),
      cpu: cpuMeter(database ? await postmasterOf(database) : null),
      say: (line) => void process.stderr.write(`${line}\n`),
    })
    if (json) return say(JSON.stringify({ machine: machine(database), vocabulary: vocabulary.length, ...figures }))
    const { length } = vocabulary
    say(
      `${machine(database)}; articles of ${SMALLEST_BYTES / 1000} to ${LARGEST_BYTES / 1000} kB, ${length} words by Zipf`,
    )
    for (const line of linesOf(figures)) say(line)
  } finally {
    await offline.close()
  }
}

function bytesOf(size: string): number {
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

function cpuMeter(postmaster: number | null): () => Promise<Costs> {
  return async () => {
    const { user, system } = process.cpuUsage()
    const postgres = postmaster === null ? null : await familySeconds(postmaster)
    return { 'this process': (user + system) / 1e6, ...(postgres !== null && { Postgres: postgres }) }
  }
}

/** Learns shuffled copies of the library until it has that many chunks. */
async function enlarge(wanted: number, library: string, { learn }: Offline, { search: store }: AnswerDeps) {
  const files = await readLibrary(library)
  const bytes = files.reduce((sum, { text }) => sum + text.length, 0)
  const into = await mkdtemp(join(tmpdir(), 'footnote-bench-'))
  const began = performance.now()
  try {
    let { chunks } = await store.state(LIBRARY)
    for (let copy = 1; chunks < wanted; copy++) {
      const folder = join(into, String(copy))
      await writeCopy(files, copy, folder)
      await learn(LIBRARY, [folder], { quiet: true })
      const before = chunks
      chunks = (await store.state(LIBRARY)).chunks
      if (chunks === before) throw new InputError('bad-library', `${library} gives no chunks to repeat.`)
      const speed = (bytes * copy) / 1e6 / ((performance.now() - began) / 1000)
      if (copy % 10 === 0 || chunks >= wanted)
        say(`${chunks} of ${wanted} chunks, ${copy} copies, ${speed.toFixed(2)} MB/s`)
    }
  } finally {
    await rm(into, { recursive: true, force: true })
  }
}

/** The model's answers as a server gives them, against the client library alone. */
async function compareProvider(store: Store, deps: AnswerDeps, signal: AbortSignal): Promise<void> {
  const { baseUrl, close } = await openEagerProvider()
  const provider = { apiKey: 'none', baseUrl, chatModel: 'bench', price: { inputUsd: 0.4, outputUsd: 1.6 } }
  const spent = { library: LIBRARY, spending: store.spending, report: deps.report }
  const generator = openGenerator(provider, { ...spent, limitUsd: null })
  const servers = {
    'a server': asking(store, { ...deps, generator }),
    'a server with a budget': asking(store, {
      ...deps,
      generator: openGenerator(provider, { ...spent, limitUsd: 1_000 }),
    }),
  }
  const question = 'How does Stripe rate limit requests?'
  const compared = { baseUrl, question, library: LIBRARY, deps: { ...deps, generator }, servers }
  for (const line of await compareFirstText(300, compared, signal)) say(line)
  close()
}

function asking(store: Store, deps: AnswerDeps): (question: string) => Promise<Response> {
  const { fetch } = createApp({
    ...deps,
    store,
    syncing: openSyncs({ ...store, embedder: deps.embedder, library: LIBRARY }),
    reembed: async function* () {},
    uploads: false,
    library: LIBRARY,
    publicUrl: null,
    token: '',
    webDir: '',
    loopbackOnly: false,
    log: openLog('silent'),
  })
  const headers = { 'content-type': 'application/json' }
  return async (question) => {
    const body = JSON.stringify({ question, stream: true })
    return await fetch(new Request('http://bench/v1/ask', { method: 'POST', headers, body }))
  }
}

async function answerOne(text: string, deps: AnswerDeps, signal: AbortSignal): Promise<void> {
  const id = newAnswerId()
  const question = { id, text, library: LIBRARY, conversationId: id, history: [], mode: 'auto' } as const
  for await (const event of answer(question, deps, signal))
    if (event.type === 'error') throw new AppError('bench-failed', `The answer failed (${event.code}).`)
}

/** Each question once to warm up, then `rounds` times. */
async function measure(
  name: string,
  questions: readonly string[],
  rounds: number,
  work: (question: string) => Promise<void>,
): Promise<string> {
  for (const question of questions) await work(question)
  const times: number[] = []
  for (let round = 0; round < rounds; round++)
    for (const question of questions) {
      const began = performance.now()
      await work(question)
      times.push(performance.now() - began)
    }
  const at = (share: number) => `${quantile(times, share).toFixed(1)} ms`
  return `${name}  p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}  (${times.length} calls)`
}

async function readQuestions(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => (JSON.parse(line) as { question: string }).question)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
