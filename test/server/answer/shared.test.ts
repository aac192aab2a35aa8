// Single flight: what several ask at once.
import { describe, expect, it } from 'vitest'
import type { Answering } from '../../../core/ports.ts'
import type { AnswerEvent, Question } from '../../../core/types.ts'
import { newDraft } from '../../../server/answer/draft.ts'
import { shared } from '../../../server/answer/shared.ts'

const models = { generator: { model: 'm' }, embedder: { space: 's' } }
const question = (id: string, changes: Partial<Question> = {}): Question => ({
  id,
  text: 'How?',
  library: 'main',
  conversationId: `con_${id}`,
  history: [],
  mode: 'auto',
  ...changes,
})

/** Says a word with each `step`, and the rest when it is stopped. */
function stepped() {
  const begun: { question: Question; signal: AbortSignal; isOver: boolean }[] = []
  let stepping = Promise.withResolvers<void>()
  const changes = { library: 1 }
  const answering: Answering = async function* (asked, signal) {
    const one = { question: asked, signal, isOver: false }
    begun.push(one)
    const draft = newDraft(asked, 'generative', models)
    try {
      yield { type: 'started', id: asked.id, conversationId: asked.conversationId, mode: 'generative' }
      for (const word of ['one ', 'two ', 'three']) {
        if (!signal.aborted)
          await Promise.race([
            stepping.promise,
            new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
          ])
        if (signal.aborted) {
          yield { type: 'stopped', answer: draft.finish('stopped') }
          return
        }
        yield draft.text(word)
      }
      draft.spend({ inputTokens: 10, outputTokens: 3, costUsd: 1 })
      yield { type: 'done', answer: draft.finish('answered') }
    } finally {
      one.isOver = true
    }
  }
  const search = { state: async () => ({ chunks: 1, changes: changes.library, space: 's' }) }
  return {
    begun,
    changes,
    answering: shared(answering, { ...models, search }),
    step: async () => {
      const { resolve: done } = stepping
      stepping = Promise.withResolvers<void>()
      done()
      await new Promise((resolve) => setTimeout(resolve, 2))
    },
  }
}

/** `storing`: what the first event waits for before the next is asked for. */
function reading(answering: Answering, asked: Question, storing: Promise<void> = Promise.resolve()) {
  const leaving = new AbortController()
  const events: AnswerEvent[] = []
  const read = async () => {
    for await (const event of answering(asked, leaving.signal)) if (events.push(event) === 1) await storing
    return events
  }
  return { events, leave: () => leaving.abort(new DOMException('left', 'AbortError')), whole: read() }
}

const settle = async () => await new Promise((resolve) => setTimeout(resolve, 5))
const answerIn = (events: readonly AnswerEvent[]) => {
  const last = events.at(-1)
  return last && 'answer' in last ? { type: last.type, ...last.answer } : last
}

