// npm run ask | search | ingest | verify | mcp: one command line for people and scripts.
import { parseArgs } from 'node:util'
import { readConfig, readEnvironment } from '../core/config.ts'
import { AppError, ConfigError, InputError } from '../core/errors.ts'
import { openLog } from '../core/log.ts'
import { ask } from './ask.ts'
import type { CommandOptions } from './connect.ts'
import { ingestPaths } from './ingest.ts'
import { mcp } from './mcp.ts'
import { search } from './search.ts'
import { verify } from './verify.ts'

const usage = {
  ask: `npm run ask -- "your question" [--json]
  Prints the answer with its footnotes. --json prints the answer object (npm run --silent ask -- … for it alone).
  Exit code: 0 answered, 3 not in the library, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.`,
  search: `npm run search -- "your words" [--json]
  Prints the passages an answer would be made from.
  Exit code: 0 searched, 1 failed, 2 wrong usage.`,
  ingest: `npm run ingest -- <folder or file> … [--json]
  Learns markdown, text and html files. What is unchanged costs nothing.
  Exit code: 0 all learned, 1 some could not be (named with the reason), 2 wrong usage.`,
  verify: `npm run verify -- <answer id> | --all [--json]
  Compares the quotes and passages of stored answers with the stored texts, character by character.
  Exit code: 0 all the same, 1 something differs (named with its place) or failed, 2 wrong usage.`,
  mcp: `npm run --silent mcp
  Speaks the Model Context Protocol over stdin and stdout, for an assistant that starts it; ends when stdin does.
  Exit code: 0 ended, 1 failed, 2 wrong usage, 130 stopped by a signal.`,
} as const

type Command = keyof typeof usage

const leaving = new AbortController()

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  process.exitCode = explain(error)
}

async function run(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  const everything = Object.values(usage).join('\n\n')
  if (name === '--help' || name === '-h') return tell(everything)
  if (name === undefined) throw new InputError('usage', everything)
  if (!isCommand(name)) throw new InputError('usage', `There is no command ${JSON.stringify(name)}.\n\n${everything}`)
  const { values, positionals } = readArguments(name, rest)
  if (values.help) return tell(usage[name])
  if (!isWhole(name, positionals.length, values.all)) throw new InputError('usage', usage[name])
  return await perform(name, positionals, values.json)
}

/** Nearly every command wants words; one answer is verified, or all. */
function isWhole(name: Command, words: number, all: boolean): boolean {
  if (name === 'mcp') return words === 0 && !all
  if (name === 'verify') return words === (all ? 0 : 1)
  return words > 0 && !all
}

async function perform(name: Command, positionals: readonly string[], json: boolean): Promise<number> {
  const config = readConfig(readEnvironment())
  // The first signal ends the command in order, the second one at once.
  process.once('SIGINT', () => leaving.abort())
  process.once('SIGTERM', () => leaving.abort())
  // `npm run ask … | head -1`: who has read enough is no failure.
  process.stdout.on('error', () => process.exit(0))
  const done = announce('Opening the library …')
  // Loaded when it is needed: everything that answers hangs on it, and usage must not wait for that.
  const { connect } = await import('./connect.ts')
  // A command has its own output; the log of an embedded server would only stand in between.
  const connection = await connect(config, openLog(config.logLevel === 'info' ? 'silent' : config.logLevel)).finally(
    done,
  )
  try {
    leaving.signal.throwIfAborted()
    const options: CommandOptions = { json, connection, signal: leaving.signal }
    if (name === 'ask') return await ask(positionals.join(' '), options)
    if (name === 'search') return await search(positionals.join(' '), options)
    if (name === 'verify') return await verify(positionals[0] ?? null, options)
    if (name === 'mcp') return await mcp(options)
    return await ingestPaths(positionals, options)
  } finally {
    await connection.close()
  }
}

/** A line for somebody who waits, gone when the wait is over. */
function announce(line: string): () => void {
  if (!process.stderr.isTTY) return () => {}
  process.stderr.write(line)
  return () => process.stderr.write('\r\u001b[K')
}

function tell(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

/** Says what went wrong and returns the exit code. */
function explain(error: unknown): number {
  if (leaving.signal.aborted) {
    process.stderr.write('Stopped.\n')
    return 130
  }
  process.stderr.write(
    `${error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  )
  return error instanceof ConfigError || error instanceof InputError ? 2 : 1
}

function readArguments(name: Command, args: readonly string[]) {
  const options = {
    json: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new InputError('usage', `${error instanceof Error ? error.message : ''}\n\n${usage[name]}`)
  }
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(usage, name)
}
