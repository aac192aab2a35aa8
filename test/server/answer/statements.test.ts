// A model's text as statements: where each begins and ends, and which markers are its own.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnswerEvent, Verdict } from '../../../core/types.ts'
import { fakeGenerator } from '../../../models/fake.ts'
import { newDraft } from '../../../server/answer/draft.ts'
import { generate } from '../../../server/answer/generate.ts'
import { createStatementWriter } from '../../../server/answer/statements.ts'
import { depsOf, foundOf, libraryOf, never, passagesOf, questionOf } from '../../support/passages.ts'

const passages = passagesOf(
  'Redis keeps the counts of every user. Lua scripts make the updates atomic. The limit is 10 per second.',
  'Kafka orders the events of one partition. Consumers commit their offsets to Kafka.',
)
const question = questionOf('How are requests counted?')

/** What a model's reply becomes. */
async function written(...deltas: readonly string[]) {
  const draft = newDraft(question, 'generative', { generator: { model: 'fake' }, embedder: { space: 'fake' } })
  const deps = { ...depsOf(libraryOf()), generator: fakeGenerator(deltas) }
  const events: AnswerEvent[] = await Array.fromAsync(
    generate(draft, question, foundOf(question.text), passages, deps, never),
  )
  const { answer, statements, citations } = draft.finish('answered')
  return {
    answer,
    citations,
    events,
    statements,
    text: events.map((event) => (event.type === 'text' ? event.delta : '')).join(''),
    told: statements.map(({ start, end, verdict, citations: cited }) => [answer.slice(start, end), verdict, ...cited]),
  }
}

type Told = readonly [string, Verdict, ...number[]]

const redis = 'Redis keeps the counts'
const kafka = 'Kafka orders the events'

