// Support by words: never more than the source holds, and never a number that it does not.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../../core/types.ts'
import { ground, verdictOf } from '../../../server/answer/ground.ts'
import { passageOf } from '../../support/passages.ts'

const passage = passageOf(
  'Redis keeps the counts of 1,000 users. Lua scripts make updates atomic.\n- Test traffic is shed first.',
  { offset: 500 },
)

function quoteOf(sentence: string): string | null {
  const found = ground(sentence, passage)
  return found && passage.text.slice(found.span.start - 500, found.span.end - 500)
}

describe('a sentence', () => {
  it.each<[Verdict, string]>([
    ['supported', 'Redis keeps the counts of 1,000 users.'],
    ['supported', 'The users’ counts are kept in Redis'],
    ['supported', 'Redis counts 1000 users.'],
    ['supported', '2. Test traffic is shed first'],
    ['supported', '- Test traffic is shed first'],
    ['unsupported', 'Redis keeps the counts of 2,000 users.'],
    ['unsupported', 'Redis keeps the counts of 57 users, and Lua was bought by Oracle'],
    ['partial', 'Test traffic is shed first by 1,000'],
    ['partial', 'Redis does not keep the counts of 1,000 users.'],
    ['partial', 'Test traffic isn’t shed first'],
    ['unsupported', 'Redis 7 keeps the counts of the users.'],
    ['partial', 'Redis keeps sessions, tokens, locks'],
    ['unsupported', 'Kafka orders events by their partition.'],
    ['unsupported', 'Kafka orders 1,000 partitions for each topic'],
  ])('is %s: %j', (verdict, sentence) => {
    expect(ground(sentence, passage)?.verdict).toBe(verdict)
  })

  it.each<[string, string]>([
    ['Updates are atomic.', 'Lua scripts make updates atomic.'],
    ['Traffic of tests is shed.', 'Test traffic is shed first.'],
    ['Redis counts and Lua updates', 'Redis keeps the counts of 1,000 users. Lua scripts make updates atomic.'],
  ])('%j is backed by the shortest words that hold most of it', (sentence, quote) => {
    expect(quoteOf(sentence)).toBe(quote)
  })

  it.each(['', ' \n', '…', '**', '🚦'])('that says nothing, %j, is not judged', (sentence) => {
    expect(ground(sentence, passage)).toBeNull()
  })

  it('may say a number that stands in the headings or in the date of the source', () => {
    const dated = { ...passage, headings: ['Redis 7'], document: { ...passage.document, publishedAt: '2017-03-30' } }
    expect(ground('In 2017, Redis 7 kept the counts of users', dated)?.verdict).toBe('partial')
  })

  it('is not judged by a passage without words', () => {
    expect(ground('Redis.', passageOf('\n\n'))).toBeNull()
  })
})

describe('any sentence over any passage', () => {
  const word = fc.constantFrom(
    'redis',
    'lua',
    'kafka',
    '7',
    '1,000',
    '3.5',
    'the',
    'users',
    '🚦',
    'p99',
    'x. Y',
    '\n',
    '|',
  )
  const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '))

  it('is backed by a slice of it, and is not supported with a number that the slice lacks', () => {
    fc.assert(
      fc.property(text, text, fc.nat(1000), (sentence, body, offset) => {
        const source = passageOf(body, { offset })
        const found = ground(sentence, source)
        if (!found) return
        const { start, end } = found.span
        expect(start).toBeGreaterThanOrEqual(source.span.start)
        expect(end).toBeLessThanOrEqual(source.span.end)
        const quote = body.slice(start - offset, end - offset)
        expect(quote.trim()).toBe(quote)
        expect(quote).not.toBe('')
        if (found.verdict === 'supported')
          for (const [number] of sentence.matchAll(/\d[\d,.]*\d|\d/g)) expect(quote).toContain(number)
      }),
      { numRuns: 500 },
    )
  })

  it('is supported by itself, verbatim', () => {
    fc.assert(
      fc.property(text, (body) => {
        const found = ground(body.replaceAll(/x\. Y|\n|\|/g, 'x'), passageOf(body.replaceAll(/x\. Y|\n|\|/g, 'x')))
        if (found) expect(found.verdict).toBe('supported')
      }),
    )
  })
})

it('a verdict never gets worse with more words held', () => {
  const order: Verdict[] = ['unsupported', 'partial', 'supported']
  const verdicts = Array.from({ length: 101 }, (_, share) => order.indexOf(verdictOf(share / 100)))
  expect(verdicts).toEqual(verdicts.toSorted((a, b) => a - b))
  expect([verdicts[0], verdicts[100]]).toEqual([0, 2])
})
