// The simplest way to do a task: the whole answer in one message, with its sources below.
import type { WebClient } from '@slack/web-api'
import type { SlackConfig } from '../../core/config.ts'
import { AppError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { AnswerStore } from '../../core/ports.ts'
import { notesOf, refusalOf } from '../../core/refusal.ts'
import type { Answer } from '../../core/types.ts'
import { newAnswerId, REMEMBERED_TURNS } from '../answer/answer.ts'
import { titleOf } from '../answer/footnoted.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { slackLogger } from './logger.ts'
import type { Attempt, Perform, SlackQuestion } from './tasks.ts'

export type PerformDeps = {
  readonly slack: SlackConfig
  readonly live: LiveAnswers
  readonly answers: AnswerStore
  readonly library: string
  readonly publicUrl: string | null
  readonly log: Log
}

const ANSWERED = 'footnote_answer'
const CALL_MS = 10_000
// Slack cuts longer ones.
const LONGEST = 12_000
// Refusals that pass by themselves. All others stay: a channel that is gone, a token that was revoked.
const passing = /^(?:ratelimited|internal_error|fatal_error|service_unavailable|request_timeout)$/

/** Idempotent: what was said by an earlier attempt, remembered or not, is not said again. */
export function createPlain(deps: PerformDeps): Perform {
  const open = async () => {
    // Loaded on first use: it takes a tenth of a second, and most servers have no Slack.
    const { WebClient } = await import('@slack/web-api')
    return new WebClient(deps.slack.botToken, {
      slackApiUrl: deps.slack.apiUrl,
      logger: slackLogger(deps.log),
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: CALL_MS,
    })
  }
  let opened: Promise<WebClient> | null = null
  return async (task, attempt, signal) => {
    if (task.type === 'action' || attempt.progress.isOver) return
    opened ??= open()
    try {
      await answerQuestion(task, attempt, { ...deps, client: await opened }, signal)
    } catch (error) {
      await settle(error, attempt, deps.log)
    }
  }
}

type Deps = PerformDeps & { readonly client: WebClient }

async function answerQuestion(task: SlackQuestion, attempt: Attempt, deps: Deps, signal: AbortSignal): Promise<void> {
  if (attempt.number > 1 && (await isSaid(task, attempt.id, deps.client))) return
  const answer = await answerOf(task, attempt, deps, signal)
  // Under every message of a channel, "I do not know" would be noise.
  if (answer.status === 'abstained' && task.from === 'channel') return
  signal.throwIfAborted()
  const ts = await say(task, attempt.id, toText(answer, deps.publicUrl), deps.client)
  await attempt.remember({ answerId: answer.id, messages: [ts], isOver: true })
}

/** By a process that ended before it could remember. Nobody can look for a message that only one person sees. */
async function isSaid(
  { channel, thread, ts, isPrivate }: SlackQuestion,
  id: string,
  client: WebClient,
): Promise<boolean> {
  const root = thread ?? ts
  if (root === null || isPrivate) return false
  const { messages = [] } = await client.conversations.replies({
    channel,
    ts: root,
    include_all_metadata: true,
    limit: 200,
    ...(ts !== null && { oldest: ts }),
  })
  return messages.some(({ metadata }) => metadata?.event_type === ANSWERED && idOf(metadata.event_payload) === id)
}

function idOf(payload: unknown): unknown {
  return typeof payload === 'object' && payload !== null && 'task' in payload ? payload.task : null
}

async function answerOf(task: SlackQuestion, attempt: Attempt, deps: Deps, signal: AbortSignal): Promise<Answer> {
  const { live, answers, library } = deps
  const { answerId } = attempt.progress
  const earlier = answerId === undefined ? null : await answers.find(library, answerId)
  if (earlier && earlier.status !== 'stopped') return earlier
  const id = newAnswerId()
  await attempt.remember({ answerId: id })
  const conversationId = conversationOf(task, attempt.id)
  const history = await answers.turns(library, conversationId, REMEMBERED_TURNS)
  live.start({ id, text: task.text, library, conversationId, history, mode: 'auto', withholds: true })
  const leave = () => void live.stop(library, id)
  signal.addEventListener('abort', leave, { once: true })
  for await (const { event } of (await live.follow(library, id, 0, signal)) ?? []) {
    if (event.type === 'error') throw new AppError(event.code, event.code, event)
    // By the end of this process, and not by anybody who asked.
    if (event.type === 'stopped') throw new AppError('answer-stopped', 'The answer was stopped.', { retryable: true })
    if ('answer' in event) return event.answer
  }
  throw new AppError('internal', 'An answer ended without a terminal event.')
}

function conversationOf({ channel, thread, ts }: SlackQuestion, id: string): string {
  const place = thread ?? ts
  return `con_${(place === null ? id : `${channel}_${place}`).replaceAll(/[^\w-]/g, '_').slice(0, 70)}`
}

async function say(
  { channel, thread, ts, user, isPrivate }: SlackQuestion,
  id: string,
  text: string,
  client: WebClient,
): Promise<string> {
  const root = thread ?? ts
  const place = root === null ? {} : { thread_ts: root }
  if (isPrivate) {
    const { message_ts: said } = await client.chat.postEphemeral({ channel, user, text, ...place })
    return said ?? ''
  }
  const metadata = { event_type: ANSWERED, event_payload: { task: id } }
  const quiet = { unfurl_links: false, unfurl_media: false }
  const { ts: said } = await client.chat.postMessage({ channel, text, ...place, metadata, ...quiet })
  return said ?? ''
}

function toText(answer: Answer, origin: string | null): string {
  const notes = answer.status === 'abstained' ? [refusalOf(answer)] : [answer.answer, ...notesOf(answer)]
  const sources = answer.citations.map((citation) => {
    const title = escaped(titleOf(citation))
    const source = origin === null ? title : `<${origin}${citation.link}|${title.replaceAll('|', '¦')}>`
    return `[${citation.n}] ${source}: “${escaped(citation.quote)}”`
  })
  return [...notes.map(escaped), ...(sources.length > 0 ? [sources.join('\n')] : [])].join('\n\n').slice(0, LONGEST)
}

/** Nothing in it is a link, a mention or a command. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

class SlackBusy extends AppError {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, cause: unknown) {
    super('slack-busy', `Slack asks to wait for ${retryAfterMs} ms.`, { cause, retryable: true })
    this.retryAfterMs = retryAfterMs
  }
}

/** What will never succeed is logged and over; the rest is thrown, for a later attempt. */
async function settle(error: unknown, { id, number }: Attempt, log: Log): Promise<void> {
  const { WebAPIPlatformError, WebAPIRateLimitedError } = await import('@slack/web-api')
  if (error instanceof WebAPIRateLimitedError) throw new SlackBusy(error.retryAfter * 1_000, error)
  if (!(error instanceof WebAPIPlatformError) || passing.test(error.data.error)) throw error
  log.warn({ task: id, attempt: number, code: error.data.error }, 'Slack does not take an answer')
}