describe('a statement', () => {
  it.each<[string, ...Told[]]>([
    [`${redis} [1].`, [redis, 'supported', 1]],
    [`${redis}. [1]`, [`${redis}.`, 'supported', 1]],
    [`${redis}.[1]`, [`${redis}.`, 'supported', 1]],
    [`${redis}.\n[1]`, [`${redis}.`, 'supported', 1]],
    [`${redis} [1]. ${kafka} [2].`, [redis, 'supported', 1], [kafka, 'supported', 2]],
    [`${redis}. [1] ${kafka}. [2]`, [`${redis}.`, 'supported', 1], [`${kafka}.`, 'supported', 2]],
    [`${redis} [1] ${kafka} [2]`, [redis, 'supported', 1], [kafka, 'supported', 2]],
    [`${redis} [1]\n${kafka} [2]`, [redis, 'supported', 1], [kafka, 'supported', 2]],
    [`${redis} [1]!\n\n- ${kafka} [2]`, [redis, 'supported', 1], [`- ${kafka}`, 'supported', 2]],
    [`“${redis}.” [1] ${kafka} [2].`, [`“${redis}.”`, 'supported', 1], [kafka, 'supported', 2]],
  ])('with its marker in %j is found', async (reply, ...told) => {
    expect((await written(reply)).told).toEqual(told)
  })

  it('keeps of the passages it names those that back it', async () => {
    const { answer, citations } = await written(`${redis} [2][1]. ${kafka} [1, 2].`)
    expect(answer).toBe(`${redis} [1]. ${kafka} [2].`)
    expect(citations.map(({ passage }) => passage)).toEqual([1, 2])
  })

  it('is backed by two passages together, none of which holds it alone', async () => {
    const { told } = await written('Redis keeps counts of users and Kafka orders events of partitions [1][2].')
    expect(told[0]?.slice(1)).toEqual(['supported', 1, 2])
  })

  it('goes on behind a marker in its middle', async () => {
    const { told } = await written(`${redis} [1] and the events are ordered by Kafka [2]. Then more.`)
    expect(told.map(([words]) => words)).toEqual([`${redis} [1] and the events are ordered by Kafka`, 'Then more.'])
    expect(told[0]?.slice(2)).toEqual([1, 2])
  })

  it('goes on behind a comma', async () => {
    const { told } = await written(`In Redis [1], Lua scripts make the updates atomic [1]. More.`)
    expect(told).toHaveLength(2)
  })

  it.each<[string, readonly string[]]>([
    [`It scales. ${redis} [1].`, ['It scales.', redis]],
    [`The limit is 10. ${redis} [1].`, ['The limit is 10.', redis]],
    [`It is on. It is off! Is it? ${redis} [1].`, ['It is on.', 'It is off!', 'Is it?', redis]],
    [`It scales\n${redis} [1].`, ['It scales', redis]],
    [`It scales. "Counts" are kept by Redis [1].`, ['It scales.', '"Counts" are kept by Redis']],
    [`It scales. (Counts are kept by Redis.) [1]`, ['It scales.', '(Counts are kept by Redis.)']],
    [`限流很简单。计数保存在Redis中。[1]`, ['限流很简单。', '计数保存在Redis中。']],
  ])('is the only one that a marker behind it belongs to: %j', async (reply, words) => {
    const { told } = await written(reply)
    expect(told.map(([text]) => text)).toEqual(words)
    expect(told.slice(0, -1).map(([, , ...cited]) => cited)).toEqual(words.slice(1).map(() => []))
    expect(told.at(-1)?.slice(2)).toEqual([1])
  })

  it.each([
    'Redis, e.g. Version 7, keeps the counts [1].',
    'Redis vs. Kafka is a choice of Dr. Lee [1].',
    'The U.S. Region keeps its counts in Redis [1].',
    'J. Doe wrote that Redis keeps the counts [1].',
    'Redis 7.2 keeps the counts at https://redis.io/docs?x=1. [1]',
    'Redis (see Fig. 4) keeps the counts [1].',
  ])('is not cut by a full stop that ends no sentence: %j', async (reply) => {
    expect((await written(reply)).told).toHaveLength(1)
  })

  it('is every entry of a list, and its number is no figure that a source would have to hold', async () => {
    const { told } = await written(
      'It works so:\n1. Redis keeps the counts [1]\n2. Kafka orders the events [2]\n3. Done',
    )
    expect(told).toEqual([
      ['It works so:', 'unsupported'],
      ['1. Redis keeps the counts', 'supported', 1],
      ['2. Kafka orders the events', 'supported', 2],
      ['3. Done', 'unsupported'],
    ])
  })

  it('without a marker gets that of the passage that supports it, before the space behind it', async () => {
    const { answer, told } = await written(`${redis}. ${kafka}.\n\nUpdates are atomic by Lua scripts`)
    expect(answer).toBe(`${redis}. [1] ${kafka}. [2]\n\nUpdates are atomic by Lua scripts [3]`)
    expect(told.map(([, verdict]) => verdict)).toEqual(['supported', 'supported', 'supported'])
  })

  it('without a marker is unsupported when no passage supports it', async () => {
    expect((await written('Redis keeps 77 counts. Kafka was bought by Oracle.')).told).toEqual([
      ['Redis keeps 77 counts.', 'unsupported'],
      ['Kafka was bought by Oracle.', 'unsupported'],
    ])
  })

  it.each([
    ['The limit is 10 per second. [1]', 'The limit is 10 per second.'],
    ['The limit is 10 per second [1].', 'The limit is 10 per second'],
  ])('that is a quote to the letter is verbatim, wherever its full stop stands: %j', async (reply, statement) => {
    expect((await written(reply)).told).toEqual([[statement, 'verbatim', 1]])
  })

  it('in letters that are not compared is unchecked, and keeps the passage it names', async () => {
    expect((await written('计数保存在内存中。[2]')).told).toEqual([['计数保存在内存中。', 'unchecked', 1]])
  })

  it('longer than any sentence is unchecked', async () => {
    expect((await written(`${redis}, ${'and '.repeat(600)} so on [1].`)).told[0]?.[1]).toBe('unchecked')
  })

  it('has words: rules, bullets and emoji alone are none', async () => {
    expect((await written('---\n\n* * *\n🚦\n', `${redis} [1].`)).told).toEqual([[redis, 'supported', 1]])
  })
})

it.each(['a. b ', 'a.b', 'word', '.', ' ', '? '])('80,000 characters of %j are read in no time', (part) => {
  const draft = newDraft(question, 'generative', { generator: { model: 'fake' }, embedder: { space: 'fake' } })
  const writer = createStatementWriter(draft, passages)
  const began = performance.now()
  Array.from(writer.text(`x${part.repeat(80_000 / part.length)}`))
  Array.from(writer.end())
  expect(performance.now() - began).toBeLessThan(2_000)
})

