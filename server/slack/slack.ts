// The Slack app of this server: what comes in lies in the inbox before Slack hears of it, and is done by the worker.
import { Hono } from 'hono'
import type { SlackConfig } from '../../core/config.ts'
import type { Log } from '../../core/log.ts'
import type { InboxStore } from '../../core/inbox.ts'
import { openIntake } from './intake.ts'
import { slackRoutes } from './routes.ts'
import type { Perform } from './tasks.ts'
import { openWorker, type Pace } from './worker.ts'

export type SlackDeps = {
  readonly slack: SlackConfig
  readonly inbox: InboxStore
  readonly library: string
  readonly perform: Perform
  readonly log: Log
  readonly pace?: Partial<Pace>
}

export type SlackApp = {
  /** none without a signing secret: nobody could tell who calls */
  readonly routes: Hono
  /** Begins to work, and connects to Slack when there is an app-level token. */
  readonly begin: () => void
  readonly stop: (deadlineMs: number) => Promise<void>
}

export function createSlack(deps: SlackDeps): SlackApp {
  const { slack, log } = deps
  const worker = openWorker(deps)
  const intake = openIntake({ ...deps, channels: slack.channels, wake: worker.wake })
  const leaving = new AbortController()
  const { appToken, apiUrl } = slack
  const connect = async (token: string) => {
    // Loaded on first use: it takes a fifth of a second.
    const { runSocket } = await import('./socket.ts')
    await runSocket({ appToken: token, apiUrl, intake, log }, leaving.signal)
  }
  return {
    routes: slack.signingSecret === null ? new Hono() : slackRoutes(intake, slack.signingSecret),
    begin: () => {
      worker.begin()
      if (appToken === null) return
      connect(appToken).catch((error: unknown) => log.error({ err: error }, 'there is no connection to Slack'))
    },
    stop: async (deadlineMs) => {
      leaving.abort()
      await worker.stop(deadlineMs)
    },
  }
}
