// Replies that are kept: said again to exactly the same words, read anew each time, and never in the way of an answer.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError, StoreError } from '../../../core/errors.ts'
import type { DocumentText, Generator, ReplyStore } from '../../../core/ports.ts'
import type { Answer, Question } from '../../../core/types.ts'
import { failingGenerator, fakeGenerator } from '../../../models/fake.ts'
import { loadPrompt } from '../../../prompts/load.ts'
import type { AnswerDeps } from '../../../server/answer/answer.ts'
import { modelCheck } from '../../../server/answer/check.ts'
import { memoryReplies } from '../../support/fake-store.ts'
import { depsOf, documentOf, eventsOf, expectLawful, libraryOf, questionOf } from '../../support/passages.ts'

const redis = documentOf('redis', '# Redis\nRedis keeps the counts of every user. Lua scripts make the updates atomic.')
const question = questionOf('How does Redis keep the counts of users?')
const reply = ['Redis keeps the counts ', 'of users [1]. Lua scripts make ', 'updates atomic [1].']

type Changes = Omit<Partial<AnswerDeps>, 'documents'> & { readonly documents?: readonly DocumentText[] }

/** Asks over one store of replies, and counts how often the model is asked. */
function openAsking(replies: ReplyStore = memoryReplies()) {
  const calls: string[] = []
  const reports: string[] = []
  const counted = (generator: Generator): Generator => ({
    model: generator.model,
    stream: (messages, signal) => {
      calls.push(messages.map(({ content }) => content).join('\n'))
      return generator.stream(messages, signal)
    },
  })
  const ask = async (asked: Question = question, { documents = [redis], ...changes }: Changes = {}) => {
    const generator = counted(changes.generator ?? fakeGenerator(reply))
    const deps = depsOf(libraryOf(...documents), { replies, ...changes, generator }, reports)
    const events = await eventsOf(asked, deps)
    return { events, answer: expectLawful(events, documents) }
  }
  return { calls, reports, ask }
}

/** What two answers from the same reply have in common: everything but what making them took. */
function made(answer: Answer | null) {
  return answer && { ...answer, cached: null, usage: null, timingsMs: null }
}

async function outage(): Promise<never> {
  throw new StoreError('store-unavailable', 'down')
}

const answerHash = (await loadPrompt('answer')).hash
const groundHash = (await loadPrompt('ground')).hash

describe('the prompts of an answer', () => {
  it('are none when no model wrote it', async () => {
    const { ask } = openAsking()
    expect((await ask({ ...question, mode: 'extractive' })).answer?.prompts).toBeNull()
    expect((await ask(questionOf('Who won the chess olympiad of Budapest?'))).answer?.prompts).toBeNull()
  })

  it('are recorded by the hash of their files, that of the second opinion when there was one', async () => {
    const { ask } = openAsking()
    expect((await ask()).answer?.prompts).toEqual({ answer: answerHash })
    const judge = fakeGenerator(['{"verdict":"partial"}'])
    const policy = { withholds: false, check: modelCheck(judge) }
    const { answer } = await ask(question, { policy })
    expect(answer?.prompts).toEqual({ answer: answerHash, ground: groundHash })
    // The calls for the second opinion are paid for by this answer.
    expect(answer?.usage.inputTokens).toBeGreaterThan(0)
  })

  it('are those of the kept reply where it was said again', async () => {
    const { ask } = openAsking()
    await ask()
    expect((await ask()).answer).toMatchObject({ cached: true, prompts: { answer: answerHash } })
  })

  it('are none when the budget let no call be made', async () => {
    const { ask } = openAsking()
    const generator = failingGenerator(new ModelError('model-budget-spent', 'spent'))
    const policy = { withholds: false, check: modelCheck(generator) }
    const history = [{ question: 'What is Redis?', answer: 'A store of counts.' }]
    const { answer } = await ask({ ...questionOf('How does it keep the counts of users?'), history }, { generator })
    expect(answer).toMatchObject({ fallback: 'budget-spent', prompts: null })
    expect((await ask(question, { policy })).answer?.prompts).toEqual({ answer: answerHash })
  })

  it('are recorded when the model failed: they were sent', async () => {
    const { ask } = openAsking()
    const generator = failingGenerator(new ModelError('model-unavailable', 'down'))
    const { answer } = await ask(question, { generator })
    expect(answer).toMatchObject({ mode: 'extractive', fallback: 'model-unavailable', prompts: { answer: answerHash } })
  })
})

