// Measures of a ranking, by hand and against a naive trec_eval.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { averagePrecision, byScore, hitIn, ndcgAt, recallAt, reciprocalRank } from '../../eval/score/ranking.ts'
import { judgeRanking, placesRecall } from '../../eval/score/retrieval.ts'
import { trecEval } from '../support/trec-eval.ts'

describe('a ranking', () => {
  it('is measured as on paper', () => {
    // Relevant at ranks 2 and 4 of three relevant ones, the first of them twice as much.
    const gains = [0, 2, 0, 1, 0]
    const judged = [1, 2, 0, 1]
    expect([1, 2, 5].map((k) => hitIn(k, gains))).toEqual([0, 1, 1])
    expect([1, 2, 4].map((k) => recallAt(k, gains, 3))).toEqual([0, 1 / 3, 2 / 3])
    expect([1, 2, 10].map((k) => reciprocalRank(k, gains))).toEqual([0, 0.5, 0.5])
    expect(averagePrecision(gains, 3)).toBeCloseTo((1 / 2 + 2 / 4) / 3, 12)
    const ideal = 2 + 1 / Math.log2(3) + 1 / 2
    expect(ndcgAt(10, gains, judged)).toBeCloseTo((2 / Math.log2(3) + 1 / Math.log2(5)) / ideal, 12)
    expect(ndcgAt(1, gains, judged)).toBe(0)
  })

  it('of a set without anything relevant has no figure', () => {
    expect([ndcgAt(10, [0], [0]), averagePrecision([0], 0), recallAt(1, [0], 0)]).toEqual([NaN, NaN, NaN])
  })

  it('gains nothing by what was judged as spam', () => {
    expect([hitIn(2, [-1]), ndcgAt(10, [-2, 1], [1, -2])]).toEqual([0, 1 / Math.log2(3)])
  })

  it('puts the greater id first where scores are equal', () => {
    const ranked = ['b', 'a', '10', '9'].map((id) => ({ id, score: id === 'a' ? 2 : 1 }))
    expect(byScore(ranked)).toEqual(['a', 'b', '9', '10'])
  })

  it('is measured as a naive trec_eval does it', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
    const run = fc.uniqueArray(fc.record({ id, score: fc.integer({ min: 0, max: 3 }) }), {
      selector: (each) => each.id,
    })
    const judgements = fc.dictionary(id, fc.integer({ min: -1, max: 3 }), { minKeys: 1 })
    fc.assert(
      fc.property(run, judgements, fc.integer({ min: 1, max: 8 }), (run, judgements, k) => {
        const judged = Object.values(judgements)
        fc.pre(judged.some((gain) => gain > 0))
        const gains = byScore(run).map((each) => judgements[each] ?? 0)
        const relevant = judged.filter((gain) => gain > 0).length
        const expected = trecEval(run, judgements, k)
        expect(ndcgAt(k, gains, judged)).toBeCloseTo(expected.ndcg, 10)
        expect(averagePrecision(gains, relevant)).toBeCloseTo(expected.map, 10)
        expect(recallAt(k, gains, relevant)).toBeCloseTo(expected.recall, 10)
        expect(reciprocalRank(k, gains)).toBeCloseTo(expected.reciprocal, 10)
        expect(hitIn(k, gains)).toBe(expected.recall > 0 ? 1 : 0)
      }),
      { numRuns: 1000 },
    )
  })
})

const place = { file: 'a.md', lines: [1, 1], written: [], share: 0, gold: [] } as const
const testOf = (places: number, either = false) => ({ places: Array.from({ length: places }, () => place), either })

describe('listed places as a ranking', () => {
  it.each<[string, number, boolean, number[][], number[], number[]]>([
    ['one place, found second', 1, false, [[], [0]], [0, 1], [0, 1]],
    ['the same place twice counts once', 1, false, [[0], [0]], [1, 0], [1, 0]],
    ['one that is nowhere', 2, false, [[], [1]], [0, 1], [0, 1, 1]],
    ['two in one passage are one step', 2, false, [[0, 1]], [1], [1]],
    ['any of two is enough', 2, true, [[], [1], [0]], [0, 1, 0], [0, 1, 0]],
    ['any of two, none found', 2, true, [[]], [0], [0, 1]],
    ['nothing found at all', 2, false, [], [], [1, 1]],
  ])('%s', (_name, places, either, held, gains, judged) => {
    expect(judgeRanking(testOf(places, either), held)).toEqual({ gains, judged })
  })

  it('is perfect exactly when nothing that helps stands below what does not', () => {
    const held = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 2 })), { maxLength: 8 })
    fc.assert(
      fc.property(held, fc.boolean(), (held, either) => {
        const { gains, judged } = judgeRanking(testOf(3, either), held)
        const ndcg = ndcgAt(10, gains, judged)
        const found = new Set(held.flat()).size
        const isWhole = either ? found > 0 : found === 3
        const isFirst = !gains.join('').includes('01')
        expect(ndcg).toBeLessThanOrEqual(1 + 1e-12)
        expect(ndcg > 1 - 1e-12).toBe(isWhole && isFirst)
        expect(averagePrecision(gains, judged.filter(Boolean).length) > 1 - 1e-12).toBe(isWhole && isFirst)
      }),
    )
  })

  it('has the recall of its places, or of any one', () => {
    const held = [[0], [], [0, 2]]
    expect([1, 2, 3].map((k) => placesRecall(k, testOf(3), held))).toEqual([1 / 3, 1 / 3, 2 / 3])
    expect([1, 3].map((k) => placesRecall(k, testOf(3, true), held))).toEqual([1, 1])
    expect(placesRecall(5, testOf(3, true), [[], []])).toBe(0)
  })
})
