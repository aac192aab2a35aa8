// npm run eval: the real pipeline without a key, scored on a set of one's own or on a public one.
import { parseArgs } from 'node:util'
import { InputError } from '../core/errors.ts'
import { type Offline, openOffline } from '../server/open.ts'
import { ablate } from './ablate.ts'
import type { Command, Learn, OwnCommand, RunCommand } from './command.ts'
import { compare } from './compare.ts'
import { exitCodeOf, untilStopped } from './exit.ts'
import { gate } from './gate.ts'
import { planted } from './planted.ts'
import { beir } from './public/beir.ts'
import { bipia } from './public/bipia.ts'
import { chunking } from './public/chunking.ts'
import { clapnq } from './public/clapnq.ts'
import { rewrites } from './public/rewrites.ts'
import { squad } from './public/squad.ts'
import { wice } from './public/wice.ts'
import { scoreSet } from './set.ts'
import { turns } from './turns.ts'
import { fit } from './weights/fit.ts'

const usage = `npm run eval -- [--set <questions.jsonl> --library <folder>] [--only kind=<kind>] [--half a|b] [--sample 50] [--seed 1] [--size 1000] [--parallel 1] [--fresh] [--run <file>] [--cache <folder>] [--database <postgres://…>]
  Questions over documents: your own, or else those of this repository. Ctrl-C keeps what was answered.
  --half      half of the questions, by a hash of their ids: fit on one, report on the other
  --sample    so many of them, the same ones for the same seed
  --size      characters of a chunk
  --fresh     asks again what is kept from an earlier run of the same code
  --run       the file of the run, instead of one below eval/runs
  --cache     the folder of kept answers, instead of eval/runs/cache
  --database  where the documents are learned and stay, instead of a database that is gone afterwards
  --url <http://host:port> [--key <key>]   asks a running server, which has learned the folder, instead of the pipeline

npm run eval -- compare <run> <run>
  What is better and worse in the second, metric by metric and question by question.

npm run eval -- gate [--baseline eval/baseline.json] [--update]
  Exit code 1, and why, when the answers are worse than those of the baseline; --update makes them the baseline.

npm run eval -- ablate [--set <questions.jsonl> --library <folder>]
  The same questions with one step of the pipeline taken away at a time, against all of them.

npm run eval -- turns --set <questions.jsonl> --library <folder>
  The questions with a history, searched for in several ways: the last turn alone, all turns, our rewrite, a given one.

npm run eval -- fit --set <questions.jsonl> --library <folder> [--clapnq <folder>] [--squad <file> --sample 500 --seed 1] [--only evidence|candidates|pieces] [--ridge 1]
  Fits the weights of the three linear models on half a and prints them, with their figures before and after on both
  halves. The public sets are for the evidence alone.

npm run eval -- planted <folder> [--seed 7] [--failures]      errors put into sentences of a library: are they seen?

npm run eval -- clapnq <folder>                               long answers from one passage, and refusals
npm run eval -- squad <file> [--sample 500] [--seed 1]        short answers from one paragraph, and refusals
npm run eval -- chunking <folder> [--size 400,800,1000,1200]  evidence in what is retrieved, by chunk size
npm run eval -- rewrites <folder>                             follow-up questions against those a person rewrote
npm run eval -- wice <folder>                                 the check of a model's sentences against people's labels
npm run eval -- bipia <folder> [--library <folder>]           hidden orders in documents: are they quoted?
npm run eval -- beir <folder> [--only test]                   any set in the form of BEIR: words, vectors, and both
  Public sets; what they are and where they come from: docs/evaluation.md.

Exit code: 0 done, 1 failed or worse than the baseline, 2 wrong usage, 130 stopped by Ctrl-C.`

const commands: Readonly<Record<string, Command>> = { planted, clapnq, squad, chunking, rewrites, wice, bipia, beir }
const ownCommands: Readonly<Record<string, OwnCommand>> = { ablate, fit, turns }
const runCommands: Readonly<Record<string, RunCommand>> = { compare, gate }

const ours = { set: 'eval/cases/library.jsonl', library: 'library' }

process.exitCode = await exitCodeOf(async () => await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args)
  if (values.help) return tell([usage])
  const signal = untilStopped()
  const { learn, close } = openOnDemand(values.database, signal)
  const [name = '', ...files] = positionals
  try {
    const paths = pathsOf(values)
    if (paths && !name) return tell(await scoreSet(paths, values, learn, signal))
    // The others make several libraries, some of them hundreds, which nobody wants to keep.
    if (values.database) throw new InputError('usage', usage)
    const ofRuns = runCommands[name]
    if (ofRuns && paths) return tell(...(await ofRuns(files, paths, values, learn, signal)))
    const own = ownCommands[name]
    if (own && paths && files.length === 0) return tell(await own(paths, values, learn, signal))
    const command = commands[name]
    if (!command || !files[0]) throw new InputError('usage', usage)
    return tell(await command(files[0], values, learn, signal))
  } finally {
    await close()
  }
}

/** Both or none: questions of one library say nothing about another. */
function pathsOf({ set, library }: { readonly set?: string; readonly library?: string }) {
  if (set && library) return { set, library }
  return set || library ? null : ours
}

/** Not every command needs a database, and opening one takes seconds. */
function openOnDemand(
  databaseUrl: string | undefined,
  signal: AbortSignal,
): { readonly learn: Learn; readonly close: () => Promise<void> } {
  let opened: Promise<Offline> | null = null
  return {
    learn: async (...what) =>
      await (await (opened ??= openOffline(databaseUrl, process.stderr, signal))).learn(...what),
    close: async () => await (await opened)?.close(),
  }
}

function readArguments(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const chosen = { set: text, library: text, half: text, only: text, sample: text, seed: text, size: text }
  const running = { parallel: text, run: text, cache: text, fresh: flag, url: text, key: text, database: text }
  const others = { baseline: text, update: flag, clapnq: text, squad: text, ridge: text, failures: flag, help: flag }
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { ...chosen, ...running, ...others } })
  } catch (error) {
    throw new InputError('usage', `${error instanceof Error ? error.message : ''}\n\n${usage}`)
  }
}

function tell(lines: readonly string[], exitCode = 0): number {
  process.stdout.write(`${lines.join('\n')}\n`)
  return exitCode
}
