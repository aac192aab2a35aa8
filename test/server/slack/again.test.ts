import { setTimeout as wait } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../../core/errors.ts'
import { memoryAnswers } from '../../support/fake-store.ts'
import { type Fault, type FakeSlackApi, type KeptMessage, openFakeSlackApi } from '../../support/fake-slack-api.ts'
import { inboxOf, limiters, openTestVoice, questionOf, type Script } from '../../support/slack-voice.ts'
import { repeats } from '../../support/thorough.ts'

const never = new AbortController().signal
const open = async () => await openFakeSlackApi({ channels: { C1: { name: 'payments', members: ['U1'] } } })
const slowly: Script = (question) => {
  const { steps, end } = limiters(question)
  return { steps: steps.flatMap((step) => [step, 3]), ...(end && { end }) }
}
const answersIn = (slack: FakeSlackApi) => slack.messages('C1').slice(1)
/** All that readers see of an answer, without marks and links. */
const shownIn = (messages: readonly KeptMessage[]) =>
  messages
    .flatMap(({ text, blocks }) => {
      const sections = blocks.flatMap((block) => ('text' in block ? [(block['text'] as { text: string }).text] : []))
      return sections[0]?.startsWith('*Sources') || sections.length === 0 ? [text, ...sections] : sections
    })
    .join('')
    .replaceAll(/\(https:[^)]*\)|<[^|>]*\||[^\p{L}\p{N}]/gu, '')
const lettersOf = (text: string) => text.replaceAll(/[^\p{L}\p{N}]/gu, '')
/** Three messages of Slack. */
const LONG = Array.from({ length: 700 }, (_, n) => `This is sentence number ${n} of many. `)
const WHOLE =
  'Striperunsfourlimiters1EachofthemhasajobThefirstisatokenbucket2TherestshedloadSources1Article1Limitsquote12Article2Limitsquote2'

