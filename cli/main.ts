// npm run ask | search | ingest | reembed | worker | status | doctor | gaps | verify | keys | backup | restore | mcp: one command line for people and scripts.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError, ConfigError, InputError } from '../core/errors.ts'
import type { CommandOptions } from './connect.ts'
import type { KeyWords } from './keys.ts'
import type { ReembedAsked } from './reembed.ts'
import { type Command, commands, everything, isCommand, type Option, options } from './usage.ts'

type Asked = {
  readonly words: readonly string[]
  readonly json: boolean
  readonly all: boolean
  readonly plan: boolean
  readonly allowDeletes: boolean
  readonly url: string | null
  /** null: that of the configuration */
  readonly library: string | null
  readonly reembed: ReembedAsked
  readonly atOnce: string | null
  readonly since: string | null
  readonly replace: boolean
  readonly key: KeyWords
}

const leaving = new AbortController()

// Everything that is loaded later is compiled once for all runs. Beside the packages, so that `npm ci` clears it; where
// nothing can be written, each run compiles for itself.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/footnote-compiled'))

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  process.exitCode = await explain(error)
}

async function run(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === '--help' || name === '-h') return tell(everything)
  if (name === undefined) throw new InputError('usage', everything)
  if (!isCommand(name)) throw new InputError('usage', `There is no command ${JSON.stringify(name)}.\n\n${everything}`)
  const { isHelp, ...asked } = readArguments(name, rest)
  if (isHelp) return tell(commands[name].help)
  if (!isWhole(name, asked)) throw new InputError('usage', commands[name].help)
  if (asked.url !== null && !isWebAddress(asked.url))
    throw new InputError('usage', `--url: ${JSON.stringify(asked.url)} is not an address like https://ask.example.com`)
  // The first signal ends the command in order, the second one at once.
  process.once('SIGINT', () => leaving.abort())
  process.once('SIGTERM', () => leaving.abort())
  // `npm run ask … | head -1`: who has read enough is no failure.
  process.stdout.on('error', () => process.exit(0))
  return await perform(name, asked)
}

/** Each command is loaded when it is its turn: everything that answers hangs on some, and usage must not wait for it. */
async function perform(name: Command, asked: Asked): Promise<number> {
  if (name === 'worker')
    return await (await import('./worker.ts')).worker(await readSettings(null), asked.atOnce, leaving.signal)
  if (name === 'status') return await status(asked)
  if (name === 'doctor') return await doctor(asked)
  if (name === 'backup' || name === 'restore') return await keep(name, asked)
  // Whoever has lost the provider of a library's vectors changes them with what is left.
  const anyEmbedder = name === 'reembed'
  return await connected(asked, async (options) => await askApp(name, asked, options), anyEmbedder)
}

async function askApp(
  name: Exclude<Command, 'status' | 'doctor' | 'worker' | 'backup' | 'restore'>,
  asked: Asked,
  options: CommandOptions,
): Promise<number> {
  const { words, all } = asked
  if (name === 'ask') return await (await import('./ask.ts')).ask(words.join(' '), options)
  if (name === 'search') return await (await import('./search.ts')).search(words.join(' '), options)
  if (name === 'ingest') return await ingest(asked, options)
  if (name === 'reembed') return await (await import('./reembed.ts')).reembed(asked.reembed, options)
  if (name === 'gaps') return await (await import('./gaps.ts')).gaps(asked.since ?? '30d', options)
  if (name === 'keys') return await (await import('./keys.ts')).keys(words, asked.key, options)
  if (name === 'verify') return await (await import('./verify.ts')).verify(all ? null : (words[0] ?? ''), options)
  return await (await import('./mcp.ts')).mcp(options)
}

async function ingest({ words, plan, allowDeletes, library }: Asked, options: CommandOptions): Promise<number> {
  const { cancelSync, ingestTargets, planTargets, undoSync } = await import('./ingest.ts')
  if (words[0] === 'undo') return await undoSync(words[1] ?? 'last', options)
  if (words[0] === 'cancel') return await cancelSync(words[1] ?? null, options)
  const { targetsOf } = await import('./targets.ts')
  const targets = await targetsOf(words, plan, await readSettings(library))
  return plan ? await planTargets(targets, options) : await ingestTargets(targets, options, allowDeletes)
}

/** For what needs a whole library: through the running server, or opened in this process. */
async function connected(
  { json, library }: Asked,
  command: (options: CommandOptions) => Promise<number>,
  anyEmbedder: boolean,
): Promise<number> {
  const config = await readSettings(library)
  const { openLog } = await import('../core/log.ts')
  const done = announce('Opening the library …')
  const { connect } = await import('./connect.ts')
  // A command has its own output; the log of an embedded server would only stand in between.
  const log = openLog(config.logLevel === 'info' ? 'silent' : config.logLevel)
  const connection = await connect(config, log, anyEmbedder).finally(done)
  try {
    leaving.signal.throwIfAborted()
    return await command({ json, connection, signal: leaving.signal })
  } finally {
    await connection.close()
  }
}

