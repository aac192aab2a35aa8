// Slack's Web API as a real HTTP server: keeps messages as Slack does, refuses what Slack refuses, closes streams, and
// fails on demand. Its answers have status 200 also when they say no, as Slack's have.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

type Fields = Readonly<Record<string, unknown>>

export type KeptMessage = {
  readonly channel: string
  readonly ts: string
  readonly thread_ts?: string
  readonly user: string
  text: string
  blocks: Fields[]
  metadata?: unknown
  /** performance.now() when its stream began; undefined: it is no stream, or not any more */
  streamingSince?: number | undefined
  edits: number
}

type Call = { readonly method: string; readonly asked: Fields; readonly at: number }

/** What happens to a call instead: Slack's word for no, a status, or the right reply late or never. */
export type Fault =
  | { readonly error: string }
  | { readonly status: number; readonly retryAfterS?: number }
  | { readonly delayMs: number }
  /** done, but nobody hears of it */
  | 'torn'

export type FakeSlackApi = {
  readonly url: string
  readonly token: string
  readonly calls: Call[]
  /** in a channel, oldest first; those in threads as well */
  readonly messages: (channel?: string) => KeptMessage[]
  readonly ephemerals: Fields[]
  readonly views: Fields[]
  /** Somebody writes; the ts of it. */
  readonly write: (channel: string, user: string, text: string, thread?: string) => string
  /** The next so many calls of this method. */
  readonly fail: (method: string, fault: Fault, times?: number) => void
  /** Slack takes so many calls of the method in a second. */
  readonly limit: (method: string, perSecond: number) => void
  readonly remove: (channel: string, ts: string) => void
} & AsyncDisposable

export type Workspace = {
  readonly channels?: Readonly<Record<string, { readonly name: string; readonly members: readonly string[] }>>
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** Slack's five minutes */
  readonly streamMs?: number
  /** that the app was installed with */
  readonly scopes?: readonly string[]
  readonly pageSize?: number
}

export const APP_TOKEN = 'xapp-secret'
const BOT = 'UBOT'
const TEAM = 'T1'

type State = {
  readonly token: string
  readonly workspace: Workspace
  readonly kept: KeptMessage[]
  readonly ephemerals: Fields[]
  readonly views: Fields[]
  readonly calls: Call[]
  readonly faults: { method: string; fault: Fault; left: number }[]
  readonly limits: Map<string, number>
  clock: number
}

