// Uncertainty, by hand and against second implementations that are slow and plain.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bootstrap,
  holm,
  mcNemar,
  mean,
  type Pair,
  pairedBootstrap,
  quantile,
  random,
  ruleOfThree,
  smallestDetectable,
} from '../../eval/stats.ts'

describe('exact McNemar', () => {
  it.each([
    [0, 0, 1],
    [0, 1, 1],
    [0, 5, 2 / 32],
    [0, 6, 2 / 64],
    [1, 8, (2 * (1 + 9)) / 512],
    [8, 1, (2 * (1 + 9)) / 512],
    [5, 5, 1],
  ])('of %i won and %i lost is %d', (won, lost, p) => {
    expect(mcNemar(won, lost)).toBeCloseTo(p, 12)
  })

  it('agrees with whole numbers, term by term', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), (won, lost) => {
        const n = BigInt(won + lost)
        let [tail, ways] = [0n, 1n]
        for (let k = 0n; k <= BigInt(Math.min(won, lost)); k++) {
          tail += ways
          ways = (ways * (n - k)) / (k + 1n)
        }
        const p = Math.min(1, Number((2n * tail * 10n ** 15n) / 2n ** n) / 1e15)
        expect(mcNemar(won, lost)).toBeCloseTo(p, 10)
      }),
    )
  })

  it('does not vanish among thousands', () => {
    expect(mcNemar(2_000, 2_000)).toBe(1)
    expect(mcNemar(1_000, 1_100)).toBeCloseTo(0.0307, 3)
  })
})

describe('Holm', () => {
  it('adjusts each p by how many are left, and never below one before it', () => {
    const { adjusted, levels } = holm([0.01, 0.04, 0.03, 0.005])
    expect(adjusted.map((p) => Number(p.toFixed(6)))).toEqual([0.03, 0.06, 0.06, 0.02])
    // 0.03 is the first that stays above its level: what comes behind it shares that.
    expect(levels).toEqual([0.05 / 3, 0.05 / 2, 0.05 / 2, 0.05 / 4])
  })

  it('agrees with its definition', () => {
    const p = fc.double({ min: 0.0001, max: 1, noNaN: true })
    fc.assert(
      fc.property(fc.uniqueArray(p, { minLength: 1, maxLength: 9 }), (ps) => {
        const { adjusted, levels } = holm(ps)
        for (const [at, own] of ps.entries()) {
          const upTo = ps.filter((each) => each <= own)
          const scaled = upTo.map((each) => Math.min(1, each * ps.filter((other) => other >= each).length))
          expect(adjusted[at]).toBeCloseTo(Math.max(...scaled), 12)
          // Whether it counts is the same by its p and by its level.
          expect((adjusted[at] ?? 1) <= 0.05).toBe(own <= (levels[at] ?? 0))
        }
      }),
    )
  })
})

describe('the rule of three', () => {
  it.each([
    [0, 1],
    [2, 1],
    [300, 0.01],
  ])('of none in %i is %d at most', (n, bound) => {
    expect(ruleOfThree(n)).toBe(bound)
  })
})

const pairsOf = (...differences: readonly number[]): Pair[] =>
  differences.map((difference, at) => ({ cluster: String(at), difference }))