describe('a question that is asked again', () => {
  it('is answered by the kept reply, event by event as a fresh one, flagged, and for nothing', async () => {
    const { ask, calls } = openAsking()
    const [first, second] = [await ask(), await ask({ ...question, id: 'ans_2' })]
    expect(calls).toHaveLength(1)
    expect([first.answer?.cached, second.answer?.cached]).toEqual([false, true])
    expect(second.answer?.id).toBe('ans_2')
    expect(second.answer?.usage).toEqual({ inputTokens: 0, outputTokens: 0, costUsd: 0 })
    expect(made(second.answer)).toEqual({ ...made(first.answer), id: 'ans_2' })
    const types = second.events.map(({ type }) => type)
    expect(types.slice(0, 2)).toEqual(['started', 'passages'])
    expect(types.at(-1)).toBe('done')
    expect(new Set(types)).toEqual(new Set(['started', 'passages', 'text', 'citation', 'verdict', 'done']))
  })

  it('is the same answer whatever the model wrote, however it was cut', async () => {
    const part = fc.constantFrom(
      'Redis keeps the counts',
      ' [1]',
      '[',
      '9]',
      '. ',
      ' of 77 users',
      '【1】',
      '\n',
      '🚦',
      '\0',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 12 }), async (deltas) => {
        const { ask, calls } = openAsking()
        const generator = fakeGenerator(deltas)
        const [first, second] = [await ask(question, { generator }), await ask(question, { generator })]
        expect(made(second.answer)).toEqual(made(first.answer))
        const isKept = first.answer?.status === 'answered' && first.answer.fallback === null
        expect([second.answer?.cached, calls.length]).toEqual(isKept ? [true, 1] : [false, 2])
      }),
      { numRuns: 100 },
    )
  })

  it('is the same with other spaces and other code points of the same letters, and another one in another case', async () => {
    const { ask, calls } = openAsking()
    await ask(questionOf('How does Redis keep a café’s counts?'))
    await ask(questionOf('How does  Redis\tkeep a cafe\u0301’s counts?'))
    expect(calls).toHaveLength(1)
    await ask(questionOf('How does REDIS keep a café’s counts?'))
    expect(calls).toHaveLength(2)
  })

  it('is asked anew when somebody wants that, and that reply is kept from then on', async () => {
    const { ask, calls } = openAsking()
    await ask()
    const generator = fakeGenerator(['Lua scripts make updates atomic [1].'])
    const { answer } = await ask({ ...question, fresh: true }, { generator })
    expect([calls.length, answer?.cached]).toEqual([2, false])
    expect((await ask()).answer?.answer).toBe('Lua scripts make updates atomic [1].')
  })
})

describe('a kept reply is not said', () => {
  const others: [name: string, asked: Question, changes: Changes][] = [
    ['to another question', questionOf('How does Redis keep the counts of requests?'), {}],
    ['in another conversation', { ...question, history: [{ question: 'Is it fast?', answer: 'Yes.' }] }, {}],
    ['in another library', { ...question, library: 'other' }, {}],
    ['by another model', question, { generator: { ...fakeGenerator(reply), model: 'fake/other' } }],
    [
      'of other words of the document',
      question,
      { documents: [documentOf('redis', '# Redis\nRedis keeps no counts of users.')] },
    ],
    [
      'once the library knows more about it',
      question,
      { documents: [redis, documentOf('news', '# Counts\nRedis keeps the counts of users in hashes since 2024.')] },
    ],
  ]
  it.each(others)('%s', async (_name, asked, changes) => {
    const { ask, calls } = openAsking()
    await ask()
    expect((await ask(asked, changes)).answer?.cached).toBe(false)
    expect(calls).toHaveLength(2)
  })

  it('where extracts are asked for', async () => {
    const { ask, calls } = openAsking()
    await ask()
    expect((await ask({ ...question, mode: 'extractive' })).answer).toMatchObject({ cached: false, mode: 'extractive' })
    expect(calls).toHaveLength(1)
  })
})

