// What the log says at the start about a bot token that Slack does not take.
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, expect, it, vi } from 'vitest'
import { openTestApp, openTestLibrary, type TestLibrary } from '../../support/app.ts'
import { type Fault, openFakeSlackApi } from '../../support/fake-slack-api.ts'

let library: TestLibrary

beforeAll(async () => {
  library = await openTestLibrary()
})

/** The lines that are no plain information, once Slack was asked who this is. */
async function complaintsOf(botToken: string, fault?: Fault): Promise<{ level: number; msg: string }[]> {
  await using slack = await openFakeSlackApi()
  if (fault) slack.fail('auth.test', fault)
  const own = { botToken, apiUrl: slack.url, signingSecret: 'secret', appToken: null, channels: [], humanChannel: null }
  const app = openTestApp(library, { slack: own })
  app.begin()
  expect((await app.get('/ready')).status).toBe(200)
  await vi.waitFor(() => expect(slack.calls.map(({ method }) => method)).toContain('auth.test'), 5_000)
  await wait(200)
  await app.drain(1_000)
  const lines = app.lines.map((line) => JSON.parse(line) as { level: number; msg: string })
  return lines.filter(({ level, msg }) => level >= 40 && !msg.startsWith('slack: '))
}

it('is one line that names the setting and not the token', async () => {
  const complaints = await complaintsOf('xoxb-WRONG')
  expect(complaints).toMatchObject([
    { level: 50, msg: expect.stringMatching(/^Slack refuses SLACK_BOT_TOKEN \(invalid_auth\): .*npm run doctor/) },
  ])
  expect(JSON.stringify(complaints)).not.toContain('WRONG')
})

it('is nothing for a token that is taken, and for a Slack that is away', async () => {
  expect(await complaintsOf('xoxb-secret')).toEqual([])
  expect(await complaintsOf('xoxb-secret', { status: 503 })).toEqual([])
})