export async function openFakeSlackApi(workspace: Workspace = {}): Promise<FakeSlackApi> {
  const state: State = {
    token: 'xoxb-secret',
    workspace,
    kept: [],
    ephemerals: [],
    views: [],
    calls: [],
    faults: [],
    limits: new Map(),
    clock: 1_700_000_000,
  }
  const server = createServer((incoming, outgoing) => void serve(state, incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
    token: state.token,
    calls: state.calls,
    ephemerals: state.ephemerals,
    views: state.views,
    messages: (channel) => state.kept.filter((message) => channel === undefined || message.channel === channel),
    write: (channel, user, text, thread) => {
      const threaded = thread === undefined ? {} : { thread_ts: thread }
      return keep(state, { channel, user, text, blocks: [], ...threaded }).ts
    },
    fail: (method, fault, times = 1) => state.faults.push({ method, fault, left: times }),
    limit: (method, perSecond) => state.limits.set(method, perSecond),
    remove: (channel, ts) => {
      const at = state.kept.findIndex((message) => message.channel === channel && message.ts === ts)
      state.kept.splice(at, 1)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

type Reply = { readonly body: Fields; readonly status?: number; readonly retryAfterS?: number | undefined } | 'torn'

async function serve(state: State, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const method = (incoming.url ?? '').replace('/api/', '')
  const asked = await read(incoming)
  const reply = await replyTo(state, method, asked, incoming.headers.authorization)
  if (reply === 'torn') return void outgoing.socket?.destroy()
  const { body, status = 200, retryAfterS } = reply
  const { scopes } = state.workspace
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
    ...(scopes && { 'x-oauth-scopes': scopes.join(',') }),
  })
  outgoing.end(JSON.stringify(body))
}

async function replyTo(state: State, method: string, asked: Fields, authorization: string | undefined): Promise<Reply> {
  const at = performance.now()
  const recent = state.calls.filter((call) => call.method === method && call.at > at - 1000)
  if (recent.length >= (state.limits.get(method) ?? Infinity))
    return { body: { ok: false, error: 'ratelimited' }, status: 429, retryAfterS: 1 }
  state.calls.push({ method, asked, at })
  const fault = nextFault(state, method)
  if (typeof fault === 'object' && 'error' in fault) return { body: { ok: false, ...fault } }
  if (typeof fault === 'object' && 'status' in fault) return { body: {}, ...fault }
  if (typeof fault === 'object') await wait(fault.delayMs)
  const token = method === 'apps.connections.open' ? APP_TOKEN : state.token
  if (authorization !== `Bearer ${token}`) return { body: { ok: false, error: 'invalid_auth' } }
  const result = methods[method]?.(state, asked) ?? { error: 'unknown_method' }
  return fault === 'torn' ? 'torn' : { body: { ok: !('error' in result), ...result } }
}

function nextFault({ faults }: State, method: string): Fault | undefined {
  const planned = faults.find((fault) => fault.method === method && fault.left > 0)
  if (planned) planned.left--
  return planned?.fault
}

/** Form or JSON; in a form, what is no word is JSON. */
async function read(incoming: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  if (incoming.headers['content-type']?.startsWith('application/json')) return JSON.parse(body) as Fields
  const structured = ['blocks', 'metadata', 'view', 'chunks']
  return Object.fromEntries(
    Array.from(new URLSearchParams(body), ([key, value]) => [
      key,
      structured.includes(key) ? JSON.parse(value) : value,
    ]),
  )
}

function keep(state: State, message: Omit<KeptMessage, 'ts' | 'edits'>): KeptMessage {
  const kept = { ...message, ts: `${++state.clock}.000100`, edits: 0 }
  state.kept.push(kept)
  return kept
}

const words = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Slack's word for what is wrong with a message, or null. */
function faultOf({ text, markdown_text, blocks = [], metadata, thread_ts }: Fields): string | null {
  if (markdown_text !== undefined && (text !== undefined || (blocks as Fields[]).length > 0))
    return 'markdown_text_conflict'
  if (words(text).length > 40_000 || words(markdown_text).length > 12_000) return 'msg_too_long'
  if (text === undefined && markdown_text === undefined && (blocks as Fields[]).length === 0) return 'no_text'
  if (metadata !== undefined && typeof (metadata as Fields)['event_type'] !== 'string') return 'invalid_metadata_format'
  if (thread_ts !== undefined && !/^\d+\.\d{6}$/.test(words(thread_ts))) return 'invalid_thread_ts'
  return blocksFault(blocks as Fields[])
}

type FakeBlock = {
  type?: string
  text?: { type?: string; text?: string }
  elements?: { action_id?: string; value?: string }[]
}

function blocksFault(blocks: readonly FakeBlock[]): string | null {
  if (blocks.length > 50) return 'invalid_blocks'
  const isGood = ({ type, text, elements }: FakeBlock) => {
    if (type === 'section') return text?.type === 'mrkdwn' && !!text.text && text.text.length <= 3_000
    if (type !== 'actions' || !elements || elements.length > 25) return false
    return new Set(elements.map(({ action_id }) => action_id)).size === elements.length
  }
  return blocks.every(isGood) ? null : 'invalid_blocks'
}

function channelFault({ workspace: { channels = {} } }: State, { channel }: Fields): string | null {
  return words(channel).startsWith('D') || words(channel) in channels ? null : 'channel_not_found'
}

type Method = (state: State, asked: Fields) => Fields

const post: Method = (state, asked) => {
  const error = channelFault(state, asked) ?? faultOf(asked)
  if (error) return { error }
  const { channel, thread_ts, text, markdown_text, blocks, metadata } = asked
  const threaded = thread_ts === undefined ? {} : { thread_ts: words(thread_ts) }
  const { ts } = keep(state, {
    channel: words(channel),
    ...threaded,
    user: BOT,
    text: words(text ?? markdown_text),
    blocks: (blocks as Fields[] | undefined) ?? [],
    metadata,
  })
  return { channel, ts }
}

/** A stream that is still open, or Slack's word for why there is none. */
function streamOf({ kept, workspace: { streamMs = Infinity } }: State, { channel, ts }: Fields): KeptMessage | string {
  const message = kept.find((each) => each.channel === channel && each.ts === ts)
  if (!message) return 'message_not_found'
  const isOpen = message.streamingSince !== undefined && performance.now() - message.streamingSince < streamMs
  if (!isOpen) message.streamingSince = undefined
  return isOpen ? message : 'message_not_in_streaming_state'
}

const list: Method = (state, asked) => {
  const { ts, channel, oldest = '0', latest = '9999999999', cursor = '0' } = asked
  const error = channelFault(state, asked)
  if (error) return { error }
  const { pageSize = 100 } = state.workspace
  const inThread = (message: KeptMessage) => ts === undefined || message.ts === ts || message.thread_ts === ts
  const inRange = (message: KeptMessage) => Number(message.ts) > Number(oldest) && Number(message.ts) < Number(latest)
  const all = state.kept.filter((message) => message.channel === channel && inThread(message))
  if (all.length === 0 && ts !== undefined) return { error: 'thread_not_found' }
  const from = Number(cursor)
  const rest = all.filter(inRange)
  const next = from + pageSize < rest.length ? String(from + pageSize) : ''
  const page = rest.slice(from, from + pageSize).map(({ user, text, metadata, ...message }) => ({
    ts: message.ts,
    text,
    user,
    ...(user === BOT && { bot_id: 'B1' }),
    ...(metadata !== undefined && { metadata }),
  }))
  return { messages: page, response_metadata: { next_cursor: next } }
}

const methods: Readonly<Record<string, Method>> = {
  'auth.test': () => ({ user_id: BOT, bot_id: 'B1', team_id: TEAM, user: 'footnote', team: 'Acme' }),
  'apps.connections.open': () => ({ url: 'wss://localhost/link' }),
  'chat.postMessage': post,
  'chat.postEphemeral': (state, asked) => {
    const { channels = {} } = state.workspace
    const members = channels[words(asked['channel'])]?.members
    const error =
      channelFault(state, asked) ??
      faultOf(asked) ??
      (members?.includes(words(asked['user'])) === false ? 'user_not_in_channel' : null)
    if (error) return { error }
    state.ephemerals.push(asked)
    return { message_ts: `${++state.clock}.000200` }
  },
  'chat.update': (state, asked) => {
    const message = state.kept.find(({ channel, ts }) => channel === asked['channel'] && ts === asked['ts'])
    if (!message) return { error: 'message_not_found' }
    if (typeof streamOf(state, asked) !== 'string') return { error: 'streaming_state_conflict' }
    const error = faultOf(asked)
    if (error) return { error }
    message.text = words(asked['text'] ?? asked['markdown_text'])
    message.blocks = (asked['blocks'] as Fields[] | undefined) ?? []
    message.metadata = asked['metadata'] ?? message.metadata
    message.edits++
    return {}
  },
  'chat.delete': (state, asked) => {
    const at = state.kept.findIndex(({ channel, ts }) => channel === asked['channel'] && ts === asked['ts'])
    if (at === -1) return { error: 'message_not_found' }
    state.kept.splice(at, 1)
    return {}
  },
  'chat.startStream': (state, asked) => {
    const hasRecipient = asked['recipient_user_id'] !== undefined && asked['recipient_team_id'] === TEAM
    if (words(asked['channel']).startsWith('D') ? hasRecipient : !hasRecipient) return { error: 'invalid_arguments' }
    if (asked['thread_ts'] === undefined || asked['metadata'] !== undefined) return { error: 'invalid_arguments' }
    const reply = post(state, asked)
    const message = state.kept.find(({ ts }) => ts === reply['ts'])
    if (message) message.streamingSince = performance.now()
    return reply
  },
  'chat.appendStream': (state, asked) => {
    const message = streamOf(state, asked)
    if (typeof message === 'string') return { error: message }
    const text = message.text + words(asked['markdown_text'])
    if (text.length > 12_000) return { error: 'msg_too_long' }
    message.text = text
    return {}
  },
  'chat.stopStream': (state, asked) => {
    const message = streamOf(state, asked)
    if (typeof message === 'string') return { error: message }
    const blocks = (asked['blocks'] as FakeBlock[] | undefined) ?? []
    const error = blocksFault(blocks)
    if (error) return { error }
    Object.assign(message, { blocks, metadata: asked['metadata'], streamingSince: undefined })
    return {}
  },
  'chat.getPermalink': (_, { channel, message_ts }) => ({
    permalink: `https://team.slack.com/archives/${words(channel)}/p${words(message_ts).replace('.', '')}`,
  }),
  'conversations.info': (state, asked) => {
    const error = channelFault(state, asked)
    return error ? { error } : { channel: state.workspace.channels?.[words(asked['channel'])] ?? {} }
  },
  'conversations.replies': list,
  'conversations.history': list,
  'conversations.open': (_, { users }) => ({ channel: { id: `D${words(users)}` } }),
  'users.conversations': ({ workspace: { channels = {}, pageSize = 100 } }, { user, cursor = '0' }) => {
    const all = Object.values(channels).filter(({ members }) => members.includes(words(user)))
    const from = Number(cursor)
    const next = from + pageSize < all.length ? String(from + pageSize) : ''
    return { channels: all.slice(from, from + pageSize), response_metadata: { next_cursor: next } }
  },
  'usergroups.list': ({ workspace: { groups = {} } }) => ({
    usergroups: Object.entries(groups).map(([handle, users]) => ({ handle, users })),
  }),
  'views.open': (state, { trigger_id, view }) => {
    if (trigger_id === 'expired') return { error: 'expired_trigger_id' }
    const { title, blocks } = view as { title: { text: string }; blocks: Fields[] }
    if (title.text.length > 24 || blocks.length > 100) return { error: 'invalid_arguments' }
    state.views.push(view as Fields)
    return {}
  },
  'assistant.threads.setStatus': () => ({}),
}
