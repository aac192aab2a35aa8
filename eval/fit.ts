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
  // The bias is the weight of a feature that is always 1.
  const rows = examples.map((example) => ({ ...example, features: [...example.features, 1] }))
  const climb = climber(
    Array.from({ length: size + 1 }, () => 0),
    ridge / total,
  )
  for (let step = 0; step < STEPS; step++) {
    const slope = climb.weights.map((weight, index) => (index < size ? -(ridge / total) * weight : 0))
    for (const { features, label, weight } of rows)
      addTo(slope, features, (weight * (label - sigmoid(dot(features, climb.weights)))) / total)
    climb.step(slope)
  }
  return { weights: climb.weights.slice(0, size), bias: climb.weights[size] ?? 0 }
}

/** Gradient ascent with momentum. `pull`: of the ridge, per example; a strong one takes shorter steps, or it overshoots. */
function climber(from: readonly number[], pull: number) {
  const rate = RATE / Math.max(1, pull)
  const weights = [...from]
  const velocity = from.map(() => 0)
  const step = (slope: readonly number[]) => {
    for (const [index, gain] of slope.entries()) {
      velocity[index] = 0.9 * (velocity[index] ?? 0) + rate * gain
      weights[index] = (weights[index] ?? 0) + (velocity[index] ?? 0)
    }
  }
  return { weights, step }
}

function addTo(sums: number[], features: readonly number[], factor: number): void {
  for (const [index, feature] of features.entries()) sums[index] = (sums[index] ?? 0) + factor * feature
}

export type Group = readonly {
  readonly features: readonly number[]
  /** what its score has beside the weighted features */
  readonly offset: number
  readonly right: boolean
}[]

/**
 * Listwise ranking: maximises the log of the share that the right ones of each group get of a softmax over the group
 * (Cao et al., "Learning to Rank", 2007, with several right ones), less `ridge` × |weights − prior|² / 2.
 */
export function fitRanking(groups: readonly Group[], ridge: number, prior: readonly number[]): readonly number[] {
  const useful = groups.filter((group) => group.some(({ right }) => right) && group.some(({ right }) => !right))
  const climb = climber(prior, ridge / (useful.length || 1))
  for (let step = 0; step < STEPS / 4; step++) {
    const slope = climb.weights.map((weight, index) => -ridge * (weight - (prior[index] ?? 0)))
    for (const group of useful) addSlope(slope, group, climb.weights)
    climb.step(slope.map((gain) => gain / (useful.length || 1)))
  }
  return climb.weights
}

/** Expected features among the right ones, less those among all: the gradient of one group. */
function addSlope(slope: number[], group: Group, weights: readonly number[]): void {
  const scores = group.map(({ features, offset }) => offset + dot(features, weights))
  const top = Math.max(...scores)
  const shares = scores.map((score) => Math.exp(score - top))
  const all = shares.reduce((sum, share) => sum + share, 0)
  const right = shares.reduce((sum, share, index) => sum + (group[index]?.right ? share : 0), 0)
  for (const [at, { features, right: isRight }] of group.entries()) {
    const pull = (isRight ? (shares[at] ?? 0) / right : 0) - (shares[at] ?? 0) / all
    addTo(slope, features, pull)
  }
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}
