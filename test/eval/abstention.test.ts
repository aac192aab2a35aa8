// Refusals and confidence, by hand and against counting one by one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decided, refusalsOf } from '../../eval/score/abstention.ts'
import { aurc, riskCurve, type Sure } from '../../eval/score/risk.ts'
import { spent, timesAt } from '../../eval/score/times.ts'
import { gapClosed } from '../../eval/score/turns.ts'

function decided(answerable: boolean, refused: boolean, isRight: boolean | null = null): Decided {
  return { answerable, refused, isRight }
}

describe('refusals', () => {
  it('are counted as on paper', () => {
    // 5 answerable: one refused, two right, one wrong, one nobody can judge. 3 unanswerable: two refused.
    const questions = [
      decided(true, true),
      decided(true, false, true),
      decided(true, false, true),
      decided(true, false, false),
      decided(true, false, null),
      decided(false, true),
      decided(false, true),
      decided(false, false),
    ]
    expect(refusalsOf(questions)).toEqual({
      precision: 2 / 3,
      recall: 2 / 3,
      f1: 2 / 3,
      falseRefusals: 1 / 5,
      answeredUnanswerable: 1 / 3,
      coverage: 5 / 8,
      selectiveAccuracy: 2 / 3,
    })
  })

  it('of nothing are not measured', () => {
    expect(new Set(Object.values(refusalsOf([])))).toEqual(new Set([null]))
    expect(refusalsOf([decided(true, false, true)])).toMatchObject({ precision: null, recall: null, f1: null })
  })

  it('that never happen have no precision, and an F1 of 0', () => {
    expect(refusalsOf([decided(false, false)])).toMatchObject({ precision: null, recall: 0, f1: 0, coverage: 1 })
  })

  it('have the F1 that is counted from hits and misses', () => {
    const one = fc.record({ answerable: fc.boolean(), refused: fc.boolean(), isRight: fc.constant(null) })
    fc.assert(
      fc.property(fc.array(one), (questions) => {
        const count = (answerable: boolean, refused: boolean) =>
          questions.filter((each) => each.answerable === answerable && each.refused === refused).length
        const [hits, missed, wrong] = [count(false, true), count(false, false), count(true, true)]
        const { f1 } = refusalsOf(questions)
        if (hits + missed === 0) expect(f1).toBeNull()
        else expect(f1).toBeCloseTo((2 * hits) / (2 * hits + missed + wrong), 12)
      }),
    )
  })
})

const sure = (confidence: number, isRight: boolean): Sure => ({ confidence, isRight })

describe('risk and coverage', () => {
  it('are one point per confidence, the surest first', () => {
    const answers = [sure(0.5, false), sure(0.9, true), sure(0.5, true), sure(0.2, false)]
    expect(riskCurve(answers, 8)).toEqual([
      { confidence: 0.9, coverage: 1 / 8, risk: 0 },
      { confidence: 0.5, coverage: 3 / 8, risk: 1 / 3 },
      { confidence: 0.2, coverage: 4 / 8, risk: 2 / 4 },
    ])
  })

  it('have the area that is the mean risk of all beginnings', () => {
    // Risks 0, 1/2, 1/3, 2/4 at one, two, three and four answers.
    expect(aurc([sure(0.9, true), sure(0.8, false), sure(0.7, true), sure(0.6, false)])).toBeCloseTo(
      (0 + 1 / 2 + 1 / 3 + 2 / 4) / 4,
      12,
    )
    expect([aurc([]), aurc([sure(1, true)]), aurc([sure(1, false)])]).toEqual([null, 0, 1])
  })

  it('have the area of a naive second implementation, with equal confidences too', () => {
    const answer = fc.record({ confidence: fc.integer({ min: 0, max: 4 }), isRight: fc.boolean() })
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1 }), (answers) => {
        const risks = answers.map(({ confidence }) => {
          const given = answers.filter((each) => each.confidence >= confidence)
          return given.filter((each) => !each.isRight).length / given.length
        })
        expect(aurc(answers)).toBeCloseTo(risks.reduce((sum, each) => sum + each, 0) / risks.length, 10)
      }),
    )
  })
})

describe('times and money', () => {
  it('are values that were measured, and nothing where there is none', () => {
    expect(timesAt([5, 1, 4, 2, 3])).toEqual({ p50: 3, p95: 5 })
    expect(timesAt([])).toEqual({ p50: null, p95: null })
  })

  it('are added up over the answers of a model', () => {
    const usage = { inputTokens: 10, outputTokens: 2, costUsd: 0.5 }
    expect(spent([usage, { ...usage, costUsd: 0.25 }])).toEqual({ inputTokens: 20, outputTokens: 4, costUsd: 0.75 })
    expect(spent([])).toBeNull()
  })
})

describe('the gap that a rewrite closes', () => {
  it.each<[number | null, number, number, number]>([
    [0.5, 0.4, 0.5, 0.6],
    [1, 0.4, 0.6, 0.6],
    [-1, 0.4, 0.2, 0.6],
    [1.5, 0.4, 0.7, 0.6],
    [null, 0.4, 0.5, 0.4],
    [null, 0.4, 0.5, 0.3],
  ])('is %d from %d by %d towards %d', (gap, last, ours, given) => {
    const closed = gapClosed(last, ours, given)
    if (gap === null) expect(closed).toBeNull()
    else expect(closed).toBeCloseTo(gap, 12)
  })
})