describe('the paired bootstrap', () => {
  it('of no difference is certain of none', () => {
    const { difference, sd, p, interval } = pairedBootstrap(pairsOf(0, 0, 0))
    expect([difference, sd, p, ...interval(0.05)]).toEqual([0, 0, 1, 0, 0])
  })

  it('of the same difference everywhere has no width, and a p that is small and not 0', () => {
    const { difference, p, interval } = pairedBootstrap(pairsOf(-1, -1, -1, -1, -1))
    expect([difference, ...interval(0.001)]).toEqual([-1, -1, -1])
    expect(p).toBe(2 / 10_001)
  })

  it('of five pairs draws the one that differs as often as chance does', () => {
    const { p, sd, interval } = pairedBootstrap(pairsOf(-1, 0, 0, 0, 0))
    // Never in 0.8 ** 5 of the draws, two-sided.
    expect(p).toBeCloseTo(2 * 0.8 ** 5, 1)
    expect(sd).toBeCloseTo(Math.sqrt(0.2), 12)
    // Four times or more in 0.7 % of them, three times or more in 5.8 %.
    expect(interval(0.05)).toEqual([-0.6, 0])
    expect(interval(0.6)).toEqual([-0.2, 0])
  })

  it('draws clusters whole: of equal ones no draw is another', () => {
    const pairs = Array.from({ length: 25 }, (_, at) => ({ cluster: String(at % 5), difference: at < 5 ? -1 : 0 }))
    expect(pairedBootstrap(pairs).interval(0.05)).toEqual([-0.2, -0.2])
  })

  it.each([1, 2, 4])('of %i clusters knows nothing but that nothing differs', (clusters) => {
    const pairs = pairsOf(-1, 0, 0, 1, -1).map((pair, at) => ({ ...pair, cluster: String(at % clusters) }))
    const { p, interval } = pairedBootstrap(pairs)
    expect([p, ...interval(0.05)]).toEqual([1, -Infinity, Infinity])
    expect(
      bootstrap(
        pairs,
        ({ cluster }) => cluster,
        (rows) => rows.length,
      ),
    ).toEqual([NaN, NaN])
    const same = pairedBootstrap(pairs.map((pair) => ({ ...pair, difference: 0 })))
    expect([same.p, ...same.interval(0.05)]).toEqual([1, 0, 0])
  })

  it('agrees with one that lays out every drawn pair', () => {
    const pairs = fc.array(
      fc.record({ cluster: fc.constantFrom('a', 'b', 'c', 'd', 'e'), difference: fc.integer({ min: -2, max: 2 }) }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(pairs, (more) => {
        const pairs = [...pairsOf(0, 1, -1, 0, 1), ...more]
        const clusters = [...new Set(pairs.map(({ cluster }) => cluster))].map((name) =>
          pairs.filter(({ cluster }) => cluster === name),
        )
        const draw = random(1)
        const drawn = Array.from({ length: 10_000 }, () =>
          mean(
            clusters
              .flatMap(() => clusters[Math.floor(draw() * clusters.length)] ?? [])
              .map(({ difference }) => difference),
          ),
        )
        const { interval, p } = pairedBootstrap(pairs)
        expect(interval(0.05)).toEqual([quantile(drawn, 0.025), quantile(drawn, 0.975)])
        const [below, above] = [drawn.filter((each) => each <= 0).length, drawn.filter((each) => each >= 0).length]
        expect(p).toBeCloseTo(Math.min(1, (2 * (Math.min(below, above) + 1)) / 10_001), 12)
      }),
      { numRuns: 20 },
    )
  })

  it('holds the true difference in about 95 of 100 sets', () => {
    const draw = random(5)
    const sets = Array.from({ length: 150 }, () =>
      // Each of 40 clusters has a leaning of its own and three questions; the mean of all is 0.1.
      Array.from({ length: 40 }, (_, cluster) => {
        const leaning = draw() - 0.4
        return Array.from({ length: 3 }, () => ({ cluster: String(cluster), difference: leaning + draw() - 0.5 }))
      }).flat(),
    )
    const holding = sets.filter((pairs) => {
      const [low, high] = pairedBootstrap(pairs).interval(0.05)
      return low <= 0.1 && 0.1 <= high
    })
    expect(holding.length / sets.length).toBeGreaterThan(0.9)
    expect(holding.length / sets.length).toBeLessThan(0.99)
  })
})

describe('the smallest difference that can be detected', () => {
  it('is 2.8 standard errors', () => {
    expect(smallestDetectable(0.2, 100)).toBeCloseTo(0.056, 3)
  })

  it('is found in four of five sets', () => {
    const draw = random(9)
    const [n, sd] = [100, Math.sqrt(1 / 12)]
    const shift = smallestDetectable(sd, n)
    const found = Array.from({ length: 2_000 }, () =>
      mean(Array.from({ length: n }, () => shift + draw() - 0.5)),
    ).filter((found) => found / (sd / Math.sqrt(n)) > 1.96)
    expect(found.length / 2_000).toBeGreaterThan(0.77)
    expect(found.length / 2_000).toBeLessThan(0.83)
  })
})
