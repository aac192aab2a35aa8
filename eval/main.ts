// npm run eval: the real pipeline without a key, scored on a set of one's own or on a public one.
import { parseArgs } from 'node:util'
import { InputError } from '../core/errors.ts'
import { type Offline, openOffline } from '../server/open.ts'
import { ablate } from './ablate.ts'
import type { Command, Learn, OwnCommand } from './command.ts'
import { exitCodeOf } from './exit.ts'
import { report } from './html/report.ts'
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

npm run eval -- report <run.json> [--baseline <run.json>] [--out report.html]
  A run as a page that needs no network and no script, beside the run that it is compared with.

npm run eval -- planted <folder> [--seed 7] [--failures]      errors put into sentences of a library: are they seen?

npm run eval -- clapnq <folder>                               long answers from one passage, and refusals
npm run eval -- squad <file> [--sample 500] [--seed 1]        short answers from one paragraph, and refusals
npm run eval -- chunking <folder> [--size 400,800,1000,1200]  evidence in what is retrieved, by chunk size
npm run eval -- rewrites <folder>                             follow-up questions against those a person rewrote
npm run eval -- wice <folder>                                 the check of a model's sentences against people's labels
npm run eval -- bipia <folder> [--library <folder>]           hidden orders in documents: are they quoted?
  Public sets; what they are and where they come from: docs/evaluation.md.`

const commands: Readonly<Record<string, Command>> = { planted, clapnq, squad, chunking, rewrites, wice, bipia }
const ownCommands: Readonly<Record<string, OwnCommand>> = { ablate, fit }

process.exitCode = await exitCodeOf(async () => await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(args)
  if (values.help) return tell([usage])
  const { learn, close } = openOnDemand(values.database)
  const { signal } = new AbortController()
  try {
    const [name, path] = positionals
    if (name === 'report') return tell(await report(positionals.slice(1), values))
    const { set, library } = values
    if (set && library && !name) return tell(await scoreSet({ set, library }, values, learn, signal))
    // The others make several libraries, some of them hundreds, which nobody wants to keep.
    if (values.database) throw new InputError('usage', usage)
    const own = ownCommands[name ?? '']
    if (own && set && library && !path) return tell(await own({ set, library }, values, learn, signal))
    const command = commands[name ?? '']
    if (!command || !path) throw new InputError('usage', usage)
    tell(await command(path, values, learn, signal))
  } finally {
    await close()
  }
}

/** Not every command needs a database, and opening one takes seconds. */
function openOnDemand(databaseUrl: string | undefined): { readonly learn: Learn; readonly close: () => Promise<void> } {
  let opened: Promise<Offline> | null = null
  return {
    learn: async (...what) => await (await (opened ??= openOffline(databaseUrl, process.stderr))).learn(...what),
    close: async () => await (await opened)?.close(),
  }
}

function readArguments(args: readonly string[]) {
  const text = { type: 'string' } as const
  const texts = {
    set: text,
    library: text,
    half: text,
    only: text,
    out: text,
    size: text,
    database: text,
    baseline: text,
  }
  const numbers = { sample: text, seed: text, ridge: text }
  const flags = { failures: { type: 'boolean' }, help: { type: 'boolean' } } as const
  const options = { ...texts, ...numbers, clapnq: text, squad: text, ...flags } as const
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw new InputError('usage', `${error instanceof Error ? error.message : ''}\n\n${usage}`)
  }
}

function tell(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}
