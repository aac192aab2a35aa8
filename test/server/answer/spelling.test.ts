import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  distance,
  MOST_CORRECTED,
  nearestTerm,
  prepareSpelling,
  splitCompound,
} from '../../../server/answer/spelling.ts'

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
    sequenti: 2,
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
    ['opstgr', 'postgr'],
    ['xpostgr', 'postgr'],
    ['equenti', 'sequenti'],
  ])('turns %j into %j', (term, known) => {
    expect(nearestTerm(term, vocabulary)).toBe(known)
  })

  it('goes to the word that is used most, of those that are as near', () => {
    expect(nearestTerm('sharf', vocabulary)).toBe('shard')
  })

  it.each(['kubernet', 'ka', 'x', '2018', 'zafkb', ''])('does not make a known word of %j', (term) => {
    expect(nearestTerm(term, vocabulary)).toBeNull()
  })

  it.each([24, 25])('in a word of %i letters is corrected up to 24', (length) => {
    const long = 'ab'.repeat(13).slice(0, length)
    const known = new Map([[`${long.slice(0, -1)}x`, 1]])
    expect(nearestTerm(long, known)).toBe(length <= 24 ? [...known.keys()][0] : null)
  })

  it('is found as a look at every known word finds it, when the first letter is right', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '字'), minLength: 2, maxLength: 7 })
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 12 }), (rest, others) => {
        const term = `x${rest}`
        const limit = term.length >= 6 ? 2 : 1
        const known = others.map((other) => `x${other}`)
        const least = Math.min(limit + 1, ...known.map((each) => naiveDistance(term, each)))
        const found = nearestTerm(term, new Map(known.map((each) => [each, 1])))
        expect(found === null ? limit + 1 : naiveDistance(term, found)).toBe(least)
      }),
    )
  })

  it('costs a question little in a library of 300,000 terms, whatever it asks', () => {
    const large = new Map<string, number>()
    for (let n = 0; large.size < 300_000; n++) large.set(scrambled(n), 1)
    nearestTerm('unknownword', large)
    const start = performance.now()
    for (let n = 0; n < MOST_CORRECTED; n++) nearestTerm(`${scrambled(n)}q`, large)
    expect(performance.now() - start).toBeLessThan(200)
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

/** A word of 4 to 12 letters, not one like the next. */
function scrambled(n: number): string {
  let word = ''
  for (let state = n + 1, at = 0; at < 4 + (n % 9); at++) {
    state = (state * 48_271) % 2_147_483_647
    word += String.fromCharCode(97 + (state % 20))
  }
  return word
}

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

describe('the index of a large library', () => {
  const letters = 'abcdefghij'
  const many = new Map(
    Array.from({ length: 20_000 }, (_, n) => [Array.from(String(n), (digit) => letters[Number(digit)]).join(''), 1]),
  )

  it('leaves room for other work while it is made', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    await prepareSpelling(new Map(many))
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })

  it('finds the same, made beforehand or when it is needed', async () => {
    const prepared = new Map(many)
    await Promise.all([prepareSpelling(prepared), prepareSpelling(prepared)])
    for (const term of ['bcdxe', 'bcdeff', 'baaaq']) {
      expect(nearestTerm(term, prepared)).toBe(nearestTerm(term, many))
      expect(nearestTerm(term, prepared)).not.toBeNull()
    }
  })
})
