import { describe, expect, it } from 'vitest'
import { type Example, fitLogistic, fitRanking, sigmoid } from '../../eval/fit.ts'
import { keepQuiet } from '../support/quiet.ts'

keepQuiet()

// Noise that is the same everywhere.
function noise(seed: number): number {
  return (Math.abs(Math.sin(seed * 12.9898) * 43_758.5453) % 1) - 0.5
}

const examples: Example[] = Array.from({ length: 60 }, (_, at) => {
  const features = [noise(at), noise(at + 1000), noise(at + 2000)]
  return { features, label: 2 * features[0]! - features[1]! > 0.2 ? 1 : 0, weight: 1 }
})

describe('logistic regression', () => {
  it('recovers the direction that separates the examples', () => {
    const { weights, bias } = fitLogistic(examples, 0.1)
    expect(weights[0]! / -weights[1]!).toBeGreaterThan(1.4)
    expect(weights[0]! / -weights[1]!).toBeLessThan(2.8)
    expect(Math.abs(weights[2]!)).toBeLessThan(weights[0]! / 4)
    expect(bias).toBeLessThan(0)
    const right = examples.filter(({ features, label }) => {
      const chance = sigmoid(bias + features.reduce((sum, each, at) => sum + each * weights[at]!, 0))
      return chance > 0.5 === (label === 1)
    })
    expect(right.length).toBeGreaterThanOrEqual(58)
  })

  it('gives the same figures every time, and smaller ones the stronger the ridge', () => {
    expect(fitLogistic(examples, 1)).toEqual(fitLogistic(examples, 1))
    const size = (ridge: number) => Math.hypot(...fitLogistic(examples, ridge).weights)
    expect(size(10)).toBeLessThan(size(1))
    expect(size(1)).toBeLessThan(size(0.1))
    expect(size(1e6)).toBeLessThan(0.001)
  })

  it('finds the rate of examples that have no features, by weight', () => {
    const rare = { features: [], label: 1, weight: 1 }
    const { bias } = fitLogistic([rare, { ...rare, label: 0, weight: 3 }], 0)
    expect(sigmoid(bias)).toBeCloseTo(0.25, 4)
  })

  it('of nothing is nothing', () => {
    expect(fitLogistic([], 1)).toEqual({ weights: [], bias: 0 })
  })
})

describe('the fit of a ranking', () => {
  const groups = Array.from({ length: 40 }, (_, group) =>
    Array.from({ length: 5 }, (_, at) => ({
      features: [at === 2 ? 1 : noise(group * 5 + at), noise(group * 5 + at + 500)],
      offset: 0,
      right: at === 2,
    })),
  )

  it('puts the right ones first, by the feature that tells them', () => {
    const weights = fitRanking(groups, 0.1, [0, 0])
    expect(weights[0]).toBeGreaterThan(2)
    expect(Math.abs(weights[1]!)).toBeLessThan(weights[0]! / 2)
    for (const group of groups) {
      const scores = group.map(({ features }) => features.reduce((sum, each, at) => sum + each * weights[at]!, 0))
      expect(scores.indexOf(Math.max(...scores))).toBe(2)
    }
  })

  it('learns nothing from groups that are all right or all wrong', () => {
    const alike = groups.map((group) => group.map((each) => ({ ...each, right: true })))
    expect(fitRanking([...groups, ...alike, []], 0.1, [0, 0])).toEqual(fitRanking(groups, 0.1, [0, 0]))
    expect(fitRanking(alike, 0.1, [2, 3])).toEqual([2, 3])
  })

  it('stays the nearer to where it began the stronger the ridge', () => {
    const prior = [1, 4]
    const moved = (ridge: number) => {
      const [first = 0, second = 0] = fitRanking(groups, ridge, prior)
      return Math.hypot(first - 1, second - 4)
    }
    expect(moved(1)).toBeLessThan(moved(0.1))
    expect(moved(100)).toBeLessThan(moved(1))
    expect(moved(1e6)).toBeLessThan(0.001)
  })

  it('leaves to the weights only what the offsets do not already rank', () => {
    const told = groups.map((group) => group.map((each) => ({ ...each, offset: each.right ? 20 : 0 })))
    for (const weight of fitRanking(told, 0.1, [0, 0])) expect(Math.abs(weight)).toBeLessThan(0.01)
  })

  it('gives the same figures every time', () => {
    expect(fitRanking(groups, 0.5, [1, 1])).toEqual(fitRanking(groups, 0.5, [1, 1]))
  })
})