/** Of the database itself, whatever library is in it and whether or not anything of it can be opened. */
async function keep(name: 'backup' | 'restore', { words: [path = ''], json, replace }: Asked): Promise<number> {
  const config = await readSettings(null)
  const options = { json, replace, signal: leaving.signal }
  if (name === 'backup') return await (await import('./backup.ts')).backup(path, config, options)
  return await (await import('./restore.ts')).restore(path, config, options)
}

async function status({ json, library }: Asked): Promise<number> {
  const config = await readSettings(library)
  const done = announce('Looking …')
  const { status } = await import('./status.ts')
  return tell(await status(config, json, leaving.signal).finally(done))
}

async function doctor({ json, url, library }: Asked): Promise<number> {
  const { doctor } = await import('./doctor/doctor.ts')
  return await doctor(await readVariables(library), { json, url }, leaving.signal)
}

async function readSettings(library: string | null) {
  const { readConfig } = await import('../core/config.ts')
  return readConfig(await readVariables(library))
}

async function readVariables(library: string | null) {
  const { readEnvironment } = await import('../core/config.ts')
  const variables = readEnvironment()
  if (library === null) return variables
  const { settings } = await import('../core/settings.ts')
  const fault = settings.LIBRARY.schema.safeParse(library).error?.issues[0]
  // Whoever wrote the option has set no LIBRARY to correct.
  if (fault) throw new InputError('usage', `--library: ${JSON.stringify(library)} ${fault.message}`)
  return { ...variables, LIBRARY: library }
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
async function explain(error: unknown): Promise<number> {
  if (leaving.signal.aborted) {
    process.stderr.write('Stopped.\n')
    return 130
  }
  process.stderr.write(`${await wordsOf(error)}\n`)
  return error instanceof ConfigError || error instanceof InputError ? 2 : 1
}

/** A bug has its stack; a database that is away is named with its place. */
async function wordsOf(error: unknown): Promise<string> {
  if (!(error instanceof AppError)) return String(error instanceof Error ? error.stack : error)
  if (!error.code.startsWith('store-')) return error.message
  const { reached } = await import('../store/database-fault.ts')
  return reached(error, (await readSettings(null)).databaseUrl)
}

/** Throws InputError that names the option which this command does not take. */
function readArguments(name: Command, args: readonly string[]): Asked & { readonly isHelp: boolean } {
  const taken: readonly Option[] = [...commands[name].options, 'help']
  // Those that are not taken are refused by name, and undefined here.
  const known = Object.fromEntries(taken.map((option) => [option, options[option]])) as typeof options
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true })
    const { json = false, all = false, url = null, since = null, plan = false, replace = false } = values
    const { 'allow-deletes': allowDeletes = false, 'at-once': atOnce = null, help: isHelp = false } = values
    const library = values.library ?? null
    const said = { json, all, url, library, since, plan, replace, allowDeletes, atOnce, isHelp }
    return { words: positionals, ...said, key: keyWords(values), reembed: reembedAsked(values) }
  } catch (error) {
    // What node:util adds is how to say the same as a word, with quotes that do not pair.
    const sentence = error instanceof Error ? error.message.replace(/\. To specify a positional [^]*$/, '.') : ''
    throw new InputError('usage', `${sentence}\n\n${commands[name].help}`)
  }
}

type ReembedValues = { [Key in 'model' | 'questions' | 'drop']?: string | undefined } & {
  [Key in 'back' | 'list' | 'yes' | 'switch']?: boolean | undefined
}

function reembedAsked(values: ReembedValues): ReembedAsked {
  const { model = null, questions = null, drop = null, back = false, list = false, yes = false } = values
  return { model, questions, drop, back, list, yes, isSwitched: values.switch ?? false }
}

type KeyValues = { readonly [Word in keyof KeyWords]?: string | undefined }

function keyWords(values: KeyValues): KeyWords {
  const { name = null, library = null, scopes = null, expires = null, origins = null } = values
  return { name, library, scopes, expires, origins }
}

function isWhole(name: Command, { words, all, plan, reembed }: Asked): boolean {
  if (name === 'reembed') {
    const { model, back, list, drop } = reembed
    return words.length === 0 && [model !== null, back, list, drop !== null].filter(Boolean).length === 1
  }
  if (name === 'ingest') return !['undo', 'cancel'].includes(words[0] ?? '') || (!plan && words.length <= 2)
  const wanted = commands[name].words
  if (wanted === 'some') return words.length > 0
  return words.length === (wanted === 'none' || all ? 0 : 1)
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text)
}
