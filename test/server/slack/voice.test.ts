import { describe, expect, it } from 'vitest'
import type { DocumentText } from '../../../core/ports.ts'
import { type FakeSlackApi, openFakeSlackApi, type Workspace } from '../../support/fake-slack-api.ts'
import {
  inboxOf,
  LIMITERS,
  limiters,
  openTestVoice,
  passageOf,
  questionOf,
  type Script,
} from '../../support/slack-voice.ts'

const never = new AbortController().signal
const workspace: Workspace = {
  channels: { C1: { name: 'payments', members: ['U1', 'U2'] }, C2: { name: 'secret', members: ['U1'] } },
  groups: { engineers: ['U1'], sales: ['U2'] },
}
const open = async (more: Workspace = {}) => await openFakeSlackApi({ ...workspace, ...more })
const methodsOf = (slack: FakeSlackApi) => slack.calls.map(({ method }) => method)
const buttonsOf = (blocks: readonly object[]) =>
  blocks.flatMap((block) => ('elements' in block ? (block.elements as { action_id: string; value: string }[]) : []))
const sectionsOf = (blocks: readonly object[]) =>
  blocks.flatMap((block) => ('text' in block ? [(block.text as { text: string }).text] : []))

const lettersOf = (text: string) => text.replaceAll(/\s/g, '')
const moreInSecret = async (_text: string, audiences: readonly string[]) =>
  audiences.includes('secret') ? [passageOf(1), passageOf(2)] : [passageOf(1)]
/** The second document is for these, the first for everyone. */
const limitedTo = (audience: readonly string[]) => ({
  find: async (_library: string, id: string) => ({ audience: id === 'doc_2' ? audience : [] }) as DocumentText,
})

/** Slowly enough that a reader sees it come. */
const slowlyBy =
  (pauseMs: number): Script =>
  (question) => {
    const { steps, end } = limiters(question)
    return { steps: steps.flatMap((step) => [step, pauseMs]), ...(end && { end }) }
  }
const slowly = slowlyBy(12)
const marker = (n: number) => `[\\[${n}\\]](https://footnote.example/documents/doc_${n}?revision=r${n}#0-9)`
const WRITTEN = LIMITERS.replace('[1]', marker(1)).replace('[2]', marker(2))

