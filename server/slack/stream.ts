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

type State = {
  /** what Slack takes words for; null: the next ones begin a message */
  open: { readonly ts: string; readonly begunAt: number; text: string } | null
  /** all that was shown, in whichever message */
  shown: string
  isSpoiled: boolean
}

export function createSlackStream(options: StreamOptions): SlackStream {
  const state: State = { open: null, shown: '', isSpoiled: false }
  return {
    write: async (units, signal) => await write(state, units, options, signal),
    tend: async (signal) => await tend(state, options, signal),
    end: async (units, footer, signal) => {
      // What is there at once needs no stream.
      if (state.shown === '') return false
      await write(state, units, options, signal)
      if (!state.open) return false
      try {
        await stop(state, state.isSpoiled ? [] : footer, options, signal)
      } catch (error) {
        if (!isClosed(error)) throw error
        return false
      }
      return !state.isSpoiled
    },
  }
}

async function write(state: State, units: readonly Unit[], options: StreamOptions, signal: AbortSignal): Promise<void> {
  state.isSpoiled ||= !textOf(units).startsWith(state.shown)
  if (state.isSpoiled) return
  let chunk = ''
  for (const part of partsAfter(units, state.shown.length)) {
    if ((state.open?.text.length ?? 0) + chunk.length + part.length > PAGE) {
      await send(state, chunk, options, signal)
      await close(state, options, signal)
      chunk = ''
    }
    chunk += part
  }
  await send(state, chunk, options, signal)
}

async function send(state: State, chunk: string, options: StreamOptions, signal: AbortSignal): Promise<void> {
  if (chunk === '') return
  await tend(state, options, signal)
  await add(state, chunk, options, signal)
  state.shown += chunk
}

async function tend(state: State, options: StreamOptions, signal: AbortSignal): Promise<void> {
  if (state.open && performance.now() - state.open.begunAt >= options.rotateMs) await close(state, options, signal)
}

async function close(state: State, options: StreamOptions, signal: AbortSignal): Promise<void> {
  if (!state.open) return
  try {
    await stop(state, [], options, signal)
    state.open = null
  } catch (error) {
    if (!isClosed(error)) throw error
    await salvage(state, options, signal)
  }
}

async function stop(state: State, blocks: readonly Block[], { api, place, posts }: StreamOptions, signal: AbortSignal) {
  const message = { channel: place.channel, ts: state.open?.ts, metadata: metadataOf(posts.answerId) }
  await api.call('chat.stopStream', { ...message, ...(blocks.length > 0 && { blocks }) }, signal)
}

async function add(state: State, chunk: string, options: StreamOptions, signal: AbortSignal): Promise<void> {
  const { open } = state
  if (!open) return await start(state, chunk.trimStart(), options, signal)
  const { api, place } = options
  try {
    await api.call('chat.appendStream', { channel: place.channel, ts: open.ts, markdown_text: chunk }, signal)
    open.text += chunk
  } catch (error) {
    if (!isClosed(error)) throw error
    await salvage(state, options, signal)
    await start(state, chunk.trimStart(), options, signal)
  }
}

async function start(state: State, text: string, { api, place, user, posts }: StreamOptions, signal: AbortSignal) {
  const { channel, thread } = place
  const { team_id } = await api.self(signal)
  // In a channel Slack wants to know for whom; in a direct message it wants not to be told.
  const recipient = channel.startsWith('D') ? {} : { recipient_user_id: user, recipient_team_id: team_id }
  const asked = { channel, thread_ts: thread, ...recipient, markdown_text: text }
  const { ts } = await api.call<{ ts: string }>('chat.startStream', asked, signal)
  state.open = { ts, begunAt: performance.now(), text }
  await posts.add(ts)
}

/** What Slack has closed on its own says what it said, but looks broken until it is written anew. */
async function salvage(state: State, { api, place, posts }: StreamOptions, signal: AbortSignal): Promise<void> {
  const { open } = state
  state.open = null
  const words = { markdown_text: open?.text, metadata: metadataOf(posts.answerId) }
  if (open) await rewrite(api, place.channel, open.ts, words, signal)
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