describe('a kept reply', () => {
  it('outlives news that its question is not about', async () => {
    const { ask, calls } = openAsking()
    const colours = ['red', 'green', 'blue', 'black', 'white', 'brown', 'grey', 'pink', 'teal']
    const full = colours.map((colour) =>
      documentOf(
        colour,
        `# ${colour}\nRedis keeps the counts of users of the ${colour} region in the ${colour} cluster.`,
      ),
    )
    await ask(question, { documents: full })
    const news = documentOf('bread', 'A loaf needs flour, water, salt and yeast.')
    const { answer } = await ask(question, { documents: [...full, news] })
    expect([calls.length, answer?.cached]).toEqual([1, true])
  })

  it('of a new revision with the same words is cited in that revision', async () => {
    const { ask, calls } = openAsking()
    await ask()
    const revised = { ...redis, revision: 'rev_new' }
    const { answer } = await ask(question, { documents: [revised] })
    expect([calls.length, answer?.cached]).toEqual([1, true])
    expect(answer?.citations.map(({ document }) => document.revision)).toEqual(answer?.citations.map(() => 'rev_new'))
  })

  it('is judged by the policy of today', async () => {
    const { ask } = openAsking()
    const generator = fakeGenerator(['Redis keeps the counts of users [1]. Oracle bought it in 1999 [1].'])
    expect((await ask(question, { generator })).answer?.statements).toHaveLength(2)
    const { answer } = await ask(question, { policy: { withholds: true, check: null } })
    expect([answer?.cached, answer?.answer]).toEqual([true, 'Redis keeps the counts of users [1].'])
  })
})

describe('nothing is kept of', () => {
  const poor: [name: string, generator: Generator][] = [
    ['a refusal', fakeGenerator(['INSUFFICIENT'])],
    ['an answer that nothing supports', fakeGenerator(['Oracle bought it in 1999 [1].'])],
    ['an answer that was cut off', failingGenerator(new ModelError('model-unavailable', 'down'), reply)],
    ['a model that failed', failingGenerator(new ModelError('model-unavailable', 'down'))],
    [
      'an answer that was too long for the model',
      {
        model: 'fake',
        async *stream() {
          yield { type: 'text', delta: reply.join('') }
          yield { type: 'finish', reason: 'length', inputTokens: 1, outputTokens: 1 }
        },
      },
    ],
  ]
  it.each(poor)('%s', async (_name, generator) => {
    const replies = memoryReplies()
    const { ask } = openAsking(replies)
    await ask(question, { generator })
    expect(replies.kept.size).toBe(0)
    expect((await ask()).answer).toMatchObject({ status: 'answered', cached: false })
  })
})

describe('a store of replies that fails', () => {
  it('costs a call, and the answer is whole', async () => {
    const { ask, reports } = openAsking({ find: outage, keep: outage })
    expect((await ask()).answer).toMatchObject({ status: 'answered', fallback: null, cached: false })
    expect(reports).toEqual(Array(2).fill('the kept replies could not be reached'))
  })

  it('that hangs while a reply is kept holds up no answer', async () => {
    const hanging = { find: async () => null, keep: async () => await new Promise<never>(() => {}) }
    expect((await openAsking(hanging).ask()).answer?.status).toBe('answered')
  })

  it('that hangs does not keep who leaves', async () => {
    const leaving = new AbortController()
    const find = async () => {
      leaving.abort()
      return await new Promise<never>(() => {})
    }
    const deps = depsOf(libraryOf(redis), { generator: fakeGenerator(reply), replies: { find, keep: outage } })
    const events = await eventsOf(question, deps, leaving.signal)
    expect(events.map(({ type }) => type)).toEqual(['started', 'passages', 'stopped'])
  })
})
