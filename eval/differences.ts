// Two runs of the same questions, metric by metric: what changed, and whether chance alone would do that.
import { margins } from './rules.ts'
import { type Holm, holm, mcNemar, mean, type Paired, pairedBootstrap, smallestDetectable } from './stats.ts'

/** A question of either run, as far as it is compared. */
type Scores = Readonly<Record<string, number | null>>
export type Compared = {
  readonly id: string
  readonly cluster: string
  readonly a: Scores
  readonly b: Scores
}

export type Difference = Paired & {
  readonly metric: string
  readonly a: number
  readonly b: number
  /** questions whose score is better in the second, and worse */
  readonly won: number
  readonly lost: number
  /** exact p of a metric that is yes or no; null for any other */
  readonly exactP: number | null
  readonly detectable: number
}

const more = `
  grounded_correct premise_corrected finished
  hit_1 hit_5 recall_5 mrr_10 ndcg_10 map span_recall span_precision span_iou
  quote_valid in_passages source_true verbatim_true marked stated
  right_source cited_rate citation_recall_lexical citation_precision_lexical citation_f1_lexical
  fact_coverage contains_gold contains_any exact_match token_f1 rouge_l
  judgeRecallStrict judgeRecallWeighted judgePrecisionStrict judgePrecisionWeighted
  judgeNuggetsStrict judgeNuggetsWeighted`
const less = 'false_refusal answered_unanswerable judgeContradicted judgeUnsupportedAnswer'
// To refuse is right of one question and wrong of another, and so is to say much.
const neither = 'refused answer_words'

export type Direction = 1 | 0 | -1

const directions: ReadonlyMap<string, Direction> = new Map([
  ...more
    .trim()
    .split(/\s+/)
    .map((metric) => [metric, 1] as const),
  ...less.split(' ').map((metric) => [metric, -1] as const),
  ...neither.split(' ').map((metric) => [metric, 0] as const),
])

/** 1: more is better, -1: less is better, 0: neither. null of a score that is not ours: nothing is known of it. */
export function directionOf(metric: string): Direction | null {
  return directions.get(metric) ?? null
}

/** Over the questions on which both were measured; null when there are none. */
export function differenceOf(metric: string, questions: readonly Compared[]): Difference | null {
  const pairs = questions.flatMap(({ cluster, a, b }) => {
    const [before, after] = [a[metric] ?? null, b[metric] ?? null]
    return before === null || after === null ? [] : [{ cluster, before, after, difference: after - before }]
  })
  if (pairs.length === 0) return null
  const paired = pairedBootstrap(pairs)
  // Of a score without a direction, won is what rose.
  const sign = directionOf(metric) || 1
  const won = pairs.filter(({ difference }) => difference * sign > 0).length
  const lost = pairs.filter(({ difference }) => difference * sign < 0).length
  const isYesNo = pairs.every(({ before, after }) => isWhole(before) && isWhole(after))
  return {
    ...paired,
    metric,
    a: mean(pairs.map(({ before }) => before)),
    b: mean(pairs.map(({ after }) => after)),
    won,
    lost,
    exactP: isYesNo ? mcNemar(won, lost) : null,
    detectable: smallestDetectable(paired.sd, pairs.length),
  }
}

function isWhole(score: number): boolean {
  return score === 0 || score === 1
}

export type Tested = Difference & { readonly adjustedP: number; readonly level: number }

/**
 * With p and level of each: as one of several for all that have a margin, which are decided on together. Where nothing
 * may be lost, and for a bound, there is no chance to share.
 */
export function testGated(differences: readonly Difference[]): Tested[] {
  const hasMargin = ({ metric }: Difference) => (margins[metric] ?? 0) > 0
  const alone = differences.filter((each) => !hasMargin(each))
  return [...testTogether(differences.filter(hasMargin)), ...alone.flatMap((each) => testTogether([each]))]
}

function testTogether(differences: readonly Difference[]): Tested[] {
  const { adjusted, levels }: Holm = holm(differences.map(({ p }) => p))
  return differences.map((each, at) => ({ ...each, adjustedP: adjusted[at] ?? 1, level: levels[at] ?? 0.05 }))
}

/** In points of a hundred where the metric is a share: `+0.024 [-0.010, +0.058]`; `[–]`: too few clusters to tell. */
export function signed({ difference, interval }: Paired, level: number): string {
  const [low, high] = interval(level)
  return `${plus(difference)} ${Number.isFinite(low) ? `[${plus(low)}, ${plus(high)}]` : '[–]'}`
}

export function plus(value: number): string {
  const text = value.toFixed(3)
  return Number(text) > 0 ? `+${text}` : text.replace(/^-(?=0\.0*$)/, '')
}
