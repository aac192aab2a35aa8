// A server process with nothing but a Slack app:
// `slack-child.ts <database URL or data directory> <Web API> <lease in ms> [<token: with the real voice>]`.
// It reads "down" and "up" for an outage of its database, and tells on SIGTERM how many tasks it leaves.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Hono } from 'hono'
import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import { StoreError } from '../../core/errors.ts'
import type { AnswerEvent, Question } from '../../core/types.ts'
import { liveAnswers } from '../../server/answer/live.ts'
import { problemResponse } from '../../server/http/failure.ts'
import { createSlack } from '../../server/slack/slack.ts'
import type { Perform } from '../../server/slack/tasks.ts'
import { createVoice } from '../../server/slack/voice.ts'
import { answerStore } from '../../store/answers.ts'
import type { Database } from '../../store/database.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { inboxStore } from '../../store/inbox.ts'
import { openPostgres } from '../../store/postgres.ts'
import { SECRET } from './fake-slack.ts'
import { serving } from './serving.ts'
import { createEcho } from './slack-perform.ts'
import { answerOf } from './slack-voice.ts'
import { wrapped } from './wrapped.ts'

const [place = '', apiUrl = '', leaseMs = '', token] = process.argv.slice(2)
const whole = place.startsWith('postgres') ? openPostgres(place) : await openEmbedded(place, () => {})
const database = whole.of('main')
await database.query(`insert into libraries (library_id) values ('main') on conflict do nothing`)
let isDown = false
createInterface(process.stdin).on('line', (line) => (isDown = line === 'down'))

const log = pino({ level: 'warn' })

async function* answering(question: Question): AsyncGenerator<AnswerEvent> {
  const { id, conversationId, text } = question
  yield { type: 'started', id, conversationId, mode: 'generative' }
  for (const delta of ['answer to ', text]) {
    await wait(20)
    yield { type: 'text', delta }
  }
  yield { type: 'done', answer: answerOf(question, { answer: `answer to ${text}` }) }
}

/** All that the app says and remembers, over answers that are stored as ever, and take a moment. */
function realVoice(token: string): Perform {
  const answers = answerStore(breakable(database))
  const silentMs = place.startsWith('postgres') ? Number(leaseMs) : 0
  const { perform } = createVoice({
    slack: { token, apiUrl },
    live: liveAnswers({ answers, answering, report: () => {}, silentMs }),
    answers,
    library: 'main',
    publicUrl: null,
    humanChannel: null,
    searching: async () => [],
    documents: { find: async () => null },
    log,
  })
  return perform
}

const slack = createSlack({
  slack: { botToken: 'xoxb-1', signingSecret: SECRET, appToken: null, channels: [], humanChannel: null, apiUrl },
  inbox: inboxStore(breakable(database)),
  library: 'main',
  perform: token === undefined ? createEcho(apiUrl) : realVoice(token),
  log,
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
  return wrapped(whole, ({ query, prepared, transaction }) => ({
    query: async (sql, parameters) => (check(), await query(sql, parameters)),
    prepared: async (sql, parameters) => (check(), await prepared(sql, parameters)),
    transaction: async (work, timeoutMs) => (check(), await transaction(work, timeoutMs)),
  }))
}

function check(): void {
  if (isDown) throw new StoreError('store-unavailable', 'The database cannot be reached.', { retryable: true })
}
