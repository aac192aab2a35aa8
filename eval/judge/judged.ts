// What a judge made of a run, as figures that say of how much they are, and as one JSON file.
import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import { figureOf, grid, percent } from '../figures.ts'
import { hashOf } from '../cache.ts'
import type { Run } from '../record.ts'
import { mean } from '../stats.ts'
import { type Identity, identityShape } from './ask.ts'
import { supportShape, verdictShape, weights } from './support.ts'

const JUDGED = 'footnote-judged/1'
// Above this share of missing verdicts, those that are missing could decide a comparison.
const MOST_UNMEASURED = 0.02

const score = z.number().nullable()

const question = z.object({
  id: z.string(),
  cluster: z.string(),
  /** `claim` null: the statement was not split; `verdict` null: unmeasured */
  claims: z.array(z.object({ statement: z.int(), claim: z.string().nullable(), verdict: verdictShape.nullable() })),
  /** of each statement: `weight` of the best verdict on this citation alone, `isNeeded` as in ALCE; null: unmeasured */
  citations: z.array(z.object({ statement: z.int(), n: z.int(), isNeeded: z.boolean().nullable(), weight: score })),
  facts: z.array(z.object({ wordings: z.array(z.string()), support: supportShape.nullable() })),
  /** by name of the figure; null: nothing to measure, or unmeasured */
  scores: z.record(z.string(), score),
})
type Question = z.infer<typeof question>

const judgedShape = z.object({
  schema: z.literal(JUDGED),
  run: z.object({ name: z.string(), hash: z.string() }),
  judge: identityShape,
  questions: z.array(question),
})
export type Judged = z.infer<typeof judgedShape>

/** What is counted one by one; null could not be measured, and is in neither part of the share. */
type Counted = readonly (number | null)[]

type Figure = {
  readonly score: string
  readonly name: string
  readonly unit: 'claims' | 'citations' | 'facts' | 'answers'
  readonly count: (question: Pick<Question, 'claims' | 'citations' | 'facts'>) => Counted
}

export const measures: readonly Figure[] = [
  {
    score: 'judgeRecallStrict',
    name: 'citation recall, strict',
    unit: 'claims',
    count: ({ claims }) => claims.map(({ verdict }) => verdict && Number(verdict.support === 'full')),
  },
  {
    score: 'judgeRecallWeighted',
    name: 'citation recall, weighted',
    unit: 'claims',
    count: ({ claims }) => claims.map(({ verdict }) => verdict && weights[verdict.support]),
  },
  {
    score: 'judgePrecisionStrict',
    name: 'citation precision, strict',
    unit: 'citations',
    count: ({ citations }) => citations.map(({ isNeeded }) => (isNeeded === null ? null : Number(isNeeded))),
  },
  {
    score: 'judgePrecisionWeighted',
    name: 'citation precision, weighted',
    unit: 'citations',
    count: ({ citations }) => citations.map(({ weight }) => weight),
  },
  {
    score: 'judgeContradicted',
    name: 'contradiction rate',
    unit: 'claims',
    count: ({ claims }) => claims.map(({ verdict }) => verdict && Number(verdict.contradicted)),
  },
  {
    score: 'judgeUnsupportedAnswer',
    name: 'answers with an unsupported claim',
    unit: 'answers',
    count: ({ claims }) => (claims.length === 0 ? [] : [hasUnsupported(claims)]),
  },
  {
    score: 'judgeNuggetsStrict',
    name: 'nugget recall, strict',
    unit: 'facts',
    count: ({ facts }) => facts.map(({ support }) => support && Number(support === 'full')),
  },
  {
    score: 'judgeNuggetsWeighted',
    name: 'nugget recall, weighted',
    unit: 'facts',
    count: ({ facts }) => facts.map(({ support }) => support && weights[support]),
  },
]

/** One claim that is known to stand nowhere is enough, whatever is not known of the others. */
function hasUnsupported(claims: Question['claims']): number | null {
  if (claims.some(({ verdict }) => verdict?.support === 'none')) return 1
  return claims.some(({ verdict }) => verdict === null) ? null : 0
}

/** The verdicts on a run, with the scores of each question: the mean of what was measured of it. */
export function judgedOf(run: Run, judge: Identity, questions: readonly Omit<Question, 'scores'>[]): Judged {
  return {
    schema: JUDGED,
    run: { name: run.name, hash: hashOf(JSON.stringify(run)) },
    judge,
    questions: questions.map((each) => ({
      ...each,
      scores: Object.fromEntries(measures.map(({ score, count }) => [score, shareOf(count(each))])),
    })),
  }
}

function shareOf(counted: Counted): number | null {
  const measured = counted.filter((each) => each !== null)
  return measured.length === 0 ? null : mean(measured)
}

/** The same run with the judge's scores beside its own, so that it can be compared like any other. */
export function withScores(run: Run, { questions }: Judged): Run {
  const scores = new Map(questions.map((each) => [each.id, each.scores]))
  return {
    ...run,
    questions: run.questions.map((each) => ({ ...each, scores: { ...each.scores, ...scores.get(each.id) } })),
  }
}

/** Every figure over all that was counted, of every question: a long answer counts for more than a short one. */
export function judgedTable({ questions }: Judged): string[] {
  return grid([
    ['', '', 'of', 'unmeasured'],
    ...measures.map(({ name, unit, count }) => {
      const rows = questions.map((each) => ({ id: each.id, cluster: each.cluster, counted: count(each) }))
      const all = rows.flatMap(({ counted }) => counted)
      const missing = all.filter((each) => each === null).length
      const figure = figureOf<(typeof rows)[number]>(
        (drawn) => shareOf(drawn.flatMap(({ counted }) => counted)) ?? Number.NaN,
      )
      return [name, figure(rows), `${all.length - missing} ${unit}`, String(missing)]
    }),
  ])
}

/** Throws AppError `unmeasured` where too much is missing for the figures to stand for the run. */
export function expectMeasured({ questions }: Judged): void {
  const cells = {
    claims: questions.flatMap(({ claims }) => claims.map(({ verdict }) => verdict)),
    citations: questions.flatMap(({ citations }) => citations.map(({ isNeeded }) => isNeeded)),
    facts: questions.flatMap(({ facts }) => facts.map(({ support }) => support)),
  }
  for (const [unit, all] of Object.entries(cells)) expectFew(unit, all)
}

function expectFew(unit: string, all: readonly unknown[]): void {
  const missing = all.filter((each) => each === null).length
  if (missing <= MOST_UNMEASURED * all.length) return
  throw new AppError(
    'unmeasured',
    `${missing} of ${all.length} ${unit} (${percent(missing / all.length, 1)}) have no verdict that can be used, more than ${percent(MOST_UNMEASURED)}: these figures do not stand for the run.`,
  )
}
