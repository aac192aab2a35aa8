// Slack's Events API → the questions among what was said. https://docs.slack.dev/apis/events-api
import { z } from 'zod'
import { channelId, parse, type Reading, stamp, userId } from './reading.ts'
import type { SlackQuestion } from './tasks.ts'
import { mentionsOf, toPlainText } from './text.ts'

const NOTHING: Reading = { type: 'nothing' }

const envelope = z.object({
  type: z.string(),
  challenge: z.string().max(1_000).optional(),
  event: z
    .looseObject({
      type: z.string(),
      subtype: z.string().optional(),
      bot_id: z.string().nullish(),
      hidden: z.boolean().optional(),
      user: z.string().optional(),
    })
    .optional(),
  // Of the installation that sees the event: its user is the app's own.
  authorizations: z.array(z.object({ user_id: z.string().optional() })).optional(),
})

const message = z.object({
  type: z.enum(['message', 'app_mention']),
  channel: channelId,
  user: userId,
  text: z.string().default(''),
  ts: stamp,
  thread_ts: stamp.optional(),
})

// A file with a text beside it, and a reply that is shown in the channel, too. All others tell of something that
// happened: an edit, a removal, somebody who joined.
const spoken = new Set([undefined, 'file_share', 'thread_broadcast'])

/** `channels` are those in which every message is a question. Throws InputError. */
export function readEvent(body: unknown, channels: readonly string[]): Reading {
  const { type, challenge, event, authorizations } = parse(envelope, body)
  if (type === 'url_verification' && challenge !== undefined) return { type: 'challenge', challenge }
  if (type !== 'event_callback' || !event || !['message', 'app_mention'].includes(event.type)) return NOTHING
  const app = authorizations?.[0]?.user_id ?? null
  // What programs say is no question, our own answers least of all: two that answer each other would never end.
  const isPerson = event.user !== undefined && ![app, 'USLACKBOT'].includes(event.user) && !event.bot_id
  if (!isPerson || event.hidden || !spoken.has(event.subtype)) return NOTHING
  return toReading(parse(message, event), app, channels)
}

function toReading(said: z.output<typeof message>, app: string | null, channels: readonly string[]): Reading {
  const from = originOf(said, app, channels)
  const text = toPlainText(said.text, app ?? (said.type === 'app_mention' ? (mentionsOf(said.text)[0] ?? null) : null))
  // Who only calls the app is told how to ask.
  if (from === null || (text === '' && !isMention(said, app))) return NOTHING
  const { channel, ts, user } = said
  // Slack names the first message of a thread as its thread, too, once there are replies.
  const thread = said.thread_ts === undefined || said.thread_ts === ts ? null : said.thread_ts
  const isCalled = from === 'mention' && isMention(said, app)
  const isAlone = ['direct', 'assistant'].includes(from) || isCalled
  return {
    type: 'task',
    kept: {
      // Not the event's own id: a mention in a channel comes as two events, which are one message.
      id: `message ${channel} ${ts}`,
      lane: laneOf({ channel, thread, ts }),
      saidAt: ts,
      task: { type: 'question', from, channel, ts, thread, user, text, isPrivate: false },
      // A reply that calls nobody is for the app when the app takes part in the thread.
      onlyInKnownLane: thread !== null && !isAlone,
      isQuick: false,
    },
  }
}

/** Where the question comes from; null: it is none for the app. */
function originOf(
  said: z.output<typeof message>,
  app: string | null,
  channels: readonly string[],
): SlackQuestion['from'] | null {
  const isReply = said.thread_ts !== undefined && said.thread_ts !== said.ts
  if (said.channel.startsWith('D')) return isReply ? 'assistant' : 'direct'
  if (isMention(said, app)) return 'mention'
  // Whoever names somebody else talks to them.
  if (mentionsOf(said.text).length > 0) return null
  if (channels.includes(said.channel)) return 'channel'
  return isReply ? 'mention' : null
}

function isMention({ type, text }: z.output<typeof message>, app: string | null): boolean {
  return type === 'app_mention' || (app !== null && mentionsOf(text).includes(app))
}

/** The thread: its messages are answered one after the other. */
export function laneOf({ channel, thread, ts }: Pick<SlackQuestion, 'channel' | 'thread' | 'ts'>): string {
  return `thread ${channel} ${thread ?? ts ?? ''}`
}
