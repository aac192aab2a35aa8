import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distance, nearestTerm, splitCompound } from '../../../server/answer/spelling.ts'

const vocabulary = new Map(
  Object.entries({
    rate: 40,
    limit: 30,
    limb: 1,
    redi: 9,
    kafka: 12,
    shard: 20,
    share: 5,
    postgr: 8,
    sql: 3,
    '2017': 6,
  }),
)

describe('a slip of the fingers', () => {
  it.each([
    ['kafak', 'kafka'],
    ['kafa', 'kafka'],
    ['kafkaa', 'kafka'],
    ['kagka', 'kafka'],
    ['shrad', 'shard'],
    ['pstgre', 'postgr'],
    ['limti', 'limit'],
  ])('turns %j into %j', (term, known) => {
    expect(nearestTerm(term, vocabulary)).toBe(known)
  })

  it('goes to the word that is used most, of those that are as near', () => {
    expect(nearestTerm('sharf', vocabulary)).toBe('shard')
  })

  it.each(['kubernet', 'ka', 'x', '2018', 'zafkb', ''])('does not make a known word of %j', (term) => {
    expect(nearestTerm(term, vocabulary)).toBeNull()
  })

  it('is counted like a naive second implementation does it', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })
    fc.assert(
      fc.property(word, word, fc.constantFrom(1, 2), (a, b, limit) => {
        const slips = naiveDistance(a, b)
        if (slips <= limit) expect(distance(a, b, limit)).toBe(slips)
        else expect(distance(a, b, limit)).toBeGreaterThan(limit)
      }),
      { numRuns: 1000 },
    )
  })
})

/** By its definition, without a table: exponential, for short words. */
function naiveDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const ways = [
    naiveDistance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
    naiveDistance(a.slice(1), b) + 1,
    naiveDistance(a, b.slice(1)) + 1,
  ]
  if (a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0])
    ways.push(naiveDistance(a.slice(2), b.slice(2)) + 1)
  return Math.min(...ways)
}

describe('two words in one', () => {
  it.each([
    ['ratelimit', ['rate', 'limit']],
    ['shardlimit', ['shard', 'limit']],
    ['postgrsql', ['postgr', 'sql']],
  ])('%j are found', (term, parts) => {
    expect(splitCompound(term, vocabulary)).toEqual(parts)
  })

  it.each(['ratelimb', 'rate', 'ratefoo', 'sq', ''])('%j are none', (term) => {
    expect(splitCompound(term, vocabulary)).toBeNull()
  })
})
