// A question asked in Slack: answered once where it was asked, by an answer that is stored like every other.
import { AppError, ModelError, type ModelErrorCode } from '../../core/errors.ts'
import {
  type Answer,
  type AnswerEvent,
  isTerminal,
  type Question,
  type StoredEvent,
  type Turn,
} from '../../core/types.ts'
import { newAnswerId } from '../answer/answer.ts'
import { SlackError } from './api.ts'
import { beats } from './beats.ts'
import { type Page, type Shown, toPages } from './blocks.ts'
import { paragraph, plain } from './markup.ts'
import { offerMore } from './offer.ts'
import { type Place, post, type Posts, unlessLater } from './posts.ts'
import { directPlace, isElsewhere, privateTelling } from './private.ts'
import { recover } from './recovery.ts'
import { type Attempt, isForOne, type SlackQuestion } from './tasks.ts'
import { createTelling, type Telling } from './telling.ts'
import { messagesOf, turnsOf } from './thread.ts'
import type { Notebook, Voicing } from './voice.ts'

export type Trying = Pick<Attempt, 'failures'> & { readonly notebook: Notebook }

/** `before`: the answer that is asked for again. */
export type Asked = SlackQuestion & { readonly before?: string }

// An outage of the model that outlasts so many tries is told.
const TRIES = 3

export async function answerQuestion(
  voicing: Voicing,
  asked: Asked,
  trying: Trying,
  signal: AbortSignal,
): Promise<void> {
  const { notebook } = trying
  const place: Place = { channel: asked.channel, thread: asked.thread ?? asked.ts, since: asked.ts }
  const before = notebook.now().answerId
  if (before === undefined) await notebook.note({ answerId: newAnswerId(), messages: [] })
  try {
    const past = before === undefined ? null : await recover(voicing, { asked, place, notebook, id: before }, signal)
    const telling = tellingOf(voicing, asked, place, notebook)
    if (asked.text === '') return await telling.say(toPages([paragraph(plain(NOTHING_ASKED))]), signal)
    const answer =
      past ?? (await tell(voicing, await toQuestion(voicing, asked, place, notebook, signal), telling, signal))
    await notebook.note({})
    if (isAside(asked, answer, notebook)) return
    if ('status' in answer) await telling.finish(answer, signal)
    else if (answer.retryable && trying.failures < TRIES) throw toError(answer)
    else await telling.say(toPages([paragraph(plain(FAILED))]), signal)
    await notebook.note({ isOver: true })
    if ('status' in answer) await offerMore(voicing, asked, answer, signal)
  } catch (error) {
    if (error instanceof SlackError && !error.retryable) await leave(voicing, asked, notebook, error, signal)
    throw error
  }
}

/** Nobody would read the answer. A fault that passes leaves it running: the next try tells it. */
async function leave(
  { live, library, ...voicing }: Voicing,
  asked: Asked,
  notebook: Notebook,
  error: SlackError,
  signal: AbortSignal,
) {
  const { answerId = '' } = notebook.now()
  live.stop(library, answerId)
  if (asked.from === 'shortcut' && isElsewhere(error)) await sayElsewhere(voicing, asked, answerId, signal)
}

/** Nobody sees in the channel that nothing will come. */
async function sayElsewhere(
  { api }: Pick<Voicing, 'api'>,
  { channel, user }: Asked,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const text = `I could not answer in <#${channel}>: I am no member of it. Invite me there, or ask with /footnote.`
  const page: Page = { text, blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }] }
  await directPlace(api, user, signal)
    .then(async (place) => await post(api, place, page, id, signal))
    .catch(unlessLater)
}

/** Where every message is a question, one that the library does not answer was not meant for it. */
function isAside({ from }: Asked, answer: Answer | Fault, notebook: Notebook): boolean {
  const isRefused = 'status' in answer && answer.status === 'abstained'
  return from === 'channel' && isRefused && !notebook.now().messages?.length
}

const NOTHING_ASKED = 'What would you like to know? Ask it in the same message.'
const FAILED = 'The answer failed, which says nothing about what the library holds. Please ask again in a few minutes.'