describe('a marker', () => {
  it('is one of sixteen of its sentence at most', async () => {
    const many = passagesOf(...Array.from({ length: 20 }, (_, n) => `Redis keeps the counts of user ${n}.`))
    const draft = newDraft(question, 'generative', { generator: { model: 'fake' }, embedder: { space: 'fake' } })
    const writer = createStatementWriter(draft, many)
    Array.from(writer.text('Redis keeps the counts'))
    for (const { n } of many) Array.from(writer.markers([n]))
    Array.from(writer.end())
    expect(draft.now().citations.map(({ passage }) => passage)).toEqual(Array.from({ length: 16 }, (_, n) => n + 1))
  })

  it('of the same words is shown again where the model wrote it', async () => {
    const { answer, citations } = await written(`${redis} [1], so ${redis} [1].`)
    expect(citations).toHaveLength(1)
    expect(answer).toBe(`${redis} [1], so ${redis} [1].`)
  })

  it('written twice in one place is shown once', async () => {
    expect((await written(`${redis} [1][1].`)).answer).toBe(`${redis} [1].`)
  })

  it('is numbered in order of appearance, whatever the passages are called', async () => {
    const { answer, citations } = await written(`${kafka} [2]. ${redis} [1].`)
    expect(answer).toBe(`${kafka} [1]. ${redis} [2].`)
    expect(citations.map(({ n, passage }) => [n, passage])).toEqual([
      [1, 2],
      [2, 1],
    ])
  })

  it('points at the words that back its sentence', async () => {
    const { citations } = await written('Updates are made atomic by Lua scripts [1].')
    expect(citations[0]?.quote).toBe('Lua scripts make the updates atomic.')
  })

  it('before any words is dropped', async () => {
    expect(await written(`[1] It is Oracle.`)).toMatchObject({ answer: 'It is Oracle.', citations: [] })
  })

  it('of a passage that does not support its sentence moves to the one that does', async () => {
    const { answer, citations } = await written(`${kafka} of one partition [1].`)
    expect(answer).toBe(`${kafka} of one partition [1].`)
    expect(citations.map(({ passage }) => passage)).toEqual([2])
  })

  it('stays when no other passage supports its sentence, with the verdict it deserves', async () => {
    const { told, citations } = await written('Kafka orders the events of 50 users by day [2].')
    expect([told[0]?.[1], citations.map(({ passage }) => passage)]).toEqual(['unsupported', [2]])
  })

  it('goes when nothing of its sentence is in any passage', async () => {
    expect((await written('Oracle bought MySQL [1].')).answer).toBe('Oracle bought MySQL.')
  })
})

/** Deltas fall where they may; nothing else may differ. */
function joinTexts(events: readonly AnswerEvent[]): AnswerEvent[] {
  const joined: AnswerEvent[] = []
  for (const event of events) {
    const last = joined.at(-1)
    if (event.type === 'text' && last?.type === 'text')
      joined[joined.length - 1] = { ...last, delta: last.delta + event.delta }
    else joined.push(event)
  }
  return joined
}

describe('the same reply', () => {
  const word = fc.constantFrom(
    redis,
    kafka,
    'and',
    'The limit is 10',
    '🚦',
    '𝐀𝐁',
    'e.g.',
    'U.S.',
    '"so"',
    '(it)',
    'é',
    '限流。',
    '1.',
    '-',
  )
  const mark = fc.constantFrom(
    '[1]',
    '[2]',
    '[1][2]',
    '[1, 2]',
    '【1】',
    '[^2]',
    '[9]',
    '[',
    '`a[1]`',
    '```\n[1]\n```\n',
    '<b>',
    '[a](//b.c)',
  )
  const end = fc.constantFrom('.', '. ', '!', '? ', '\n', '\n\n', ', ', ' ', ': ', '." ', '')
  const reply = fc
    .array(fc.tuple(word, fc.constantFrom(' ', ''), fc.oneof(mark, fc.constant('')), end), { maxLength: 8 })
    .map((parts) => `It is. ${parts.flat().join('')}`)

  it('is the same answer however it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(reply, fc.array(fc.nat(), { maxLength: 12 }), async (text, places) => {
        const cuts = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
        const deltas = cuts.slice(1).map((to, index) => text.slice(cuts[index], to))
        const whole = await written(text)
        const cut = await written(...deltas)
        expect([cut.answer, cut.statements, cut.citations]).toEqual([whole.answer, whole.statements, whole.citations])
        expect(joinTexts(cut.events)).toEqual(joinTexts(whole.events))
        expect(cut.text).toBe(cut.answer)
      }),
      { numRuns: 200 },
    )
  })

  it('has statements that lie in it, in order, apart from each other, and hold every letter of it', async () => {
    await fc.assert(
      fc.asyncProperty(reply, async (text) => {
        const { answer, statements, citations } = await written(text)
        let rest = answer
        for (const { start, end } of statements.toReversed()) rest = rest.slice(0, start) + rest.slice(end)
        expect(rest.replaceAll(/\[\d\]/g, '')).not.toMatch(/\p{L}/u)
        let before = 0
        for (const { start, end, citations: cited } of statements) {
          expect(start).toBeGreaterThanOrEqual(before)
          expect(end).toBeLessThanOrEqual(answer.length)
          before = end
          for (const n of cited) expect(citations[n - 1]?.n).toBe(n)
        }
      }),
      { numRuns: 200 },
    )
  })
})
