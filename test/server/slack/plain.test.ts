// The whole server over a real library: a question in Slack, its answer in the thread.
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { SlackConfig } from '../../../core/config.ts'
import { openTestApp, openTestLibrary, type TestApp } from '../../support/app.ts'
import { APP, messageEvent, openPostbox, type Postbox, SECRET, signed } from '../../support/fake-slack.ts'

let library: Awaited<ReturnType<typeof openTestLibrary>>
let postbox: Postbox
let app: TestApp
let slack: SlackConfig

beforeAll(async () => {
  library = await openTestLibrary()
}, 120_000)

beforeEach(async () => {
  await library.query('delete from slack_tasks')
  postbox = await openPostbox()
  const { apiUrl } = postbox
  slack = {
    botToken: 'xoxb-1',
    signingSecret: SECRET,
    appToken: null,
    channels: ['C0LISTED'],
    humanChannel: null,
    apiUrl,
  }
  app = openApp()
})

function openApp(): TestApp {
  const opened = openTestApp(library, { slack, publicUrl: 'https://ask.example.com' })
  opened.begin()
  onTestFinished(async () => {
    await opened.drain(5_000)
    await postbox[Symbol.asyncDispose]()
  })
  return opened
}

async function say(event: Record<string, unknown>, to = app): Promise<void> {
  const body = JSON.stringify(messageEvent(event))
  expect((await to.post('/slack/events', body, { headers: signed(body) })).status).toBe(200)
}

async function ended(): Promise<void> {
  await vi.waitFor(async () => {
    const rows = await library.query<{ ended: boolean }>('select ended_at is not null as ended from slack_tasks')
    expect(rows.length > 0 && rows.every(({ ended }) => ended)).toBe(true)
  }, 15_000)
}

const ASK = `<@${APP}> how does Stripe's request rate limiter work?`

describe('a question in Slack', () => {
  it('is answered in its thread, with sources that lead to the words, and nothing unfolds', async () => {
    await say({ text: ASK })
    await ended()
    expect(postbox.posted).toHaveLength(1)
    expect(postbox.posted[0]).toMatchObject({
      method: 'chat.postMessage',
      channel: 'C0001',
      thread_ts: '1700000000.000100',
      unfurl_links: 'false',
      text: expect.stringMatching(
        /holds every user to a number of requests per second\. \[1\][\s\S]*<https:\/\/ask\.example\.com\/documents\/doc_/,
      ),
    })
  })

  it('of the command is answered to the one who asked alone', async () => {
    const command = { text: 'how many shards has Notion?', channel_id: 'C1', user_id: 'U1', trigger_id: '1.2.a' }
    const body = new URLSearchParams(command).toString()
    await app.post('/slack/commands', body, { headers: signed(body) })
    await ended()
    expect(postbox.posted).toMatchObject([
      { method: 'chat.postEphemeral', user: 'U1', text: expect.stringContaining('480') },
    ])
  })

  it('that follows in the thread needs no mention, and knows what was said', async () => {
    await say({ text: `<@${APP}> how did Notion shard Postgres?` })
    await ended()
    await say({ text: 'and how long was the downtime?', ts: '1700000001.000100', thread_ts: '1700000000.000100' })
    await vi.waitFor(() => expect(postbox.posted[1]?.['text']).toContain('five minutes of downtime'), 10_000)
  })

  it('without an answer is refused where it was asked, and passed over where every message is a question', async () => {
    await say({ text: 'who won the football match?', channel: 'C0LISTED' })
    await ended()
    expect(postbox.posted).toEqual([])
    await say({ text: `<@${APP}> who won the football match?` })
    await ended()
    expect(postbox.posted).toMatchObject([{ text: expect.stringContaining('does not hold an answer') }])
  })

  it('that Slack will never take is over, and says why in the log', async () => {
    postbox.refusals.set('chat.postMessage', { body: { ok: false, error: 'is_archived' } })
    await say({ text: ASK })
    await ended()
    expect(app.lines.filter((line) => line.includes('is_archived'))).toHaveLength(1)
    expect(app.lines.join()).not.toContain('request rate limiter work')
  })

  it('that Slack wants later is said later, and once', async () => {
    postbox.refusals.set('chat.postMessage', { status: 429, headers: { 'retry-after': '1' } })
    await say({ text: ASK })
    await vi.waitFor(async () => {
      const [row] = await library.query<{ later: boolean }>('select due_at > now() as later from slack_tasks')
      expect(row?.later).toBe(true)
    }, 10_000)
    postbox.refusals.clear()
    await ended()
    expect(postbox.posted).toHaveLength(1)
  })

  it('that was answered by a process that ended before it could say so is not answered again', async () => {
    await say({ text: ASK })
    await ended()
    await library.query(`update slack_tasks set ended_at = null, attempts = 1, progress = '{"answerId": "ans_gone"}',
      task = '{"type": "question", "from": "mention", "channel": "C0001", "ts": "1700000000.000100", "thread": null, "user": "U0001", "text": "x", "isPrivate": false}'`)
    await ended()
    expect(postbox.posted).toHaveLength(1)
  })
})
