// A server process with nothing but a Slack app: `slack-child.ts <database URL or data directory> <Web API> <lease in ms>`.
// It reads "down" and "up" for an outage of its database, and tells on SIGTERM how many tasks it leaves.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Hono } from 'hono'
import { pino } from 'pino'
import { StoreError } from '../../core/errors.ts'
import { problemResponse } from '../../server/http/failure.ts'
import { createSlack } from '../../server/slack/slack.ts'
import type { Database } from '../../store/database.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { inboxStore } from '../../store/inbox.ts'
import { openPostgres } from '../../store/postgres.ts'
import { SECRET } from './fake-slack.ts'
import { serving } from './serving.ts'
import { createEcho } from './slack-perform.ts'

const [place = '', apiUrl = '', leaseMs = ''] = process.argv.slice(2)
const database = place.startsWith('postgres') ? openPostgres(place) : await openEmbedded(place, () => {})
await database.query(`insert into libraries (library_id) values ('main') on conflict do nothing`)
let isDown = false
createInterface(process.stdin).on('line', (line) => (isDown = line === 'down'))

const slack = createSlack({
  slack: { botToken: 'xoxb-1', signingSecret: SECRET, appToken: null, channels: [], humanChannel: null, apiUrl },
  inbox: inboxStore(breakable(database)),
  library: 'main',
  perform: createEcho(apiUrl),
  log: pino({ level: 'warn' }),
  pace: { leaseMs: Number(leaseMs), firstDelayMs: 200 },
})
const app = new Hono().route('/', slack.routes).onError((error) => problemResponse(error))
const { url } = await serving(app)
slack.begin()
writeSync(2, `listening ${url}\n`)

process.once('SIGTERM', () => {
  void (async () => {
    await slack.stop(10_000)
    const [row] = await database.query<{ n: number }>(
      'select count(*)::int as n from slack_tasks where ended_at is null or fault is not null',
    )
    writeSync(2, `left ${row?.n}\n`)
    await database.close()
    process.exit(0)
  })()
})

function breakable(whole: Database): Database {
  return {
    ...whole,
    query: async (sql, parameters) => (check(), await whole.query(sql, parameters)),
    transaction: async (work, timeoutMs) => (check(), await whole.transaction(work, timeoutMs)),
  }
}

function check(): void {
  if (isDown) throw new StoreError('store-unavailable', 'The database cannot be reached.', { retryable: true })
}
