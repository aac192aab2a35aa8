// Measures of one ranking, as trec_eval 9 computes them. `gains`: how relevant what is ranked is, best rank first.

/** hit@k: 1 when one of the first `k` is relevant, else 0. */
export function hitIn(k: number, gains: readonly number[]): number {
  return gains.slice(0, k).some(isRelevant) ? 1 : 0
}

/** recall@k: relevant among the first `k` / `relevant`, all there are. NaN when there are none. */
export function recallAt(k: number, gains: readonly number[], relevant: number): number {
  return gains.slice(0, k).filter(isRelevant).length / relevant
}

/** MRR@k of one question: 1 / rank of the first relevant one among the first `k`, else 0 (Voorhees, TREC-8, 1999). */
export function reciprocalRank(k: number, gains: readonly number[]): number {
  const at = gains.slice(0, k).findIndex(isRelevant)
  return at < 0 ? 0 : 1 / (at + 1)
}

/** Average precision: the sum, over the ranks of relevant ones, of precision@rank, / `relevant`. Its mean is MAP. */
export function averagePrecision(gains: readonly number[], relevant: number): number {
  let found = 0
  let sum = 0
  for (const [at, gain] of gains.entries()) if (isRelevant(gain)) sum += ++found / (at + 1)
  return sum / relevant
}

/**
 * nDCG@k (Järvelin and Kekäläinen, 2002) in trec_eval's form: Σ gain / log2(rank + 1), linear in the gain, / the same
 * of `judged`, the gains of everything that was judged, in their best order. NaN when nothing judged is relevant.
 */
export function ndcgAt(k: number, gains: readonly number[], judged: readonly number[]): number {
  const ideal = judged.toSorted((a, b) => b - a)
  return discounted(k, gains) / discounted(k, ideal)
}

function discounted(k: number, gains: readonly number[]): number {
  return gains.slice(0, k).reduce((sum, gain, at) => sum + Math.max(0, gain) / Math.log2(at + 2), 0)
}

// A negative judgement, which some sets use for spam, gains nothing.
function isRelevant(gain: number): boolean {
  return gain > 0
}

export type Ranked = { readonly id: string; readonly score: number }

/**
 * Ids, best score first; of equal scores the greater id first, as trec_eval orders them: a tie is never broken by the
 * order in which a system happened to write it.
 */
export function byScore(ranked: readonly Ranked[]): string[] {
  return ranked.toSorted((a, b) => b.score - a.score || (a.id < b.id ? 1 : -1)).map(({ id }) => id)
}
