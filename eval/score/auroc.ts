// How well a score tells two classes apart, whatever threshold is set.

/** Probability that a random positive scores higher than a random negative; ties count half. NaN when one class is empty. */
export function auroc(positives: readonly number[], negatives: readonly number[]): number {
  let wins = 0
  for (const high of positives) for (const low of negatives) wins += high > low ? 1 : high === low ? 0.5 : 0
  return wins / (positives.length * negatives.length)
}

export type Graded = { readonly cluster: string; readonly positive: boolean; readonly score: number }

const ROUNDS = 1_000

/** With its 95 % interval: percentile bootstrap over clusters (what belongs to one article is drawn together), seeded. */
export function aurocWithInterval(graded: readonly Graded[], rounds = ROUNDS): readonly [number, number, number] {
  const clusters = [...Map.groupBy(graded, ({ cluster }) => cluster).values()]
  const random = seeded(1)
  const drawn = Array.from({ length: rounds }, () =>
    measure(clusters.flatMap(() => clusters[Math.floor(random() * clusters.length)] ?? [])),
  ).filter((value) => !Number.isNaN(value))
  const sorted = drawn.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return [measure(graded), at(0.025), at(0.975)]
}

function measure(graded: readonly Graded[]): number {
  return auroc(
    graded.flatMap(({ positive, score }) => (positive ? [score] : [])),
    graded.flatMap(({ positive, score }) => (positive ? [] : [score])),
  )
}

/** mulberry32 (Tommy Ettinger, public domain): the same numbers on every machine. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
