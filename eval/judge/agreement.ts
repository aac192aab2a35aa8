// Does a judge agree with labels, and more than the check of words does? Two classes: supported, and all the rest.
import { auroc } from '../score/auroc.ts'
import { bootstrap, mean } from '../stats.ts'

/** One claim with its label and the verdicts of the judge and of the check of words (the control). */
export type Compared = {
  readonly cluster: string
  readonly isSupported: boolean
  /** null: unmeasured */
  readonly judged: { readonly isSupported: boolean; readonly weight: number } | null
  readonly control: { readonly isSupported: boolean }
}
type Measured = Compared & { readonly judged: NonNullable<Compared['judged']> }

/** null: one of the classes is not there, or there are too few clusters for an interval. `low` and `high`: the 95 % interval. */
type Interval = { readonly value: number; readonly low: number; readonly high: number } | null

const measures = {
  balancedAccuracy: (rows: readonly Measured[]) => balanced(rows, byJudge),
  'balancedAccuracy, words': (rows: readonly Measured[]) => balanced(rows, byWords),
  'balancedAccuracy, judge - words': (rows: readonly Measured[]) => balanced(rows, byJudge) - balanced(rows, byWords),
  'F1 of supported': (rows: readonly Measured[]) => f1(rows, true),
  'F1 of unsupported': (rows: readonly Measured[]) => f1(rows, false),
  AUROC: (rows: readonly Measured[]) =>
    auroc(
      rows.filter(({ isSupported }) => isSupported).map(({ judged }) => judged.weight),
      rows.filter(({ isSupported }) => !isSupported).map(({ judged }) => judged.weight),
    ),
  kappa,
} as const
export type Agreement = Readonly<Record<keyof typeof measures, Interval>>

/** Over what was measured; the control over the same claims, drawn together with the judge's verdicts. */
export function agreementOf(compared: readonly Compared[]): Agreement {
  const rows = compared.filter((each): each is Measured => each.judged !== null)
  const entries = Object.entries(measures).map(([name, figure]) => [name, intervalOf(rows, figure)])
  return Object.fromEntries(entries) as Agreement
}

function intervalOf(rows: readonly Measured[], figure: (rows: readonly Measured[]) => number): Interval {
  const value = figure(rows)
  if (Number.isNaN(value)) return null
  const [low, high] = bootstrap(rows, ({ cluster }) => cluster, figure)
  return Number.isNaN(low) ? null : { value, low, high }
}

type Call = (row: Measured) => boolean
const byJudge: Call = ({ judged }) => judged.isSupported
const byWords: Call = ({ control }) => control.isSupported

/** Mean of the shares of both classes that are called right; NaN when one is empty. */
function balanced(rows: readonly Measured[], call: Call): number {
  const rightOf = (label: boolean) =>
    mean(rows.filter(({ isSupported }) => isSupported === label).map((row) => Number(call(row) === label)))
  return (rightOf(true) + rightOf(false)) / 2
}

function f1(rows: readonly Measured[], label: boolean): number {
  const called = rows.filter((row) => byJudge(row) === label).length
  const labelled = rows.filter(({ isSupported }) => isSupported === label).length
  const both = rows.filter((row) => byJudge(row) === label && row.isSupported === label).length
  return labelled === 0 ? Number.NaN : (2 * both) / (called + labelled)
}

/** Agreement beyond what the same shares would agree by chance (Cohen, 1960). */
function kappa(rows: readonly Measured[]): number {
  const labelled = mean(rows.map(({ isSupported }) => Number(isSupported)))
  const called = mean(rows.map((row) => Number(byJudge(row))))
  const agreed = mean(rows.map((row) => Number(byJudge(row) === row.isSupported)))
  const chance = labelled * called + (1 - labelled) * (1 - called)
  return chance === 1 ? Number.NaN : (agreed - chance) / (1 - chance)
}
