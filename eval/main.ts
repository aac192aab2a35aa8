// npm run eval: questions over a library, answered by the real pipeline without a key, scored in a table.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError, InputError } from '../core/errors.ts'
import type { ParsedDocument } from '../core/types.ts'
import { ingest } from '../ingest/ingest.ts'
import { parse } from '../ingest/parse/parse.ts'
import { findFiles, readSource } from '../ingest/source/folder.ts'
import { showIngest } from '../ingest/progress.ts'
import { openStaticEmbedder } from '../models/static.ts'
import type { AnswerDeps } from '../server/answer/answer.ts'
import { cachedTexts } from '../server/answer/texts.ts'
import { cachedWords } from '../server/answer/vocabulary.ts'
import { openEmbedded } from '../store/embedded.ts'
import { openStore } from '../store/open.ts'
import { openPostgres } from '../store/postgres.ts'
import { bipia, hideAttacks } from './bipia.ts'
import { type Case, readCases } from './questions.ts'
import { type Scored, scoreTranscript, table } from './report.ts'
import { planted } from './planted.ts'
import { runCase } from './run.ts'
import { wice } from './wice.ts'

const usage = `npm run eval -- wice <folder>
npm run eval -- bipia <folder> [--library <folder>]
npm run eval -- planted [--library <folder>] [--seed <number>] [--failures]
npm run eval -- --set <questions.jsonl> --library <folder> [--half a|b] [--only <kind>] [--out <file>] [--database <postgres://…>]
  --half   half of the questions, by a hash of their ids: fit on one, report on the other
  --out    writes one JSON line per question: what was asked, found, answered, and its scores`

const LIBRARY = 'eval'

try {
  const [command, ...rest] = process.argv.slice(2)
  if (command === 'wice') print(await wice(rest[0] ?? ''))
  else if (command === 'planted') await runPlanted(rest)
  else if (command === 'bipia') await runBipia(rest)
  else await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(
    `${error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  )
  process.exitCode = error instanceof InputError ? 2 : 1
}

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  const cases = (await readCases(options.set, options.library)).filter(
    (test) => (!options.half || halfOf(test) === options.half) && (!options.only || test.kind === options.only),
  )
  const dir = await mkdtemp(join(tmpdir(), 'footnote-eval-'))
  try {
    const scored = await score(cases, options, dir)
    for (const line of table(scored)) process.stdout.write(`${line}\n`)
    if (options.out) await writeFile(options.out, scored.map(toLine).join(''))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function score(cases: readonly Case[], options: ReturnType<typeof readOptions>, dir: string): Promise<Scored[]> {
  return await withLibrary(options, dir, async (deps) => {
    const signal = new AbortController().signal
    const scored: Scored[] = []
    for (const test of cases) scored.push(scoreTranscript(await runCase(test, LIBRARY, deps, signal)))
    return scored
  })
}

type Opening = { readonly library: string; readonly database?: string | undefined }

async function withLibrary<T>(options: Opening, dir: string, use: (deps: AnswerDeps) => Promise<T>): Promise<T> {
  const embedder = await openStaticEmbedder()
  const database = options.database ? openPostgres(options.database) : await openEmbedded(dir, say)
  const store = await openStore(database, LIBRARY, embedder)
  try {
    const signal = new AbortController().signal
    const learning = ingest([options.library], { documents: store.documents, embedder, library: LIBRARY }, signal)
    await showIngest(learning, { stream: process.stderr, interactive: process.stderr.isTTY })
    const deps: AnswerDeps = {
      search: store.search,
      documents: store.documents,
      texts: cachedTexts(store.documents),
      words: cachedWords(store.search),
      embedder,
      sentenceEmbedder: embedder,
      generator: null,
      report: (message, error) => say(`${message}: ${String(error)}`),
    }
    return await use(deps)
  } finally {
    await store.close()
  }
}

function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { set: text, library: text, half: text, only: text, out: text, database: text },
  })
  if (!values.set || !values.library) throw new InputError('usage', usage)
  return { ...values, set: values.set, library: values.library }
}

async function runBipia([folder = '', ...args]: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { library: { type: 'string', default: 'library' } } })
  const dir = await mkdtemp(join(tmpdir(), 'footnote-eval-'))
  try {
    const hidden = await hideAttacks(folder, await readDocuments(values.library))
    const library = join(dir, 'library')
    await mkdir(library)
    await Promise.all(hidden.map(async ({ name, text }) => await writeFile(join(library, name), text)))
    print(await withLibrary({ library }, join(dir, 'database'), async (deps) => await bipia(hidden, LIBRARY, deps)))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function readDocuments(library: string): Promise<ParsedDocument[]> {
  const signal = new AbortController().signal
  const { files } = await findFiles([library], signal)
  return await Promise.all(files.map(async (file) => parse(file.source, await readSource(file, signal))))
}

async function runPlanted(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      library: { type: 'string', default: 'library' },
      failures: { type: 'boolean', default: false },
      seed: { type: 'string', default: '7' },
    },
  })
  const documents = await readDocuments(values.library)
  const { table: lines, failures } = planted(documents, Number(values.seed))
  print(values.failures ? [...lines, '', ...failures] : lines)
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

function halfOf(test: Case): 'a' | 'b' {
  return (createHash('sha256').update(test.id).digest()[0] ?? 0) % 2 === 0 ? 'a' : 'b'
}

function toLine({ test, answer, passages, ...scores }: Scored): string {
  const { id, kind, question, gold } = test
  const shown = passages.map(({ n, headings, text, score }) => ({ n, headings, score, text }))
  return `${JSON.stringify({ id, kind, question, gold, neededFacts: test.facts, answer: answer.answer, reason: answer.reason, query: answer.query, ...scores, passages: shown })}\n`
}

function say(message: string): void {
  process.stderr.write(`${message}\n`)
}
