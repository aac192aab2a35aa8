// Slack's Web API as this app uses it: one call at a time is tried, what Slack asks to wait is waited, and every fault
// is either for later or for good.
import {
  type ChatPostMessageArguments,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebClient,
} from '@slack/web-api'
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { before } from '../../core/waiting.ts'
import { slackLogger } from './logger.ts'

/** Slack did not do what was asked. `reason` is its own word for it. Not retryable: it never will. */
export class SlackError extends AppError {
  readonly reason: string
  readonly retryAfterMs: number | null

  constructor(reason: string, options: { cause?: unknown; retryable?: boolean; retryAfterMs?: number } = {}) {
    super('slack-failed', `Slack: ${reason}`, options)
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

export type SlackApi = {
  /** Throws SlackError, or the signal's reason. */
  readonly call: <Result = object>(method: string, asked: Asked, signal: AbortSignal) => Promise<Result>
  /** who this app is, asked once */
  readonly self: (signal: AbortSignal) => Promise<Self>
}

type Asked = Readonly<Record<string, unknown>>
export type Self = { readonly user_id: string; readonly bot_id?: string; readonly team_id: string }
export type Block = Extract<ChatPostMessageArguments, { blocks: unknown }>['blocks'][number]

export type ApiOptions = {
  readonly token: string
  /** Slack's own when left out */
  readonly apiUrl?: string
  readonly log: Log
  /** what Slack asks to wait is waited here up to so long; more is thrown, with `retryAfterMs` */
  readonly patienceMs?: number
  readonly deadlineMs?: number
}

/** For a call whose reply several tasks wait for: one that is stopped must not stop it for the others. */
export const unstopped: AbortSignal = new AbortController().signal

// A reader sees a pause of so long as slowness. Whoever is to wait longer should not hold a place meanwhile.
const PATIENCE_MS = 5_000
const DEADLINE_MS = 15_000

export function createSlackApi({ token, apiUrl, log, patienceMs = PATIENCE_MS, deadlineMs = DEADLINE_MS }: ApiOptions) {
  const client = new WebClient(token, {
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
    // The inbox tries again, and nobody else: a second layer would multiply the calls.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: deadlineMs,
    logger: slackLogger(log),
  })
  const gates = new Map<string, number>()
  const call = async <Result>(method: string, asked: Asked, signal: AbortSignal): Promise<Result> => {
    const gate = gateOf(method, asked)
    for (let waitedMs = 0; ;) {
      const closedMs = (gates.get(gate) ?? 0) - performance.now()
      if (closedMs > 0) {
        waitedMs += closedMs
        if (waitedMs > patienceMs) throw new SlackError('ratelimited', { retryable: true, retryAfterMs: closedMs })
        await wait(closedMs, undefined, { signal })
        // Meanwhile somebody else may have been told to wait for longer.
        continue
      }
      try {
        return (await before(client.apiCall(method, { ...asked }), signal)) as Result
      } catch (error) {
        signal.throwIfAborted()
        const fault = toSlackError(error)
        if (fault.retryAfterMs === null) throw fault
        gates.set(gate, Math.max(gates.get(gate) ?? 0, performance.now() + fault.retryAfterMs))
      }
    }
  }
  let asking: Promise<Self> | null = null
  const self = async (signal: AbortSignal) => {
    asking ??= call<Self>('auth.test', {}, unstopped).catch((error: unknown) => {
      asking = null
      throw error
    })
    return await before(asking, signal)
  }
  return { call, self } satisfies SlackApi
}

/** Slack counts calls by method, and messages by channel. Who was told to wait makes the others wait as well. */
function gateOf(method: string, { channel }: Asked): string {
  return method.startsWith('chat.post') ? `${method} ${String(channel)}` : method
}

// Faults of Slack's own; everything else that it answers in words is about us, and stays.
const passing = /^(?:internal_error|fatal_error|service_unavailable|request_timeout|team_added_to_org|rollup_error)$/

function toSlackError(error: unknown): SlackError {
  if (error instanceof WebAPIRateLimitedError)
    return new SlackError('ratelimited', { retryable: true, retryAfterMs: error.retryAfter * 1000 })
  if (error instanceof WebAPIPlatformError) {
    const { error: reason, response_metadata: meta } = error.data
    if (reason === 'ratelimited' || reason === 'rate_limited')
      return new SlackError('ratelimited', { retryable: true, retryAfterMs: (meta?.['retryAfter'] ?? 1) * 1000 })
    // What is no word of Slack's is a page of something in between.
    if (!/^[a-z0-9_.:-]+$/i.test(reason)) return new SlackError('unreadable', { retryable: true })
    return new SlackError(reason, { cause: error, retryable: passing.test(reason) })
  }
  const reason = error instanceof WebAPIHTTPError ? `http-${error.statusCode}` : 'unreachable'
  return new SlackError(reason, { cause: error, retryable: true })
}
