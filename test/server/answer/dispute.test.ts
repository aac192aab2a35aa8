// Sentences whose every word stands in the source, and which it does not say.
import { describe, expect, it } from 'vitest'
import { clausesOf } from '../../../server/answer/clauses.ts'
import { readFrame } from '../../../server/answer/frames.ts'
import { createGrounds } from '../../../server/answer/ground.ts'
import { passageOf } from '../../support/passages.ts'

const read = [
  'A payments API has to survive two kinds of trouble: a client that sends too much traffic, and an incident. Stripe handles the first with rate limiters and the second with load shedders. Stripe runs four limiters in production, two of each kind.',
  'Load shedding drops low-priority requests so that critical ones still get through. A rate limiter protects an API against denial of service.',
  "Stripe's concurrent requests limiter counts requests that are still running: a user may have only *n* of them open at once. Stripe uses the concurrent requests limiter to control the load from API endpoints that are heavy on CPU.",
  "In Stripe's API, creating a charge is critical and listing past charges is non-critical. With a reservation of 10%, any non-critical request beyond that allocation is refused with HTTP status 503.",
  "Stripe's worker utilization load shedder ranks traffic in four categories, listed here from the first to be dropped to the last:\n1. Test mode traffic, which comes from developers who try out the API and check that payments are processed correctly.\n2. GETs.\n3. POSTs.\n4. Critical methods.\n\nWhen available worker capacity falls under a threshold, Stripe starts shedding the less critical requests, and test mode traffic goes first.",
  '- **Token bucket.** Every request takes tokens out.\n- **Fixed window.** A counter grows inside a window.\n- **Sliding log.** Every request is written to a log.\n\nStripe uses the first of the three, the token bucket, for its rate limiting.',
].map((text, index) => passageOf(text, { n: index + 1 }))

function verdictFor(sentence: string): string {
  const grounds = createGrounds(read)
  const verdicts = read.map(({ n }) => grounds.judge(sentence, grounds.lock(sentence, n)).verdict)
  return verdicts.includes('supported') ? 'supported' : 'less'
}

describe('is not supported, whichever passage it cites', () => {
  it.each([
    ['a sibling of the list', 'Stripe uses the sliding log for its rate limiting.'],
    ['another sibling', 'Stripe uses the fixed window for its rate limiting.'],
    ['two words turned round', 'Load shedding drops critical requests so that low-priority ones still get through.'],
    ['two things turned round', 'An API protects a rate limiter against denial of service.'],
    ['a word that stands nowhere', 'Any non-critical request beyond the allocation is queued with HTTP status 503.'],
    [
      'an ordinary word for a name',
      'Stripe uses the concurrent requests limiter to control the load from API endpoints that are heavy on memory.',
    ],
    ['an opposite in the second clause', 'Critical methods are dropped first, and test mode traffic goes last.'],
    ['an opposite of a clause', 'Test mode traffic is dropped last.'],
    ['a "non" in the other clause', 'Creating a charge is non-critical, and listing past charges is critical.'],
  ])('%s: %j', (_, sentence) => {
    expect(verdictFor(sentence)).toBe('less')
  })

  it.each([
    'It is false that Stripe runs four limiters in production.',
    "It isn't true that Stripe runs four limiters in production.",
    'It is a common myth that Stripe runs four limiters in production.',
    'It is incorrect to say that Stripe runs four limiters in production.',
    'It is not wrong to say that Stripe runs four limiters in production.',
    'Nobody claims that Stripe runs four limiters in production.',
    'Stripe denies that it runs four limiters in production.',
    'There is no evidence that Stripe runs four limiters in production.',
    'The claim that Stripe runs four limiters in production is wrong.',
    'Contrary to what is often said, Stripe runs four limiters in production.',
    'Stripe runs four limiters in production, which is a myth.',
  ])('%j', (sentence) => {
    expect(verdictFor(sentence)).toBe('less')
  })
})

describe('is supported', () => {
  it.each([
    'Creating a charge is critical, while listing past charges is non-critical.',
    'Against denial of service, an API is protected by a rate limiter.',
    'The concurrent requests limiter of Stripe counts requests that are still running.',
    'Requests beyond that allocation are refused with HTTP status 503.',
    'Any non-critical request beyond that allocation is rejected with HTTP status 503.',
    'Test mode traffic is dropped first.',
    'Stripe uses the token bucket for rate limiting.',
    'Load shedding drops low-priority requests so that critical requests get through.',
  ])('%j', (sentence) => {
    expect(verdictFor(sentence)).toBe('supported')
  })
})

it('a source that calls something a myth supports that it is one, and not the thing itself', () => {
  const source = passageOf('It is a myth that the gateway keeps every request of a user in memory.')
  const grounds = createGrounds([source])
  const judge = (sentence: string) => grounds.judge(sentence, grounds.lock(sentence, 1)).verdict
  expect(judge('It is a myth that the gateway keeps each request of users in memory')).toBe('supported')
  expect(judge('The gateway keeps every request of a user in memory.')).toBe('unsupported')
})

it('what "the first" and "the second" are in the next sentence is left open', () => {
  const grounds = createGrounds(read)
  const verdictOf = (sentence: string) => grounds.judge(sentence, grounds.lock(sentence, 1)).verdict
  expect(verdictOf("Stripe's load shedders handle clients that send too much traffic.")).toBe('partial')
  expect(verdictOf('Stripe handles the first with rate limiters')).toBe('supported')
})

describe('a footnote', () => {
  const mine = passageOf('The limiter counts open requests of a user: only n of them may run.', { n: 1 })
  const sentence = 'It caps how many requests of a user run at the same moment.'

  it('stays where two places of another passage seem to say more', () => {
    const other = passageOf(
      'The window caps what a user sends. Some logs are old. Many requests were sent at the same moment.',
      { n: 2 },
    )
    expect(createGrounds([mine, other]).lock(sentence, 1)[0]?.passage.n).toBe(1)
  })

  it('moves to the one place that says clearly more', () => {
    const other = passageOf('The limiter caps how many requests of a user run at the same moment.', { n: 2 })
    expect(createGrounds([mine, other]).lock(sentence, 1)[0]?.passage.n).toBe(2)
  })
})

it.each([
  ['Reads go to a replica and writes are sent home.', ['Reads go to a replica', 'writes are sent home.']],
  ['It keeps tokens and counts of the users.', ['It keeps tokens and counts of the users.']],
  ['Redis, Kafka, and Lua are used.', ['Redis, Kafka, and Lua are used.']],
  ['Fast; also cheap at night.', ['Fast; also cheap at night.']],
  ['The cache is warm; the new one is cold.', ['The cache is warm', 'the new one is cold.']],
])('%j has the clauses %j', (text, clauses) => {
  expect(clausesOf(text)).toEqual(clauses)
})

it.each([
  ['The flag is set to false by default.', 'none'],
  ['It is wrong to retry at once.', 'none'],
  ['Stripe claims that it is fast.', 'none'],
  ['Nobody denies that it is fast.', 'open'],
  ['It is not the case that it is fast.', 'denied'],
])('what %j says of the rest: %s', (text, frame) => {
  expect(readFrame(text).frame).toBe(frame)
})
