// The processes of a run of chaos: a real server, its database and its model behind proxies that fail.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { makeKey } from '../../core/keys.ts'
import { fromWire } from '../../server/http/wire.ts'
import type { Database, Query } from '../../store/database.ts'
import { openPostgres } from '../../store/postgres.ts'
import { reportStore } from '../../store/reports.ts'
import { replyTo } from '../../eval/load/text.ts'
import { type FaultProxy, openFaultProxy } from '../support/fault-proxy.ts'
import {
  completion,
  embeddings,
  failure,
  openProvider,
  type RecordedRequest,
  type Reply,
  streamOf,
} from '../support/provider.ts'
import type { Fault, Saying } from './plan.ts'

const root = join(import.meta.dirname, '../..')
const canary = (name: string) => `canary-${name}-7f3a9c`
/** Well made, and nobody's: it is looked up wherever it is shown. */
export const WRONG_KEY = makeKey().text
/** What no log and no reply may hold. */
export const CANARY = new RegExp(`canary-[\\w-]+-7f3a9c|${WRONG_KEY}`)
export const headers = {
  // Of another server: this one wants none, and takes no notice.
  authorization: `Bearer ${canary('bearer')}`,
  'x-api-key': canary('x-api-key'),
  cookie: `footnote_reader=${canary('cookie')}`,
  referer: canary('referer'),
  'user-agent': canary('agent'),
}

export type World = {
  readonly url: () => string
  readonly set: (fault: Fault) => void
  /** Ends every fault; what hangs in one is cut. */
  readonly heal: () => void
  /** Ends the server and starts it again; how it ended. */
  readonly restart: (signal: 'SIGKILL' | 'SIGTERM') => Promise<{ readonly code: number | null; readonly ms: number }>
  readonly log: () => string
  /** past every fault; null: nobody else has the embedded one */
  readonly query: Query | null
  /** figures of the search index that must agree */
  readonly index: () => Promise<object>
  readonly close: () => Promise<void>
  /** processes that a server of ours started, and that outlived it */
  readonly leftovers: () => number[]
}

/** `postgresUrl`: of a real Postgres, where a database is made; left out, the embedded one. */
export async function openWorld(postgresUrl: string | undefined): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'footnote-chaos-'))
  await mkdir(join(folder, 'library'))
  for (const [name, text] of Object.entries(library)) await writeFile(join(folder, 'library', name), text)
  let says: Saying = 'well'
  const provider = await openProvider((request) => reply(request, says))
  const model = await openFaultProxy({ port: Number(new URL(provider.baseUrl).port) })
  const database = postgresUrl === undefined ? null : await behindProxy(postgresUrl)
  const settings = {
    PORT: '0',
    // A faulty world looks like overload, and what is looked at afterwards must not be refused.
    SHEDDING: 'off',
    FOOTNOTE_CHAOS: folder,
    LIBRARY_DIR: join(folder, 'library'),
    DATA_DIR: join(folder, 'data'),
    LOG_LEVEL: 'info',
    OPENAI_BASE_URL: `http://127.0.0.1:${model.port}/v1`,
    OPENAI_API_KEY: `sk-${canary('key')}`,
    KEY_SECRET: canary('pepper-Zq81vT0mXw5LrB3nKj6d'),
    CHAT_MODEL: 'scripted',
    EMBEDDING_MODEL: 'scripted-embedder',
    ...(database && { DATABASE_URL: database.url }),
  }
  let server = await startServer(settings)
  let log = ''
  const proxies = [model, ...(database ? [database.proxy] : [])]
  const faulty = new Set<FaultProxy>()
  const heal = () => {
    says = 'well'
    for (const proxy of faulty) {
      proxy.set({ type: 'pass' })
      // What hangs in a blackhole would hang until somebody's patience ends.
      proxy.cutAll()
    }
    faulty.clear()
  }
  return {
    url: () => server.url,
    set: (fault) => {
      if ('says' in fault) says = fault.says
      else {
        const proxy = fault.on === 'model' ? model : (database?.proxy ?? model)
        proxy.set(fault.network)
        faulty.add(proxy)
      }
    },
    heal,
    restart: async (signal) => {
      const began = performance.now()
      const code = await ended(server.child, signal)
      const ms = performance.now() - began
      log += server.log()
      heal()
      server = await startServer(settings)
      return { code, ms }
    },
    log: () => log + server.log(),
    query: database && database.direct.of('main').query,
    index: async () => {
      if (database === null) return await indexOf(server.url, settings.DATA_DIR)
      return await reportStore(database.direct.of('main')).index('main')
    },
    close: async () => {
      await ended(server.child, 'SIGTERM')
      for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
      await provider[Symbol.asyncDispose]()
      await database?.drop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
    leftovers: () => processesWith(`FOOTNOTE_CHAOS=${folder}`),
  }
}

