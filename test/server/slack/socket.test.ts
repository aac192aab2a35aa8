// Socket Mode, against the real client of Slack: the same way in, acknowledged when it is kept.
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { InboxStore } from '../../../core/inbox.ts'
import { createSlack, type SlackApp } from '../../../server/slack/slack.ts'
import { APP, messageEvent } from '../../support/fake-slack.ts'
import { openSocketMode, type SocketMode } from '../../support/fake-socket-mode.ts'
import { emptyStore, outage } from '../../support/fake-store.ts'

let fake: SocketMode
let app: SlackApp
let lines: string[]
const keep = vi.fn<InboxStore['keep']>()

beforeEach(async () => {
  fake = await openSocketMode()
  keep.mockReset().mockResolvedValue(true)
  lines = []
  const { apiUrl } = fake
  app = createSlack({
    slack: { botToken: 'xoxb-1', signingSecret: null, appToken: 'xapp-1', channels: [], humanChannel: null, apiUrl },
    inbox: { ...emptyStore().inbox, keep },
    library: 'main',
    perform: async () => {},
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
  })
})

afterEach(async () => {
  await app.stop(1_000)
  await fake[Symbol.asyncDispose]()
})

const event = (id: string, text = `<@${APP}> how?`) => ({
  type: 'events_api',
  envelope_id: id,
  accepts_response_payload: false,
  payload: messageEvent({ text }),
})
const acknowledged = () => fake.received.map(({ envelope_id: id }) => id)
const connected = async (times: number) =>
  await vi.waitFor(
    () => expect(lines.filter((line) => line.includes('connected to Slack'))).toHaveLength(times),
    15_000,
  )

it('takes events, commands and interactions, and acknowledges them', async () => {
  app.begin()
  await connected(1)
  const command = { text: 'how?', channel_id: 'C1', user_id: 'U1', trigger_id: '1.2.a' }
  fake.send(event('e1'))
  fake.send({ type: 'slash_commands', envelope_id: 'e2', accepts_response_payload: true, payload: command })
  fake.send({ type: 'interactive', envelope_id: 'e3', payload: { type: 'view_closed' } })
  await vi.waitFor(() => expect(acknowledged().toSorted()).toEqual(['e1', 'e2', 'e3']))
  expect(keep.mock.calls.map(([, { id }]) => id).toSorted()).toEqual([
    'command 1.2.a',
    'message C0001 1700000000.000100',
  ])
  expect(fake.received.find(({ envelope_id: id }) => id === 'e2')?.payload).toMatchObject({
    response_type: 'ephemeral',
  })
})

it('does not acknowledge what is not kept, so that it comes again', async () => {
  app.begin()
  await connected(1)
  keep.mockRejectedValueOnce(outage())
  fake.send(event('lost'))
  await vi.waitFor(() => expect(lines.join()).toContain('could not be kept'))
  fake.send(event('again'))
  await vi.waitFor(() => expect(acknowledged()).toEqual(['again']))
})

it('acknowledges what nobody can read, so that it does not come again', async () => {
  app.begin()
  await connected(1)
  fake.send({ ...event('bad'), payload: messageEvent({ channel: 7, text: `<@${APP}> how?` }) })
  await vi.waitFor(() => expect(acknowledged()).toEqual(['bad']))
  expect(lines.join()).toContain('could not be read')
})

it('connects again when Slack hangs up, and outlives a token that is refused', async () => {
  app.begin()
  await connected(1)
  fake.refusal = 'invalid_auth'
  fake.hangUp()
  await vi.waitFor(() => expect(lines.join()).toContain('invalid_auth'), 10_000)
  fake.refusal = null
  await connected(2)
  fake.send(event('e1'))
  await vi.waitFor(() => expect(acknowledged()).toEqual(['e1']))
  expect(fake.opened()).toBe(2)
})
