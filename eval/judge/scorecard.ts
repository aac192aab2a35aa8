// What is known of a judge: one file per model, parameters and prompts, and whether its figures may gate.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hashOf } from '../cache.ts'
import { grid, percent } from '../figures.ts'
import { readShaped, writeWhole } from '../record.ts'
import { type Identity, identityShape } from './ask.ts'

const SCORECARD = 'footnote-scorecard/1'

const interval = z.object({ value: z.number(), low: z.number(), high: z.number() }).nullable()
const outOf = z.object({ count: z.int(), of: z.int() })
export type OutOf = z.infer<typeof outOf>

const setShape = z.object({
  claims: z.int(),
  unmeasured: z.int(),
  agreement: z.record(z.string(), interval),
  /** label → verdict → claims */
  confusion: z.record(z.string(), z.record(z.string(), z.int())),
})
export type LabelledSet = z.infer<typeof setShape>

const minimumShape = z.object({ what: z.string(), found: z.string(), isMet: z.boolean() })
type Minimum = z.infer<typeof minimumShape>

const scorecardShape = z.object({
  schema: z.literal(SCORECARD),
  judge: identityShape,
  /** null: this set was not given */
  wice: setShape.extend({ flips: outOf.extend({ unmeasured: z.int() }) }).nullable(),
  planted: setShape
    .extend({ caught: z.record(z.string(), outOf), falseAlarms: z.record(z.string(), outOf) })
    .nullable(),
  minimums: z.array(minimumShape),
  mayGate: z.boolean(),
})
export type Scorecard = z.infer<typeof scorecardShape>
export type Sets = Pick<Scorecard, 'wice' | 'planted'>

/** May it gate? Only when every minimum was measured and is met. */
export function scorecardOf(judge: Identity, sets: Sets): Scorecard {
  const minimums = [...wiceMinimums(sets.wice), ...plantedMinimums(sets.planted)]
  return { schema: SCORECARD, judge, ...sets, minimums, mayGate: minimums.every(({ isMet }) => isMet) }
}

// 0.61 is what GPT-4-0613 reached on WiCE in its paper: an older model is the least that a judge has to equal.
const LEAST_F1 = 0.61
const LEAST_CAUGHT = 0.95
const MOST_ALARMS = 0.05
const MOST_FLIPS = 0.05
const MOST_UNMEASURED = 0.02
// All of `claim/dev.jsonl`, and as many sentences and pairs as judge-check takes unless told otherwise: of a few, every
// share is met by luck.
const LEAST_CLAIMS = 349
const LEAST_FLIPPED = 100
const LEAST_SENTENCES = 100

function wiceMinimums(set: Scorecard['wice']): Minimum[] {
  const gain = set?.agreement['balancedAccuracy, judge - words'] ?? null
  const f1 = set?.agreement['F1 of supported'] ?? null
  const flips = set && unsure(set.flips)
  return [
    least('WiCE: claims', set?.claims, LEAST_CLAIMS),
    least('WiCE: claims asked once more, the evidence in the reverse order', flips?.of, LEAST_FLIPPED),
    minimum(
      'WiCE: balanced accuracy above that of the words, its interval clear of 0',
      gain && gain.low > 0,
      show(gain),
    ),
    minimum(`WiCE: F1 of supported at least ${LEAST_F1}`, f1 && f1.value >= LEAST_F1, show(f1)),
    most('WiCE: verdicts that flip with the order of the evidence', flips, MOST_FLIPS),
    most('WiCE: unmeasured', set && { count: set.unmeasured, of: set.claims }, MOST_UNMEASURED),
  ]
}

function plantedMinimums(set: Scorecard['planted']): Minimum[] {
  const caught = set?.caught['ALL']
  const isCaught = caught && caught.of > 0 && caught.count >= LEAST_CAUGHT * caught.of
  // Every sentence is asked about as it is, too.
  const asked = set && Object.values(set.confusion['verbatim'] ?? {}).reduce((sum, count) => sum + count, 0)
  return [
    least('planted errors: sentences', asked, LEAST_SENTENCES),
    minimum(`planted errors: at least ${percent(LEAST_CAUGHT)} caught`, isCaught ?? null, caught && share(caught)),
    most('planted errors: unharmed sentences not called supported', set?.falseAlarms['verbatim'], MOST_ALARMS),
    most('planted errors: reworded sentences not called supported', set?.falseAlarms['reworded'], MOST_ALARMS),
    most('planted errors: unmeasured', set && { count: set.unmeasured, of: set.claims }, MOST_UNMEASURED),
  ]
}

