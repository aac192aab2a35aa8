// Only what Slack signed, just now and to the byte, gets in; and what gets in twice is done once.
import { beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../../core/config.ts'
import type { SlackConfig } from '../../../core/config.ts'
import { checkSignature } from '../../../server/slack/signature.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp, type TestApp } from '../../support/app.ts'
import { APP, messageEvent, now, SECRET, signed } from '../../support/fake-slack.ts'
import { emptyStore } from '../../support/fake-store.ts'

const kept = new Set<string>()
const empty = emptyStore()
const keep = async (_: string, { id }: { id: string }) => kept.size < kept.add(id).size
const library = { store: { ...empty, inbox: { ...empty.inbox, keep } }, embedder: fakeEmbedder(), folder: '' }
let app: TestApp

const slack = readConfig({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: SECRET }).slack as SlackConfig

beforeEach(() => {
  kept.clear()
  app = openTestApp(library, { slack, loopbackOnly: true })
})

const body = JSON.stringify(messageEvent({ text: `<@${APP}> how did Stripe rate limit?` }))

async function send(text: string, headers: Record<string, string>, path = '/slack/events'): Promise<Response> {
  return await app.post(path, text, { headers: { host: 'footnote.example.com', ...headers } })
}

describe('a request to /slack/events', () => {
  it('that Slack signed is taken, under whatever name the server is reached', async () => {
    const response = await send(body, signed(body))
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(kept.size).toBe(1)
  })

  it.each([290, -290])('is taken when the clocks differ by %d seconds', async (seconds) => {
    expect((await send(body, signed(body, now() + seconds))).status).toBe(200)
  })

  it.each<[string, Record<string, string>]>([
    ['an altered byte', signed(`${body.slice(0, -1)} `)],
    ['an old timestamp', signed(body, now() - 310)],
    ['a future timestamp', signed(body, now() + 310)],
    ['another secret', signed(body, now(), `${SECRET}0`)],
    ['no headers', {}],
    ['no signature', { 'x-slack-request-timestamp': String(now()) }],
    ['no timestamp', { 'x-slack-signature': signed(body)['x-slack-signature'] }],
    ['an empty signature', { ...signed(body), 'x-slack-signature': '' }],
    ['half a signature', { ...signed(body), 'x-slack-signature': signed(body)['x-slack-signature'].slice(0, 30) }],
    ['the signature of another time', { ...signed(body), 'x-slack-request-timestamp': String(now() - 1) }],
    [
      'another version',
      { ...signed(body), 'x-slack-signature': signed(body)['x-slack-signature'].replace('v0', 'v1') },
    ],
    ['a timestamp that is none', signed(body, 'now')],
    ['a timestamp with a zero in front', signed(body, `0${now()}`)],
    ['a timestamp as a fraction', signed(body, `${now()}.0`)],
  ])('with %s is refused, and leaves nothing', async (_, headers) => {
    const response = await send(body, headers)
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'bad-signature' }])
    expect(kept.size).toBe(0)
  })

  it('is checked before anybody reads it', async () => {
    expect((await send('{', {})).status).toBe(401)
    expect((await send('{', signed('{'))).status).toBe(400)
    expect((await send('[]', signed('[]'))).status).toBe(422)
  })

  it('sent again within its time is acknowledged and done once; afterwards it is refused', async () => {
    const headers = signed(body)
    const statuses = [(await send(body, headers)).status, (await send(body, headers)).status]
    expect(statuses).toEqual([200, 200])
    expect(kept.size).toBe(1)
    const later = (Date.now() / 1000 + 301) * 1000
    const bytes = Buffer.from(body)
    const [timestamp, signature] = [headers['x-slack-request-timestamp'], headers['x-slack-signature']]
    expect(() => checkSignature({ timestamp, signature, body: bytes }, SECRET, later)).toThrow('five minutes')
  })

  it('that is too large is refused before it is whole', async () => {
    const large = JSON.stringify({ type: 'x'.repeat(1024 * 1024) })
    expect((await send(large, signed(large))).status).toBe(413)
  })

  it('that is not UTF-8 is refused', async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0x22])
    const request = { method: 'POST', body: bytes, headers: signed(bytes) }
    expect((await app.get('/slack/events', request)).status).toBe(400)
  })

  it('that asks whether anybody is there is told its challenge', async () => {
    const challenge = JSON.stringify({
      type: 'url_verification',
      challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    })
    const response = await send(challenge, signed(challenge))
    expect(await response.json()).toEqual({ challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P' })
  })
})

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const command = (text: string) => form({ text, channel_id: 'C1', user_id: 'U1', trigger_id: '1.2.abc' })

describe('commands and interactions', () => {
  it('are signed as well', async () => {
    for (const path of ['/slack/commands', '/slack/interactions'])
      expect((await send('text=x', { ...signed('text=y') }, path)).status).toBe(401)
  })

  it('of a question are acknowledged privately once it is kept', async () => {
    const response = await send(command('how?'), signed(command('how?')), '/slack/commands')
    expect(await response.json()).toEqual({ response_type: 'ephemeral', text: 'Searching the library …' })
    expect(kept.size).toBe(1)
  })

  it('without a question tell how to ask one', async () => {
    const response = await send(command(' '), signed(command(' ')), '/slack/commands')
    expect(await response.json()).toMatchObject({
      response_type: 'ephemeral',
      text: expect.stringContaining('/footnote'),
    })
    expect(kept.size).toBe(0)
  })

  it('of a button are acknowledged with nothing', async () => {
    const click = {
      type: 'block_actions',
      trigger_id: '1.2.abc',
      user: { id: 'U1' },
      container: { channel_id: 'C1', message_ts: '1700000000.000200', thread_ts: '1700000000.000100' },
      actions: [{ action_id: 'footnote_up', value: 'ans_1' }],
    }
    const payload = form({ payload: JSON.stringify(click) })
    const response = await send(payload, signed(payload), '/slack/interactions')
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(kept.size).toBe(1)
  })

  it('that hold no payload are refused', async () => {
    expect((await send('a=b', signed('a=b'), '/slack/interactions')).status).toBe(400)
  })
})

describe('without a signing secret', () => {
  it('there is no way in over HTTP', async () => {
    for (const other of [null, { ...slack, signingSecret: null, appToken: 'xapp-1' }])
      expect(
        (await openTestApp(library, { slack: other }).post('/slack/events', body, { headers: signed(body) })).status,
      ).toBe(404)
  })
})
