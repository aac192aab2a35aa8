// Nothing is acknowledged that is not kept: a store that fails or is late makes Slack send it again.
import { afterEach, expect, it, vi } from 'vitest'
import { readConfig, type SlackConfig } from '../../../core/config.ts'
import type { InboxStore } from '../../../core/inbox.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp } from '../../support/app.ts'
import { APP, messageEvent, SECRET, signed } from '../../support/fake-slack.ts'
import { emptyStore, outage } from '../../support/fake-store.ts'

const slack = readConfig({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: SECRET }).slack as SlackConfig
const body = JSON.stringify(messageEvent({ text: `<@${APP}> how?` }))

afterEach(() => vi.useRealTimers())

async function send(keep: InboxStore['keep']): Promise<Response> {
  const store = { ...emptyStore(), inbox: { ...emptyStore().inbox, keep } }
  const app = openTestApp({ store, embedder: fakeEmbedder(), folder: '' }, { slack })
  return await app.post('/slack/events', body, { headers: signed(body) })
}

it('is told to come again while the database is gone', async () => {
  const response = await send(async () => await Promise.reject(outage()))
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
})

it('is told to come again when the database is late, before Slack hangs up after three seconds', async () => {
  vi.useFakeTimers()
  const response = send(async () => await new Promise(() => {}))
  await vi.advanceTimersByTimeAsync(2_600)
  expect((await response).status).toBe(503)
})

it('is not acknowledged before it is kept', async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  let status: number | null = null
  const response = send(async () => await promise).then((each) => (status = each.status))
  await new Promise((next) => setTimeout(next, 50))
  expect(status).toBeNull()
  resolve(true)
  await response
  expect(status).toBe(200)
})
