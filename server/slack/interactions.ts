// Commands, shortcuts, buttons and forms → tasks. https://docs.slack.dev/interactivity
import { z } from 'zod'
import { feedbackReasons } from '../../core/types.ts'
import { laneOf } from './events.ts'
import { channelId, parse, parseJson, type Reading, stamp, triggerId, userId } from './reading.ts'
import type { SlackAction, SlackQuestion } from './tasks.ts'
import { toPlainText } from './text.ts'

const NOTHING: Reading = { type: 'nothing' }
const USAGE = 'Ask a question: `/footnote how did Stripe rate limit?` Only you see the answer.'
const LONGEST_COMMENT = 2_000

const command = z.object({
  ssl_check: z.string().optional(),
  text: z.string().default(''),
  channel_id: channelId,
  user_id: userId,
  trigger_id: triggerId,
})

/** `/footnote question`. It cannot be used in threads, and its answer is for the one who typed it. Throws InputError. */
export function readCommand(body: unknown): Reading {
  // Slack looks from time to time whether the address still has a certificate, without a command.
  if (z.object({ ssl_check: z.literal('1') }).safeParse(body).success) return NOTHING
  const { text: typed, channel_id: channel, user_id: user, trigger_id: trigger } = parse(command, body)
  const text = toPlainText(typed, null)
  if (text === '' || text === 'help') return { type: 'reply', text: USAGE }
  const id = `command ${trigger}`
  const place = { channel, ts: null, thread: null }
  const task: SlackQuestion = { type: 'question', from: 'command', ...place, user, text, isPrivate: true }
  return toTask({ id, lane: id, task })
}

const interaction = z.looseObject({ type: z.string() })

/** A message shortcut, a button or a form. What is not ours is nothing. Throws InputError. */
export function readInteraction(body: unknown): Reading {
  const { type } = parse(interaction, body)
  if (type === 'message_action') return readShortcut(body)
  if (type === 'block_actions') return readButton(body)
  return type === 'view_submission' ? readForm(body) : NOTHING
}

const shortcut = z.object({
  callback_id: z.string(),
  trigger_id: triggerId,
  channel: z.object({ id: channelId }),
  user: z.object({ id: userId }),
  message: z.object({ ts: stamp, thread_ts: stamp.optional(), text: z.string().default('') }),
})

/** "Answer this": in the thread of the message, for everybody there; whoever wants it alone has the command. */
function readShortcut(body: unknown): Reading {
  const { callback_id: callback, trigger_id: trigger, channel, user, message } = parse(shortcut, body)
  const text = toPlainText(message.text, null)
  if (callback !== 'footnote_answer' || text === '') return NOTHING
  const { ts } = message
  const thread = message.thread_ts === undefined || message.thread_ts === ts ? null : message.thread_ts
  const place = { channel: channel.id, ts, thread }
  const task: SlackQuestion = { type: 'question', from: 'shortcut', ...place, user: user.id, text, isPrivate: false }
  return toTask({ id: `shortcut ${trigger}`, lane: laneOf(place), task })
}

const answerId = z.string().regex(/^[\w-]{1,80}$/, 'is not the id of an answer')

const button = z.object({
  trigger_id: triggerId,
  user: z.object({ id: userId }),
  container: z.object({ channel_id: channelId, message_ts: stamp, thread_ts: stamp.optional() }),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).min(1),
})

/** A click names the answer in its value. A button that only opens a link is told of as well, and is nothing. */
function readButton(body: unknown): Reading {
  const { actions } = parse(button.pick({ actions: true }), body)
  const clicked = actions.find(({ action_id: id }) => /^footnote_(?:up|down|passages|private|human)$/.test(id))
  if (!clicked) return NOTHING
  const { trigger_id: triggerId, user, container } = parse(button, body)
  return toReading(triggerId, {
    type: 'action',
    action: clicked.action_id.slice('footnote_'.length) as SlackAction['action'],
    answerId: parse(answerId, clicked.value),
    channel: container.channel_id,
    thread: container.thread_ts ?? null,
    ts: container.message_ts,
    user: user.id,
    triggerId,
    reason: null,
    comment: null,
  })
}

const form = z.object({
  trigger_id: triggerId,
  user: z.object({ id: userId }),
  view: z.object({
    callback_id: z.string(),
    private_metadata: z.string().max(3_000),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  }),
})

// What the form was opened with: whoever fills it in stands nowhere in particular.
const about = z.object({ answerId, channel: channelId, thread: stamp.nullable() })
const chosen = z.object({ selected_option: z.object({ value: z.enum(feedbackReasons) }).nullish() }).optional()
const written = z.object({ value: z.string().nullish() }).optional()

function readForm(body: unknown): Reading {
  const { trigger_id: trigger, user, view } = parse(form, body)
  if (view.callback_id !== 'footnote_reason') return NOTHING
  const { values } = view.state
  const comment = parse(written, values['comment']?.['comment'])?.value?.trim().slice(0, LONGEST_COMMENT)
  return toReading(trigger, {
    type: 'action',
    action: 'reason',
    ...parse(about, parseJson(view.private_metadata, 'private_metadata')),
    ts: null,
    user: user.id,
    triggerId: null,
    reason: parse(chosen, values['reason']?.['reason'])?.selected_option?.value ?? null,
    comment: comment?.toWellFormed().replaceAll('\0', ' ') || null,
  })
}

/** No click waits for a question: an answer under way can take minutes. Asking again in private is a question. */
function toReading(trigger: string, task: SlackAction): Reading {
  const id = `action ${trigger}`
  return toTask({ id, lane: laneOfAction(task) ?? id, task, isQuick: task.action !== 'private' })
}

/** What one reader thinks of an answer keeps its order; of all who need a human for it, the first asks one. */
function laneOfAction({ action, answerId, user }: SlackAction): string | null {
  if (action === 'human') return `human ${answerId}`
  return ['up', 'down', 'reason'].includes(action) ? `rating ${answerId} ${user}` : null
}

type Kept = Extract<Reading, { type: 'task' }>['kept']

function toTask(kept: Pick<Kept, 'id' | 'lane' | 'task'> & Partial<Kept>): Reading {
  return { type: 'task', kept: { saidAt: null, onlyInKnownLane: false, isQuick: false, ...kept } }
}
