// npm run eval: the real pipeline without a key, scored on a set of one's own or on a public one.
import { parseArgs } from 'node:util'
import { readConfig, readEnvironment } from '../core/config.ts'
import { InputError } from '../core/errors.ts'
import type { Generator } from '../core/ports.ts'
import { type Offline, openOffline } from '../server/open.ts'
import { ablate } from './ablate.ts'
import type { Command, JudgeCommand, Learn, OwnCommand } from './command.ts'
import { exitCodeOf } from './exit.ts'
import { judge, judgeCheck } from './judge/command.ts'
import { planted } from './planted.ts'
import { bipia } from './public/bipia.ts'
import { chunking } from './public/chunking.ts'
import { clapnq } from './public/clapnq.ts'
import { rewrites } from './public/rewrites.ts'
import { squad } from './public/squad.ts'
import { wice } from './public/wice.ts'
import { scoreSet } from './set.ts'
import { fit } from './weights/fit.ts'

const usage = `npm run eval -- --set <questions.jsonl> --library <folder> [--half a|b] [--only <kind>] [--size 1000] [--out <file>] [--database <postgres://…>]
  Your own questions over your own documents.
  --half   half of the questions, by a hash of their ids: fit on one, report on the other
  --size   characters of a chunk
  --out    writes one JSON line per question: what was asked, found, answered, and its scores
  --database   where the documents are learned and stay, instead of a database that is gone afterwards

npm run eval -- ablate --set <questions.jsonl> --library <folder>
  The same questions with one step of the pipeline taken away at a time, against all of them.

npm run eval -- fit --set <questions.jsonl> --library <folder> [--clapnq <folder>] [--squad <file> --sample 500 --seed 1] [--only evidence|candidates|pieces] [--ridge 1]
  Fits the weights of the three linear models on half a and prints them, with their figures before and after on both
  halves. The public sets are for the evidence alone.

npm run eval -- planted <folder> [--seed 7] [--failures]      errors put into sentences of a library: are they seen?

npm run eval -- judge <run.json> [--out <run.json>] [--parallel 4] [--temperature 0] [--judge-cache <folder>] [--scorecards <folder>]
  A run that was written before, claim by claim: does the configured model find each in the words it cites? Writes the
  verdicts beside the run.
  --out          the run with the judge's scores beside its own, to be compared like any other
  --temperature  "model" for a model that takes none
  --judge-cache  the folder of the judge's replies: with it, the same run costs nothing anywhere
npm run eval -- judge-check [--wice <folder>] [--planted <folder>] [--sample 100] [--out <file>]
  The judge itself, against people's labels and errors put into sentences: may it gate? Writes its scorecard.

npm run eval -- clapnq <folder>                               long answers from one passage, and refusals
npm run eval -- squad <file> [--sample 500] [--seed 1]        short answers from one paragraph, and refusals
npm run eval -- chunking <folder> [--size 400,800,1000,1200]  evidence in what is retrieved, by chunk size
npm run eval -- rewrites <folder>                             follow-up questions against those a person rewrote
npm run eval -- wice <folder>                                 the check of a model's sentences against people's labels
npm run eval -- bipia <folder> [--library <folder>]           hidden orders in documents: are they quoted?
  Public sets; what they are and where they come from: docs/evaluation.md.`

const commands: Readonly<Record<string, Command>> = { planted, clapnq, squad, chunking, rewrites, wice, bipia }
const judgeCommands: Readonly<Record<string, JudgeCommand>> = { judge, 'judge-check': judgeCheck }
const ownCommands: Readonly<Record<string, OwnCommand>> = { ablate, fit }

// A judge that thinks first may take longer for its first word than a reader would wait.
const patience = { waits: { firstMs: 100_000, idleMs: 30_000, tailMs: 2_000 } }

process.exitCode = await exitCodeOf(async () => await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(args)
  if (values.help) return tell([usage])
  const { learn, generator, close } = openOnDemand(values.database)
  const { signal } = new AbortController()
  try {
    const [name, path] = positionals
    const { set, library } = values
    if (set && library && !name) return tell(await scoreSet({ set, library }, values, learn, signal))
    // The others make several libraries, some of them hundreds, which nobody wants to keep.
    if (values.database) throw new InputError('usage', usage)
    const own = ownCommands[name ?? '']
    if (own && set && library && !path) return tell(await own({ set, library }, values, learn, signal))
    const judging = judgeCommands[name ?? '']
    if (judging) return tell(await judging(positionals.slice(1), values, { generator, learn }, signal))
    tell(await commandOf(name, path)(path ?? '', values, learn, signal))
  } finally {
    await close()
  }
}

function commandOf(name: string | undefined, path: string | undefined): Command {
  const command = commands[name ?? '']
  if (!command || !path) throw new InputError('usage', usage)
  return command
}

/** Not every command needs a database, and opening one takes seconds. */
function openOnDemand(databaseUrl: string | undefined) {
  let opened: Promise<Offline> | null = null
  const offline = async () => await (opened ??= openOffline(databaseUrl, process.stderr))
  const learn: Learn = async (...what) => await (await offline()).learn(...what)
  return {
    learn,
    generator: async (temperature: number | null) => await openModel(offline, temperature),
    close: async () => await (await opened)?.close(),
  }
}

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

function readArguments(args: readonly string[]) {
  const text = { type: 'string' } as const
  const texts = { set: text, library: text, half: text, only: text, out: text, size: text, database: text }
  const numbers = { sample: text, seed: text, ridge: text }
  const flags = { failures: { type: 'boolean' }, help: { type: 'boolean' } } as const
  const judges = { wice: text, planted: text, parallel: text, temperature: text, scorecards: text, 'judge-cache': text }
  const options = { ...texts, ...numbers, ...judges, clapnq: text, squad: text, ...flags } as const
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw new InputError('usage', `${error instanceof Error ? error.message : ''}\n\n${usage}`)
  }
}

function tell(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}
