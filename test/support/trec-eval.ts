// trec_eval once more, too simple to be wrong: what the measures of a ranking are checked against.
import type { Ranked } from '../../eval/score/ranking.ts'

function isAbove(a: Ranked, b: Ranked): boolean {
  return a.score > b.score || (a.score === b.score && a.id > b.id)
}

/** Rank by rank, each counted from the beginning: nothing is carried along that could be carried wrongly. */
export function trecEval(run: readonly Ranked[], judgements: Readonly<Record<string, number>>, k: number) {
  const rankOf = (each: Ranked) => 1 + run.filter((other) => isAbove(other, each)).length
  const relevant = Object.keys(judgements).filter((id) => (judgements[id] ?? 0) >= 1)
  const hits = run.filter(({ id }) => relevant.includes(id))
  const precisionAt = (rank: number) => hits.filter((each) => rankOf(each) <= rank).length / rank
  const best = relevant.map((id) => judgements[id] ?? 0).sort((a, b) => b - a)
  let [dcg, ideal] = [0, 0]
  for (let rank = 1; rank <= k; rank++) {
    const hit = hits.find((each) => rankOf(each) === rank)
    dcg += (hit ? (judgements[hit.id] ?? 0) : 0) / (Math.log(rank + 1) / Math.log(2))
    ideal += (best[rank - 1] ?? 0) / (Math.log(rank + 1) / Math.log(2))
  }
  const ranks = hits.map(rankOf).filter((rank) => rank <= k)
  return {
    ndcg: dcg / ideal,
    map: hits.map((each) => precisionAt(rankOf(each))).reduce((sum, each) => sum + each, 0) / relevant.length,
    recall: ranks.length / relevant.length,
    reciprocal: ranks.length === 0 ? 0 : 1 / Math.min(...ranks),
  }
}