describe('the same question of several at once', () => {
  it('is answered once, and each has an answer of their own', async () => {
    const { begun, answering, step } = stepped()
    const readers = ['a', 'b', 'c'].map((id) => reading(answering, question(id)))
    await settle()
    await step()
    const late = reading(answering, question('d'))
    await settle()
    for (let n = 0; n < 2; n++) await step()
    const all = await Promise.all([...readers, late].map(async ({ whole }) => await whole))
    expect(begun).toHaveLength(1)
    for (const [n, events] of all.entries()) {
      const id = 'abcd'[n]!
      expect(events.map(({ type }) => type)).toEqual(['started', 'text', 'text', 'text', 'done'])
      expect(events[0]).toMatchObject({ id, conversationId: `con_${id}` })
      expect(answerIn(events)).toMatchObject({ id, conversationId: `con_${id}`, answer: 'one two three' })
    }
  })

  it('is paid for once, and the others say that the model was not asked for them', async () => {
    const { answering, step } = stepped()
    const readers = ['a', 'b'].map((id) => reading(answering, question(id)))
    await settle()
    for (let n = 0; n < 3; n++) await step()
    const [first, second] = await Promise.all(readers.map(async ({ whole }) => answerIn(await whole)))
    expect([first, second]).toMatchObject([
      { cached: false, usage: { costUsd: 1 } },
      { cached: true, usage: { costUsd: 0, inputTokens: 0 } },
    ])
  })

  it('goes on for the others when one leaves, who has at once what was said', async () => {
    const { begun, answering, step } = stepped()
    const [first, second] = [reading(answering, question('a')), reading(answering, question('b'))]
    await settle()
    await step()
    first.leave()
    expect(answerIn(await first.whole)).toMatchObject({ type: 'stopped', id: 'a', status: 'stopped', answer: 'one ' })
    expect(begun[0]!.signal.aborted).toBe(false)
    for (let n = 0; n < 2; n++) await step()
    expect(answerIn(await second.whole)).toMatchObject({
      type: 'done',
      id: 'b',
      answer: 'one two three',
      cached: false,
    })
  })

  it('is stopped when the last one leaves', async () => {
    const { begun, answering, step } = stepped()
    const readers = [reading(answering, question('a')), reading(answering, question('b'))]
    await settle()
    await step()
    for (const { leave } of readers) leave()
    const ends = await Promise.all(readers.map(async ({ whole }) => answerIn(await whole)))
    expect(ends).toMatchObject([
      { type: 'stopped', answer: 'one ' },
      { type: 'stopped', answer: 'one ' },
    ])
    expect(begun).toMatchObject([{ isOver: true }])
  })

  it('is stopped when all leave at once, as their first events are being stored', async () => {
    const { begun, answering } = stepped()
    const [early, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const first = reading(answering, question('a'), early.promise)
    const second = reading(answering, question('b'), late.promise)
    await settle()
    for (const { leave } of [first, second]) leave()
    early.resolve()
    expect(answerIn(await first.whole)).toMatchObject({ type: 'stopped', id: 'a' })
    late.resolve()
    expect(answerIn(await second.whole)).toMatchObject({ type: 'stopped', id: 'b' })
    expect(begun).toMatchObject([{ isOver: true, signal: { aborted: true } }])
  })

  it('is begun anew by who asks after the last one has left, however long the end of that takes', async () => {
    const { begun, answering, step } = stepped()
    const storing = Promise.withResolvers<void>()
    const first = reading(answering, question('a'), storing.promise)
    await settle()
    first.leave()
    const second = reading(answering, question('b'))
    await settle()
    storing.resolve()
    for (let n = 0; n < 3; n++) await step()
    expect(answerIn(await first.whole)).toMatchObject({ type: 'stopped', id: 'a' })
    expect(answerIn(await second.whole)).toMatchObject({ type: 'done', id: 'b', answer: 'one two three' })
    expect(begun).toHaveLength(2)
  })

  it('is over when nobody reads it to its end', async () => {
    const { begun, answering } = stepped()
    for await (const event of answering(question('a'), new AbortController().signal)) {
      expect(event.type).toBe('started')
      break
    }
    await settle()
    expect(begun[0]!.signal.aborted).toBe(true)
    const next = reading(answering, question('b'))
    await settle()
    expect(begun).toHaveLength(2)
    next.leave()
    await next.whole
  })

  it.each<[string, Partial<Question>]>([
    ['words', { text: 'Why?' }],
    ['audiences', { audiences: ['oncall'] }],
    ['mode', { mode: 'extractive' }],
    ['policy', { withholds: true }],
    ['conversation', { history: [{ question: 'x', answer: 'y' }] }],
    ['wish for a new one', { fresh: true }],
  ])('is another one with other %s', async (_, changes) => {
    const { begun, answering } = stepped()
    const readers = [reading(answering, question('a')), reading(answering, question('b', changes))]
    await settle()
    expect(begun).toHaveLength(2)
    for (const { leave } of readers) leave()
    await Promise.all(readers.map(async ({ whole }) => await whole))
  })

  it('is another one when a document was learned in between, and when the first has ended', async () => {
    const { begun, changes, answering, step } = stepped()
    const first = reading(answering, question('a'))
    await settle()
    changes.library++
    const second = reading(answering, question('b'))
    await settle()
    expect(begun).toHaveLength(2)
    for (let n = 0; n < 3; n++) await step()
    await Promise.all([first.whole, second.whole])
    const third = reading(answering, question('c'))
    await settle()
    expect(begun).toHaveLength(3)
    third.leave()
    await third.whole
  })
})
