// Scores, by hand and against a second implementation: a score that flatters is worse than none.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Case } from '../../eval/questions.ts'
import { normalise } from '../../eval/questions.ts'
import { factCoverage } from '../../eval/score/facts.ts'
import { citesSource, hitAt, holds } from '../../eval/score/retrieval.ts'
import { mean, quantile, wilson } from '../../eval/stats.ts'
import type { Citation } from '../../core/types.ts'
import { passagesOf } from '../support/passages.ts'

const line = 'Redis keeps the counts of every user of the service in one place'

function caseOf(...gold: readonly string[]): Case {
  return {
    id: 'q1',
    kind: 'direct',
    question: 'Why?',
    answerable: true,
    sources: [],
    facts: [],
    history: [],
    places: [],
    gold: gold.map(normalise),
  }
}

describe('a text holds a listed place', () => {
  it.each<[boolean, string, string]>([
    [true, line, line],
    [true, line, 'In short: REDIS keeps **the counts** of every <b>user</b>.'],
    [true, line, 'the counts of every user of'],
    [false, line, 'Redis keeps the counts of some user of a service in two places'],
    [false, line, 'Bread needs flour, water, salt and yeast, and then it rests.'],
    [true, line, 'every user of'],
    [false, line, 'every use'],
    [true, 'Four rate limiters', 'It has four rate limiters, and more than that.'],
    [false, 'Four rate limiters', 'It has four limiters of the rate, and more than that.'],
    [true, 'Four rate limiters', 'rate limiters'],
    [false, line, ''],
    [false, line, '…'],
    [true, 'See [the docs](https://example.com/a b) for the limits of users', 'See the docs for the limits'],
  ])('%s: %j in %j', (held, gold, text) => {
    expect(holds(caseOf(gold), text)).toBe(held)
  })

  it('as a naive second implementation finds it', () => {
    const word = fc.constantFrom('a', 'b', 'c')
    const words = fc.array(word, { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(words, words, (gold, shown) => {
        expect(holds(caseOf(gold.join(' ')), shown.join(' '))).toBe(sharesRun(gold, shown))
      }),
      { numRuns: 1000 },
    )
  })

  it('never when no place is listed', () => {
    expect(holds(caseOf(), line)).toBe(false)
  })
})

/** A run of six words in both, or of all the words of the shorter one. */
function sharesRun(gold: readonly string[], shown: readonly string[]): boolean {
  const size = Math.min(6, gold.length, shown.length)
  const needed = shown.length < 6 ? shown.length : size
  const runs = (words: readonly string[]) =>
    words.flatMap((_, at) => (at + needed <= words.length ? [words.slice(at, at + needed).join(' ')] : []))
  return runs(gold).some((run) => runs(shown).includes(run))
}

describe('the hit at k', () => {
  const passages = passagesOf('Bread.', 'Water.', line, 'Salt.')

  it.each([
    [1, 0],
    [2, 0],
    [3, 1],
    [5, 1],
  ])('of %i is %i', (k, hit) => {
    expect(hitAt(k, caseOf(line), passages)).toBe(hit)
  })

  it('of a citation is whether its quote is from a listed place', () => {
    const citing = (quote: string) => citesSource(caseOf(line), [{ quote } as Citation])
    expect([citing('the counts of every user'), citing('Bread needs flour.'), citesSource(caseOf(line), [])]).toEqual([
      1, 0, 0,
    ])
  })
})

describe('the coverage of facts', () => {
  it.each<[number, string[][], string]>([
    [1, [], ''],
    [1, [['Redis']], 'It is redis.'],
    [0, [['Redis']], 'It is Kafka.'],
    [0.5, [['Redis'], ['Kafka', 'Pulsar']], 'It is REDIS.'],
    [1, [['Redis'], ['Kafka', 'Pulsar']], 'Pulsar\nand  Redis'],
    [1, [['Stripe’s own']], "Stripe's\nown way"],
    [1, [['shard']], 'They are sharded.'],
    [0, [['4']], 'It takes 14 ms, or 0.45 s, or 400.'],
    [1, [['4']], 'It takes 4 ms.'],
    [1, [['4']], 'There are 4.'],
    [0, [['50 million']], 'It has 150 million users.'],
    [0, [['10k']], 'Of 110k users'],
    [1, [['10 ms']], 'Within (10 ms).'],
  ])('is %d for %j in %j', (share, facts, text) => {
    expect(factCoverage(facts, text)).toBe(share)
  })
})

describe('the statistics', () => {
  it.each<[number, number, number, number]>([
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
    [81, 263, 0.2553, 0.3662],
    [1, 29, 0.0061, 0.1718],
  ])('of Wilson know %i of %i', (successes, n, low, high) => {
    const interval = wilson(successes, n)
    expect(interval[0]).toBeCloseTo(low, 3)
    expect(interval[1]).toBeCloseTo(high, 3)
  })

  it('of Wilson hold the rate, and know nothing of nothing', () => {
    expect(wilson(0, 0)).toEqual([0, 1])
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, share) => {
        const successes = Math.round(share * n)
        const [low, high] = wilson(successes, n)
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeLessThanOrEqual(1)
        expect(low - 1e-12).toBeLessThanOrEqual(successes / n)
        expect(high + 1e-12).toBeGreaterThanOrEqual(successes / n)
      }),
    )
  })

  it('of quantiles are values that were measured', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2)
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2)
    expect([0, 0.01, 0.95, 1].map((share) => quantile([5, 1, 4, 2, 3], share))).toEqual([1, 1, 5, 5])
    expect(quantile([], 0.5)).toBeNaN()
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (values, percent) => {
        const naive = values.filter(
          (each) => values.filter((other) => other <= each).length * 100 >= percent * values.length,
        )
        expect(quantile(values, percent / 100)).toBe(Math.min(...naive))
      }),
    )
  })

  it('of means know nothing of nothing', () => {
    expect(mean([1, 2, 6])).toBe(3)
    expect(mean([])).toBeNaN()
  })
})