describe('a question that is tried again', () => {
  it('posts the answer that the store has, and asks for no other', async () => {
    await using slack = await open()
    const { perform, asked } = openTestVoice(slack)
    const ts = slack.write('C1', 'U1', '?')
    slack.fail('chat.postMessage', { status: 503 })
    const inbox = inboxOf()
    await expect(perform(questionOf({ ts }), inbox.attempt(), never)).rejects.toMatchObject({
      reason: 'http-503',
      retryable: true,
    })
    await perform(questionOf({ ts }), inbox.attempt(), never)
    expect(asked).toHaveLength(1)
    expect(answersIn(slack)).toHaveLength(1)
    expect(shownIn(answersIn(slack))).toBe(WHOLE)
    await perform(questionOf({ ts }), inbox.attempt(), never)
    expect(answersIn(slack)).toHaveLength(1)
  })

  it.each(['chat.postMessage', 'chat.startStream'])(
    'finds what %s has posted although nobody heard of it',
    async (method) => {
      await using slack = await open()
      const voice = openTestVoice(slack, method === 'chat.startStream' ? slowly : limiters)
      const ts = slack.write('C1', 'U1', '?')
      slack.fail(method, 'torn')
      const inbox = inboxOf()
      await expect(voice.perform(questionOf({ ts }), inbox.attempt(), never)).rejects.toMatchObject({
        reason: 'unreachable',
      })
      expect(inbox.progress.messages).toEqual([])
      expect(answersIn(slack)).toHaveLength(1)
      await voice.perform(questionOf({ ts }), inbox.attempt(), never)
      expect(answersIn(slack)).toHaveLength(1)
      expect(shownIn(answersIn(slack))).toBe(WHOLE)
      expect(voice.asked).toHaveLength(1)
    },
  )

  it('is asked again when its process died, in the message that was half said', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    const inbox = inboxOf()
    const answers = memoryAnswers()
    const dying = new AbortController()
    const first = openTestVoice(slack, () => ({ steps: ['Stripe runs. Many words. And more ', 100_000] }), { answers })
    const done = first.perform(questionOf({ ts }), inbox.attempt(), dying.signal)
    await expect.poll(() => inbox.progress.messages?.length).toBe(1)
    dying.abort(new Error('killed'))
    await expect(done).rejects.toThrow('killed')
    const next = openTestVoice(slack, limiters, { answers })
    await next.perform(questionOf({ ts }), inbox.attempt(), never)
    expect(next.asked[0]?.id).not.toBe(first.asked[0]?.id)
    expect(answersIn(slack).map(({ metadata }) => metadata)).toMatchObject([
      { event_payload: { id: next.asked[0]?.id } },
    ])
    expect(shownIn(answersIn(slack))).toBe(WHOLE)
  })

  it('is told whole when a shorter draft took the place of a longer one', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    const inbox = inboxOf()
    const answers = memoryAnswers()
    const dying = new AbortController()
    const first = openTestVoice(slack, () => ({ steps: [20, ...LONG, 100_000] }), { answers })
    const done = first.perform(questionOf({ ts }), inbox.attempt(), dying.signal)
    await expect.poll(() => inbox.progress.messages?.length).toBe(3)
    dying.abort(new Error('killed'))
    await expect(done).rejects.toThrow('killed')
    const steps = [20, ...LONG.slice(0, 100), 60, ...LONG.slice(100, 600), 60]
    const next = openTestVoice(slack, () => ({ steps }), { answers })
    await next.perform(questionOf({ ts }), inbox.attempt(), never)
    expect(answersIn(slack).map(({ ts }) => ts)).toEqual(inbox.progress.messages)
    expect(shownIn(answersIn(slack))).toBe(
      LONG.slice(0, 600)
        .join('')
        .replaceAll(/[^\p{L}\p{N}]/gu, ''),
    )
    expect(slack.calls.filter(({ method }) => method === 'chat.delete')).toHaveLength(3 - answersIn(slack).length)
  })

  it('is left alone by a process whose lease was taken', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    const { perform, lines } = openTestVoice(slack)
    let writes = 0
    const inbox = inboxOf(() => {
      if (++writes > 1) throw new StoreError('lease-lost', 'taken')
    })
    await expect(perform(questionOf({ ts }), inbox.attempt(), never)).rejects.toMatchObject({ code: 'lease-lost' })
    expect(answersIn(slack)).toEqual([])
    expect(lines).toEqual([])
  })

  it.each(['conversations.info', 'auth.test'])(
    'is not lost with another that asked Slack the same by %s, and lost its lease meanwhile',
    async (method) => {
      await using slack = await open()
      slack.fail(method, { delayMs: 300 })
      const { perform } = openTestVoice(slack, slowly)
      const questions = ['1?', '2?'].map((text) => questionOf({ ts: slack.write('C1', 'U1', text) }))
      const losing = new AbortController()
      const first = perform(questions[0]!, inboxOf().attempt(), losing.signal)
      await expect.poll(() => slack.calls.some((call) => call.method === method)).toBe(true)
      const second = perform(questions[1]!, inboxOf().attempt(), never)
      await wait(100)
      losing.abort(new StoreError('lease-lost', 'not renewed in time'))
      await expect(first).rejects.toMatchObject({ code: 'lease-lost' })
      await second
      expect(shownIn(slack.messages('C1').slice(2))).toBe(WHOLE)
    },
  )

  it('can be stopped while it waits for what another try has begun', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    const inbox = inboxOf()
    const { perform } = openTestVoice(slack, () => ({ steps: ['One. ', 60_000] }))
    for (const reason of ['first', 'second']) {
      const stopping = new AbortController()
      const done = perform(questionOf({ ts }), inbox.attempt(), stopping.signal)
      await wait(100)
      stopping.abort(new Error(reason))
      await expect(done).rejects.toThrow(reason)
    }
  })

  it('is told of an outage only when it does not pass', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    const { perform, asked } = openTestVoice(slack, () => ({
      steps: [],
      end: { type: 'error', code: 'model-rate-limited', retryable: true, retryAfterMs: 7_000 },
    }))
    const inbox = inboxOf()
    for (let n = 0; n < 2; n++)
      await expect(perform(questionOf({ ts }), inbox.attempt(), never)).rejects.toMatchObject({ retryAfterMs: 7_000 })
    expect(answersIn(slack)).toEqual([])
    await perform(questionOf({ ts }), inbox.attempt(), never)
    expect(answersIn(slack).map(({ text }) => text)).toMatchObject([
      expect.stringContaining('says nothing about what the library holds'),
    ])
    expect(new Set(asked.map(({ id }) => id)).size).toBe(3)
  })

  it('is not told of the first fault of a model, however often it only had to wait before', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    const { perform } = openTestVoice(slack, () => ({
      steps: [],
      end: { type: 'error', code: 'model-unavailable', retryable: true },
    }))
    const inbox = inboxOf()
    for (let number = 1; number <= 5; number++)
      await expect(perform(questionOf({ ts }), inbox.attempt({ number, failures: 1 }), never)).rejects.toMatchObject({
        code: 'model-unavailable',
      })
    expect(answersIn(slack)).toEqual([])
  })

  it('says the whole answer once, wherever calls fail, get lost or are too many, and wherever the process dies', async () => {
    const fault = fc.constantFrom<Fault>(
      'torn',
      { status: 500 },
      { status: 429, retryAfterS: 60 },
      { error: 'internal_error' },
    )
    const method = fc.constantFrom(
      'auth.test',
      'conversations.info',
      'conversations.replies',
      'chat.startStream',
      'chat.appendStream',
      'chat.stopStream',
      'chat.postMessage',
      'chat.update',
      'chat.delete',
    )
    const ofStreams = fc.constantFrom<[string, Fault]>(
      ['chat.appendStream', { error: 'message_not_in_streaming_state' }],
      ['chat.stopStream', { error: 'message_not_in_streaming_state' }],
      ['chat.startStream', { error: 'channel_type_not_supported' }],
      ['chat.appendStream', { error: 'channel_type_not_supported' }],
    )
    const faults = fc.array(fc.tuple(fc.oneof(fc.tuple(method, fault), ofStreams), fc.integer({ min: 1, max: 2 })), {
      maxLength: 4,
    })
    const deaths = fc.option(fc.integer({ min: 1, max: 6 }))
    const kind = fc.constantFrom<Kind>('at once', 'slowly', 'at length')
    await fc.assert(fc.asyncProperty(faults, kind, deaths, toldOnce), { numRuns: repeats(150) })
  }, 300_000)
})

