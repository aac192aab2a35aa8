// A run → a table by kind, each rate with its 95 % interval.
import { grid, percent, rate } from './figures.ts'
import type { Asked, Run } from './record.ts'
import { figuresOf } from './scores.ts'
import { mean, ruleOfThree } from './stats.ts'

const columns: readonly (readonly [metric: string, head: string])[] = [
  ['grounded_correct', 'grounded and correct'],
  ['hit_5', 'source in 5'],
  ['right_source', 'source cited'],
  ['fact_coverage', 'facts'],
  ['refused', 'refused'],
]

/** The table as lines of text. Each figure is over the questions that it was measured on. */
export function table(run: Run): string[] {
  const { questions } = run
  const kinds = [...Map.groupBy(questions, ({ kind }) => kind)].sort(([a], [b]) => (a < b ? -1 : 1))
  const isRate = new Map(columns.map(([metric]) => [metric, scoresOf(questions, metric).every(isYesNo)]))
  const row = (name: string, asked: readonly Asked[]) => [
    name,
    String(asked.length),
    ...columns.map(([metric]) => figure(asked, metric, isRate.get(metric))),
  ]
  return [
    ...grid([
      ['kind', 'n', ...columns.map(([, head]) => head)],
      ...kinds.map(([kind, asked]) => row(kind, asked)),
      row('ALL', questions),
    ]),
    '',
    ...grid([
      ['unanswerable answered', figure(questions, 'answered_unanswerable')],
      ['answerable wrongly refused', figure(questions, 'false_refusal')],
      ['quotes that are not in the text', faults(questions, ({ isValid }) => isValid)],
      ['quotes from outside of the passages', faults(questions, ({ isInPassage }) => isInPassage)],
      ...ofTheSet(run),
    ]),
    ...unscored(questions),
  ]
}

/** A rate of yes and no with its interval, or a mean. */
function figure(asked: readonly Asked[], metric: string, isRate = true): string {
  const values = scoresOf(asked, metric)
  return isRate ? rate(values.filter((value) => value === 1).length, values.length) : percent(mean(values))
}

function scoresOf(asked: readonly Asked[], metric: string): number[] {
  return asked.flatMap(({ scores }) => scores[metric] ?? [])
}

function isYesNo(score: number): boolean {
  return score === 0 || score === 1
}

type Citation = NonNullable<Asked['outcome']>['citations'][number]

function faults(asked: readonly Asked[], isSound: (citation: Citation) => boolean): string {
  const all = asked.flatMap(({ outcome }) => outcome?.citations ?? [])
  const wrong = all.filter((citation) => !isSound(citation)).length
  if (all.length === 0) return '–'
  const bound = wrong === 0 ? ` (at most ${percent(ruleOfThree(all.length), 2)})` : ''
  return `${wrong} of ${all.length}${bound}`
}

/** What only a whole set has. */
function ofTheSet({ questions, timingsMs }: Run): string[][] {
  const figures = figuresOf(questions, timingsMs)
  const share = (name: string) => percent(figures[name] ?? Number.NaN)
  const decimal = (name: string) => figures[name]?.toFixed(3) ?? '–'
  const time = (step: string) => {
    const [half, most] = [figures[`${step}_ms_p50`], figures[`${step}_ms_p95`]]
    return typeof half === 'number' && typeof most === 'number'
      ? `p50 ${half.toFixed(1)} ms, p95 ${most.toFixed(1)} ms`
      : '–'
  }
  return [
    ['refusals that are right', share('abstention_precision')],
    ['answers to answerable questions that are right', share('selective_accuracy')],
    ['confidence: AUROC, AURC', `${decimal('auroc')}, ${decimal('aurc')}`],
    ['time of retrieval', time('retrieve')],
    ['… to the first text', time('first_text')],
    ['… of the answer', time('total')],
    ...(typeof figures['input_tokens'] === 'number'
      ? [['tokens in, out; cost', `${figures['input_tokens']}, ${figures['output_tokens']}; $${figures['cost_usd']}`]]
      : []),
  ]
}

function unscored(asked: readonly Asked[]): string[] {
  const failed = asked.filter(({ fault }) => fault !== null)
  return failed.length === 0
    ? []
    : [
        '',
        `${failed.length} questions have no answer and no score:`,
        ...failed.map(({ id, fault }) => `  ${id}: ${fault}`),
      ]
}