describe('a question in a channel', () => {
  it('is answered in its thread, in a stream whose text is the answer, with sources and buttons at its end', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', 'How does Stripe rate limit?')
    const { perform, asked } = openTestVoice(slack, slowly)
    await perform(questionOf({ ts }), inboxOf().attempt(), never)
    const [, answer, ...more] = slack.messages('C1')
    expect(more).toEqual([])
    expect(answer).toMatchObject({ thread_ts: ts, text: WRITTEN, edits: 0, streamingSince: undefined })
    expect(methodsOf(slack).filter((method) => method === 'chat.appendStream').length).toBeGreaterThan(1)
    const id = asked[0]?.id
    expect(answer?.metadata).toEqual({ event_type: 'footnote_answer', event_payload: { id } })
    expect(sectionsOf(answer!.blocks).join('')).toMatch(
      /^\*Sources\*\n\n\[1\] <https:[^|>]*\|Article 1 › Limits> — _“quote 1”_\n\[2\]/,
    )
    expect(buttonsOf(answer!.blocks).map(({ action_id, value }) => [action_id, value])).toEqual(
      ['up', 'down', 'passages', 'private'].map((action) => [`footnote_${action}`, id]),
    )
  })

  it('is asked of what everyone in the channel may read, and doubtful sentences are withheld', async () => {
    await using slack = await open()
    const { perform, asked } = openTestVoice(slack)
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    expect(asked).toMatchObject([
      { audiences: ['payments'], withholds: true, mode: 'auto', library: 'main', history: [] },
    ])
  })

  it('shows no previews, and has nothing parsed that we did not mark', async () => {
    await using slack = await open()
    const { perform } = openTestVoice(slack)
    await perform(questionOf(), inboxOf().attempt(), never)
    const post = slack.calls.find(({ method }) => method === 'chat.postMessage')
    expect(post?.asked).toMatchObject({
      unfurl_links: 'false',
      unfurl_media: 'false',
      parse: 'none',
      link_names: 'false',
    })
    expect(slack.messages('C1')[0]?.blocks[0]).toMatchObject({ text: { verbatim: true } })
  })

  it('has the thread before it as its conversation: our answers as they are stored, talk without an answer last', async () => {
    await using slack = await open({ pageSize: 2 })
    const voice = openTestVoice(slack)
    const root = slack.write('C1', 'U1', '<@UBOT> how does Stripe limit &amp; shed?')
    await voice.perform(questionOf({ ts: root, text: 'how does Stripe limit & shed?' }), inboxOf().attempt(), never)
    slack.write('C1', 'U2', 'interesting, see <https://e.com|this>', root)
    const ts = slack.write('C1', 'U2', 'and Notion?', root)
    slack.write('C1', 'U2', 'later', root)
    await voice.perform(questionOf({ ts, thread: root, text: 'and Notion?' }), inboxOf().attempt(), never)
    expect(voice.asked[1]?.history).toEqual([
      { question: 'how does Stripe limit & shed?', answer: LIMITERS },
      { question: 'interesting, see this', answer: '' },
    ])
    expect(voice.asked[1]?.conversationId).toBe(voice.asked[0]?.conversationId)
  })

  it('that is empty is answered with a question', async () => {
    await using slack = await open()
    const { perform, asked } = openTestVoice(slack)
    await perform(questionOf({ text: '' }), inboxOf().attempt(), never)
    expect(slack.messages('C1').map(({ text }) => text)).toEqual([
      'What would you like to know? Ask it in the same message.',
    ])
    expect(asked).toEqual([])
  })

  it('that is refused is told why, what is missing, and what comes nearest', async () => {
    await using slack = await open()
    const refusal = {
      status: 'abstained',
      reason: 'partly-covered',
      missing: ['pizza'],
      nearest: [passageOf(3)],
    } as const
    const { perform } = openTestVoice(slack, () => ({ steps: [], end: refusal }))
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    const { blocks = [] } = slack.messages('C1')[1] ?? {}
    expect(sectionsOf(blocks).join('')).toBe(
      'The library touches on this, but does not answer it. Nothing is said of: pizza.\n\n*Nearest passages:*\n\n' +
        '• <https://footnote.example/documents/doc_3?revision=r3#0-9|Article 3 › Limits>',
    )
    expect(buttonsOf(blocks).map(({ action_id }) => action_id)).toEqual([
      'footnote_up',
      'footnote_down',
      'footnote_private',
    ])
  })

  it('shows in the assistant pane that it is being looked up, and is answered when that cannot be shown', async () => {
    await using slack = await open()
    slack.fail('assistant.threads.setStatus', { error: 'missing_scope' })
    const { perform } = openTestVoice(slack)
    const thread = slack.write('D1', 'U1', '?')
    await perform(questionOf({ from: 'assistant', channel: 'D1', ts: thread, thread }), inboxOf().attempt(), never)
    expect(slack.calls.find(({ method }) => method.endsWith('setStatus'))?.asked).toEqual({
      channel_id: 'D1',
      thread_ts: thread,
      status: 'looking in the library …',
    })
    expect(slack.messages('D1')).toHaveLength(2)
  })
})

