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

/**
 * 95 % interval of a figure over rows: percentile bootstrap (Efron, 1979) of 1,000 rounds that draws whole clusters
 * (all questions on one document, all turns of one conversation), as rows of one cluster err together. A fixed seed:
 * the same rows give the same interval.
 */
export function bootstrap<Row>(
  rows: readonly Row[],
  clusterOf: (row: Row) => string,
  figure: (rows: readonly Row[]) => number,
): readonly [number, number] {
  const clusters = [...Map.groupBy(rows, clusterOf).values()]
  const draw = random(1)
  const drawn = Array.from({ length: ROUNDS }, () =>
    figure(clusters.flatMap(() => clusters[Math.floor(draw() * clusters.length)] ?? [])),
  ).filter((value) => !Number.isNaN(value))
  return [quantile(drawn, 0.025), quantile(drawn, 0.975)]
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
