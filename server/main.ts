// npm start: configuration, store, first ingest, then answers until SIGTERM.
import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { styleText } from 'node:util'
import { createAdaptorServer } from '@hono/node-server'
import { type Config, readConfig, readEnvironment } from '../core/config.ts'
import { AppError, ConfigError, StoreError } from '../core/errors.ts'
import { FORMER_SECRET, markOf, misfitWords } from '../core/keys.ts'
import { type Log, openLog } from '../core/log.ts'
import { isLoopback } from '../core/sites.ts'
import { within } from '../core/waiting.ts'
import { showIngest } from '../ingest/progress.ts'
import { reached } from '../store/database-fault.ts'
import type { Tracing } from './observe/traces.ts'
import { isPublic } from './http/limits.ts'
import { closeSlowReaders } from './http/slow-readers.ts'
import { type Opened, openAll } from './open.ts'

// Answers under way may end; what is left is stopped, stored and can be read again. `docker stop` kills after 10
// seconds, and the snapshot of the store comes after this.
const DRAIN_MS = 6_000

// The end of hundreds of answers takes some seconds more, and one that waits for a database that hangs would take for
// ever. With 3 s for connections and 10 s for the store it is over within 30 s, when most supervisors kill.
const DRAINED_MS = 15_000

// A database that is started with us, or that fails over, is there by then.
const BOOT_PATIENCE_MS = 60_000

// Who connects while the server is busy waits in line. Node asks for 511 places, and the system gives as many as it allows.
const BACKLOG = 4_096

try {
  const config = readConfig(readEnvironment())
  const tracing = await tracingOf(config)
  const log = openLog(config.logLevel, { secrets: config.secrets, ...(tracing && { fields: tracing.fields }) })
  await start(config, log, tracing)
  // Nothing may hold the process now, no connection to a provider that hangs either.
  process.exit(0)
} catch (error) {
  say(describe(error))
  process.exit(error instanceof ConfigError ? 2 : 1)
}

/** What it takes to trace is loaded only where there is somebody to tell. */
async function tracingOf({ traces }: Config): Promise<Tracing | null> {
  return traces && (await import('./observe/traces.ts')).openTracing(traces)
}

async function start(config: Config, log: Log, tracing: Tracing | null): Promise<void> {
  checkLibrary(config)
  const place = config.databaseUrl
    ? 'the database of DATABASE_URL'
    : `the embedded database in ${config.dataDir.replace(/\/*$/, '/')}`
  say(`Opening ${place} …`)
  const opened = await openPatiently(config, log, tracing)
  const stopping = new AbortController()
  stopOnSignals(stopping)
  try {
    await requireKeys(config, opened)
    await tryPort(config)
    if (!isLearnedBeside(config)) await learnLibrary(config, opened, stopping.signal)
    if (!stopping.signal.aborted) await serveUntil(stopping.signal, config, opened, log)
  } catch (error) {
    if (!stopping.signal.aborted) throw error
  } finally {
    await opened.close()
  }
}

/** Throws what opening throws; a database that is only not there yet, over a network, is waited for. */
async function openPatiently(config: Config, log: Log, tracing: Tracing | null): Promise<Opened> {
  const until = performance.now() + BOOT_PATIENCE_MS
  for (let tries = 1; ; tries++) {
    try {
      return await openAll(config, log, { tracing })
    } catch (error) {
      const mayCome = config.databaseUrl !== null && error instanceof StoreError && error.retryable
      if (!mayCome || performance.now() > until) throw error
      if (tries === 1) say(`${error.message} It may be starting, too: trying again for a minute …`)
      await wait(1_000)
    }
  }
}

/** A folder that was named and is none would leave a server that knows nothing. */
function checkLibrary({ libraryDir, libraryDirIsSet }: Config): void {
  if (!libraryDirIsSet || statSync(libraryDir, { throwIfNoEntry: false })?.isDirectory()) return
  const found = JSON.stringify(libraryDir)
  const fault = existsSync(libraryDir) ? `LIBRARY_DIR: ${found} is no folder.` : `LIBRARY_DIR: ${found} does not exist.`
  throw new ConfigError([`${fault} Name a folder of documents, or unset it`])
}

