// Messages of one answer: posted once, remembered as soon as Slack named them, found again, and written anew in place.
import { type SlackApi, SlackError } from './api.ts'
import type { Page } from './blocks.ts'
import { answerIdOf, EVENT_TYPE, isOurs, messagesOf } from './thread.ts'

/** Where an answer is said. */
export type Place = {
  readonly channel: string
  readonly thread: string | null
  /** the message that asked */
  readonly since: string | null
}

/** The messages of an answer, in order. */
export type Posts = {
  readonly answerId: string
  readonly messages: () => readonly string[]
  /** Durable when it resolves. */
  readonly add: (ts: string) => Promise<void>
  /** Durable when it resolves: it is not there any more. */
  readonly drop: (ts: string) => Promise<void>
}

// Slack makes nothing of what we did not mark, and shows no previews.
const asWritten = { parse: 'none', link_names: false }
const noPreviews = { unfurl_links: false, unfurl_media: false }

export function metadataOf(id: string) {
  return { event_type: EVENT_TYPE, event_payload: { id } }
}

export async function post(
  api: SlackApi,
  { channel, thread }: Omit<Place, 'since'>,
  page: Page,
  id: string,
  signal: AbortSignal,
): Promise<string> {
  const where = { channel, ...(thread !== null && { thread_ts: thread }) }
  const asked = { ...where, ...page, metadata: metadataOf(id), ...asWritten, ...noPreviews }
  const { ts } = await api.call<{ ts: string }>('chat.postMessage', asked, signal)
  return ts
}

/** To one person alone. It can neither be found nor changed afterwards. */
export async function whisper(
  api: SlackApi,
  { channel, thread, user }: Omit<Place, 'since'> & { readonly user: string },
  page: Page,
  signal: AbortSignal,
): Promise<void> {
  const where = { channel, user, ...(thread !== null && { thread_ts: thread }) }
  await api.call('chat.postEphemeral', { ...where, ...page, ...asWritten, ...noPreviews }, signal)
}

export type PageWriter = {
  /** The first messages of the answer say these pages. One that stands already is not sent again. */
  readonly write: (pages: readonly Page[], signal: AbortSignal) => Promise<void>
  /** There is no other message: what an earlier try has said too much goes. Not before the end, as answers grow. */
  readonly conclude: (pages: readonly Page[], signal: AbortSignal) => Promise<void>
}

export function pageWriter(api: SlackApi, place: Place, posts: Posts): PageWriter {
  const standing = new Map<string, string>()
  const write: PageWriter['write'] = async (pages, signal) => {
    for (const [at, page] of pages.entries()) {
      const ts = posts.messages()[at]
      const text = JSON.stringify(page)
      if (ts === undefined) {
        const posted = await post(api, place, page, posts.answerId, signal)
        standing.set(posted, text)
        await posts.add(posted)
      } else if (standing.get(ts) !== text) {
        await rewrite(api, place.channel, ts, { ...page, metadata: metadataOf(posts.answerId) }, signal)
        standing.set(ts, text)
      }
    }
  }
  return {
    write,
    conclude: async (pages, signal) => {
      await write(pages, signal)
      for (const ts of posts.messages().slice(pages.length)) {
        await api.call('chat.delete', { channel: place.channel, ts }, signal).catch(unlessLater)
        await posts.drop(ts)
      }
    },
  }
}

/** A message that is still a stream cannot be written anew: it is ended first. */
export async function rewrite(
  api: SlackApi,
  channel: string,
  ts: string,
  words: object,
  signal: AbortSignal,
): Promise<void> {
  const asked = { channel, ts, ...words, ...asWritten }
  try {
    await api.call('chat.update', asked, signal)
  } catch (error) {
    if (!(error instanceof SlackError && error.reason === 'streaming_state_conflict')) throw error
    await api.call('chat.stopStream', { channel, ts }, signal).catch(unlessLater)
    await api.call('chat.update', asked, signal)
  }
}

export function unlessLater(error: unknown): void {
  if (!(error instanceof SlackError) || error.retryable) throw error
}

// Of two answers that stop in one thread at the same moment, one may hold a word that the other stopped at.
const PART = 8

/**
 * Messages that were posted just before a crash. Each has the id of its answer with it, but for a stream that nobody
 * ended: that is ours when it says what the answer begins with, or more than a word from the middle of it.
 */
export async function findPosts(
  api: SlackApi,
  place: Place,
  { answerId, said }: { readonly answerId: string; readonly said: string },
  signal: AbortSignal,
): Promise<string[]> {
  const self = await api.self(signal)
  const messages = await messagesOf(api, place, place.since === null ? {} : { oldest: place.since }, signal)
  const whole = lettersOf(said)
  return messages
    .filter((message) => isOurs(message, self) && message.ts !== place.since)
    .filter((message) => {
      if (message.metadata?.event_type === EVENT_TYPE) return answerIdOf(message) === answerId
      const letters = lettersOf(message.text ?? '')
      return letters !== '' && (letters.length < PART ? whole.startsWith(letters) : whole.includes(letters))
    })
    .map(({ ts }) => ts)
}

/** What is left of a text however it is marked up: links, footnotes and marks are gone. */
function lettersOf(text: string): string {
  return text
    .replaceAll(/<[^>]*>|\[\\?\[\d+\\?\]\]\([^)]*\)|\[\d+\]|&(?:amp|lt|gt);/g, '')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
}
