import { describe, expect, it } from 'vitest'
import type { SlackAction } from '../../../server/slack/tasks.ts'
import { openFakeSlackApi, type Workspace } from '../../support/fake-slack-api.ts'
import {
  actionOf,
  inboxOf,
  LIMITERS,
  limiters,
  openTestVoice,
  questionOf,
  type Script,
  type VoiceChanges,
} from '../../support/slack-voice.ts'

const never = new AbortController().signal
const workspace: Workspace = {
  channels: {
    C1: { name: 'payments', members: ['U1', 'U2'] },
    C2: { name: 'secret', members: ['U2'] },
    CHUMAN: { name: 'humans', members: ['UBOT'] },
  },
}

/** A channel with one answer in it, and somebody who presses its buttons. */
async function answered(script: Script = limiters, changes: VoiceChanges = {}, forbidden: readonly string[] = []) {
  const slack = await openFakeSlackApi(workspace)
  for (const method of forbidden) slack.fail(method, { error: 'missing_scope' }, 9)
  const voice = openTestVoice(slack, script, { humanChannel: 'CHUMAN', ...changes })
  const thread = slack.write('C1', 'U1', 'How does Stripe rate limit?')
  await voice.perform(questionOf({ ts: thread }), inboxOf().attempt(), never)
  const id = voice.asked[0]!.id
  const message = slack.messages('C1')[1]!
  const press = async (action: SlackAction['action'], more: Partial<SlackAction> = {}, inbox = inboxOf()) =>
    await voice.perform(
      actionOf(action, { answerId: id, thread, ts: message.ts, user: 'U2', ...more }),
      inbox.attempt(),
      never,
    )
  const feedback = async () => (await voice.answers.find('main', id))?.feedback
  const whispers = () =>
    slack.ephemerals.map(({ user, blocks }) => [
      user,
      (blocks as { text?: { text: string } }[]).map(({ text }) => text?.text ?? '').join(''),
    ])
  return {
    slack,
    voice,
    thread,
    id,
    message,
    press,
    feedback,
    whispers,
    [Symbol.asyncDispose]: async () => await slack[Symbol.asyncDispose](),
  }
}

describe('a thumb', () => {
  it('up is kept where all feedback is, and thanked for', async () => {
    await using at = await answered()
    await at.press('up')
    expect(await at.feedback()).toMatchObject({ rating: 'up', reason: null, comment: null })
    expect(at.whispers()).toEqual([['U2', 'Thank you: it is noted.']])
  })

  it('down asks why, and counts without a reason', async () => {
    await using at = await answered()
    await at.press('down', { triggerId: 't1' })
    expect(await at.feedback()).toMatchObject({ rating: 'down', reason: null })
    const [view] = at.slack.views
    expect(view).toMatchObject({
      callback_id: 'footnote_reason',
      blocks: [{ block_id: 'reason' }, { block_id: 'comment' }],
    })
    expect(JSON.parse(view!['private_metadata'] as string)).toEqual({
      answerId: at.id,
      channel: 'C1',
      thread: at.thread,
    })
    const [{ element }] = view!['blocks'] as [{ element: { action_id: string; options: { value: string }[] } }]
    expect(element.action_id).toBe('reason')
    expect(element.options.map(({ value }) => value)).toEqual([
      'wrong',
      'unsupported',
      'wrong-source',
      'incomplete',
      'should-have-refused',
      'should-have-answered',
      'other',
    ])
  })

  it('down counts when it is too late for the form', async () => {
    await using at = await answered()
    await at.press('down', { triggerId: 'expired' })
    expect(await at.feedback()).toMatchObject({ rating: 'down' })
    expect(at.slack.views).toEqual([])
  })

  it('keeps what the form says, also when the thumb is worked off after it', async () => {
    await using at = await answered()
    await at.press('reason', { reason: 'wrong-source', comment: '  the second one ' })
    await at.press('down', { triggerId: 't1' })
    expect(await at.feedback()).toMatchObject({ rating: 'down', reason: 'wrong-source', comment: 'the second one' })
    await at.press('reason', { reason: 'no such reason', comment: ' ' })
    expect(await at.feedback()).toMatchObject({ rating: 'down', reason: 'other', comment: null })
  })

  it('for an answer that is not there says so', async () => {
    await using at = await answered()
    await at.press('up', { answerId: 'ans_gone' })
    expect(at.whispers()).toEqual([['U2', 'This answer is not there any more.']])
  })
})

