// npm start: configuration, store, first ingest, then answers until SIGTERM.
import { existsSync } from 'node:fs'
import { serve } from '@hono/node-server'
import { type Config, readConfig, readEnvironment } from '../core/config.ts'
import { AppError, ConfigError } from '../core/errors.ts'
import { type Log, openLog } from '../core/log.ts'
import { ingest } from '../ingest/ingest.ts'
import { showIngest } from '../ingest/progress.ts'
import { LIBRARY, type Opened, openAll } from './open.ts'

// A deploy waits this long for answers under way; what is left is stopped, stored and can be read again.
const DRAIN_MS = 20_000

try {
  const config = readConfig(readEnvironment())
  await start(config, openLog(config.logLevel))
} catch (error) {
  process.stderr.write(
    `${error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  )
  process.exit(error instanceof ConfigError ? 2 : 1)
}

async function start(config: Config, log: Log): Promise<void> {
  say(
    `Opening ${config.databaseUrl ? 'the database of DATABASE_URL' : `the embedded database in ${config.dataDir}/`} …`,
  )
  const opened = await openAll(config, log)
  const stopping = new AbortController()
  const stop = onSignals(stopping)
  try {
    await learnLibrary(config, opened, stopping.signal)
    if (!stopping.signal.aborted) await serveUntil(stopping.signal, config, opened, log)
  } catch (error) {
    if (!stopping.signal.aborted) throw error
  } finally {
    await opened.close()
    stop()
  }
}

/** The library folder is learned on every start: what is unchanged costs a look at its hash, new files just appear. */
async function learnLibrary(config: Config, opened: Opened, signal: AbortSignal): Promise<void> {
  if (!existsSync(config.libraryDir)) return say(`No folder ${config.libraryDir}/ (LIBRARY_DIR): nothing to learn.`)
  say(`Learning ${config.libraryDir}/ …`)
  const events = ingest(
    [config.libraryDir],
    { documents: opened.store.documents, embedder: opened.embedder, library: LIBRARY },
    signal,
  )
  await showIngest(events, { stream: process.stderr, interactive: process.stderr.isTTY })
}

async function serveUntil(signal: AbortSignal, config: Config, opened: Opened, log: Log): Promise<void> {
  const server = serve({ fetch: opened.app.fetch, port: config.port, hostname: config.host })
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (error) => reject(new AppError('cannot-listen', listenFault(error, config))))
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  const url = `http://${config.host === '0.0.0.0' || config.host === '127.0.0.1' ? 'localhost' : config.host}:${port}`
  opened.announce(url)
  greet(url, opened)
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  say('Stopping: finishing the answers under way …')
  const closed = new Promise((resolve) => server.close(resolve))
  await opened.app.drain(DRAIN_MS)
  if ('closeIdleConnections' in server) server.closeIdleConnections()
  const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), 2_000)
  await closed
  clearTimeout(cut)
  log.info('stopped')
}

function greet(url: string, opened: Opened): void {
  const answers = opened.generator ? `written by ${opened.generator.model}` : 'verbatim extracts (no model configured)'
  say(`
Footnote answers on ${url}   (${answers})

  curl ${url}/v1/ask -H 'content-type: application/json' -d '{"question":"how did Stripe rate limit?"}'
`)
}

/** First signal: stop in order. Second: at once. Returns what takes the listeners away again. */
function onSignals(stopping: AbortController): () => void {
  const listener = () => {
    if (stopping.signal.aborted) process.exit(130)
    stopping.abort(new DOMException('stopped by a signal', 'AbortError'))
  }
  process.on('SIGTERM', listener)
  process.on('SIGINT', listener)
  return () => {
    process.off('SIGTERM', listener)
    process.off('SIGINT', listener)
  }
}

function listenFault(error: Error, config: Config): string {
  const where = `${config.host}:${config.port}`
  if ('code' in error && error.code === 'EADDRINUSE')
    return `Port ${config.port} is taken by another program. Stop it, or start with another: PORT=${config.port + 1} npm start`
  return `Cannot listen on ${where}: ${error.message}. Check HOST and PORT.`
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
