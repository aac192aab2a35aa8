// The fit of the evidence: does this library answer this question?
import type { Passage } from '../../core/types.ts'
import { evidenceFeatures, evidenceIn, evidenceModel, weigh } from '../../server/answer/evidence.ts'
import type { Found } from '../../server/answer/retrieve.ts'
import { halfOf } from '../command.ts'
import { figureOf, type Measure, type Row, shareOf } from '../figures.ts'
import { type Example, fitLogistic } from '../fit.ts'
import { auroc } from '../score/auroc.ts'
import { beforeAfter, rounded, sourceOf, weightTable } from './table.ts'

/** A question, what was found for it, and whether that should be enough. */
export type Asked = Row & {
  readonly set: string
  readonly question: string
  readonly answerable: boolean
  readonly found: Found
  readonly passages: readonly Passage[]
}

type Model = typeof evidenceModel

/** Lines: per set its figures before and after on both halves, then the weights. The threshold goes by the first set. */
export function fitEvidence(asked: readonly Asked[], ridge: number): string[] {
  const train = asked.filter(({ id, found }) => halfOf(id) === 'a' && found.candidates.length > 0)
  const { weights, bias } = fitLogistic(examplesOf(train), ridge)
  const before = evidenceModel
  const fitted: Model = { weights: weights.map(rounded), bias: rounded(bias), enough: before.enough }
  const judged = [before, fitted].map((model) => judgeAll(asked, model)) as [Judged[], Judged[]]
  const sets = [...new Set(asked.map(({ set }) => set))]
  const chosen = judged.map((rows) => chooseThreshold(rows.filter(({ set }) => set === sets[0])))
  const [was, is] = judged.map((rows, at) => rows.map((row) => decide(row, before.enough, chosen[at] ?? 0)))
  return [
    `Evidence: ${train.length} questions of half a, every set and either class of it weighing the same; ridge ${ridge}`,
    ...sets.flatMap((set) => {
      const own = (rows: readonly Decided[] = []) => rows.filter((row) => row.set === set)
      return beforeAfter(set, own(was), own(is), measures(before.enough))
    }),
    `chosen threshold (at most ${MOST_REFUSED * 100} % of the answerable ones of the set's half a refused): ${chosen.map(String).join(' before, ')} after`,
    ...weightTable([...evidenceFeatures, 'bias'], [...before.weights, before.bias], [...fitted.weights, fitted.bias]),
    sourceOf('evidenceWeights', fitted.weights),
    `export const evidenceBias = ${fitted.bias}`,
  ]
}

/** Sets differ in size and in how many of their questions can be answered: neither is to decide. */
function examplesOf(asked: readonly Asked[]): Example[] {
  const classOf = ({ set, answerable }: Asked) => `${set} ${answerable}`
  const classes = Map.groupBy(asked, classOf)
  return asked.map((each) => ({
    features: evidenceIn(each.found, each.passages),
    label: each.answerable ? 1 : 0,
    weight: asked.length / classes.size / (classes.get(classOf(each))?.length ?? 1),
  }))
}

type Judged = Row & {
  readonly set: string
  readonly answerable: boolean
  readonly confidence: number
  /** refused whatever the threshold: by a rule that stands beside the model, or because nothing was found */
  readonly ruledOut: boolean
}

function judgeAll(asked: readonly Asked[], model: Model): Judged[] {
  return asked.map(({ id, cluster, set, answerable, question, found, passages }) => {
    const { type, confidence } = weigh(found, passages, question, { ...model, enough: 0 })
    return { id, cluster, set, answerable, confidence, ruledOut: type === 'too-weak' }
  })
}

const MOST_REFUSED = 0.03

/**
 * The largest threshold, to three decimals, at which at most `MOST_REFUSED` of the answerable rows of half a are
 * refused; 0 when the rules alone refuse more.
 */
export function chooseThreshold(rows: readonly Omit<Judged, 'set' | 'cluster'>[]): number {
  const answerable = rows.filter((row) => row.answerable && halfOf(row.id) === 'a')
  const left = answerable.filter(({ ruledOut }) => !ruledOut).map(({ confidence }) => confidence)
  const room = Math.floor(answerable.length * MOST_REFUSED) - (answerable.length - left.length)
  const limit = room < 0 ? 0 : (left.sort((a, b) => a - b)[room] ?? 0)
  return Math.floor(limit * 1000) / 1000
}

type Decided = Judged & { readonly refused: boolean; readonly refusedAtChosen: boolean }

function decide(row: Judged, current: number, chosen: number): Decided {
  const isRefused = (threshold: number) => row.ruledOut || row.confidence < threshold
  return { ...row, refused: isRefused(current), refusedAtChosen: isRefused(chosen) }
}

function measures(current: number): Measure<Decided>[] {
  const refusals = (at: string, isRefused: (row: Decided) => boolean): Measure<Decided>[] => [
    [`unanswerable refused at ${at}`, shareOf(({ answerable }) => !answerable, isRefused)],
    [`answerable wrongly refused at ${at}`, shareOf(({ answerable }) => answerable, isRefused)],
  ]
  return [
    ['AUROC', figureOf(told)],
    ...refusals(String(current), ({ refused }) => refused),
    ...refusals('the chosen threshold', ({ refusedAtChosen }) => refusedAtChosen),
  ]
}

function told(rows: readonly Decided[]): number {
  const [high, low] = [true, false].map((side) =>
    rows.filter(({ answerable }) => answerable === side).map(({ confidence }) => confidence),
  )
  return auroc(high ?? [], low ?? [])
}
