// The whole server over a real library: what is asked in Slack, and what comes back.
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openTestApp, openTestLibrary, type TestApp } from '../../support/app.ts'
import { type FakeSlackApi, openFakeSlackApi } from '../../support/fake-slack-api.ts'
import { APP, messageEvent, SECRET, signed } from '../../support/fake-slack.ts'

let library: Awaited<ReturnType<typeof openTestLibrary>>
let slack: FakeSlackApi
let app: TestApp

beforeAll(async () => {
  library = await openTestLibrary()
})

beforeEach(async () => {
  await library.query('delete from slack_tasks')
  slack = await openFakeSlackApi({
    channels: { C0001: { name: 'general', members: ['U0001'] }, C0LISTED: { name: 'ask', members: ['U0001'] } },
  })
  app = openTestApp(library, {
    slack: {
      botToken: slack.token,
      signingSecret: SECRET,
      appToken: null,
      channels: ['C0LISTED'],
      humanChannel: null,
      apiUrl: slack.url,
    },
    publicUrl: 'https://ask.example.com',
  })
  app.begin()
  onTestFinished(async () => {
    await app.drain(5_000)
    await slack[Symbol.asyncDispose]()
  })
})

let events = 0

/** Somebody writes it, and Slack tells the app. */
async function say(text: string, { channel = 'C0001', thread }: { channel?: string; thread?: string } = {}) {
  const ts = slack.write(channel, 'U0001', text, thread)
  const event = { text, channel, ts, ...(thread !== undefined && { thread_ts: thread }) }
  const body = JSON.stringify(messageEvent(event, `Ev${events++}`))
  expect((await app.post('/slack/events', body, { headers: signed(body) })).status).toBe(200)
  await vi.waitFor(async () => {
    const rows = await library.query<{ ended: boolean }>('select ended_at is not null as ended from slack_tasks')
    expect(rows.length > 0 && rows.every(({ ended }) => ended)).toBe(true)
  }, 15_000)
  return ts
}

const answersIn = (channel: string) => slack.messages(channel).filter(({ user }) => user !== 'U0001')

describe('a question in Slack', () => {
  it('is answered in its thread, with sources that lead to the words', async () => {
    const ts = await say(`<@${APP}> how does Stripe's request rate limiter work?`)
    const [answer, ...more] = answersIn('C0001')
    expect(more).toEqual([])
    expect(answer).toMatchObject({ thread_ts: ts })
    expect(JSON.stringify(answer)).toContain('holds every user to a number of requests per second')
    expect(JSON.stringify(answer)).toContain('https://ask.example.com/documents/doc_')
  })

  it('that follows in the thread needs no mention, and knows what was said', async () => {
    const thread = await say(`<@${APP}> how did Notion shard Postgres?`)
    await say('and how long was the downtime?', { thread })
    expect(JSON.stringify(answersIn('C0001')[1])).toContain('five minutes of downtime')
  })

  it('that nothing answers is refused where the app was called, and passed over where every message is a question', async () => {
    await say('who won the football match?', { channel: 'C0LISTED' })
    expect(answersIn('C0LISTED')).toEqual([])
    await say(`<@${APP}> who won the football match?`, { channel: 'C0LISTED' })
    expect(JSON.stringify(answersIn('C0LISTED'))).toContain('does not hold an answer')
  })

  it('says nothing of itself in the log', async () => {
    slack.fail('chat.postMessage', { error: 'is_archived' }, 5)
    await say(`<@${APP}> how does Stripe's request rate limiter work?`)
    expect(app.lines.filter((line) => line.includes('is_archived')).length).toBe(1)
    expect(app.lines.join()).not.toContain('request rate limiter work')
  })
})