/** A pair of which a verdict is missing may have flipped as well. */
function unsure({ count, of, unmeasured }: NonNullable<Scorecard['wice']>['flips']): OutOf {
  return { count: count + unmeasured, of: of + unmeasured }
}

function least(what: string, found: number | null | undefined, limit: number): Minimum {
  return minimum(
    `${what}, at least ${limit}`,
    found === undefined || found === null ? null : found >= limit,
    found?.toString(),
  )
}

function most(what: string, found: OutOf | null | undefined, limit: number): Minimum {
  const isMet = found ? found.of > 0 && found.count <= limit * found.of : null
  return minimum(`${what}, at most ${percent(limit)}`, isMet, found ? share(found) : undefined)
}

function minimum(what: string, isMet: boolean | null, found = 'not measured'): Minimum {
  return { what, found, isMet: isMet ?? false }
}

function share({ count, of }: OutOf): string {
  return `${count}/${of} (${percent(count / of, 1)})`
}

function show(found: z.infer<typeof interval>): string | undefined {
  return found ? `${found.value.toFixed(3)} [${found.low.toFixed(3)}, ${found.high.toFixed(3)}]` : undefined
}

export function scorecardTable({ wice, planted, minimums, mayGate }: Scorecard): string[] {
  return [
    ...(wice ? setTable('WiCE', wice) : []),
    ...(planted ? setTable('planted errors', planted) : []),
    ...(planted ? errorTable(planted) : []),
    ...grid(minimums.map(({ what, found, isMet }) => [what, found, isMet ? 'met' : 'NOT MET'])),
    '',
    mayGate ? 'This judge may gate.' : 'This judge may not gate.',
  ]
}

function setTable(name: string, { claims, unmeasured, agreement, confusion }: LabelledSet): string[] {
  const verdicts = [...new Set(Object.values(confusion).flatMap((row) => Object.keys(row)))]
  return [
    `${name}: ${claims} claims, ${unmeasured} unmeasured`,
    ...grid(Object.entries(agreement).map(([measure, found]) => [measure, show(found) ?? '–'])),
    '',
    ...grid([
      ['label', ...verdicts],
      ...Object.entries(confusion).map(([label, row]) => [label, ...verdicts.map((each) => String(row[each] ?? 0))]),
    ]),
    '',
  ]
}

function errorTable({ caught, falseAlarms }: NonNullable<Scorecard['planted']>): string[] {
  const rows = [
    ...Object.entries(caught).map(([kind, found]) => [`caught: ${kind}`, share(found)]),
    ...Object.entries(falseAlarms).map(([kind, found]) => [`false alarm: ${kind}`, share(found)]),
  ]
  return [...grid(rows), '']
}

/** A file of its own for every judge, named after the model for whoever looks into the folder. */
export function scorecardPath(folder: string, judge: Identity): string {
  const model = judge.model.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-')
  const { parameters, prompts } = judge
  return join(folder, `${model}.${hashOf(JSON.stringify([judge.model, parameters, prompts])).slice(0, 12)}.json`)
}

export async function writeScorecard(path: string, scorecard: Scorecard): Promise<void> {
  await writeWhole(path, `${JSON.stringify(scorecard, null, 1)}\n`)
}

/** One sentence for beside the figures of a judge. */
export async function standingOf(folder: string, judge: Identity): Promise<string> {
  const path = scorecardPath(folder, judge)
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (!isThere)
    return `${judge.model} with these prompts was not checked (npm run eval -- judge-check): for information only.`
  const { mayGate } = await readShaped(path, scorecardShape, 'a scorecard of `npm run eval -- judge-check`')
  return mayGate
    ? `${judge.model} with these prompts was checked and may gate: ${path}.`
    : `${judge.model} with these prompts was checked and may not gate: for information only. ${path} says why.`
}
