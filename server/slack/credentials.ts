// What the app shows Slack to be let in: is it taken, and may it do what the app does?
import type { SlackConfig } from '../../core/config.ts'
import type { Log } from '../../core/log.ts'
import { createSlackApi, SlackError } from './api.ts'

/** What slack-manifest.yaml asks for; a test holds the two together. */
export const SCOPES = [
  'app_mentions:read',
  'assistant:write',
  'channels:history',
  'channels:read',
  'chat:write',
  'commands',
  'groups:history',
  'groups:read',
  'im:history',
  'im:write',
  'usergroups:read',
] as const

export type Bot = {
  readonly name: string
  readonly workspace: string
  /** null: Slack did not say which it has */
  readonly missing: readonly string[] | null
}

type Told = {
  readonly user?: string
  readonly team?: string
  /** of the header x-oauth-scopes */
  readonly response_metadata?: { readonly scopes?: readonly string[] }
}

/** Whose token it is, and which scopes it was installed without. Throws SlackError. */
export async function examineBot({ botToken, apiUrl }: SlackConfig, log: Log, signal: AbortSignal): Promise<Bot> {
  const api = createSlackApi({ token: botToken, apiUrl, log })
  const { user, team, response_metadata: { scopes } = {} } = await api.call<Told>('auth.test', {}, signal)
  const missing = scopes === undefined ? null : SCOPES.filter((scope) => !scopes.includes(scope))
  return { name: user ?? 'the app', workspace: team ?? 'its workspace', missing }
}

/** Asks for the address of a connection and does not open it. Throws SlackError. */
export async function examineAppToken(token: string, apiUrl: string, log: Log, signal: AbortSignal): Promise<void> {
  await createSlackApi({ token, apiUrl, log }).call('apps.connections.open', {}, signal)
}

/**
 * One line in the log when Slack refuses the bot token: nothing else would tell before the first question, and then
 * only that it was lost. What passes, as a Slack that cannot be reached, is said by the calls that need it.
 */
export async function reportRefusal(slack: SlackConfig, log: Log, signal: AbortSignal): Promise<void> {
  try {
    await examineBot(slack, log, signal)
  } catch (error) {
    if (!(error instanceof SlackError) || error.retryable) return
    log.error(`Slack refuses SLACK_BOT_TOKEN (${error.reason}): nothing is answered there; npm run doctor says more`)
  }
}
