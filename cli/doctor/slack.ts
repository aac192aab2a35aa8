// Slack: is each token taken, and was the app installed with all that it needs? Nothing is posted, nothing connected.
import type { SlackConfig } from '../../core/config.ts'
import { openLog } from '../../core/log.ts'
import { SlackError } from '../../server/slack/api.ts'
import { type Bot, examineAppToken, examineBot } from '../../server/slack/credentials.ts'
import { fine, type Finding, look, wrong } from './finding.ts'
import { failureOf } from './stream.ts'

export async function checkSlack(slack: SlackConfig, signal: AbortSignal): Promise<Finding[]> {
  // What went wrong is told in findings.
  const log = openLog('silent')
  const { appToken, apiUrl } = slack
  const [bot, socket] = await Promise.all([
    examineBot(slack, log, signal).then(describeBot, explained('SLACK_BOT_TOKEN', apiUrl, signal)),
    appToken === null
      ? []
      : examineAppToken(appToken, apiUrl, log, signal).then(
          () => [fine('Socket Mode lets the server in (SLACK_APP_TOKEN)')],
          explained('SLACK_APP_TOKEN', apiUrl, signal),
        ),
  ])
  return [...bot, ...socket]
}

function describeBot({ name, workspace, missing }: Bot): Finding[] {
  const known = fine(`${name} is known in ${workspace} (SLACK_BOT_TOKEN)`)
  if (missing === null) return [look(`${known.found}, with which scopes is not told`, SCOPES_REMEDY)]
  if (missing.length === 0) return [known]
  return [known, wrong(`the app was installed without ${missing.join(', ')}`, SCOPES_REMEDY)]
}

const SCOPES_REMEDY =
  'Compare OAuth & Permissions of the app with slack-manifest.yaml, add what is missing, and install the app again: a token keeps the scopes that it was made with.'

type Setting = 'SLACK_BOT_TOKEN' | 'SLACK_APP_TOKEN'

function explained(setting: Setting, apiUrl: string, signal: AbortSignal) {
  return (error: unknown): Finding[] => {
    signal.throwIfAborted()
    if (!(error instanceof SlackError)) throw error
    const { reason, retryable, cause } = error
    if (reason === 'ratelimited')
      return [look(`Slack asks to wait before ${setting} is tried`, 'Try again in a minute.')]
    if (retryable)
      return [
        wrong(
          `${apiUrl} does not answer (${reason === 'unreachable' ? failureOf(cause) : reason})`,
          'Look at SLACK_API_URL, the status page of Slack, and whether a firewall or proxy lets this machine out.',
        ),
      ]
    return [wrong(`Slack refuses ${setting} (${reason})`, remedies[reason] ?? copyAnew[setting])]
  }
}

const copyAnew: Readonly<Record<Setting, string>> = {
  SLACK_BOT_TOKEN: 'Copy the Bot User OAuth Token (xoxb-…) again: OAuth & Permissions of the app.',
  SLACK_APP_TOKEN: 'Make an App-Level Token (xapp-…) with connections:write: Basic Information of the app.',
}

/** By Slack's own words; any other says that the token is none. */
const remedies: Readonly<Record<string, string>> = {
  account_inactive: 'The app was removed from the workspace: install it again, and copy its new token.',
  token_revoked: 'The token was revoked: install the app again, and copy its new token.',
  token_expired: 'Switch token rotation off in the app, install it again, and copy its new token.',
  missing_scope: 'The token lacks a scope: docs/slack.md says which each of them needs.',
}
