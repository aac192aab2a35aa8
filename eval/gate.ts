// npm run eval -- gate: is it worse than the baseline? Decided on intervals, question by question, with the reasons.
import { access } from 'node:fs/promises'
import { InputError } from '../core/errors.ts'
import { type Baseline, baselineOf, readBaseline, shortHash, writeBaseline } from './baseline.ts'
import { type RunCommand, say } from './command.ts'
import { type Compared, differenceOf, directionOf, plus, signed, type Tested, testGated } from './differences.ts'
import { grid } from './figures.ts'
import type { Asked, Run } from './record.ts'
import { always, bounds, compared, margins, MISSING } from './rules.ts'
import { keepRun, runSet } from './set.ts'

const BASELINE = 'eval/baseline.json'

export const gate: RunCommand = async (files, paths, options, learn, signal) => {
  if (files.length > 0) throw new InputError('usage', `The gate takes no file but --baseline: ${files.join(', ')}.`)
  const { baseline: path = BASELINE, update = false } = options
  // Told before a minute is spent on answers.
  const baseline = update ? null : await findBaseline(path)
  const run = await runSet(paths, options, learn, signal)
  await keepRun(run, options)
  if (!baseline) return await updateBaseline(path, run)
  const { lines, reasons } = judge(run, baseline)
  return reasons.length === 0
    ? [[...lines, '', 'Not worse than the baseline.'], 0]
    : [[...lines, '', 'Worse than the baseline:', ...reasons.map((reason) => `- ${reason}`)], 1]
}

async function findBaseline(path: string): Promise<Baseline> {
  await access(path).catch(() => {
    throw new InputError('unreadable', `There is no ${path}: npm run eval -- gate --update makes one.`)
  })
  return await readBaseline(path)
}

/** What must always hold must hold of a baseline. */
async function updateBaseline(path: string, run: Run): Promise<readonly [string[], number]> {
  const reasons = faultsOf(run.questions)
  if (reasons.length > 0) return [['No baseline can be made of this run:', ...reasons.map((each) => `- ${each}`)], 1]
  await writeBaseline(path, baselineOf(run))
  say(`The baseline is in ${path}`)
  return [[`${run.questions.length} questions are the baseline now.`], 0]
}

export type Judgement = { readonly lines: readonly string[]; readonly reasons: readonly string[] }

export function judge(run: Pick<Run, 'set' | 'questions'>, baseline: Baseline): Judgement {
  const questions = run.questions.flatMap((asked): Compared[] => {
    const kept = baseline.questions[asked.id]
    return kept?.hash === shortHash(asked) ? [{ ...asked, a: kept.scores, b: asked.scores }] : []
  })
  const tested = testGated(compared.flatMap((metric) => differenceOf(metric, questions) ?? []))
  const reasons = [
    ...faultsOf(run.questions),
    ...mismatchesOf(run, baseline, questions.length),
    ...missingOf(questions),
    ...tested.flatMap((each) => lossOf(each) ?? []),
  ]
  return { lines: tableOf(tested), reasons }
}

function faultsOf(questions: readonly Asked[]): string[] {
  const failed = questions.filter(({ fault }) => fault !== null)
  const unscored = failed.length === 0 ? [] : [`unscored: ${failed.length} questions (${named(failed)})`]
  return [...unscored, ...always.flatMap((metric) => breachOf(metric, questions) ?? [])]
}

function breachOf(metric: string, questions: readonly Asked[]): string | null {
  const measured = questions.filter(({ scores }) => (scores[metric] ?? null) !== null)
  if (measured.length === 0) return `${metric}: measured on no question`
  const broken = measured.filter(({ scores }) => scores[metric] !== 1)
  return broken.length === 0 ? null : `${metric}: below 1 on ${broken.length} questions (${named(broken)})`
}

function mismatchesOf(run: Pick<Run, 'set' | 'questions'>, baseline: Baseline, compared: number): string[] {
  const [asked, kept] = [run.questions.length, Object.keys(baseline.questions).length]
  if (run.set.hash === baseline.set.hash && asked === compared && kept === compared) return []
  return [
    `the set is not that of the baseline: ${compared} questions are in both, ${asked - compared} only in the set, ${kept - compared} only in the baseline. If that is meant: npm run eval -- gate --update`,
  ]
}

function missingOf(questions: readonly Compared[]): string[] {
  return compared.flatMap((metric) => {
    const measured = questions.filter(({ a }) => (a[metric] ?? null) !== null)
    // A refusal has no text to measure, and counts as a refusal.
    const lost = measured.filter(({ b }) => (b[metric] ?? null) === null && b['refused'] !== 1)
    return lost.length > MISSING * measured.length
      ? [`${metric}: not measured any more on ${lost.length} of ${measured.length} questions`]
      : []
  })
}

/** Worse beyond chance, or possibly worse by more than the margin. No difference at all is neither. */
function lossOf(tested: Tested): string | null {
  const { metric, interval, level, won, lost } = tested
  if (metric in bounds) return riseOf(tested)
  const sign = directionOf(metric) || 1
  const margin = margins[metric] ?? 0
  const ends = interval(level).map((end) => end * sign)
  const [worst, best] = [Math.min(...ends), Math.max(...ends)]
  const flips = `${won} questions better, ${lost} worse`
  if (best < 0) return `${metric}: worse, ${signed(tested, level)} (${flips})`
  return worst < -margin
    ? `${metric}: a loss beyond ${margin} cannot be ruled out, ${signed(tested, level)} (${flips})`
    : null
}

/** To say more is no fault, unless it may be more by more than the bound. */
function riseOf(tested: Tested): string | null {
  const { metric, interval, level } = tested
  const bound = bounds[metric] ?? 0
  return interval(level)[1] > bound
    ? `${metric}: a rise beyond ${bound} cannot be ruled out, ${signed(tested, level)}`
    : null
}

/** The worst difference that is borne, as the table shows it. */
function limitOf(metric: string): number {
  return bounds[metric] ?? -(directionOf(metric) || 1) * (margins[metric] ?? 0)
}

function tableOf(tested: readonly Tested[]): string[] {
  const heads = ['', 'n', 'baseline', 'now', 'difference', 'p (Holm)', 'better', 'worse', 'limit', 'detectable', '']
  const rows = tested.map((each) => [
    each.metric,
    String(each.n),
    each.a.toFixed(3),
    each.b.toFixed(3),
    signed(each, each.level),
    each.adjustedP.toFixed(4),
    each.metric in bounds ? '' : String(each.won),
    each.metric in bounds ? '' : String(each.lost),
    plus(limitOf(each.metric)),
    each.sd > 0 ? each.detectable.toFixed(3) : '–',
    lossOf(each) === null ? 'ok' : 'WORSE',
  ])
  return grid([heads, ...rows])
}

const NAMED = 5

function named(questions: readonly Asked[]): string {
  const ids = questions.slice(0, NAMED).map(({ id }) => id)
  return [...ids, ...(questions.length > NAMED ? ['…'] : [])].join(', ')
}
