// A run → a table by kind, each rate with its 95 % interval.
import { grid, percent, rate } from './figures.ts'
import type { Asked, Run } from './record.ts'
import { mean, quantile, ruleOfThree } from './stats.ts'

const columns: readonly (readonly [metric: string, head: string])[] = [
  ['grounded_correct', 'grounded and correct'],
  ['hit_5', 'source in 5'],
  ['right_source', 'source cited'],
  ['fact_coverage', 'facts'],
  ['refused', 'refused'],
]

/** The table as lines of text. Each figure is over the questions that it was measured on. */
export function table({ questions, timingsMs }: Run): string[] {
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
      ...times(Object.values(timingsMs)),
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

function times(all: readonly Run['timingsMs'][string][]): string[][] {
  // A refusal has no text.
  const first = all.map(({ firstText }) => firstText).filter((ms) => ms > 0)
  const [retrieve, total] = [all.map((each) => each.retrieve), all.map((each) => each.total)]
  return [
    ['time of retrieval', spread(retrieve)],
    ['… to the first text', spread(first)],
    ['… of the answer', spread(total)],
  ]
}

function spread(values: readonly number[]): string {
  const [half, most] = [0.5, 0.95].map((share) => quantile(values, share).toFixed(1))
  return values.length === 0 ? '–' : `p50 ${half} ms, p95 ${most} ms`
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
