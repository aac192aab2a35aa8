// A document's own [12] would pass for a footnote of ours: what is quoted stops before it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError } from '../../../core/errors.ts'
import { failingGenerator } from '../../../models/fake.ts'
import { aroundReferences } from '../../../server/answer/references.ts'
import { piecesOf } from '../../../server/answer/sentences.ts'
import { depsOf, documentOf, eventsOf, expectLawful, libraryOf, passageOf, questionOf } from '../../support/passages.ts'

function around(text: string): string[] {
  return piecesOf(passageOf(text, { offset: 40 }))
    .flatMap(aroundReferences)
    .map((piece) => piece.text)
}

describe('a sentence with references is quoted', () => {
  it.each<[string, ...string[]]>([
    ['Redis keeps the counts.[12]', 'Redis keeps the counts.'],
    ['Redis keeps the counts [12].', 'Redis keeps the counts'],
    ['Redis keeps the counts, [12].', 'Redis keeps the counts'],
    ['Redis keeps the counts [1, 2][^3] 【4】!', 'Redis keeps the counts'],
    ['- Redis keeps the counts [12]', 'Redis keeps the counts'],
    [
      'Redis counts.[12] Lua scripts update. Kafka orders [3]. All end.',
      'Redis counts.',
      'Lua scripts update.',
      'Kafka orders',
      'All end.',
    ],
    ['Redis counts. [4] Lua scripts update.', 'Redis counts.', 'Lua scripts update.'],
    ['Redis keeps the counts of users [12], and Lua scripts update them.', 'Redis keeps the counts of users'],
    ['Redis keeps the counts of users;[12] Lua scripts update them.', 'Redis keeps the counts of users'],
    ['No reference (2023).', 'No reference (2023).'],
  ])('around them: %j', (text, ...quotes) => {
    expect(around(text)).toEqual(quotes)
  })
})

describe('nothing is quoted', () => {
  it.each([
    // What comes after the reference may turn round what comes before it.
    'Redis never loses the counts of users [12] unless it is killed.',
    'Redis [12] keeps the counts of users.',
    'It is so [12], and it stays.',
    'The second is limits[1].',
    '[12] Smith, Counting requests.',
    '- [12] Smith, Counting requests.',
    'a | b [12] | c',
    '[12]',
  ])('of %j', (text) => {
    expect(around(text)).toEqual([])
  })
})

it('of any text exact slices are quoted, in order, and none holds a reference', () => {
  const part = fc.constantFrom(
    'Redis',
    'counts',
    '.',
    ' ',
    '[1]',
    '[12]',
    '[',
    ']',
    '1',
    '\n',
    '- ',
    ', and ',
    ';',
    '”',
    '【3】',
    ' | ',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
      const passage = passageOf(parts.join(''), { offset: 7 })
      let before = passage.span.start
      for (const { span, text } of piecesOf(passage).flatMap(aroundReferences)) {
        expect(passage.text.slice(span.start - 7, span.end - 7)).toBe(text)
        expect(text).toBe(text.trim())
        expect(span.start).toBeGreaterThanOrEqual(before)
        expect(span.end).toBeGreaterThan(span.start)
        before = span.end
        expect(text).not.toMatch(/\[\d{1,3}\]/)
      }
    }),
    { numRuns: 2_000 },
  )
})

describe('a document that answers in sentences with references', () => {
  const cited = [
    documentOf(
      'redis',
      '# Redis\nRedis keeps the counts of every user.[12] Lua scripts make the updates of counts atomic [3].',
    ),
  ]
  const question = questionOf('How does Redis keep the counts of users?')

  it.each([
    ['without a model', {}],
    ['when the model is down', { generator: failingGenerator(new ModelError('model-unavailable', 'down')) }],
  ])('is quoted %s', async (_when, changes) => {
    const answer = expectLawful(await eventsOf(question, depsOf(libraryOf(...cited), changes)), cited)
    expect(answer?.status).toBe('answered')
    expect(answer?.citations.map(({ quote }) => quote)).toContain('Redis keeps the counts of every user.')
  })

  it('of which nothing can be quoted is not said to hold nothing', async () => {
    const around = [documentOf('redis', '# Redis\nRedis [12] keeps the counts of every user.')]
    const answer = expectLawful(await eventsOf(question, depsOf(libraryOf(...around))), around)
    expect(answer).toMatchObject({ status: 'abstained', reason: 'partly-covered' })
    expect(answer?.nearest).toHaveLength(1)
  })
})
