// npm run bench load: many answers read at once, or many searches a second, of real servers with a scripted model. Server,
// model and readers are processes of their own on one machine. Open loop: nothing waits for the server to keep up.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { InputError } from '../../core/errors.ts'
import type { ModelNews, ModelOrder } from './model.ts'
import { checkSockets, databasePids, type Server, startPeer, startServer } from './processes.ts'
import type { ReadersNews, ReadersOrder } from './readers.ts'
import { keyedSettings, overload } from './overload.ts'
import { type Bench, shown, type Step, stepsOf } from './steps.ts'
import { answered, readStreams } from './streams.ts'
import { searchAtRate } from './rates.ts'

const usage = `npm run bench load -- [--streams 100,250,500,1000] [--searches <per second>,…] [--seconds 30]
                 [--overload 0.5,0.8,1,2,4,10] [--flood] [--database <postgres://…>] [--processes 2] [--library <folder>] [--chunks <number>]
                 [--questions <file.jsonl>] [--seed 1] [--profile <folder>] [--json]
  --streams     answers read at once, 20 tokens a second each; a step for each number
  --searches    POST /v1/search so often; a step for each number
  --overload    work of all kinds at multiples of what the server can do, which is measured first
  --flood       one key at 20 times its quota beside others that keep to theirs
  --seconds     how long a step lasts, 60 at most
  --processes   so many servers with one database (Postgres alone)
  --chunks      the database learns copies of the library first, until there are that many chunks
  --profile     each server leaves a CPU profile there`

/** Fills the database with the library and copies of it, until it has that many chunks. */
export type Fill = (databaseUrl: string, library: string, chunks: number) => Promise<void>

export async function load(args: readonly string[], fill: Fill): Promise<void> {
  const options = readOptions(args)
  if (options === null) return say(usage)
  checkSockets(Math.max(0, ...options.steps.map(({ streams = 0 }) => streams)))
  const { database, chunks, library, json } = options
  if (chunks !== null && database !== undefined) await fill(database, library, chunks)
  if (!json)
    say(
      `${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${database ? 'Postgres' : 'embedded database'}, ${options.processes} × server, seed ${options.seed}`,
    )
  const { bench, settings, close } = await open(options)
  try {
    const figures: object[] = []
    for (const [n, step] of options.steps.entries()) {
      const run = 'streams' in step ? readStreams : searchAtRate
      const measured = { load: loadavg()[0] ?? 0, ...(await run(step, { ...bench, seed: options.seed + n })) }
      figures.push(measured)
      if (!json) say(shown(measured))
    }
    figures.push(...(await overload(options, bench, settings, json ? () => {} : say)))
    if (json) say(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, ...options, figures }, null, 2))
  } finally {
    await close()
  }
}

type Options = Exclude<ReturnType<typeof readOptions>, null>

async function open(
  options: Options,
): Promise<{ bench: Bench; settings: Readonly<Record<string, string>>; close: () => Promise<void> }> {
  const { database, library, processes, profile, seconds, seed } = options
  const folder = await mkdtemp(join(tmpdir(), 'footnote-load-'))
  const questions = await readQuestions(options.questions)
  const model = startPeer<ModelOrder, ModelNews>('model')
  const readers = startPeer<ReadersOrder, ReadersNews>('readers')
  const servers: Server[] = []
  const close = async () => {
    for (const { end } of [...servers, model, readers]) await end()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const [{ port }] = await Promise.all([model.hears('listening'), readers.hears('ready')])
    const settings = {
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      OPENAI_API_KEY: 'none',
      CHAT_MODEL: 'scripted',
      LIBRARY_DIR: library,
      ...keyedSettings(),
      ...(database ? { DATABASE_URL: database } : { DATA_DIR: folder }),
    }
    // One after the other: the first one learns the library.
    for (let n = 0; n < processes; n++) servers.push(await startServer(settings, profile))
    const pids = database ? await databasePids(database) : null
    const bench = { servers, model, readers, databasePids: pids, questions, seconds, seed }
    return { bench: { ...bench, questions: await answered(bench) }, settings, close }
  } catch (error) {
    await close()
    throw error
  }
}

// A run must not hold a machine for long, and the longest answer that is ever read has 20,000 characters.
const LONGEST_SECONDS = 60

function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      streams: text,
      searches: text,
      overload: text,
      flood: flag,
      database: text,
      profile: text,
      chunks: text,
      seconds: { ...text, default: '30' },
      processes: { ...text, default: '1' },
      library: { ...text, default: 'library' },
      questions: { ...text, default: 'eval/cases/library.jsonl' },
      seed: { ...text, default: '1' },
      json: flag,
      help: flag,
    },
  })
  if (values.help) return null
  const { streams, searches, chunks, overload: multiples, flood: isFlooded, ...plain } = values
  const options = {
    ...plain,
    steps: multiples === undefined && !isFlooded ? readSteps(streams, searches) : readSteps(streams ?? '', searches),
    multiples: multiplesOf(multiples ?? ''),
    isFlooded,
    seconds: numberOf('--seconds', values.seconds),
    processes: numberOf('--processes', values.processes),
    seed: numberOf('--seed', values.seed),
    chunks: chunks === undefined ? null : numberOf('--chunks', chunks),
  }
  refuseUnfit(options)
  return options
}

function readSteps(streams: string | undefined, searches: string | undefined): Step[] {
  const isLeftOut = streams === undefined && searches === undefined
  return [
    ...stepsOf(streams ?? (isLeftOut ? '100,250,500,1000' : '')).map((each) => ({ streams: each })),
    ...stepsOf(searches ?? '').map((each) => ({ searches: each })),
  ]
}

function multiplesOf(list: string): number[] {
  return list.split(',').flatMap((text) => {
    if (text.trim() === '') return []
    const multiple = Number(text)
    if (multiple > 0 && multiple <= 20) return [multiple]
    throw new InputError('bad-argument', `${JSON.stringify(text)} is no number above 0 and at most 20.`)
  })
}

type Fitting = { seconds: number; processes: number; chunks: number | null; database?: string | undefined }

function refuseUnfit({ seconds, processes, chunks, database }: Fitting): void {
  if (seconds > LONGEST_SECONDS) throw new InputError('bad-argument', `--seconds is at most ${LONGEST_SECONDS}.`)
  if (database === undefined && (processes > 1 || chunks !== null))
    throw new InputError(
      'bad-argument',
      'The embedded database has one process, and what it learned is gone with it: give --database.',
    )
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new InputError('bad-argument', `${name} is ${JSON.stringify(text)} and no whole number above 0.`)
}

type Line = { readonly question: string; readonly answerable?: boolean; readonly history?: readonly unknown[] }

/** Those that stand alone. */
async function readQuestions(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '')
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ answerable = true, history = [] }) => answerable && history.length === 0)
    .map(({ question }) => question)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
