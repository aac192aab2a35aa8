// An answer as it is written, in streams: Slack closes each after five minutes and takes 12,000 characters in it.
import { type Block, type SlackApi, SlackError } from './api.ts'
import { PAGE } from './blocks.ts'
import { textOf, type Unit } from './dialect.ts'
import { metadataOf, type Place, type Posts, rewrite } from './posts.ts'

export type SlackStream = {
  /** Shows what is new of a text that only grows. Throws SlackError; `isUnavailable` tells whether another way is left. */
  readonly write: (units: readonly Unit[], signal: AbortSignal) => Promise<void>
  /** False: what was shown is not how the text begins, or the stream was closed; the messages have to be written anew. */
  readonly end: (units: readonly Unit[], footer: readonly Block[], signal: AbortSignal) => Promise<boolean>
  /** Ends a stream that is about to be closed by Slack. */
  readonly tend: (signal: AbortSignal) => Promise<void>
}

export type StreamOptions = {
  readonly api: SlackApi
  readonly place: Place & { readonly thread: string }
  readonly user: string
  readonly posts: Posts
  /** after so long the next words begin another message */
  readonly rotateMs: number
}

const unavailable =
  /^(?:unknown_method|missing_scope|not_allowed_token_type|method_not_supported_for_channel_type|channel_type_not_supported|missing_recipient_\w+|feature_not_enabled|invalid_arguments|invalid_thread_ts)$/
const forAll = /^(?:unknown_method|missing_scope|not_allowed_token_type|feature_not_enabled)$/
const closed = /^(?:message_not_in_streaming_state|message_not_owned_by_app)$/

/** Whether streams are not to be had here; `everywhere`: nor in any other conversation. */
export function isUnavailable(error: unknown): { readonly everywhere: boolean } | null {
  if (!(error instanceof SlackError) || !unavailable.test(error.reason)) return null
  return { everywhere: forAll.test(error.reason) }
}

type Open = { readonly ts: string; readonly begunAt: number; text: string }

export function createSlackStream({ api, place, user, posts, rotateMs }: StreamOptions): SlackStream {
  const { channel, thread } = place
  const metadata = metadataOf(posts.answerId)
  let open: Open | null = null
  let shown = ''
  let isSpoiled = false

  const start = async (text: string, signal: AbortSignal) => {
    const { team_id } = await api.self(signal)
    // In a channel Slack wants to know for whom; in a direct message it wants not to be told.
    const recipient = channel.startsWith('D') ? {} : { recipient_user_id: user, recipient_team_id: team_id }
    const asked = { channel, thread_ts: thread, ...recipient, markdown_text: text }
    const { ts } = await api.call<{ ts: string }>('chat.startStream', asked, signal)
    open = { ts, begunAt: performance.now(), text }
    await posts.add(ts)
  }
  /** What Slack has closed on its own says what it said, but looks broken until it is written anew. */
  const salvage = async ({ ts, text }: Open, signal: AbortSignal) => {
    open = null
    await rewrite(api, channel, ts, { markdown_text: text, metadata }, signal)
  }
  const close = async (signal: AbortSignal) => {
    if (!open) return
    const stream: Open = open
    try {
      await api.call('chat.stopStream', { channel, ts: stream.ts, metadata }, signal)
      open = null
    } catch (error) {
      if (!isClosed(error)) throw error
      await salvage(stream, signal)
    }
  }
  const tend = async (signal: AbortSignal) => {
    if (open && performance.now() - open.begunAt >= rotateMs) await close(signal)
  }
  const send = async (chunk: string, signal: AbortSignal): Promise<void> => {
    if (chunk === '') return
    await tend(signal)
    const stream = open as Open | null
    if (!stream) await start(chunk.trimStart(), signal)
    else {
      try {
        await api.call('chat.appendStream', { channel, ts: stream.ts, markdown_text: chunk }, signal)
        stream.text += chunk
      } catch (error) {
        if (!isClosed(error)) throw error
        await salvage(stream, signal)
        await start(chunk.trimStart(), signal)
      }
    }
    shown += chunk
  }
  const write: SlackStream['write'] = async (units, signal) => {
    isSpoiled ||= !textOf(units).startsWith(shown)
    if (isSpoiled) return
    let chunk = ''
    for (const part of partsAfter(units, shown.length)) {
      if ((open?.text.length ?? 0) + chunk.length + part.length > PAGE) {
        await send(chunk, signal)
        await close(signal)
        chunk = ''
      }
      chunk += part
    }
    await send(chunk, signal)
  }
  return {
    write,
    tend,
    end: async (units, footer, signal) => {
      await write(units, signal)
      const stream = open as Open | null
      if (!stream) return false
      try {
        await api.call('chat.stopStream', { channel, ts: stream.ts, metadata, blocks: isSpoiled ? [] : footer }, signal)
      } catch (error) {
        if (!isClosed(error)) throw error
        return false
      }
      return !isSpoiled
    },
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof SlackError && closed.test(error.reason)
}

/** Units behind so many characters; of the one that they end in, the rest. */
function partsAfter(units: readonly Unit[], length: number): string[] {
  let before = 0
  return units.flatMap(({ text, gap }, at) => {
    const whole = at === 0 ? text : gap + text
    const rest = whole.slice(Math.max(0, length - before))
    before += whole.length
    return rest === '' ? [] : [rest]
  })
}