/** A door that is open to others needs a key; and what keys are hashed with has to be the same everywhere. */
async function requireKeys(config: Config, { store, keySecret }: Opened): Promise<void> {
  const { made, hold } = await store.keys.count()
  if (keySecret === null && made > 0)
    throw new ConfigError([
      `KEY_SECRET is not set, and there are keys, which cannot be tried without it. ${FORMER_SECRET}`,
    ])
  if (keySecret === null && isPublic(config))
    throw new ConfigError([
      'KEY_SECRET is not set: keys cannot be tried without it, and every server of this database needs the same. Set it to what this prints: openssl rand -base64 32',
    ])
  const misfits = keySecret === null ? 0 : await store.keys.misfits(markOf(keySecret))
  // Not refused: sessions go on, and whoever changes the secret on purpose makes new keys.
  if (misfits > 0) say(misfitWords(misfits))
  if (hold > 0 || config.signOn || !isPublic(config)) return
  throw new ConfigError([
    `${openingOf(config)} lets others than this machine in, and there is no key for them yet. Make one: npm run keys -- create --name me --scopes ask,ingest,admin --expires 90d`,
  ])
}

/** The setting that opens the door. */
function openingOf({ host, publishedHost, publicUrl }: Config): string {
  if (!isLoopback(publishedHost ?? host))
    return publishedHost === null ? `HOST=${host}` : `PUBLISHED_HOST=${publishedHost}`
  return `PUBLIC_URL=${publicUrl}`
}

/** A taken port is told now, not after a long first ingest. */
async function tryPort(config: Config): Promise<void> {
  const probe = createServer()
  await listening(probe.listen(config.port, config.host), config)
  await new Promise((resolve) => probe.close(resolve))
}

/** The library folder is learned on every start: what is unchanged costs a look at its hash, new files just appear. */
async function learnLibrary(config: Config, { syncing }: Opened, signal: AbortSignal): Promise<void> {
  const { libraryDir } = config
  if (!existsSync(libraryDir)) {
    say(`There is no folder ${libraryDir} (LIBRARY_DIR): nothing to learn from it.`)
    // What was uploaded may have to be learned anew all the same.
    await Array.fromAsync(syncing.run({ trigger: 'start', paths: [] }, signal))
    return
  }
  say(`Learning ${libraryDir.replace(/\/*$/, '/')} …`)
  const events = syncing.run({ trigger: 'start', paths: [libraryDir] }, signal)
  await showIngest(events, { stream: process.stderr, interactive: process.stderr.isTTY && !isLearnedBeside(config) })
}

function hasSources({ sources, sourcesIsSet }: Config): boolean {
  return sourcesIsSet || existsSync(sources)
}

/** The web may take its time, and so may workers, or come only later: the server listens before. */
function isLearnedBeside(config: Config): boolean {
  return hasSources(config) || (config.databaseUrl !== null && config.workers === 'only')
}

/** Beside the answers: what cannot be learned keeps nobody from asking. */
async function learnBeside(config: Config, opened: Opened, log: Log): Promise<void> {
  if (!isLearnedBeside(config)) return
  const name = hasSources(config) ? config.sources : config.libraryDir
  // Ended by draining, as all that nobody waits for.
  const { signal } = new AbortController()
  try {
    await (hasSources(config) ? learnSources : learnLibrary)(config, opened, signal)
  } catch (error) {
    if (error instanceof AppError && error.code === 'shutting-down') return
    if (error instanceof ConfigError) log.error(`Nothing is learned from ${name}. ${error.message}`)
    else log.error({ err: error }, `${name} could not be learned`)
  }
}

async function learnSources({ sources }: Config, { syncing }: Opened, signal: AbortSignal): Promise<void> {
  say(`Learning what ${sources} describes …`)
  const events = syncing.run({ trigger: 'start', paths: [], sources: [] }, signal)
  await showIngest(events, { stream: process.stderr, interactive: false })
}