function tellingOf(voicing: Voicing, asked: Asked, place: Place, notebook: Notebook): Telling {
  const { api, publicUrl, humanChannel, pace, streams } = voicing
  const { answerId = '', messages = [] } = notebook.now()
  let standing = messages
  const stand = async (messages: readonly string[]) => {
    standing = messages
    await notebook.note({ messages })
  }
  const posts: Posts = {
    answerId,
    messages: () => standing,
    add: async (ts) => await stand([...standing, ts]),
    drop: async (ts) => await stand(standing.filter((each) => each !== ts)),
  }
  const shown: Shown = { publicUrl, hasHuman: humanChannel !== null, isForOne: isForOne(asked) }
  const { user } = asked
  if (asked.isPrivate) return privateTelling({ api, place, user, posts, shown })
  return createTelling({ api, place, user, posts, shown, pace, streams })
}

async function toQuestion(
  { api, answers, audiences, library }: Voicing,
  asked: Asked,
  { channel, thread }: Place,
  notebook: Notebook,
  signal: AbortSignal,
): Promise<Question> {
  const { answerId: id = '' } = notebook.now()
  if (asked.from === 'assistant' && thread !== null) {
    const status = { channel_id: channel, thread_ts: thread, status: 'looking in the library …' }
    await api.call('assistant.threads.setStatus', status, signal).catch(unlessAborted(signal))
  }
  const history: Turn[] = []
  if (asked.thread !== null) {
    const latest = asked.ts === null ? {} : { latest: asked.ts }
    const said = await messagesOf(api, { channel, thread: asked.thread }, latest, signal)
    const find = async (answer: string) => await answers.find(library, answer)
    const until = asked.before === undefined ? {} : { until: asked.before }
    const earlier = said.filter(({ ts }) => asked.ts === null || Number(ts) < Number(asked.ts))
    history.push(...(await turnsOf(earlier, { self: await api.self(signal), find, ...until })))
  }
  return {
    id,
    text: asked.text,
    library,
    conversationId: conversationOf(asked, thread, id),
    history,
    mode: 'auto',
    // Nothing marks a doubtful sentence in a message.
    withholds: true,
    audiences: isForOne(asked)
      ? await audiences.ofUser(asked.user, signal)
      : await audiences.ofChannel(channel, signal),
  }
}

/** Shows that something is done; that it cannot be shown is no reason not to do it. */
function unlessAborted(signal: AbortSignal) {
  return () => signal.throwIfAborted()
}

const PRIVATE = 'con_private_'

function conversationOf(asked: Asked, thread: string | null, id: string): string {
  const start = isForOne(asked) ? PRIVATE : 'con_slack_'
  if (thread === null) return start + id
  const parts = [asked.channel, thread.replace('.', '-'), ...(isForOne(asked) ? [asked.user] : [])]
  return start + parts.join('_')
}

/** Only who asked was to read it. */
export function wasPrivate({ conversationId }: Answer): boolean {
  return conversationId.startsWith(PRIVATE)
}

type Fault = Extract<AnswerEvent, { type: 'error' }>

/** Asks, and tells what comes. */
async function tell(
  voicing: Voicing,
  question: Question,
  telling: Telling,
  signal: AbortSignal,
): Promise<Answer | Fault> {
  const { live, library, pace } = voicing
  signal.throwIfAborted()
  await live.start(question, signal)
  const events = await live.follow(library, question.id, 0, signal)
  for await (const batch of beats<StoredEvent>(events ?? none(), pace.everyMs, signal)) {
    const heard = batch.map(({ event }) => event)
    const last = heard.at(-1)
    if (last && 'answer' in last) return last.answer
    if (last?.type === 'error') return last
    await telling.hear(heard, signal)
    if (last && isTerminal(last)) break
  }
  throw new AppError('internal', 'An answer ended without a terminal event.', { retryable: true })
}

async function* none(): AsyncGenerator<StoredEvent> {}

function toError({ code, retryAfterMs }: Fault): AppError {
  const delay = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (code.startsWith('model-')) return new ModelError(code as ModelErrorCode, code, { retryable: true, ...delay })
  return new AppError(code, code, { retryable: true })
}
