// What a button under an answer does: feedback, passages, the same question in private, a human.
import { audienceNames } from '../../core/audience.ts'
import { type Answer, type Feedback, feedbackReasons } from '../../core/types.ts'
import { type Block, SlackError } from './api.ts'
import { bodyOf, type Page, passagePages, reasonForm, toPages } from './blocks.ts'
import { paragraph, plain } from './markup.ts'
import { findPosts, post, unlessLater, whisper } from './posts.ts'
import { answerQuestion, type Trying, wasPrivate } from './question.ts'
import type { SlackAction } from './tasks.ts'
import type { Voicing } from './voice.ts'

const COMMENT = 2_000

export async function act(voicing: Voicing, action: SlackAction, trying: Trying, signal: AbortSignal): Promise<void> {
  const { answers, library } = voicing
  // Within three seconds of the click: before the store is asked.
  if (action.action === 'down') await askWhy(voicing, action, signal)
  const answer = await answers.find(library, action.answerId)
  if (!answer) return await reply(voicing, action, sentence(GONE), signal)
  switch (action.action) {
    case 'up':
      return await rate(voicing, action, { rating: 'up', reason: null, comment: null }, signal)
    case 'down':
      // Who closes the form has said no as well. What the form says counts more, and may have come first.
      if (answer.feedback?.rating !== 'down')
        await answers.rate(library, answer.id, { rating: 'down', reason: null, comment: null })
      return
    case 'reason':
      return await rate(voicing, action, feedbackOf(action), signal)
    case 'passages':
      return await reply(voicing, action, passagePages(answer, voicing.publicUrl), signal)
    case 'private':
      return await askPrivately(voicing, action, answer, trying, signal)
    case 'human':
      return await callHuman(voicing, action, answer, signal)
  }
}

const GONE = 'This answer is not there any more.'

function sentence(text: string): Page[] {
  return toPages([paragraph(plain(text))])
}

/** To whoever has clicked, alone. That it cannot be said undoes nothing. */
async function reply(
  { api }: Voicing,
  { channel, thread, user }: SlackAction,
  pages: readonly Page[],
  signal: AbortSignal,
): Promise<void> {
  for (const page of pages) await whisper(api, { channel, thread, user }, page, signal).catch(unlessLater)
}

async function askWhy({ api }: Voicing, { triggerId, answerId, channel, thread }: SlackAction, signal: AbortSignal) {
  if (triggerId === null) return
  const asked = { trigger_id: triggerId, view: reasonForm({ answerId, channel, thread }) }
  // Too late for a form, and later even more so: the thumb counts without it.
  await api.call('views.open', asked, signal).catch((error: unknown) => {
    if (!(error instanceof SlackError)) throw error
  })
}

async function rate(voicing: Voicing, action: SlackAction, feedback: Feedback, signal: AbortSignal): Promise<void> {
  const { answers, library } = voicing
  const rated = await answers.rate(library, action.answerId, feedback)
  await reply(voicing, action, sentence(rated ? 'Thank you: it is noted.' : GONE), signal)
}

function feedbackOf({ reason, comment }: SlackAction): Feedback {
  const known = feedbackReasons.find((each) => each === reason) ?? (reason === null ? null : 'other')
  const words = comment?.replaceAll('\0', ' ').slice(0, COMMENT).toWellFormed().trim()
  return { rating: 'down', reason: known, comment: words || null }
}

async function askPrivately(
  voicing: Voicing,
  { channel, thread, ts, user, answerId }: SlackAction,
  { question: text }: Answer,
  trying: Trying,
  signal: AbortSignal,
): Promise<void> {
  const where = { channel, thread, ts: thread === null ? null : ts, user }
  const asked = { type: 'question', from: 'command', ...where, text, isPrivate: true, before: answerId } as const
  await answerQuestion(voicing, asked, trying, signal)
}

/** Posts the question where people answer, once however often the button is pressed. */
async function callHuman(voicing: Voicing, action: SlackAction, answer: Answer, signal: AbortSignal): Promise<void> {
  const { api, humanChannel: channel } = voicing
  if (channel === null) return await reply(voicing, action, sentence('Nobody is there to be asked.'), signal)
  const id = `human_${answer.id}`
  const place = { channel, thread: null, since: null }
  const [earlier] = await findPosts(api, place, { answerId: id, said: '' }, signal)
  if (earlier !== undefined)
    return await reply(voicing, action, sentence('A human has been asked about this already.'), signal)
  const [first, ...rest] = await requestOf(voicing, action, answer, signal)
  const ts = first && (await post(api, place, first, id, signal))
  for (const page of rest) await post(api, { channel, thread: ts ?? null }, page, id, signal)
  await reply(voicing, action, sentence('A human has been asked. The reply will come in this conversation.'), signal)
}

async function requestOf(
  voicing: Voicing,
  { channel, thread, ts, user }: SlackAction,
  answer: Answer,
  signal: AbortSignal,
): Promise<Page[]> {
  const { api, publicUrl } = voicing
  const link = await linkTo(thread ?? ts)
  const mention = /^[UW][A-Z0-9]+$/.test(user) ? `<@${user}>` : 'Somebody'
  const text = `${mention} needs a human${link === null ? '' : `: <${link}|the conversation>`}`
  const head: Block = { type: 'section', text: { type: 'mrkdwn', text } }
  const question = { ...paragraph(plain(answer.question)), isQuoted: true }
  const hidden = await whyHidden(voicing, answer, signal)
  const rest = hidden === null ? bodyOf(answer, publicUrl) : [paragraph(plain(hidden, 'italic'))]
  const [first, ...pages] = toPages([question, ...rest])
  return [{ text, blocks: [head, ...(first?.blocks ?? [])] }, ...pages]

  async function linkTo(message: string | null): Promise<string | null> {
    if (message === null) return null
    const asked = { channel, message_ts: message }
    const found = await api.call<{ permalink?: string }>('chat.getPermalink', asked, signal).catch((error: unknown) => {
      unlessLater(error)
      return { permalink: undefined }
    })
    const url = found.permalink === undefined ? null : URL.parse(found.permalink)
    return url?.protocol === 'https:' ? url.href.replaceAll(/[|<>]/g, '') : null
  }
}

/** Why the humans do not see an answer; null: they do, because it was made from nothing that they may not read. */
async function whyHidden(
  { answers, audiences, library, humanChannel }: Voicing,
  answer: Answer,
  signal: AbortSignal,
): Promise<string | null> {
  if (wasPrivate(answer)) return 'The answer was for them alone.'
  const readers = await answers.audiences(library, answer.id)
  const humans = audienceNames(humanChannel === null ? [] : await audiences.ofChannel(humanChannel, signal))
  const isShown = readers && audienceNames(readers).every((name) => humans.includes(name))
  return isShown ? null : 'The answer is for others: read it in the conversation.'
}
