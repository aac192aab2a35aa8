// What doctor finds about Slack, over a fake of its Web API.
import { expect, it } from 'vitest'
import { checkSlack } from '../../../cli/doctor/slack.ts'
import { readConfig } from '../../../core/config.ts'
import { SCOPES } from '../../../server/slack/credentials.ts'
import { APP_TOKEN, type Fault, openFakeSlackApi } from '../../support/fake-slack-api.ts'

const never = new AbortController().signal

const check = async (apiUrl: string, more: Record<string, string> = {}) =>
  await checkSlack(
    readConfig({
      SLACK_BOT_TOKEN: 'xoxb-secret',
      SLACK_SIGNING_SECRET: 'secret',
      SLACK_API_URL: apiUrl,
      ...more,
    }).slack!,
    never,
  )

it('is fine with tokens that Slack takes, and only asks', async () => {
  await using slack = await openFakeSlackApi({ scopes: [...SCOPES, 'users:read'] })
  expect(await check(slack.url, { SLACK_APP_TOKEN: APP_TOKEN })).toEqual([
    { level: 'fine', found: 'footnote is known in Acme (SLACK_BOT_TOKEN)', remedy: null },
    { level: 'fine', found: 'Socket Mode lets the server in (SLACK_APP_TOKEN)', remedy: null },
  ])
  expect(slack.calls.map(({ method }) => method).toSorted()).toEqual(['apps.connections.open', 'auth.test'])
})

it('finds each token that is wrong, without saying it', async () => {
  await using slack = await openFakeSlackApi({ scopes: SCOPES })
  const found = await check(slack.url, { SLACK_BOT_TOKEN: 'xoxb-WRONG', SLACK_APP_TOKEN: 'xapp-WRONG' })
  expect(found).toMatchObject([
    { level: 'wrong', found: 'Slack refuses SLACK_BOT_TOKEN (invalid_auth)', remedy: expect.stringContaining('xoxb-') },
    { level: 'wrong', found: 'Slack refuses SLACK_APP_TOKEN (invalid_auth)', remedy: expect.stringContaining('xapp-') },
  ])
  expect(JSON.stringify(found)).not.toContain('WRONG')
})

it('names the scopes that the app was installed without', async () => {
  await using slack = await openFakeSlackApi({ scopes: SCOPES.filter((scope) => !/^(?:im|groups):/.test(scope)) })
  expect(await check(slack.url)).toMatchObject([
    { level: 'fine' },
    {
      level: 'wrong',
      found: 'the app was installed without groups:history, groups:read, im:history, im:write',
      remedy: expect.stringMatching(/slack-manifest\.yaml.*install the app again/),
    },
  ])
})

it.each<[Fault, string, RegExp, RegExp]>([
  [{ error: 'account_inactive' }, 'wrong', /account_inactive/, /was removed.*install it again/],
  [{ error: 'token_revoked' }, 'wrong', /token_revoked/, /install the app again/],
  [{ error: 'something_new' }, 'wrong', /refuses SLACK_BOT_TOKEN \(something_new\)/, /Copy the Bot User OAuth Token/],
  [{ status: 503 }, 'wrong', /does not answer \(http-503\)/, /status page of Slack/],
  [{ status: 429, retryAfterS: 60 }, 'look', /asks to wait/, /in a minute/],
])('says of %j what to do', async (fault, level, found, remedy) => {
  await using slack = await openFakeSlackApi({ scopes: SCOPES })
  slack.fail('auth.test', fault)
  expect(await check(slack.url)).toMatchObject([
    { level, found: expect.stringMatching(found), remedy: expect.stringMatching(remedy) },
  ])
})

it('says of an address where nothing listens why', async () => {
  const gone = await openFakeSlackApi()
  await gone[Symbol.asyncDispose]()
  expect(await check(gone.url)).toMatchObject([
    {
      level: 'wrong',
      found: expect.stringContaining('ECONNREFUSED'),
      remedy: expect.stringContaining('SLACK_API_URL'),
    },
  ])
})