describe('a stream', () => {
  it('goes on in another message before Slack closes it, and together they are the answer', async () => {
    await using slack = await open({ streamMs: 500 })
    const { perform } = openTestVoice(slack, slowlyBy(50), { pace: { everyMs: 5, updateMs: 20, rotateMs: 120 } })
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    const answers = slack.messages('C1').slice(1)
    expect(answers.length).toBeGreaterThan(1)
    expect(lettersOf(answers.map(({ text }) => text).join(''))).toBe(lettersOf(WRITTEN))
    expect(answers.every(({ streamingSince, edits }) => streamingSince === undefined && edits === 0)).toBe(true)
    expect(answers.map(({ blocks }) => blocks.length > 0)).toEqual(answers.map((_, at) => at === answers.length - 1))
  })

  it('that Slack has closed all the same is mended, and goes on in another', async () => {
    await using slack = await open({ streamMs: 50 })
    const { perform } = openTestVoice(slack, slowlyBy(40))
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    const said = slack.messages('C1').slice(1)
    expect(said.length).toBeGreaterThan(1)
    expect(said.every(({ metadata }) => metadata !== undefined)).toBe(true)
    const whole = said.flatMap(({ text, blocks }) => [text, ...sectionsOf(blocks)]).join(' ')
    for (const words of [
      'Stripe runs',
      'Each of them has a job',
      'The first is a token bucket',
      'The rest shed load',
      'quote 2',
    ])
      expect(whole).toContain(words)
  })

  it('holds no more than Slack takes in one', async () => {
    await using slack = await open()
    const long = Array.from({ length: 700 }, (_, n) => `This is sentence number ${n} of many. `)
    const { perform } = openTestVoice(slack, () => ({ steps: [20, ...long.slice(0, 350), 30, ...long.slice(350), 30] }))
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    const answers = slack.messages('C1').slice(1)
    expect(answers.length).toBe(3)
    expect(answers.map(({ text }) => text.trim()).join(' ')).toBe(long.join('').trim())
  })

  it('names its reader in a channel, and does not in a direct message', async () => {
    await using slack = await open()
    const { perform } = openTestVoice(slack, slowly)
    for (const channel of ['C1', 'D1'])
      await perform(questionOf({ channel, ts: slack.write(channel, 'U1', '?') }), inboxOf().attempt(), never)
    const starts = slack.calls.filter(({ method }) => method === 'chat.startStream')
    expect(starts.map(({ asked }) => [asked['recipient_user_id'], asked['recipient_team_id']])).toEqual([
      ['U1', 'T1'],
      [undefined, undefined],
    ])
    expect(methodsOf(slack)).not.toContain('chat.postMessage')
  })

  it.each(['unknown_method', 'missing_scope', 'channel_type_not_supported'])(
    'that is refused as %s gives way to one message that is written anew',
    async (error) => {
      await using slack = await open()
      slack.fail('chat.startStream', { error }, 9)
      const { perform } = openTestVoice(slack, slowly, { pace: { everyMs: 5, updateMs: 40, rotateMs: 60_000 } })
      await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
      const [, answer, ...more] = slack.messages('C1')
      expect(more).toEqual([])
      expect(answer!.edits).toBeGreaterThan(1)
      expect(sectionsOf(answer!.blocks).join('')).toContain('Stripe runs *four* limiters <https:')
      await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
      const isForAll = error !== 'channel_type_not_supported'
      expect(methodsOf(slack).filter((method) => method === 'chat.startStream')).toHaveLength(isForAll ? 1 : 2)
    },
  )

  it('that is none is not written anew oftener than Slack allows, however fast the answer comes', async () => {
    await using slack = await open()
    slack.fail('chat.startStream', { error: 'unknown_method' })
    const steps = Array.from({ length: 120 }, (_, n) => (n % 2 ? 4 : `Sentence number ${n}. `))
    const { perform } = openTestVoice(slack, () => ({ steps }), {
      pace: { everyMs: 2, updateMs: 90, rotateMs: 60_000 },
    })
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    const times = slack.calls.filter(({ method }) => method === 'chat.update').map(({ at }) => at)
    // The last of them says the whole, and waits for nothing.
    const gaps = times.slice(1, -1).map((at, n) => at - times[n]!)
    expect(gaps.length).toBeGreaterThan(0)
    expect(Math.min(...gaps)).toBeGreaterThan(80)
  })

  it('whose words turn out to be something else is written anew', async () => {
    await using slack = await open()
    const end = { answer: 'Something else entirely.' }
    const { perform } = openTestVoice(slack, () => ({ steps: ['A first sentence. A second one. ', 40], end }))
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    const [, answer, ...more] = slack.messages('C1')
    expect(more).toEqual([])
    expect(sectionsOf(answer!.blocks)).toEqual(['Something else entirely.'])
  })
})

