// npm run bench: how fast documents are learned, searched and answered, on the embedded database or a real Postgres.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError, InputError } from '../../core/errors.ts'
import type { Embedder, Store } from '../../core/ports.ts'
import { ingest } from '../../ingest/ingest.ts'
import { showIngest } from '../../ingest/progress.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { type AnswerDeps, answer, newAnswerId } from '../../server/answer/answer.ts'
import { search } from '../../server/answer/search.ts'
import { cachedTexts } from '../../server/answer/texts.ts'
import { cachedWords } from '../../server/answer/vocabulary.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { quantile } from '../stats.ts'
import { readLibrary, writeCopy } from './enlarge.ts'

const usage = `npm run bench -- [--library <folder>] [--questions <file.jsonl>] [--chunks <number>]
                 [--database <postgres://…>] [--rounds 3]
  --questions   one JSON object with a "question" per line; by default the titles of the library's documents
  --chunks      learns copies of the library, their sections shuffled, until there are that many chunks
  --database    an empty database; by default an embedded one that is removed at the end`

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
    options: { library: text, questions: text, chunks: text, database: text, rounds: text, help: { type: 'boolean' } },
  })
  if (values.help) return say(usage)
  const embedder = await openStaticEmbedder()
  const dir = await mkdtemp(join(tmpdir(), 'footnote-bench-'))
  const database = values.database ? openPostgres(values.database) : await openEmbedded(dir, say)
  const store = await openStore(database, LIBRARY, embedder)
  try {
    const signal = new AbortController().signal
    const folder = values.library ?? 'library'
    const learning = ingest([folder], { documents: store.documents, embedder, library: LIBRARY }, signal)
    await showIngest(learning, { stream: process.stdout, interactive: process.stdout.isTTY })
    if (values.chunks) await enlarge(Number(values.chunks), folder, join(dir, 'copies'), store, embedder)
    const deps = toDeps(store, embedder)
    const questions = values.questions
      ? await readQuestions(values.questions)
      : (await store.documents.list(LIBRARY, 200)).map(({ title }) => title)
    const rounds = Number(values.rounds ?? 3)
    say(
      `${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${values.database ? 'Postgres' : 'embedded database'}`,
    )
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

/** Learns shuffled copies of the library until it has that many chunks. */
async function enlarge(wanted: number, library: string, into: string, store: Store, embedder: Embedder): Promise<void> {
  const files = await readLibrary(library)
  const began = performance.now()
  let { chunks } = await store.search.state(LIBRARY)
  let bytes = 0
  for (let copy = 1; chunks < wanted; copy++) {
    const folder = join(into, String(copy))
    await writeCopy(files, copy, folder)
    const learning = ingest(
      [folder],
      { documents: store.documents, embedder, library: LIBRARY },
      new AbortController().signal,
    )
    for await (const event of learning) if ('bytes' in event) bytes += event.bytes
    const before = chunks
    chunks = (await store.search.state(LIBRARY)).chunks
    if (chunks === before) throw new InputError('bad-library', `${library} gives no chunks to repeat.`)
    const speed = bytes / 1e6 / ((performance.now() - began) / 1000)
    if (copy % 10 === 0 || chunks >= wanted)
      say(`${chunks} of ${wanted} chunks, ${copy} copies, ${speed.toFixed(2)} MB/s`)
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
