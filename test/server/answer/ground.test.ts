// Support by words: never more than the source holds, and never a number that it does not.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Passage, Verdict } from '../../../core/types.ts'
import { createGrounds, verdictOf } from '../../../server/answer/ground.ts'
import { passageOf, passagesOf } from '../../support/passages.ts'

const passage = passageOf(
  'Redis keeps the counts of 1,000 users. Lua scripts make updates atomic.\n- Test traffic is shed first.',
  { offset: 500 },
)

function quotesOf(sentence: string, source = passage): string[] {
  const from = source.span.start
  return createGrounds([source])
    .lock(sentence, 1)
    .map(({ span }) => source.text.slice(span.start - from, span.end - from))
}

function verdictFor(sentence: string, ...sources: readonly Passage[]): Verdict {
  const grounds = createGrounds(sources)
  return grounds.judge(
    sentence,
    sources.flatMap(({ n }) => grounds.lock(sentence, n)),
  ).verdict
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
    ['unsupported', 'Redis does not keep the counts of 1,000 users.'],
    ['unsupported', 'Test traffic isn’t shed first'],
    ['unsupported', 'Redis 7 keeps the counts of the users.'],
    ['partial', 'Redis keeps sessions, tokens, locks'],
    ['unsupported', 'Kafka orders events by their partition.'],
    ['unsupported', 'Kafka orders 1,000 partitions for each topic'],
  ])('is %s: %j', (verdict, sentence) => {
    expect(verdictFor(sentence, passage)).toBe(verdict)
  })

  it.each<[string, string]>([
    ['Updates are atomic.', 'Lua scripts make updates atomic.'],
    ['Traffic of tests is shed.', 'Test traffic is shed first.'],
    ['Redis counts and Lua updates', 'Redis keeps the counts of 1,000 users. Lua scripts make updates atomic.'],
  ])('%j is backed by the shortest words that hold most of it', (sentence, quote) => {
    expect(quotesOf(sentence)).toEqual([quote])
  })

  it.each(['', ' \n', '…', '**', '🚦', 'Kafka orders its partitions'])(
    'that shares no word, %j, gets no quote',
    (sentence) => {
      expect(quotesOf(sentence)).toEqual([])
    },
  )

  it('may say a number that stands in the headings or in the date of the source', () => {
    const dated = { ...passage, headings: ['Redis 7'], document: { ...passage.document, publishedAt: '2017-03-30' } }
    expect(verdictFor('In 2017, Redis 7 keeps the counts of the users', dated)).toBe('partial')
  })

  it('is not judged by a passage without words', () => {
    expect(verdictFor('Redis.', passageOf('\n\n'))).toBe('unsupported')
  })
})

