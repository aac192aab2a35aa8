// What Slack sends and what is made of it: the questions among what was said, and nothing else.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { InputError } from '../../../core/errors.ts'
import { readEvent } from '../../../server/slack/events.ts'
import { openIntake } from '../../../server/slack/intake.ts'
import { readCommand, readInteraction } from '../../../server/slack/interactions.ts'
import { toPlainText } from '../../../server/slack/text.ts'
import { APP, messageEvent } from '../../support/fake-slack.ts'
import { emptyStore } from '../../support/fake-store.ts'

const TS = '1700000000.000100'
const THREAD = '1690000000.000100'
const read = (event: Record<string, unknown>) => readEvent(messageEvent(event), ['C0LISTED'])
const kept = (reading: ReturnType<typeof readEvent>) => (reading.type === 'task' ? reading.kept : null)

describe('a message is a question', () => {
  it('when it mentions the app: without the mention, in a thread of its own', () => {
    expect(kept(read({ text: `<@${APP}> how did Stripe rate limit?` }))).toEqual({
      id: `message C0001 ${TS}`,
      lane: `thread C0001 ${TS}`,
      saidAt: TS,
      task: {
        type: 'question',
        from: 'mention',
        channel: 'C0001',
        ts: TS,
        thread: null,
        user: 'U0001',
        text: 'how did Stripe rate limit?',
        isPrivate: false,
      },
      onlyInKnownLane: false,
      isQuick: false,
    })
  })

  it('once, although a mention comes as two events, in either order and also without the name of the app', () => {
    const text = `<@${APP}|footnote> why?`
    const mention = read({ type: 'app_mention', text, channel_type: undefined })
    expect(kept(mention)).toEqual(kept(read({ text })))
    const unnamed = { ...messageEvent({ type: 'app_mention', text }), authorizations: undefined }
    expect(kept(readEvent(unnamed, []))).toEqual(kept(mention))
  })

  it('when it is sent to the app alone, or in the assistant pane, which gives every conversation a thread', () => {
    const direct = { channel: 'D0001', channel_type: 'im', text: 'how?' }
    expect(kept(read(direct))).toMatchObject({ task: { from: 'direct', thread: null }, onlyInKnownLane: false })
    const pane = kept(read({ ...direct, thread_ts: THREAD }))
    expect(pane).toMatchObject({ lane: `thread D0001 ${THREAD}`, task: { from: 'assistant', thread: THREAD } })
    expect(pane?.onlyInKnownLane).toBe(false)
  })

  it('in a listed channel, without a mention; in another one it is not', () => {
    expect(kept(read({ channel: 'C0LISTED', text: 'how?' }))).toMatchObject({ task: { from: 'channel' } })
    expect(read({ text: 'how?' }).type).toBe('nothing')
  })

  it('in a thread that the app takes part in, without a mention', () => {
    const reply = { text: 'and then?', thread_ts: THREAD }
    expect(kept(read(reply))).toMatchObject({ lane: `thread C0001 ${THREAD}`, onlyInKnownLane: true })
    expect(kept(read({ ...reply, channel: 'C0LISTED' }))).toMatchObject({ onlyInKnownLane: true })
    expect(kept(read({ ...reply, text: `<@${APP}> and then?` }))).toMatchObject({ onlyInKnownLane: false })
  })

  it('when it is the first of a thread and Slack says so', () => {
    expect(kept(read({ channel: 'C0LISTED', text: 'how?', thread_ts: TS }))).toMatchObject({
      task: { thread: null },
      onlyInKnownLane: false,
    })
  })

  it('without a word when it mentions the app: it is told how to ask', () => {
    const bare = { text: `<@${APP}> ` }
    expect(kept(read(bare))).toMatchObject({ task: { text: '' }, onlyInKnownLane: false })
    expect(kept(read({ ...bare, type: 'app_mention', thread_ts: THREAD }))).toMatchObject({
      lane: `thread C0001 ${THREAD}`,
      task: { text: '' },
    })
  })

  it.each([{ subtype: 'file_share' }, { subtype: 'thread_broadcast', thread_ts: THREAD }])('with %j', (more) => {
    expect(read({ text: `<@${APP}> how?`, ...more }).type).toBe('task')
  })
})

