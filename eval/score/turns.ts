// What is a rewrite of a follow-up question worth?

/**
 * Of what is lost by searching for the last turn alone, the share that a rewrite wins back:
 * (ours − last) / (given − last), with the same measure of the search for each (as in TREC CAsT, 2019, where the given
 * rewrite is a person's). Below 0: worse than doing nothing. null when the given rewrite is no better: there is no gap.
 */
export function gapClosed(last: number, ours: number, given: number): number | null {
  return given > last ? (ours - last) / (given - last) : null
}