describe('show passages', () => {
  it('shows them to who asked for them, numbered, with their words', async () => {
    await using at = await answered()
    await at.press('passages')
    const [[user, text] = []] = at.whispers()
    expect(user).toBe('U2')
    expect(text).toContain(
      '1. <https://footnote.example/documents/doc_1?revision=r1#0-9|Article 1 › Limits>\n\n> The text of passage 1.',
    )
    expect(text).toContain('> The text of passage 2.')
    expect(at.slack.messages('C1')).toHaveLength(2)
  })
})

describe('ask again privately', () => {
  it('asks the same of all that the one who asks may read, and shows it to them alone', async () => {
    await using at = await answered()
    at.slack.write('C1', 'U1', 'something later', at.thread)
    await at.press('private')
    expect(at.voice.asked[1]).toMatchObject({
      text: 'How does Stripe rate limit?',
      audiences: ['payments', 'secret'],
      history: [],
    })
    expect(at.voice.asked[1]?.conversationId).toMatch(/^con_private_/)
    expect(at.whispers()).toMatchObject([['U2', expect.stringContaining('Stripe runs *four* limiters')]])
    expect(at.slack.messages('C1')).toHaveLength(3)
  })

  it('takes the conversation along that stood before the answer, and not the answer', async () => {
    await using at = await answered()
    const ts = at.slack.write('C1', 'U1', 'and Notion?', at.thread)
    await at.voice.perform(questionOf({ ts, thread: at.thread, text: 'and Notion?' }), inboxOf().attempt(), never)
    const message = at.slack.messages('C1').at(-1)!
    await at.press('private', { answerId: at.voice.asked[1]!.id, ts: message.ts })
    expect(at.voice.asked[2]).toMatchObject({
      text: 'and Notion?',
      history: [{ question: 'How does Stripe rate limit?', answer: LIMITERS }],
    })
  })

  it('works under the offer, which only its reader can see', async () => {
    await using at = await answered()
    await at.press('private', { ts: '1800000000.000200' })
    expect(at.voice.asked[1]).toMatchObject({ text: 'How does Stripe rate limit?', history: [] })
  })
})

describe('need a human', () => {
  it('posts the question, a link to the conversation and the answer where humans are, once, and says so', async () => {
    await using at = await answered(limiters, {}, ['conversations.info'])
    await at.press('human')
    await at.press('human')
    const [post, ...more] = at.slack.messages('CHUMAN')
    expect(more).toEqual([])
    const text = post!.blocks.map((block) => (block['text'] as { text: string }).text).join('\n')
    expect(text).toContain(
      `<@U2> needs a human: <https://team.slack.com/archives/C1/p${at.thread.replace('.', '')}|the conversation>`,
    )
    expect(text).toContain('> How does Stripe rate limit?')
    expect(text).toContain('Stripe runs *four* limiters')
    expect(at.whispers().map(([, text]) => text)).toEqual([
      'A human has been asked. The reply will come in this conversation.',
      'A human has been asked about this already.',
    ])
  })

  it('shows humans only an answer for which they could have asked', async () => {
    await using at = await answered()
    expect(at.voice.asked[0]?.audiences).toEqual(['payments'])
    await at.press('human')
    const posted = JSON.stringify(at.slack.messages('CHUMAN'))
    expect(posted).toContain('The answer is for others: read it in the conversation.')
    expect(posted).toContain('How does Stripe rate limit?')
    expect(posted).not.toMatch(/token bucket|four|doc_1/)
    await using among = await answered(limiters, { humanChannel: 'C1' })
    await among.press('human')
    expect(JSON.stringify(among.slack.messages('C1').slice(2))).toContain('token bucket')
  })

  it('does not show humans what was for one reader alone', async () => {
    await using at = await answered()
    await at.press('private')
    await at.press('human', { answerId: at.voice.asked[1]!.id })
    const [post] = at.slack.messages('CHUMAN')
    expect(JSON.stringify(post!.blocks)).toContain('The answer was for them alone.')
    expect(JSON.stringify(post!.blocks)).not.toContain('token bucket')
  })

  it('is asked once when the process dies between the post and its end', async () => {
    await using at = await answered()
    const inbox = inboxOf()
    at.slack.fail('chat.postMessage', 'torn')
    await expect(at.press('human', {}, inbox)).rejects.toMatchObject({ retryable: true })
    await at.press('human', {}, inbox)
    expect(at.slack.messages('CHUMAN')).toHaveLength(1)
  })

  it('is offered only where somebody can be asked', async () => {
    await using at = await answered()
    expect(JSON.stringify(at.message.blocks)).toContain('footnote_human')
    await using without = await answered(limiters, { humanChannel: null })
    expect(JSON.stringify(without.message.blocks)).not.toContain('footnote_human')
    await without.press('human')
    expect(without.whispers()).toEqual([['U2', 'Nobody is there to be asked.']])
  })
})
