// If only the surest answers were given: how many would be wrong?

export type Sure = { readonly confidence: number; readonly isRight: boolean }

/** One threshold of the confidence: what share is answered at it, and what share of these is wrong. */
export type RiskPoint = { readonly confidence: number; readonly coverage: number; readonly risk: number }

/**
 * Risk–coverage curve (El-Yaniv and Wiener, 2010): one point per confidence that occurs, the surest first. coverage =
 * answers at least as sure / `asked`; risk = wrong among them / them.
 */
export function riskCurve(answers: readonly Sure[], asked: number): RiskPoint[] {
  const points: RiskPoint[] = []
  let [given, wrong] = [0, 0]
  const groups = Map.groupBy(answers, ({ confidence }) => confidence)
  // No threshold parts equal confidences, so they make one point together.
  for (const [confidence, group] of [...groups].sort(([a], [b]) => b - a)) {
    given += group.length
    wrong += group.filter(({ isRight }) => !isRight).length
    points.push({ confidence, coverage: given / asked, risk: wrong / given })
  }
  return points
}

/**
 * AURC (Geifman, Uziel and El-Yaniv, 2019): mean over the answers, surest first, of the risk of all down to this one.
 * 0 is best; the share of wrong answers is what a confidence without meaning gives on average. Equal confidences share
 * the risk of the last of them. null without answers.
 */
export function aurc(answers: readonly Sure[]): number | null {
  let before = 0
  let sum = 0
  for (const { coverage, risk } of riskCurve(answers, answers.length)) {
    sum += (coverage - before) * risk
    before = coverage
  }
  return answers.length === 0 ? null : sum
}