describe('a private question', () => {
  it('is answered to its asker alone, once, from all that they may read', async () => {
    await using slack = await open({ pageSize: 1 })
    const { perform, asked } = openTestVoice(slack, slowly)
    await perform(questionOf({ from: 'command', isPrivate: true }), inboxOf().attempt(), never)
    expect(asked[0]?.audiences).toEqual(['payments', 'secret', 'engineers'])
    expect(slack.messages()).toEqual([])
    expect(slack.ephemerals).toMatchObject([{ channel: 'C1', user: 'U1', unfurl_links: 'false' }])
    expect(buttonsOf(slack.ephemerals[0]!['blocks'] as object[]).map(({ action_id }) => action_id)).not.toContain(
      'footnote_private',
    )
  })

  it('from where the app is no member is answered in a direct message', async () => {
    await using slack = await open()
    const { perform } = openTestVoice(slack)
    await perform(questionOf({ from: 'command', channel: 'C9', isPrivate: true }), inboxOf().attempt(), never)
    expect(slack.messages().map(({ channel }) => channel)).toEqual(['DU1'])
  })

  it('asks Slack once who its asker is, and without the right to ask reads what is for all', async () => {
    await using slack = await open()
    const { perform, asked, lines } = openTestVoice(slack)
    for (let n = 0; n < 2; n++) await perform(questionOf({ channel: 'D1', from: 'direct' }), inboxOf().attempt(), never)
    expect(methodsOf(slack).filter((method) => method === 'users.conversations')).toHaveLength(1)
    slack.fail('users.conversations', { error: 'missing_scope' })
    slack.fail('usergroups.list', { error: 'missing_scope' })
    await perform(questionOf({ channel: 'D1', from: 'direct', user: 'U2' }), inboxOf().attempt(), never)
    expect(asked.map(({ audiences }) => audiences)).toEqual([
      ['payments', 'secret', 'engineers'],
      ['payments', 'secret', 'engineers'],
      [],
    ])
    expect(lines.filter((line) => line.includes('missing_scope'))).toHaveLength(2)
  })

  it('is offered to who could read more than the channel, and to nobody else', async () => {
    await using slack = await open()
    const { perform } = openTestVoice(slack, limiters, { searching: moreInSecret, documents: limitedTo(['secret']) })
    for (const user of ['U2', 'U1'])
      await perform(questionOf({ ts: slack.write('C1', user, '?'), user }), inboxOf().attempt(), never)
    expect(slack.ephemerals.map(({ user }) => user)).toEqual(['U1'])
    expect(buttonsOf(slack.ephemerals[0]!['blocks'] as object[])).toMatchObject([{ action_id: 'footnote_private' }])
  })
})

describe('more of what everyone may read', () => {
  it.each([[[]], [['payments', 'secret']], [['payments']]])('is no reason for an offer: %j', async (audience) => {
    await using slack = await open()
    const documents = limitedTo(audience)
    const { perform } = openTestVoice(slack, limiters, { searching: moreInSecret, documents })
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    expect(slack.ephemerals).toEqual([])
  })
})

describe('"Answer this" where the app may not speak', () => {
  it.each(['not_in_channel', 'channel_not_found'])('as %s is told to who asked, in a direct message', async (error) => {
    await using slack = await open()
    slack.fail('chat.postMessage', { error })
    slack.fail('chat.startStream', { error })
    const { perform, lines } = openTestVoice(slack)
    await perform(questionOf({ from: 'shortcut', ts: slack.write('C1', 'U2', '?') }), inboxOf().attempt(), never)
    expect(slack.messages('C1')).toHaveLength(1)
    expect(slack.messages('DU1').map(({ text }) => text)).toEqual([
      'I could not answer in <#C1>: I am no member of it. Invite me there, or ask with /footnote.',
    ])
    expect(lines.filter((line) => line.includes(error))).toHaveLength(1)
  })

  it('is told also where the app cannot even look, and once more when Slack fails', async () => {
    await using slack = await open()
    slack.fail('conversations.open', { status: 503 })
    const { perform } = openTestVoice(slack)
    const inbox = inboxOf()
    const asked = questionOf({ from: 'shortcut', channel: 'C9', ts: '1.000200' })
    await expect(perform(asked, inbox.attempt(), never)).rejects.toMatchObject({ reason: 'http-503' })
    await perform(asked, inbox.attempt(), never)
    expect(slack.messages('DU1')).toHaveLength(1)
  })
})

describe('what leaves', () => {
  it('says nothing of the question or the answer in its log', async () => {
    await using slack = await open()
    const { perform, lines } = openTestVoice(slack, slowly)
    slack.fail('chat.appendStream', { error: 'is_archived' }, 1)
    await perform(questionOf({ ts: slack.write('C1', 'U1', '?') }), inboxOf().attempt(), never)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('')).not.toMatch(/Stripe|token bucket|xoxb/)
  })

  it('stops waiting when it is told to, and leaves the answer to whoever comes next', async () => {
    await using slack = await open()
    const { perform, asked, answers } = openTestVoice(slack, () => ({ steps: ['One. Two. ', 100_000] }))
    const leaving = new AbortController()
    const done = perform(questionOf(), inboxOf().attempt(), leaving.signal)
    await expect.poll(() => asked.length).toBe(1)
    leaving.abort(new Error('shutting down'))
    await expect(done).rejects.toThrow('shutting down')
    expect([...answers.logs.values()].map((log) => log.at(-1)?.event.type)).not.toContain('stopped')
  })
})
