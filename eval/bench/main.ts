// npm run bench: how fast documents are learned, searched and answered, on the embedded database or a real Postgres.
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { AppError, InputError } from '../../core/errors.ts'
import { openLog } from '../../core/log.ts'
import type { Store } from '../../core/ports.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { openGenerator } from '../../models/generator.ts'
import { type AnswerDeps, answer, newAnswerId } from '../../server/answer/answer.ts'
import { search } from '../../server/answer/search.ts'
import { createApp } from '../../server/app.ts'
import { openOffline } from '../../server/offline.ts'
import { MAIN_LIBRARY as SERVED } from '../../core/settings.ts'
import { exitCodeOf } from '../exit.ts'
import { quantile } from '../stats.ts'
import { load } from '../load/load.ts'
import { enlarge } from './enlarge.ts'
import { bytesOf, measureIngest } from './ingest-command.ts'
import { compareFirstText, openEagerProvider } from './provider.ts'

const usage = `npm run bench -- [--library <folder>] [--questions <file.jsonl>] [--chunks <number>]
                 [--database <postgres://…>] [--rounds 3] [--provider]
  --questions   one JSON object with a "question" per line; by default the titles of the library's documents
  --chunks      learns copies of the library, their sections shuffled, until there are that many chunks
  --database    an empty database; by default an embedded one that is removed at the end
  --provider    only the time that is added to a model's first word, over 300 answers
npm run bench -- ingest [--size 64MB] [--database <postgres://…>] [--workers 0] [--json]
  --size        how much markdown is made and learned, in kB, MB or GB
  --workers     so many npm run worker learn beside it
npm run bench load -- --help    many answers and searches at once`

const LIBRARY = 'bench'

process.exitCode = await exitCodeOf(async () => {
  const [command, ...args] = process.argv.slice(2)
  await (command === 'load' ? load(args, fill) : main(process.argv.slice(2)))
})

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
      workers: text,
      provider: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return say(usage)
  const [asked] = positionals
  if (asked === 'ingest') return await measureIngest(bytesOf(values.size ?? '64MB'), values, machine(values.database))
  if (asked !== undefined)
    throw new InputError('bad-arguments', `There is no bench of ${JSON.stringify(asked)}.\n${usage}`)
  const offline = await openOffline(values.database, process.stdout)
  try {
    const signal = new AbortController().signal
    const folder = values.library ?? 'library'
    const deps = await offline.learn(LIBRARY, [folder])
    if (values.chunks) await enlarge(Number(values.chunks), folder, LIBRARY, { ...offline, ...deps, say })
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

/** For servers, which serve one library. */
async function fill(databaseUrl: string, folder: string, chunks: number): Promise<void> {
  const offline = await openOffline(databaseUrl, process.stderr)
  try {
    const deps = await offline.learn(SERVED, [folder])
    await enlarge(chunks, folder, SERVED, { ...offline, ...deps, say: (line) => process.stderr.write(`${line}\n`) })
  } finally {
    await offline.close()
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
