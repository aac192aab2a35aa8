// Uncertainty of what was counted.

/** 95 % interval of a rate of `successes` in `n` (Wilson, 1927). [0, 1] when n is 0. */
export function wilson(successes: number, n: number): readonly [number, number] {
  if (n === 0) return [0, 1]
  const z = 1.96
  const rate = successes / n
  const centre = rate + (z * z) / (2 * n)
  const half = z * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n))
  const scale = 1 + (z * z) / n
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)]
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The value below which `share` of the values lie (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

const ROUNDS = 1_000

// With one cluster nothing can be drawn otherwise, which would look like certainty, and with few hardly anything: two
// give three means, of which the extremes are drawn in half of the rounds.
const LEAST_CLUSTERS = 5

/**
 * 95 % interval of a figure over rows: percentile bootstrap (Efron, 1979) of 1,000 rounds that draws whole clusters
 * (all questions on one document, all turns of one conversation), as rows of one cluster err together. A fixed seed:
 * the same rows give the same interval. NaN to NaN of fewer than five clusters: nothing is known of others.
 */
export function bootstrap<Row>(
  rows: readonly Row[],
  clusterOf: (row: Row) => string,
  figure: (rows: readonly Row[]) => number,
): readonly [number, number] {
  const clusters = [...Map.groupBy(rows, clusterOf).values()]
  if (clusters.length < LEAST_CLUSTERS) return [Number.NaN, Number.NaN]
  const draw = random(1)
  const drawn = Array.from({ length: ROUNDS }, () =>
    figure(clusters.flatMap(() => clusters[Math.floor(draw() * clusters.length)] ?? [])),
  ).filter((value) => !Number.isNaN(value))
  return [quantile(drawn, 0.025), quantile(drawn, 0.975)]
}

/** Upper end of a 95 % interval of a rate that was 0 in `n` (the rule of three: Hanley and Lippman-Hand, 1983). */
export function ruleOfThree(n: number): number {
  return n === 0 ? 1 : Math.min(1, 3 / n)
}

/**
 * Two-sided p of yes/no pairs of which so many changed each way, were both ways equally likely: the exact binomial
 * form of McNemar's test (1947). Pairs that did not change say nothing.
 */
export function mcNemar(won: number, lost: number): number {
  const n = won + lost
  let term = -n * Math.LN2
  let tail = 0
  // Terms of the binomial as logarithms: 2^-n alone is 0 beyond 1,074 pairs.
  for (let k = 0; k <= Math.min(won, lost); k++) {
    tail += Math.exp(term)
    term += Math.log((n - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}

export type Pair = { readonly cluster: string; readonly difference: number }

export type Paired = {
  readonly n: number
  readonly difference: number
  /** of the single differences */
  readonly sd: number
  /** two-sided, against no difference */
  readonly p: number
  /** which the difference lies in with 1 − `level` */
  readonly interval: (level: number) => readonly [number, number]
}

const PAIRED_ROUNDS = 10_000

/**
 * Mean difference of pairs, with the percentile bootstrap of whole clusters, 10,000 rounds and a fixed seed. Of p,
 * one is added to count and rounds (Davison and Hinkley, 1997, §4.2.5): what was never drawn is rare, not impossible.
 * Of fewer than five clusters that differ at all, the difference may be any: p is 1, and the interval has no ends.
 */
export function pairedBootstrap(pairs: readonly Pair[]): Paired {
  const differences = pairs.map(({ difference }) => difference)
  const middle = mean(differences)
  const sums = [...Map.groupBy(pairs, ({ cluster }) => cluster).values()].map((cluster) => ({
    sum: cluster.reduce((sum, { difference }) => sum + difference, 0),
    n: cluster.length,
  }))
  const isKnown = sums.length >= LEAST_CLUSTERS || differences.every((each) => each === 0)
  const drawn = drawMeans(sums).sort()
  const below = drawn.filter((value) => value <= 0).length
  const above = drawn.filter((value) => value >= 0).length
  const rank = (share: number) => drawn[Math.min(drawn.length, Math.max(1, Math.ceil(share * drawn.length))) - 1] ?? NaN
  return {
    n: pairs.length,
    difference: middle,
    sd: Math.sqrt(differences.reduce((sum, each) => sum + (each - middle) ** 2, 0) / (pairs.length - 1)),
    p: !isKnown ? 1 : Math.min(1, (2 * (Math.min(below, above) + 1)) / (PAIRED_ROUNDS + 1)),
    interval: (level) => (isKnown ? [rank(level / 2), rank(1 - level / 2)] : [-Infinity, Infinity]),
  }
}

function drawMeans(clusters: readonly { readonly sum: number; readonly n: number }[]): Float64Array {
  const draw = random(1)
  return Float64Array.from({ length: PAIRED_ROUNDS }, () => {
    let [sum, n] = [0, 0]
    for (let times = clusters.length; times > 0; times--) {
      const cluster = clusters[Math.floor(draw() * clusters.length)]
      sum += cluster?.sum ?? 0
      n += cluster?.n ?? 0
    }
    return sum / n
  })
}

export type Holm = {
  /** p of each, adjusted for how many there are */
  readonly adjusted: readonly number[]
  /** the level at which each is tested, and its interval read */
  readonly levels: readonly number[]
}

/** Several tests at once, at most `level` of a chance of one false alarm among all of them (Holm, 1979). */
export function holm(ps: readonly number[], level = 0.05): Holm {
  const order = [...ps.keys()].sort((a, b) => (ps[a] ?? 1) - (ps[b] ?? 1))
  const [adjusted, levels] = [ps.map(() => 1), ps.map(() => level)]
  let highest = 0
  let stopped: number | null = null
  for (const [rank, at] of order.entries()) {
    const p = ps[at] ?? 1
    const left = ps.length - rank
    highest = Math.max(highest, Math.min(1, p * left))
    adjusted[at] = highest
    // Behind the first that is not told from chance, none is: they share its level.
    levels[at] = stopped ?? level / left
    if (p > level / left) stopped ??= level / left
  }
  return { adjusted, levels }
}

/** The smallest true difference that `n` pairs show at 5 % in four of five runs (80 % power, normal approximation). */
export function smallestDetectable(sd: number, n: number): number {
  return ((1.96 + 0.8416) * sd) / Math.sqrt(n)
}

/** Numbers in [0, 1), the same for the same seed (mulberry32 by Tommy Ettinger, public domain). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