/** A database of its own on this Postgres, and a way to it that fails. */
async function behindProxy(postgresUrl: string): Promise<Behind> {
  const name = `footnote_chaos_${randomBytes(6).toString('hex')}`
  const administer = async (sql: string) => {
    const client = new pg.Client(postgresUrl)
    await client.connect()
    try {
      await client.query(sql)
    } finally {
      await client.end()
    }
  }
  await administer(`create database ${name}`)
  const own = new URL(postgresUrl)
  own.pathname = `/${name}`
  const proxy = await openFaultProxy({ host: own.hostname, port: Number(own.port || 5432) })
  const direct = openPostgres(own.href, 1)
  const through = new URL(own)
  through.host = `127.0.0.1:${proxy.port}`
  if (through.password === '') through.password = canary('password')
  return {
    url: through.href,
    proxy,
    direct,
    drop: async () => {
      await direct.close()
      await administer(`drop database ${name} with (force)`)
    },
  }
}

type Behind = {
  readonly url: string
  readonly proxy: FaultProxy
  /** past the proxy */
  readonly direct: Database
  readonly drop: () => Promise<void>
}

type Started = { readonly child: ChildProcess; readonly url: string; readonly log: () => string }

async function startServer(settings: Readonly<Record<string, string>>): Promise<Started> {
  const child = spawn(process.execPath, ['server/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/footnote-test-compiled'),
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  for (;;) {
    const [, url] = /Footnote is ready: (http:\S+)[\s\S]*curl/.exec(said) ?? []
    if (url) return { child, url, log: () => said }
    if (child.exitCode !== null) throw new Error(`The server did not start:\n${said}`)
    await Promise.race([once(child.stderr, 'data'), once(child, 'exit')])
  }
}

/** As `npm run doctor` does: with the token of who may read the data directory. */
async function indexOf(url: string, dataDir: string): Promise<object> {
  const { token } = JSON.parse(readFileSync(join(dataDir, 'owner.json'), 'utf8')) as { readonly token: string }
  const response = await fetch(`${url}/v1/status/index`, { headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`The index could not be read: ${await response.text()}`)
  return fromWire(await response.json()) as object
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const closed = once(child, 'close') as Promise<[number | null]>
  child.kill(signal)
  return (await closed)[0]
}

function processesWith(variable: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable)
    } catch {
      return false
    }
  })
}

function reply({ path, body }: RecordedRequest, says: Saying): Reply {
  if (says === 'busy')
    return failure(429, { message: canary('provider'), code: 'rate_limit_exceeded' }, { 'retry-after': '1' })
  if (says === 'broken') return failure(500, { message: canary('provider') })
  const { input, messages = [] } = body as { input?: readonly string[]; messages?: readonly { content: string }[] }
  if (path.endsWith('/embeddings'))
    return says === 'garbage' ? { body: ['<html>'] } : embeddings((input ?? []).map(vectorOf))
  if (says === 'garbage') return streamOf(['data: {"choices": [{"delta": 7}]}\n\n', `data: ${canary('provider')}\n\n`])
  const tokens = replyTo(messages.at(-1)?.content ?? '', 30)
  if (says === 'cut') return streamOf(completion(tokens).slice(0, 12), 'reset')
  return streamOf(says === 'slowly' ? completion(tokens).flatMap((part) => [part, 10]) : completion(tokens))
}

const DIMENSIONS = 32

/** A word is a direction: texts with the same words are alike. */
function vectorOf(text: string): number[] {
  const vector = Array.from({ length: DIMENSIONS }, () => 0.01)
  for (const [word] of text.toLowerCase().matchAll(/\w+/g)) {
    const at = Array.from(word).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7) % DIMENSIONS
    vector[at] = (vector[at] ?? 0) + 1
  }
  return vector
}

const library: Readonly<Record<string, string>> = {
  'stripe.md':
    '# How Stripe Limits Requests\n\nStripe runs four limiters in production to keep its service up. Its rate limiting uses the token bucket algorithm for each user. The fleet usage load shedder reserves a share of the workers for critical requests.\n',
  'notion.md':
    '# How Notion Sharded Postgres\n\nNotion split its Postgres monolith into logical shards on many physical databases. The partition key of every sharded table is the workspace id.\n',
}