describe('a message is no question', () => {
  it.each<[string, Record<string, unknown>]>([
    ['of the app itself', { user: APP }],
    ['of another program', { bot_id: 'B0001' }],
    ['of Slackbot', { user: 'USLACKBOT' }],
    ['of nobody', { user: undefined }],
    ['that was edited', { subtype: 'message_changed', message: { text: 'how?' } }],
    ['that was deleted', { subtype: 'message_deleted' }],
    ['of somebody who joined', { subtype: 'channel_join' }],
    ['that nobody sees', { hidden: true }],
    ['without a word', { channel: 'D0001', text: '' }],
    ['without a word in a listed channel', { channel: 'C0LISTED', text: '' }],
    ['for somebody else', { channel: 'C0LISTED', text: '<@U0OTHER> how?' }],
    ['that is a reaction', { type: 'reaction_added' }],
    ['that opens the assistant pane', { type: 'assistant_thread_started', assistant_thread: { channel_id: 'D1' } }],
    ['about where the pane stands', { type: 'assistant_thread_context_changed' }],
  ])('%s', (_, event) => {
    expect(read({ text: `<@${APP}> how?`, ...event }).type).toBe('nothing')
  })

  it.each([{ channel: 'general' }, { ts: 'yesterday' }, { thread_ts: 5 }, { text: {} }])(
    'but a fault with %j',
    (fault) => {
      expect(() => read({ text: `<@${APP}> how?`, ...fault })).toThrow(InputError)
    },
  )
})

describe('the text of a question', () => {
  it.each([
    ['a &lt;b&gt; &amp;amp; c', 'a <b> &amp; c'],
    [
      'see <https://example.com/a?b=1&amp;c|the page> and <https://example.com>',
      'see the page and https://example.com',
    ],
    ['in <#C0001|general> or <#C0002>, <@U0002|ann>', 'in #general or #C0002, @ann'],
    ['<!here> <!subteam^S1|@ops> <!date^1^{date}|today>', '@here @ops today'],
    ['<mailto:a@example.com|a@example.com>', 'a@example.com'],
    [`  <@${APP}>:   why\n\nnot? `, 'why\n\nnot?'],
    ['a < b > c', 'a < b > c'],
  ])('of %j is %j', (written, plain) => {
    expect(toPlainText(written, APP)).toBe(plain)
  })

  it('can be stored and is no longer than any question, whatever was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (written) => {
        const plain = toPlainText(written.repeat(20), APP)
        expect(plain.length).toBeLessThanOrEqual(4_000)
        expect(plain.isWellFormed() && !plain.includes('\0')).toBe(true)
      }),
    )
  })
})

const click = {
  type: 'block_actions',
  trigger_id: '13345224609.738474920.8088930838d88f008e0',
  user: { id: 'U0001' },
  container: { type: 'message', channel_id: 'C0001', message_ts: TS, thread_ts: THREAD, is_ephemeral: false },
  actions: [{ type: 'button', action_id: 'footnote_down', value: 'ans_1', block_id: 'x', action_ts: TS }],
}

const reasonForm = {
  type: 'view_submission',
  trigger_id: click.trigger_id,
  user: { id: 'U0001' },
  view: {
    callback_id: 'footnote_reason',
    private_metadata: JSON.stringify({ answerId: 'ans_1', channel: 'C0001', thread: THREAD }),
    state: {
      values: {
        reason: { reason: { type: 'static_select', selected_option: { value: 'incomplete' } } },
        comment: { comment: { type: 'plain_text_input', value: ' the second part ' } },
      },
    },
  },
}

const shortcut = {
  type: 'message_action',
  callback_id: 'footnote_answer',
  trigger_id: click.trigger_id,
  channel: { id: 'C0001', name: 'general' },
  user: { id: 'U0002' },
  message: { user: 'U0001', ts: TS, text: 'how did Notion shard?' },
}

