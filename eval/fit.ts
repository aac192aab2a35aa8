// Fits the linear models of server/answer/weights.ts: logistic regression by gradient ascent, figures as they are.

export type Example = {
  readonly features: readonly number[]
  /** 1 right, 0 wrong */
  readonly label: number
  /** how much the example counts */
  readonly weight: number
}

export type Fit = { readonly weights: readonly number[]; readonly bias: number }

const STEPS = 4_000
const RATE = 0.5

/** Maximises the weighted log-likelihood less `ridge` × |weights|² / 2. Deterministic. */
export function fitLogistic(examples: readonly Example[], ridge: number): Fit {
  const size = examples[0]?.features.length ?? 0
  const total = examples.reduce((sum, { weight }) => sum + weight, 0) || 1
  const weights = Array.from({ length: size }, () => 0)
  const velocity = Array.from({ length: size + 1 }, () => 0)
  let bias = 0
  for (let step = 0; step < STEPS; step++) {
    const slope = Array.from({ length: size + 1 }, () => 0)
    for (const { features, label, weight } of examples) {
      const miss = (weight * (label - sigmoid(bias + dot(features, weights)))) / total
      for (let index = 0; index < size; index++) slope[index] = (slope[index] ?? 0) + miss * (features[index] ?? 0)
      slope[size] = (slope[size] ?? 0) + miss
    }
    for (let index = 0; index <= size; index++) {
      const pull = index < size ? (ridge / total) * (weights[index] ?? 0) : 0
      velocity[index] = 0.9 * (velocity[index] ?? 0) + RATE * ((slope[index] ?? 0) - pull)
      if (index < size) weights[index] = (weights[index] ?? 0) + (velocity[index] ?? 0)
    }
    bias += velocity[size] ?? 0
  }
  return { weights, bias }
}

export type Group = readonly { readonly features: readonly number[]; readonly right: boolean }[]

/** Ranking: maximises the log of the share that the right ones of each group get of a softmax over the group. */
export function fitRanking(groups: readonly Group[], ridge: number): readonly number[] {
  const useful = groups.filter((group) => group.some(({ right }) => right) && group.some(({ right }) => !right))
  const size = useful[0]?.[0]?.features.length ?? 0
  const weights = Array.from({ length: size }, () => 1)
  const velocity = Array.from({ length: size }, () => 0)
  for (let step = 0; step < STEPS / 4; step++) {
    const slope = Array.from({ length: size }, () => 0)
    for (const group of useful) addSlope(slope, group, weights)
    for (let index = 0; index < size; index++) {
      const gain = ((slope[index] ?? 0) - ridge * (weights[index] ?? 0)) / (useful.length || 1)
      velocity[index] = 0.9 * (velocity[index] ?? 0) + RATE * gain
      weights[index] = (weights[index] ?? 0) + (velocity[index] ?? 0)
    }
  }
  return weights
}

/** Expected features among the right ones, less those among all: the gradient of one group. */
function addSlope(slope: number[], group: Group, weights: readonly number[]): void {
  const scores = group.map(({ features }) => dot(features, weights))
  const top = Math.max(...scores)
  const shares = scores.map((score) => Math.exp(score - top))
  const all = shares.reduce((sum, share) => sum + share, 0)
  const right = shares.reduce((sum, share, index) => sum + (group[index]?.right ? share : 0), 0)
  for (const [at, { features, right: isRight }] of group.entries()) {
    const pull = (isRight ? (shares[at] ?? 0) / right : 0) - (shares[at] ?? 0) / all
    for (const [index, feature] of features.entries()) slope[index] = (slope[index] ?? 0) + pull * feature
  }
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}
