// npm run eval: the real pipeline without a key, scored on a set of one's own or on a public one.
import { connect, connectTo, get } from '../cli/connect.ts'
import { readConfig, readEnvironment } from '../core/config.ts'
import { InputError } from '../core/errors.ts'
import { openLog } from '../core/log.ts'
import type { Generator } from '../core/ports.ts'
import { type Offline, openOffline } from '../server/offline.ts'
import { ablate } from './ablate.ts'
import { misused, readArguments } from './arguments.ts'
import {
  type Command,
  type JudgeCommand,
  type Learn,
  type Options,
  type OwnCommand,
  type Paths,
  type RunCommand,
  say,
} from './command.ts'
import { compare } from './compare.ts'
import { exitCodeOf, untilStopped } from './exit.ts'
import { gate } from './gate.ts'
import { report } from './html/report.ts'
import { judge, judgeCheck } from './judge/command.ts'
import { type Answers, fromFeedback } from './feedback.ts'
import { planted } from './planted.ts'
import { beir } from './public/beir.ts'
import { bipia } from './public/bipia.ts'
import { chunking } from './public/chunking.ts'
import { clapnq } from './public/clapnq.ts'
import { rewrites } from './public/rewrites.ts'
import { squad } from './public/squad.ts'
import { wice } from './public/wice.ts'
import { keepRun, runSet } from './set.ts'
import { table } from './report.ts'
import { turns } from './turns.ts'
import { usage } from './usage.ts'
import { fit } from './weights/fit.ts'

type Asked = {
  readonly files: readonly string[]
  /** null: a set without its library, or the other way round */
  readonly paths: Paths | null
  readonly options: Options
  readonly learn: Learn
  readonly generator: (temperature: number | null) => Promise<Generator>
  readonly signal: AbortSignal
}
/** Prints, and gives the exit code. */
type Run = (asked: Asked) => Promise<number>

const commands: Readonly<Record<string, Run>> = {
  '': runAndJudge,
  ablate: ofSet(ablate),
  turns: ofSet(turns),
  fit: ofSet(fit),
  compare: ofRuns(compare),
  gate: ofRuns(gate),
  report: async ({ files, options }) => tell(await report(files, options)),
  'from-feedback': ofAnswers,
  judge: ofModel(judge),
  'judge-check': ofModel(judgeCheck),
  planted: ofFolder(planted),
  clapnq: ofFolder(clapnq),
  squad: ofFolder(squad),
  chunking: ofFolder(chunking),
  rewrites: ofFolder(rewrites),
  wice: ofFolder(wice),
  bipia: ofFolder(bipia),
  beir: ofFolder(beir),
}

async function main(args: readonly string[]): Promise<number> {
  const { name, files, values } = readArguments(args)
  const run = commands[name]
  if (values.help || !run) return tell([usage])
  const signal = untilStopped()
  const { close, ...opening } = openOnDemand(values.database, signal)
  try {
    return await run({ files, paths: pathsOf(values), options: values, ...opening, signal })
  } finally {
    await close()
  }
}

/** The run lies in its file and, to be looked at, as a page beside it; both are named on stderr. */
async function runAndJudge({ files, paths, options, learn, generator, signal }: Asked): Promise<number> {
  if (!paths) throw misused(HALF)
  expectNoFile(files)
  // Before a hundred questions are asked in vain.
  if (options.judge) await generator(null)
  const run = await runSet(paths, options, learn, signal)
  const file = await keepRun(run, options)
  const failed = run.questions.filter(({ fault }) => fault !== null).length
  const exitCode = failed === 0 ? 0 : 1
  tell(table(run))
  if (failed > 0) say(`${failed} of ${run.questions.length} questions have no answer.`)
  if (!options.judge) return exitCode
  return tell(['', ...(await judge([file], options, { generator, learn }, signal))], exitCode)
}

function ofSet(command: OwnCommand): Run {
  return async ({ files, paths, options, learn, signal }) => {
    if (!paths) throw misused(HALF)
    expectNoFile(files)
    return tell(await command(paths, options, learn, signal))
  }
}

function ofRuns(command: RunCommand): Run {
  return async ({ files, paths, options, learn, signal }) => {
    if (!paths) throw misused(HALF)
    return tell(...(await command(files, paths, options, learn, signal)))
  }
}

function ofModel(command: JudgeCommand): Run {
  return async ({ files, options, signal, ...open }) => tell(await command(files, options, open, signal))
}

async function ofAnswers({ files, options, learn, signal }: Asked): Promise<number> {
  expectNoFile(files)
  return tell(...(await fromFeedback(options, { learn, open: async () => await openAnswers(options) }, signal)))
}

function ofFolder(command: Command): Run {
  return async ({ files: [path, ...more], options, learn, signal }) => {
    if (!path || more.length > 0) throw misused('This command takes one path.')
    return tell(await command(path, options, learn, signal))
  }
}

const HALF = '--set and --library belong together: give both, or neither for the questions of this repository.'

function expectNoFile([file]: readonly string[]): void {
  if (file !== undefined) throw misused(`Nothing is done with ${JSON.stringify(file)}: this command takes no path.`)
}

const ours = { set: 'eval/cases/library.jsonl', library: 'library' }

/** Both or none: questions of one library say nothing about another. */
function pathsOf({ set, library }: { readonly set?: string; readonly library?: string }): Paths | null {
  if (set && library) return { set, library }
  return set || library ? null : ours
}

/** Not every command needs a database, and opening one takes seconds. */
function openOnDemand(databaseUrl: string | undefined, signal: AbortSignal) {
  let opened: Promise<Offline> | null = null
  const offline = async () => await (opened ??= openOffline(databaseUrl, process.stderr, signal))
  const learn: Learn = async (...what) => await (await offline()).learn(...what)
  return {
    learn,
    generator: async (temperature: number | null) => await openModel(offline, temperature),
    close: async () => await (await opened)?.close(),
  }
}

/** As `npm run verify` reads them: through the server that holds the data directory, without a server as well. */
async function openAnswers({ url, database }: Options): Promise<Answers> {
  const config = readConfig(readEnvironment())
  const connection = url
    ? connectTo(url)
    : await connect({ ...config, databaseUrl: database ?? config.databaseUrl }, openLog('silent'))
  return { get: async (path, signal) => await get(connection, path, signal), close: connection.close }
}

// A judge that thinks first may take longer for its first word than a reader would wait.
const patience = { waits: { firstMs: 100_000, textMs: 300_000, idleMs: 30_000, wholeMs: 600_000, tailMs: 2_000 } }

async function openModel(offline: () => Promise<Offline>, temperature: number | null): Promise<Generator> {
  const config = readConfig(readEnvironment())
  const manner = { patience, ...(temperature !== null && { temperature }) }
  const found = config.provider && (await (await offline()).generator(config, manner))
  if (found) return found
  throw new InputError(
    'no-model',
    'A judge is a model, and none is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, and CHAT_MODEL. Everything else in npm run eval works without one.',
  )
}

function tell(lines: readonly string[], exitCode = 0): number {
  process.stdout.write(`${lines.join('\n')}\n`)
  return exitCode
}

process.exitCode = await exitCodeOf(async () => await main(process.argv.slice(2)))
