// What a change may not make worse. How the margins came about stands in docs/evaluation.md, "The gate".

/** 1 on every question that has one, whatever the baseline says. */
export const always: readonly string[] = [
  'finished',
  'quote_valid',
  'in_passages',
  'source_true',
  'verbatim_true',
  'marked',
  'stated',
]

/**
 * Metric → how much of it may be lost as far as its questions can tell. A loss of 0.05 of the answerable questions is
 * what their number can show at all; of the unanswerable there are a fifth as many. Extracts are cited without
 * exception, each from what it quotes, so of these two nothing may be lost.
 */
export const margins: Readonly<Record<string, number>> = {
  grounded_correct: 0.05,
  hit_5: 0.05,
  ndcg_10: 0.05,
  right_source: 0.05,
  fact_coverage: 0.05,
  false_refusal: 0.05,
  answered_unanswerable: 0.17,
  cited_rate: 0,
  citation_recall_lexical: 0,
}

/**
 * Metric → by how much it may rise, though by itself more is neither better nor worse: who quotes everything has every
 * fact. The sentences of the committed questions have 14.4 words, so this is one sentence more for each answer.
 */
export const bounds: Readonly<Record<string, number>> = { answer_words: 15 }

/** What of a question is held against the baseline. */
export const compared: readonly string[] = [...Object.keys(margins), ...Object.keys(bounds)]

/** Share of the baseline's scores that may be missing: to refuse more is a change, to measure nothing is none. */
export const MISSING = 0.02