async function serveUntil(signal: AbortSignal, config: Config, opened: Opened, log: Log): Promise<void> {
  const server = createAdaptorServer({ fetch: opened.fetch, hostname: config.host })
  closeSlowReaders(server)
  await listening(server.listen({ port: config.port, host: config.host, backlog: BACKLOG }), config)
  const address = server.address()
  const bound = typeof address === 'object' && address ? address : { address: config.host, port: config.port }
  // Programs get the address itself: "localhost" may lead them to ::1 first, where another server may listen.
  opened.announce(`http://${reachable(bound.address)}:${bound.port}`)
  opened.app.begin()
  await greet(urlOf(config.host, bound.port), config, opened)
  void learnBeside(config, opened, log)
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  say('Stopping: finishing the answers under way …')
  const closed = new Promise((resolve) => server.close(resolve))
  if (!(await within(DRAINED_MS, opened.drain(DRAIN_MS))))
    log.error(`Not everything under way has ended within ${DRAINED_MS / 1_000} s: it is cut.`)
  // Each connection goes as its reader has the last event, and all of them when somebody does not read.
  const idle = setInterval(() => 'closeIdleConnections' in server && server.closeIdleConnections(), 50)
  const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), 3_000)
  await closed
  clearInterval(idle)
  clearTimeout(cut)
  log.info('stopped')
}

async function greet(url: string, config: Config, opened: Opened): Promise<void> {
  const { library } = config
  const isEmpty = !isLearnedBeside(config) && (await opened.store.documents.list(library, 1)).length === 0
  const answers = opened.generator
    ? `Answers are written by ${opened.generator.model}.`
    : 'Answers are verbatim extracts; with OPENAI_API_KEY or OPENAI_BASE_URL a model writes them.'
  const key = isPublic(config) ? ` -H 'authorization: Bearer fn_…'` : ''
  say(`
${bold('Footnote is ready:')} ${bold(url)}
${answers}${isEmpty ? '\nThe library is still empty. Fill it: npm run ingest -- <folder or file>' : ''}

Try it${key && ' (with a key of yours)'}:
  curl ${url}/v1/ask${key} -H 'content-type: application/json' -d '{"question": "how did Stripe rate limit?"}'
`)
}

/** Where this machine reaches a server that listens there: "any address" is none to connect to. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  return address.includes(':') ? `[${address === '::' ? '::1' : address}]` : address
}

/** As somebody on this machine can open it. */
function urlOf(host: string, port: number): string {
  const isHere = ['0.0.0.0', '127.0.0.1', '::', '::1'].includes(host)
  return `http://${isHere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`
}

/** First signal: stop in order. Second: at once. */
function stopOnSignals(stopping: AbortController): void {
  const listener = () => {
    if (stopping.signal.aborted) process.exit(130)
    stopping.abort(new DOMException('stopped by a signal', 'AbortError'))
  }
  process.on('SIGTERM', listener)
  process.on('SIGINT', listener)
}

type Listener = {
  once(event: 'listening', listener: () => void): unknown
  once(event: 'error', listener: (error: Error) => void): unknown
}

async function listening(server: Listener, { host, port }: Config): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (error) => reject(new AppError('cannot-listen', listenFault(error, host, port))))
  })
}

function listenFault(error: Error, host: string, port: number): string {
  if (!('code' in error && error.code === 'EADDRINUSE'))
    return `Cannot listen on ${host}:${port}: ${error.message}. Check HOST and PORT.`
  const other = port < 65_535 ? port + 1 : 3000
  return `Port ${port} is taken by another program. Stop it, or start with another: PORT=${other} npm start`
}

/** A fault somebody must act on as its sentence, with what the database said; a bug with its stack. */
function describe(error: unknown): string {
  if (!(error instanceof AppError)) return String(error instanceof Error ? error.stack : error)
  const { cause } = error
  const isStore = error instanceof StoreError && error.code !== 'store-locked'
  const tellsMore = isStore && cause instanceof Error && !error.message.includes(cause.message)
  const said = reached(error, readEnvironment()['DATABASE_URL'] ?? null)
  return tellsMore ? `${said}\n  ${cause.message}` : said
}

function bold(text: string): string {
  return styleText('bold', text, { stream: process.stderr })
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
