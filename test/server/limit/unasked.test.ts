// The turn of answers that no request asks for, in a whole app with a fake Slack.
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { LimitError } from '../../../core/errors.ts'
import type { Limits } from '../../../server/limit/limits.ts'
import { openTestApp, openTestLibrary } from '../../support/app.ts'
import { openFakeSlackApi } from '../../support/fake-slack-api.ts'
import { APP, messageEvent, SECRET, signed } from '../../support/fake-slack.ts'

let library: Awaited<ReturnType<typeof openTestLibrary>>
beforeAll(async () => {
  library = await openTestLibrary()
}, 120_000)

it('is that of a question, and comes later where it was refused; that it arrived is said in any case', async () => {
  const slack = await openFakeSlackApi({ channels: { C0001: { name: 'general', members: ['U0001'] } } })
  const asked: unknown[] = []
  let worked = 0
  const limits: Limits = {
    admit: async ({ key, traffic }, refused) => {
      asked.push([key, traffic])
      if (asked.length > 1) return { worked: () => void worked++, over: () => {} }
      refused('load')
      throw new LimitError('overloaded', 'The server has more to do than it can.', { isQuota: false, retryAfterMs: 0 })
    },
  }
  const { token: botToken, url: apiUrl } = slack
  const settings = { botToken, signingSecret: SECRET, appToken: null, channels: [], humanChannel: null, apiUrl }
  const app = openTestApp(library, { slack: settings, limits, metrics: 'open' })
  app.begin()
  onTestFinished(async () => {
    await app.drain(5_000)
    await slack[Symbol.asyncDispose]()
  })
  const text = `<@${APP}> how does Stripe's request rate limiter work?`
  const body = JSON.stringify(messageEvent({ text, channel: 'C0001', ts: slack.write('C0001', 'U0001', text) }, 'Ev1'))
  expect((await app.post('/slack/events', body, { headers: signed(body) })).status).toBe(200)
  const answers = () => slack.messages('C0001').filter(({ user }) => user !== 'U0001')
  await expect.poll(() => JSON.stringify(answers()), { timeout: 15_000 }).toContain('requests per second')
  expect(asked).toEqual([
    [null, 'question'],
    [null, 'question'],
  ])
  await expect.poll(() => worked).toBe(1)
  expect(answers()).toHaveLength(1)
  const told = await (await app.get('/metrics')).text()
  expect(told).toContain('footnote_requests_shed_total{limiter="load",class="question"} 1')
})
