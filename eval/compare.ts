// npm run eval -- compare <run A> <run B>: what is better in B and what is worse, and whether chance alone would do that.
import { InputError } from '../core/errors.ts'
import type { RunCommand } from './command.ts'
import { type Compared, type Difference, differenceOf, directionOf, plus, signed, testGated } from './differences.ts'
import { grid } from './figures.ts'
import { type Asked, readRun, type Run } from './record.ts'
import { margins } from './rules.ts'
import { quantile } from './stats.ts'

export const compare: RunCommand = async ([pathA, pathB, ...rest]) => {
  if (!pathA || !pathB || rest.length > 0)
    throw new InputError('usage', 'npm run eval -- compare <run> <run>: give the files of two runs.')
  return [compareRuns(await readRun(pathA), await readRun(pathB)), 0]
}

type Both = Compared & { readonly before: Asked; readonly after: Asked }

/** Throws InputError when the runs are not of one set. */
export function compareRuns(a: Run, b: Run): string[] {
  if (a.set.hash !== b.set.hash)
    throw new InputError(
      'other-set',
      `${a.name} and ${b.name} are of different sets (${a.set.file} ${a.set.hash.slice(0, 12)}, ${b.set.file} ${b.set.hash.slice(0, 12)}): only runs of one set can be compared.`,
    )
  const questions = pair(a, b)
  if (questions.length === 0) throw new InputError('other-set', `${a.name} and ${b.name} have no question in common.`)
  const left = [a, b].map((run) => run.questions.length - questions.length)
  return [
    `A  ${describe(a)}`,
    `B  ${describe(b)}`,
    ...otherLibraries(a, b),
    `${questions.length} questions are compared; left out, as the other run lacks them, has them in other words or has no answer: ${left[0]} of A, ${left[1]} of B`,
    '',
    ...metricsTable(questions, [a, b]),
    '',
    ...kindsTable(questions),
    '',
    ...flips(questions),
  ]
}

/** What differs may then be the documents' doing. */
function otherLibraries({ library: a }: Run, { library: b }: Run): string[] {
  if (a.hash !== null && a.hash === b.hash) return []
  const [first, second] = [a, b].map(({ folder, hash }) => `${folder} (${hash?.slice(0, 12) ?? 'as a server has it'})`)
  return [`The documents are not known to be the same: A has ${first}, B has ${second}.`]
}

/** Equal by id and by content, and answered in both runs. */
function pair(a: Run, b: Run): Both[] {
  const byId = new Map(b.questions.map((asked) => [asked.id, asked]))
  return a.questions.flatMap((before) => {
    const after = byId.get(before.id)
    const isPair = after?.hash === before.hash && before.outcome && after.outcome
    return isPair ? [{ id: before.id, cluster: before.cluster, a: before.scores, b: after.scores, before, after }] : []
  })
}

function describe({ name, options, environment }: Run): string {
  const chosen = Object.entries(options).map(([option, value]) => `--${option} ${value}`)
  const { commit, product } = environment
  return [name, `commit ${commit?.slice(0, 12) ?? '–'}`, `product ${product?.slice(0, 12) ?? '–'}`, ...chosen].join(
    ' · ',
  )
}

function metricsTable(questions: readonly Both[], runs: readonly Run[]): string[] {
  const names = [...new Set(questions.flatMap(({ a, b }) => [...Object.keys(a), ...Object.keys(b)]))]
  const all = names.flatMap((metric) => differenceOf(metric, questions) ?? [])
  const adjusted = new Map(testGated(all.filter(isGated)).map(({ metric, adjustedP }) => [metric, adjustedP]))
  const heads = ['', 'n', 'A', 'B', 'B − A', 'p', 'p (Holm)', 'better', 'worse', 'p (McNemar)', 'detectable']
  const rows = all.map((each) => [
    each.metric,
    String(each.n),
    each.a.toFixed(3),
    each.b.toFixed(3),
    signed(each, 0.05),
    each.p.toFixed(4),
    adjusted.get(each.metric)?.toFixed(4) ?? '',
    directionOf(each.metric) ? String(each.won) : '',
    directionOf(each.metric) ? String(each.lost) : '',
    each.exactP?.toFixed(4) ?? '',
    each.sd > 0 ? each.detectable.toFixed(3) : '–',
  ])
  return grid([heads, ...rows, ...timesOf(questions, runs)])
}

function isGated({ metric }: Difference): boolean {
  return metric in margins
}

function timesOf(questions: readonly Both[], runs: readonly Run[]): string[][] {
  const median = ({ timingsMs }: Run, part: 'retrieve' | 'total') => {
    const known = questions.flatMap(({ id }) => timingsMs[id]?.[part] ?? [])
    return known.length === 0 ? '–' : quantile(known, 0.5).toFixed(1)
  }
  const blank = Array.from({ length: 7 }, () => '')
  return (['retrieve', 'total'] as const).map((part) => [
    `${part}, p50 ms`,
    '',
    ...runs.map((run) => median(run, part)),
    ...blank,
  ])
}

/** Few questions each, so differences and counts, and no interval that would claim more. */
function kindsTable(questions: readonly Both[]): string[] {
  const names = Object.keys(margins).filter((metric) => differenceOf(metric, questions))
  const kinds = [...Map.groupBy(questions, ({ before }) => before.kind)].sort(([a], [b]) => (a < b ? -1 : 1))
  const rows = kinds.map(([kind, of]) => [
    kind,
    String(of.length),
    ...names.map((metric) => briefly(differenceOf(metric, of))),
  ])
  return grid([['B − A (better : worse)', 'n', ...names], ...rows])
}

function briefly(found: Difference | null): string {
  return found ? `${plus(found.difference)} (${found.won} : ${found.lost})` : ''
}

const SHOWN = 20

function flips(questions: readonly Both[]): string[] {
  const flipped = questions
    .map((each) => ({ ...each, changes: changesOf(each) }))
    .filter(({ changes }) => changes.length > 0)
    .map((each) => ({ ...each, gain: each.changes.reduce((sum, { gain }) => sum + gain, 0) }))
    .sort((a, b) => a.gain - b.gain || (a.id < b.id ? -1 : 1))
  if (flipped.length === 0) return ['No question has changed.']
  const lines = flipped
    .slice(0, SHOWN)
    .flatMap(({ before, changes }) => [
      `${before.id} (${before.kind}): ${before.question}`,
      `    ${changes.map(({ metric, from, to }) => `${metric} ${round(from)} → ${round(to)}`).join(', ')}`,
    ])
  const rest = flipped.length - SHOWN
  return [
    `${flipped.length} questions have changed, the worst first:`,
    ...lines,
    ...(rest > 0 ? [`… ${rest} more`] : []),
  ]
}

/** Of the metrics that are gated: others move with them. */
function changesOf({ a, b }: Both) {
  return Object.keys(margins).flatMap((metric) => {
    const [from, to] = [a[metric] ?? null, b[metric] ?? null]
    if (from === to) return []
    return [{ metric, from, to, gain: ((to ?? 0) - (from ?? 0)) * (directionOf(metric) ?? 0) }]
  })
}

function round(score: number | null): string {
  return score === null ? '–' : String(Math.round(score * 100) / 100)
}
