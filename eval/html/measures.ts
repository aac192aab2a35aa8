// The measures of a run: what each is over, its value with an interval, and its difference from a baseline.
import { type Direction, directionOf } from '../differences.ts'
import type { Asked, Run } from '../record.ts'
import { bootstrap, mean, wilson } from '../stats.ts'

export type Measure = {
  readonly name: string
  /** null where it was not measured */
  readonly of: (question: Asked) => number | null
  readonly better: 'more' | 'less' | 'neither'
  /** every value is 0 or 1 */
  readonly isYesNo: boolean
  /** every value lies between 0 and 1, so that a bar can show it */
  readonly isShare: boolean
}

export type Estimate = { readonly n: number; readonly value: number; readonly low: number; readonly high: number }

/** `detectable`: see `detectableOf`. `changed`: how many questions have another value. */
export type Difference = Estimate & { readonly before: number; readonly changed: number; readonly detectable: number }

export type Pair = { readonly now: Asked; readonly before: Asked }

export const HEADLINE = 'grounded_correct'

const better = new Map<Direction, Measure['better']>([
  [1, 'more'],
  [0, 'neither'],
  [-1, 'less'],
])

/** Every score that the run or its baseline has a value of, the headline first, the others in the order of the run. */
export function measuresOf(run: Run, baseline: Run | null): Measure[] {
  const all = [...run.questions, ...(baseline?.questions ?? [])]
  const names = new Set([HEADLINE, ...all.flatMap(({ scores }) => Object.keys(scores))])
  return [...names].flatMap((name) => known(name, all))
}

/** Names come from a file: one that every object has is no score of its own. */
function scoreOf(name: string): (question: Asked) => number | null {
  return ({ scores }) => (Object.hasOwn(scores, name) ? (scores[name] ?? null) : null)
}

function known(name: string, all: readonly Asked[]): Measure[] {
  const of = scoreOf(name)
  const values = all.map(of).filter((value) => value !== null)
  if (values.length === 0) return []
  const isYesNo = values.every((value) => value === 0 || value === 1)
  const isShare = values.every((value) => value >= 0 && value <= 1)
  return [{ name, of, better: better.get(directionOf(name) ?? 0) ?? 'neither', isYesNo, isShare }]
}

/** With the interval of Wilson for yes or no, else of the bootstrap by cluster; null when nothing was measured. */
export function estimate({ of, isYesNo }: Measure, questions: readonly Asked[]): Estimate | null {
  const rows = questions.flatMap((each) => valued(each, of(each)))
  if (rows.length === 0) return null
  const value = meanOf(rows)
  const [low, high] = isYesNo
    ? wilson(Math.round(value * rows.length), rows.length)
    : bootstrap(rows, clusterOf, meanOf)
  return { n: rows.length, value, low, high }
}

/** Question by question, of those that both runs have a value of; null when there is none. */
export function difference({ of, isYesNo }: Measure, pairs: readonly Pair[]): Difference | null {
  const rows = pairs.flatMap(({ now, before }) => {
    const [late, early] = [of(now), of(before)]
    return late === null || early === null ? [] : [{ cluster: now.cluster, value: late - early, early }]
  })
  if (rows.length === 0) return null
  const [low, high] = bootstrap(rows, clusterOf, meanOf)
  const before = mean(rows.map(({ early }) => early))
  const moved = rows.flatMap(({ value }) => (value === 0 ? [] : [Math.abs(value)]))
  const step = isYesNo ? 1 : mean(moved)
  return {
    n: rows.length,
    value: meanOf(rows),
    low,
    high,
    before,
    changed: moved.length,
    detectable: detectableOf(rows, step),
  }
}

/** What two runs whose errors have nothing to do with each other would have to differ by: the worst case. */
export function detectableAlone({ of, isYesNo }: Measure, questions: readonly Asked[]): number {
  const rows = questions.flatMap((each) => valued(each, of(each)))
  return detectableOf(rows, isYesNo ? 1 : 0, Math.SQRT2)
}

/** An exact sign test needs this many that differ, all one way, for 5 %: 2 / 2 ** 6 is 3 %. */
export const FEWEST = 6

/**
 * The difference that four of five such sets would show: 1.96 + 0.84 standard errors (two-sided 5 %, power 80 %), the
 * errors by cluster (Liang and Zeger, 1986); and never less than `FEWEST` questions that differ by a usual `step`.
 * NaN when no value differs from another.
 */
function detectableOf(rows: readonly Valued[], step: number, factor = 1): number {
  const centre = meanOf(rows)
  const clusters = [...Map.groupBy(rows, clusterOf).values()]
  const sums = clusters.map((each) => each.reduce((sum, { value }) => sum + value - centre, 0) ** 2)
  const variance = (clusters.length / (clusters.length - 1)) * sums.reduce((sum, each) => sum + each, 0)
  const least = factor * 2.8 * (Math.sqrt(variance) / rows.length)
  return Math.max(least || 0, (FEWEST * step) / rows.length) || Number.NaN
}

type Valued = { readonly cluster: string; readonly value: number }

function valued({ cluster }: Asked, value: number | null): Valued[] {
  return value === null ? [] : [{ cluster, value }]
}

function clusterOf({ cluster }: Valued): string {
  return cluster
}

function meanOf(rows: readonly Valued[]): number {
  return mean(rows.map(({ value }) => value))
}

/** Questions that both runs asked in the same words, with the same listed places and facts. */
export function pairsOf(run: Run, baseline: Run): Pair[] {
  const earlier = new Map(baseline.questions.map((each) => [each.id, each]))
  return run.questions.flatMap((now) => {
    const before = earlier.get(now.id)
    return before?.hash === now.hash ? [{ now, before }] : []
  })
}

/** 1 or 0, whether a question ended as it should: the headline is defined for every kind of question. */
export const rightness = scoreOf(HEADLINE)