type Kind = 'at once' | 'slowly' | 'at length'

/** Another answer each time, of two or three messages, and at first a draft of one. */
const atLength = (tries: number): Script => {
  const sentences = LONG.slice(0, [700, 400, 600][tries % 3])
  return () => ({ steps: [20, ...sentences.slice(0, 100), 40, ...sentences.slice(100), 100] })
}

async function toldOnce(
  faults: readonly (readonly [readonly [string, Fault], number])[],
  kind: Kind,
  deaths: number | null,
) {
  await using slack = await open()
  const ts = slack.write('C1', 'U1', '?')
  for (const [[method, fault], times] of faults) slack.fail(method, fault, times)
  const answers = memoryAnswers()
  let left = deaths ?? Infinity
  const inbox = inboxOf(() => {
    if (--left === 0) throw new Error('the process died here')
  })
  for (let tries = 0; tries < 25 && !inbox.progress.isOver; tries++) {
    // Another process each time: it knows of no rate limit.
    const script = kind === 'at length' ? atLength(tries) : kind === 'slowly' ? slowly : limiters
    const { perform } = openTestVoice(slack, script, { answers, patienceMs: 100 })
    await perform(questionOf({ ts }), inbox.attempt(), never).catch(() => {})
  }
  expect(inbox.progress.isOver).toBe(true)
  const stored = await answers.find('main', inbox.progress.answerId ?? '')
  expect(shownIn(answersIn(slack))).toBe(kind === 'at length' ? lettersOf(stored!.answer) : WHOLE)
  expect(answersIn(slack).filter(({ streamingSince }) => streamingSince !== undefined)).toEqual([])
}

