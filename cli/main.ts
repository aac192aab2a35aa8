// npm run ask | search | ingest: one command line for people and scripts.
import { parseArgs } from 'node:util'
import { readConfig, readEnvironment } from '../core/config.ts'
import { AppError, ConfigError, InputError } from '../core/errors.ts'
import { openLog } from '../core/log.ts'
import { ask } from './ask.ts'
import { type CommandOptions, connect } from './connect.ts'
import { ingestPaths } from './ingest.ts'
import { search } from './search.ts'

const usage = {
  ask: `npm run ask -- "your question" [--json]
  Prints the answer with its footnotes. --json prints the answer object.
  Exit code: 0 answered, 3 not in the library, 1 failed, 2 wrong usage.`,
  search: `npm run search -- "your words" [--json]
  Prints the passages an answer would be made from.`,
  ingest: `npm run ingest -- <folder or file> …
  Learns markdown, text and html files. What is unchanged costs nothing.
  Exit code: 0 all learned, 1 some could not be (named with the reason), 2 wrong usage.`,
} as const

type Command = keyof typeof usage

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(
    `${error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  )
  process.exitCode = error instanceof ConfigError || error instanceof InputError ? 2 : 1
}

async function run(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || !isCommand(name)) throw new InputError('usage', Object.values(usage).join('\n\n'))
  const { values, positionals } = readArguments(name, rest)
  if (values.help) {
    process.stdout.write(`${usage[name]}\n`)
    return 0
  }
  if (positionals.length === 0) throw new InputError('usage', usage[name])
  const config = readConfig(readEnvironment())
  const leaving = new AbortController()
  process.once('SIGINT', () => leaving.abort())
  process.once('SIGTERM', () => leaving.abort())
  // A command has its own output; the log of an embedded server would only stand in between.
  const connection = await connect(config, openLog(config.logLevel === 'info' ? 'error' : config.logLevel))
  try {
    return await perform(name, positionals, { json: values.json, connection, signal: leaving.signal })
  } finally {
    await connection.close()
  }
}

async function perform(name: Command, positionals: readonly string[], options: CommandOptions): Promise<number> {
  if (name === 'ask') return await ask(positionals.join(' '), options)
  if (name === 'search') return await search(positionals.join(' '), options)
  return await ingestPaths(positionals, options)
}

function readArguments(name: Command, args: readonly string[]) {
  const options = {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new InputError('usage', `${error instanceof Error ? error.message : ''}\n\n${usage[name]}`)
  }
}

function isCommand(name: string): name is Command {
  return name in usage
}