describe('an interaction', () => {
  it('of a button names the answer, the place and who clicked', () => {
    expect(readInteraction(click)).toEqual({
      type: 'task',
      kept: {
        id: `action ${click.trigger_id}`,
        lane: 'rating ans_1 U0001',
        saidAt: null,
        task: {
          type: 'action',
          action: 'down',
          answerId: 'ans_1',
          channel: 'C0001',
          thread: THREAD,
          ts: TS,
          user: 'U0001',
          triggerId: click.trigger_id,
          reason: null,
          comment: null,
        },
        onlyInKnownLane: false,
        isQuick: true,
      },
    })
  })

  it.each(['up', 'down', 'passages', 'private', 'human'])('of the button %s never waits for a question', (action) => {
    const reading = readInteraction({ ...click, actions: [{ action_id: `footnote_${action}`, value: 'ans_1' }] })
    const isQuick = action !== 'private'
    expect(reading).toMatchObject({ kept: { lane: expect.not.stringContaining('thread'), task: { action }, isQuick } })
  })

  it('of two readers who need a human for one answer has one lane: the second finds that one was asked', () => {
    const lanes = ['U0001', 'U0002'].map((id, n) => {
      const actions = [{ action_id: 'footnote_human', value: 'ans_1' }]
      return kept(readInteraction({ ...click, trigger_id: `1.2.${n}`, user: { id }, actions }))?.lane
    })
    expect(new Set(lanes).size).toBe(1)
    expect(lanes).not.toContain(kept(readInteraction(click))?.lane)
  })

  it('of a form holds what was chosen and written', () => {
    const { values } = reasonForm.view.state
    expect(readInteraction(reasonForm)).toMatchObject({
      kept: {
        lane: 'rating ans_1 U0001',
        task: { action: 'reason', answerId: 'ans_1', reason: 'incomplete', comment: 'the second part', thread: THREAD },
      },
    })
    values.comment.comment.value = '   '
    expect(readInteraction(reasonForm)).toMatchObject({ kept: { task: { comment: null } } })
  })

  it('of the shortcut asks what the message says, in its thread', () => {
    const asked = { from: 'shortcut', ts: TS, thread: null, user: 'U0002', text: 'how did Notion shard?' }
    expect(readInteraction(shortcut)).toMatchObject({ kept: { lane: `thread C0001 ${TS}`, task: asked } })
  })

  it.each([
    { ...click, actions: [{ action_id: 'open_link' }] },
    { ...reasonForm, view: { ...reasonForm.view, callback_id: 'other' } },
    { ...shortcut, callback_id: 'other' },
    { ...shortcut, message: { ts: TS } },
    { type: 'view_closed' },
  ])('that is not ours, or says nothing, is nothing', (body) => {
    expect(readInteraction(body).type).toBe('nothing')
  })

  it.each([
    { ...click, actions: [{ action_id: 'footnote_up' }] },
    { ...click, actions: [{ action_id: 'footnote_up', value: '../x' }] },
    { ...click, container: { type: 'view' } },
    { ...reasonForm, view: { ...reasonForm.view, private_metadata: '{' } },
    { ...reasonForm, view: { ...reasonForm.view, private_metadata: '{"answerId":"a"}' } },
    { ...shortcut, channel: { id: 'x' } },
  ])('that is broken is refused', (body) => {
    expect(() => readInteraction(body)).toThrow(InputError)
  })
})

describe('a command', () => {
  const command = { text: 'how?', channel_id: 'D0001', user_id: 'U0001', trigger_id: '1.2.a' }

  it('asks for the one who typed it, and waits for no other', () => {
    const asked = { from: 'command', text: 'how?', isPrivate: true, ts: null, thread: null }
    expect(readCommand(command)).toMatchObject({ kept: { id: 'command 1.2.a', lane: 'command 1.2.a', task: asked } })
  })

  it('of Slack that looks at the certificate is nothing', () => {
    expect(readCommand({ ssl_check: '1', token: 'x' }).type).toBe('nothing')
  })
})

describe('whatever comes', () => {
  // Bodies that are right but for one part, and bodies that are nothing.
  const garbage = fc.anything({ withNullPrototype: true, withBigInt: false })
  const patched = fc
    .tuple(fc.constantFrom<object>(click, reasonForm, shortcut, messageEvent({ text: 'how?' })), fc.nat(), garbage)
    .map(([body, place, part]) => patch(body, place, part))

  it('is read or refused, and what is refused or nothing is not stored', async () => {
    const keep = vi.fn(async () => true)
    const inbox = { ...emptyStore().inbox, keep }
    const intake = openIntake({ inbox, library: 'main', channels: [], wake: () => {} })
    const kinds = fc.constantFrom('event' as const, 'command' as const, 'interaction' as const)
    await fc.assert(
      fc.asyncProperty(kinds, fc.oneof(garbage, patched), async (kind, body) => {
        keep.mockClear()
        const reading = await intake(kind, body).catch((error: unknown) => error)
        const isRefused = reading instanceof Error
        if (isRefused) expect(reading).toBeInstanceOf(InputError)
        const makesTask = !isRefused && tasksOf(kind, body)
        expect(keep).toHaveBeenCalledTimes(makesTask ? 1 : 0)
      }),
      { numRuns: 500 },
    )
  })
})

function tasksOf(kind: 'event' | 'command' | 'interaction', body: unknown): boolean {
  if (kind === 'event') return readEvent(body, []).type === 'task'
  return (kind === 'command' ? readCommand(body) : readInteraction(body)).type === 'task'
}

/** One of the values of a body, at any depth, replaced. */
function patch(body: unknown, place: number, part: unknown): unknown {
  const paths: (readonly string[])[] = []
  const walk = (value: unknown, path: readonly string[]) => {
    paths.push(path)
    if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) walk(each, [...path, key])
  }
  walk(body, [])
  const [first, ...rest] = paths[place % paths.length] ?? []
  if (first === undefined) return part
  const copy = structuredClone(body) as Record<string, unknown>
  let at = copy
  let last = first
  for (const key of rest) {
    at = at[last] as Record<string, unknown>
    last = key
  }
  at[last] = part
  return copy
}