describe('a sentence that one of several passages contradicts', () => {
  const read = [
    'Stripe lets a user go above that cap in a short burst. Creating a charge is a critical request.',
    'Stripe runs four limiters, and its rate limiting is built on the token bucket.',
    'Stripe uses the first of the three, the token bucket, for its rate limiting. A user is held to a cap by it.',
    'FOQS guarantees at-least-once delivery. The client enqueues an item, and the lease starts when the item is dequeued.',
    'Go used a lot less memory. The gap to Python was large, so Khan Academy chose Go. Nobody there chose twice.',
    'A short burst does not last, and the cap of a user is not the cap of Stripe. Stripe sheds the less critical requests.',
    'The reply of a shard does not block. Redis keeps 20 counts for each user, and Lyft keeps 30 counts for each user.',
  ].map((text, index) => passageOf(text, { n: index + 1 }))
  const judge = (sentence: string, n: number) => {
    const grounds = createGrounds(read)
    return grounds.judge(sentence, grounds.lock(sentence, n)).verdict
  }

  it.each([
    ['Stripe does not let a user go above that cap in a short burst.', 1],
    ['Creating a charge is not a critical request.', 6],
    ['Stripe does not use the token bucket for its rate limiting.', 2],
    ['FOQS does not guarantee at-least-once delivery.', 4],
    ['FOQS guarantees exactly-once delivery.', 4],
    ['FOQS guarantees at most once delivery.', 4],
    ['The lease starts when the item is enqueued.', 4],
    ['Khan Academy did not choose Go.', 5],
    ['Khan Academy chose Python.', 5],
    ['Khan Academy chose Kotlin because it used less memory.', 5],
    ['Stripe sheds the most critical requests.', 6],
    ['Stripe sheds the less critical requests never.', 1],
    ['Khan keeps 30 counts for each user.', 7],
  ])('is unsupported, whichever it cites: %j', (sentence, n) => {
    expect(judge(sentence, n)).toBe('unsupported')
  })

  it.each([
    ['Stripe lets a user go above that cap in a short burst', 2],
    ['The token bucket is what Stripe uses for its rate limiting', 2],
    ['FOQS guarantees delivery at least once', 4],
    ['The lease starts when the item is dequeued', 4],
    ['Khan Academy chose Go because it used less memory', 5],
    ['Redis keeps 20 counts for each user', 7],
    ['Lyft keeps 30 counts for each user', 7],
    ["The reply of a shard doesn't block", 7],
  ])('is not the one that says it as it is: %j', (sentence, n) => {
    expect(judge(sentence, n)).toBe('supported')
  })

  it('has its footnote where the model put it', () => {
    const sentence = 'Stripe does not let a user go above that cap in a short burst.'
    expect(createGrounds(read).lock(sentence, 1)[0]?.passage.n).toBe(1)
    expect(createGrounds(read).find(sentence)).toEqual([])
  })
})

it.each([
  ['The limiter never refuses a payment of a client', 'The limiter of a client looks at each payment it may refuse.'],
  ['The gateway runs 1 process', 'The gateway runs 8 processes.'],
])('%j is not backed by %j', (sentence, source) => {
  expect(verdictFor(sentence, passageOf(source))).not.toBe('supported')
})

it('the number of a footnote in markup is none of the sentence', () => {
  expect(verdictFor('Lua scripts make updates atomic<sup>2</sup>', passage)).toBe('supported')
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
        const quotes = quotesOf(sentence, source)
        for (const quote of quotes) {
          expect(body).toContain(quote)
          expect(quote.trim()).toBe(quote)
          expect(quote).not.toBe('')
        }
        if (verdictFor(sentence, source) !== 'supported') return
        for (const [number] of sentence.matchAll(/\d[\d,.]*\d|\d/g)) expect(quotes.join(' ')).toContain(number)
      }),
      { numRuns: 500 },
    )
  })

  it('is supported by itself, verbatim', () => {
    fc.assert(
      fc.property(text, (body) => {
        const plain = body.replaceAll(/x\. Y|\n|\|/g, 'x')
        if (quotesOf(plain, passageOf(plain)).length > 0) expect(verdictFor(plain, passageOf(plain))).toBe('supported')
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

/** 300 words that no other number begins with. */
function wordsFrom(from: number): string {
  return Array.from({ length: 300 }, (_, at) => `word${from + at}`).join(' ')
}

it('a sentence is looked for in all passages once, however many markers it has', () => {
  const many = passagesOf(...Array.from({ length: 8 }, (_, n) => `${wordsFrom(300 * n)}.`))
  const timeOf = (markers: number) => {
    const times = Array.from({ length: 5 }, (_, run) => {
      const grounds = createGrounds(many)
      for (const { n } of many) grounds.lock('warm up', n)
      const began = performance.now()
      for (let marker = 0; marker < markers; marker++) grounds.lock(`${wordsFrom(2_000)} ${run}`, 1 + (marker % 8))
      return performance.now() - began
    })
    return Math.min(...times)
  }
  // 16 times as long when each marker looked anew.
  expect(timeOf(16)).toBeLessThan(4 * timeOf(1))
})