describe('a refusal of Slack', () => {
  it.each([
    'token_revoked',
    'invalid_auth',
    'account_inactive',
    'is_archived',
    'channel_not_found',
    'not_in_channel',
    'restricted_action',
    'ekm_access_denied',
    'msg_too_long',
  ])('as %s is for good: logged once, and the answer under way is stopped', async (error) => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    slack.fail('chat.startStream', { error }, 9)
    slack.fail('chat.postMessage', { error }, 9)
    const { perform, lines, answers } = openTestVoice(slack, () => ({ steps: ['One. Two. Three. ', 50_000] }))
    await perform(questionOf({ ts }), inboxOf().attempt(), never)
    expect(answersIn(slack)).toEqual([])
    expect(lines.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([error])
    await expect.poll(() => [...answers.logs.values()].map((log) => log.at(-1)?.event.type)).toEqual(['stopped'])
  })

  it('after its message was deleted in the middle of the answer is for good', async () => {
    await using slack = await open()
    const ts = slack.write('C1', 'U1', '?')
    const { perform, lines, answers } = openTestVoice(slack, () => ({
      steps: Array.from({ length: 1_000 }, (_, n) => (n % 2 ? 20 : 'One more. ')),
    }))
    const inbox = inboxOf()
    const done = perform(questionOf({ ts }), inbox.attempt(), never)
    await expect.poll(() => inbox.progress.messages?.length).toBe(1)
    slack.remove('C1', inbox.progress.messages![0]!)
    await done
    expect(answersIn(slack)).toEqual([])
    expect(lines).toHaveLength(1)
    await expect.poll(() => [...answers.logs.values()].map((log) => log.at(-1)?.event.type)).toEqual(['stopped'])
  })

  it('of a thread that is gone is for good', async () => {
    await using slack = await open()
    const { perform, asked } = openTestVoice(slack)
    await perform(questionOf({ ts: '1.000200', thread: '1.000100' }), inboxOf().attempt(), never)
    expect(asked).toEqual([])
  })
})

describe('a rate limit of Slack', () => {
  it('is waited for when it is short, by all who call the same', async () => {
    await using slack = await open()
    slack.fail('chat.postMessage', { status: 429, retryAfterS: 1 })
    const { perform } = openTestVoice(slack)
    const posts = () => slack.calls.filter(({ method }) => method === 'chat.postMessage')
    const first = perform(questionOf(), inboxOf().attempt(), never)
    await expect.poll(() => posts().length).toBe(1)
    await wait(100)
    await Promise.all([first, perform(questionOf(), inboxOf().attempt(), never)])
    expect(slack.messages('C1')).toHaveLength(2)
    const [limited, ...later] = posts().map(({ at }) => at)
    expect(later).toHaveLength(2)
    expect(Math.min(...later) - limited!).toBeGreaterThan(990)
  })

  it.each([
    [1, 2],
    [2, 1],
  ])('of %i s and one of %i s are over when the longer is', async (...seconds) => {
    await using slack = await open()
    for (const retryAfterS of seconds) slack.fail('chat.postMessage', { status: 429, retryAfterS })
    const { perform } = openTestVoice(slack, limiters, { patienceMs: 5_000 })
    await Promise.all([0, 1].map(async () => await perform(questionOf(), inboxOf().attempt(), never)))
    const posts = slack.calls.filter(({ method }) => method === 'chat.postMessage').map(({ at }) => at)
    expect(posts).toHaveLength(4)
    expect(posts[2]! - posts[1]!).toBeGreaterThan(1_950)
  })

  it('is handed on when it is long, and nobody calls before it is over', async () => {
    await using slack = await open()
    slack.fail('chat.postMessage', { status: 429, retryAfterS: 30 })
    const { perform } = openTestVoice(slack)
    const inbox = inboxOf()
    for (let n = 0; n < 2; n++) {
      const error: unknown = await perform(questionOf(), inbox.attempt(), never).catch((error: unknown) => error)
      expect(error).toMatchObject({ reason: 'ratelimited', retryable: true })
      expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(29_000)
    }
    expect(slack.calls.filter(({ method }) => method === 'chat.postMessage')).toHaveLength(1)
  })

  it('in the middle of a stream delays its words and loses none', async () => {
    await using slack = await open()
    slack.limit('chat.appendStream', 1)
    const ts = slack.write('C1', 'U1', '?')
    const { perform } = openTestVoice(slack, slowly)
    await perform(questionOf({ ts }), inboxOf().attempt(), never)
    expect(answersIn(slack)).toHaveLength(1)
    expect(shownIn(answersIn(slack))).toBe(WHOLE)
  })

  it('that only shows in slowness loses nothing either', async () => {
    await using slack = await open()
    slack.fail('chat.startStream', { delayMs: 150 })
    slack.fail('chat.stopStream', { delayMs: 150 })
    const ts = slack.write('C1', 'U1', '?')
    const { perform } = openTestVoice(slack, slowly)
    await perform(questionOf({ ts }), inboxOf().attempt(), never)
    expect(answersIn(slack)).toHaveLength(1)
    expect(shownIn(answersIn(slack))).toBe(WHOLE)
  })
})
