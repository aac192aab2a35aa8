// npm run bench: how fast documents are learned, searched and answered, on the embedded database or a real Postgres.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError, InputError } from '../../core/errors.ts'
import { openLog } from '../../core/log.ts'
import type { Embedder, Store } from '../../core/ports.ts'
import { ingest } from '../../ingest/ingest.ts'
import { showIngest } from '../../ingest/progress.ts'
import { openGenerator } from '../../models/generator.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { createApp } from '../../server/app.ts'
import { type AnswerDeps, answer, newAnswerId } from '../../server/answer/answer.ts'
import { search } from '../../server/answer/search.ts'
import { cachedTexts } from '../../server/answer/texts.ts'
import { cachedWords } from '../../server/answer/vocabulary.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { quantile } from '../stats.ts'
import { compareFirstText, openEagerProvider } from './provider.ts'

const usage = `npm run bench -- [--library <folder>] [--questions <file.jsonl>] [--database <postgres://…>] [--rounds 3] [--provider]
  --provider    only the time that is added to a model's first word, over 300 answers
  --questions   one JSON object with a "question" per line; by default the titles of the library's documents`

const LIBRARY = 'bench'

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(
    `${error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  )
  process.exitCode = error instanceof InputError ? 2 : 1
}

async function main(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      library: text,
      questions: text,
      database: text,
      rounds: text,
      provider: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return say(usage)
  const embedder = await openStaticEmbedder()
  const dir = await mkdtemp(join(tmpdir(), 'footnote-bench-'))
  const database = values.database ? openPostgres(values.database) : await openEmbedded(dir, say)
  const store = await openStore(database, LIBRARY, embedder)
  try {
    const signal = new AbortController().signal
    const learning = ingest(
      [values.library ?? 'library'],
      { documents: store.documents, embedder, library: LIBRARY },
      signal,
    )
    await showIngest(learning, { stream: process.stdout, interactive: process.stdout.isTTY })
    const deps = toDeps(store, embedder)
    const questions = values.questions
      ? await readQuestions(values.questions)
      : (await store.documents.list(LIBRARY, 200)).map(({ title }) => title)
    const rounds = Number(values.rounds ?? 3)
    say(
      `${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${values.database ? 'Postgres' : 'embedded database'}`,
    )
    if (values.provider) return await compareProvider(store, deps, signal)
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
    await store.close()
    await rm(dir, { recursive: true, force: true })
  }
}

function toDeps(store: Store, embedder: Embedder): AnswerDeps {
  return {
    search: store.search,
    documents: store.documents,
    texts: cachedTexts(store.documents),
    words: cachedWords(store.search),
    embedder,
    sentenceEmbedder: embedder,
    generator: null,
    report: (message, error) => say(`${message}: ${String(error)}`),
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
    ingesting: async function* () {},
    library: LIBRARY,
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
