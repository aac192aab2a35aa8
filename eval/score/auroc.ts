// Does a score tell two groups apart?

/**
 * Probability that one of `high`, drawn at random, is scored above one of `low`, a tie counting half (area under the
 * ROC curve; Hanley and McNeil, 1982). By ranks, so that it takes n log n. NaN when a group is empty.
 */
export function auroc(high: readonly number[], low: readonly number[]): number {
  const all = [...high.map((score) => ({ score, isHigh: 1 })), ...low.map((score) => ({ score, isHigh: 0 }))]
  all.sort((a, b) => a.score - b.score)
  let ranks = 0
  for (let from = 0; from < all.length;) {
    let to = from
    let highs = 0
    for (; all[to]?.score === all[from]?.score && to < all.length; to++) highs += all[to]?.isHigh ?? 0
    // Equal scores share the mean of their ranks, which begin with 1.
    ranks += (highs * (from + 1 + to)) / 2
    from = to
  }
  return (ranks - (high.length * (high.length + 1)) / 2) / (high.length * low.length)
}
