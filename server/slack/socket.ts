// Socket Mode: a connection of ours to Slack, through which it sends what it would otherwise send over HTTP. No public
// address, and no signature: whoever holds the app-level token is the app.
import { setTimeout as wait } from 'node:timers/promises'
import { SocketModeClient } from '@slack/socket-mode'
import { z } from 'zod'
import type { SlackConfig } from '../../core/config.ts'
import { InputError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Acknowledgement, Intake, Kind } from './intake.ts'
import { slackLogger } from './logger.ts'
import { backoffMs } from './retries.ts'

export type SocketDeps = {
  readonly appToken: string
  readonly apiUrl: SlackConfig['apiUrl']
  readonly intake: Intake
  readonly log: Log
}

const FIRST_DELAY_MS = 1_000
// A connection that lived so long was a good one: Slack closes each after some hours, and says so.
const GOOD_MS = 60_000

const kinds: Readonly<Record<string, Kind>> = {
  events_api: 'event',
  slash_commands: 'command',
  interactive: 'interaction',
}

const envelope = z.object({
  type: z.string(),
  body: z.unknown(),
  ack: z.custom<(told?: Record<string, unknown>) => Promise<void>>((each) => typeof each === 'function'),
})

/** Connected until the signal is aborted; resolves then. Whatever breaks it is logged, and it is made again. */
export async function runSocket(deps: SocketDeps, signal: AbortSignal): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    const began = performance.now()
    try {
      await connection(deps, signal)
    } catch (error) {
      if (!signal.aborted) deps.log.warn({ err: error }, 'the connection to Slack failed')
    }
    failures = performance.now() - began > GOOD_MS ? 1 : failures + 1
    await wait(backoffMs(failures, FIRST_DELAY_MS), undefined, { signal }).catch(() => {})
  }
}

/**
 * From its beginning to its end. A client of its own each time: the package's way of connecting again (3.1.0) leaves a
 * refusal uncaught, and an app-level token that is revoked would end the server.
 */
async function connection({ appToken, apiUrl, intake, log }: SocketDeps, signal: AbortSignal): Promise<void> {
  const client = new SocketModeClient({
    appToken,
    autoReconnectEnabled: false,
    logger: slackLogger(log),
    clientOptions: { slackApiUrl: apiUrl, retryConfig: { retries: 0 }, timeout: 10_000 },
  })
  client.on('slack_event', (said: unknown) => void receive(said, intake, log))
  const ended = new Promise<void>((resolve) => client.once('disconnected', () => resolve()))
  const leave = () => void client.disconnect()
  signal.addEventListener('abort', leave, { once: true })
  try {
    await client.start()
    log.info('connected to Slack')
    if (signal.aborted) leave()
    await ended
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

/** Never throws. What was not kept is not acknowledged: Slack sends it again. What nobody can read is not wanted again. */
async function receive(said: unknown, intake: Intake, log: Log): Promise<void> {
  try {
    const { type, body, ack } = envelope.parse(said)
    const kind = kinds[type]
    const told: Acknowledgement = kind ? await intake(kind, body).catch(unreadable(log)) : null
    await ack(told === null ? undefined : { ...told })
  } catch (error) {
    log.warn({ err: error }, 'what Slack sent could not be kept')
  }
}

function unreadable(log: Log): (error: unknown) => null {
  return (error) => {
    if (!(error instanceof InputError)) throw error
    log.warn({ err: error }, 'what Slack sent could not be read')
    return null
  }
}
