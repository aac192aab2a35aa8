// A run as one JSON file: what was asked, found, answered and scored, and what it was made with.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'
import { readText } from './questions.ts'

const span = z.object({ start: z.int(), end: z.int() })

// Files are called as the set calls them: below the folder of the library, the same on every machine.
const passage = z.object({
  n: z.int(),
  file: z.string(),
  title: z.string(),
  headings: z.array(z.string()),
  span,
  score: z.number(),
  text: z.string(),
})

const citation = z.object({
  n: z.int(),
  passage: z.int(),
  file: z.string(),
  title: z.string(),
  headings: z.array(z.string()),
  span,
  quote: z.string(),
  /** the stored text of its revision has these words at its span */
  isValid: z.boolean(),
  /** its span lies inside of its passage */
  isInPassage: z.boolean(),
})

const verdicts = ['verbatim', 'supported', 'partial', 'unsupported', 'unchecked'] as const

/** What became of a question, in all that does not differ from one time to the next. */
export const outcomeShape = z.object({
  query: z.string(),
  status: z.enum(['answered', 'abstained', 'stopped']),
  reason: z.string().nullable(),
  missing: z.array(z.string()),
  confidence: z.number().nullable(),
  answer: z.string(),
  statements: z.array(span.extend({ verdict: z.enum(verdicts), citations: z.array(z.int()) })),
  citations: z.array(citation),
  passages: z.array(passage),
  /** only the five best are known, as of a refusal over HTTP; left out otherwise */
  isCut: z.literal(true).optional(),
  /** where the listed places stand in the learned texts; null when one was not found there */
  evidence: z.array(span.extend({ text: z.string() })).nullable(),
  /** of all calls to a model for it; left out where none was asked */
  usage: z.object({ inputTokens: z.number(), outputTokens: z.number(), costUsd: z.number() }).optional(),
})
export type Outcome = z.infer<typeof outcomeShape>

export const timesShape = z.object({ retrieve: z.number(), firstText: z.number(), total: z.number() })
export type TimesMs = z.infer<typeof timesShape>

const listed = z.object({
  file: z.string(),
  lines: z.tuple([z.int(), z.int()]),
  text: z.string(),
})

const asked = z.object({
  id: z.string(),
  kind: z.string(),
  /** questions that err together: see docs/evaluation.md */
  cluster: z.string(),
  /** of the question as the set has it: only equal ones are compared */
  hash: z.string(),
  answerable: z.boolean(),
  question: z.string(),
  history: z.array(z.object({ question: z.string(), answer: z.string() })),
  facts: z.array(z.array(z.string())),
  places: z.array(listed),
  /** null: it could not be answered, for this reason */
  fault: z.string().nullable(),
  outcome: outcomeShape.nullable(),
  /** of each passage, in order, and of each citation: the listed places (from 0) whose words it has */
  held: z.object({ passages: z.array(z.array(z.int())), citations: z.array(z.array(z.int())) }),
  /** by name of the metric; null: not measured, which is never counted as 0 */
  scores: z.record(z.string(), z.number().nullable()),
})
export type Asked = z.infer<typeof asked>

const RUN = 'footnote-run/1'

const runShape = z.object({
  schema: z.literal(RUN),
  name: z.string(),
  set: z.object({ file: z.string(), hash: z.string() }),
  /** null of a server: it does not say */
  library: z.object({ folder: z.string(), hash: z.string().nullable() }),
  environment: z.object({ node: z.string(), commit: z.string().nullable(), product: z.string().nullable() }),
  options: z.record(z.string(), z.string()),
  questions: z.array(asked),
  /** last, and alone in differing between two runs of the same: milliseconds, by question */
  timingsMs: z.record(z.string(), timesShape),
})
export type Run = z.infer<typeof runShape>

export function newRun(parts: Omit<Run, 'schema'>): Run {
  return { schema: RUN, ...parts }
}

export async function writeRun(path: string, run: Run): Promise<void> {
  await writeWhole(path, `${JSON.stringify(run, null, 1)}\n`)
}

export async function readRun(path: string): Promise<Run> {
  return await readShaped(path, runShape, 'a run of `npm run eval`')
}

/** Throws InputError that names the file, and what it should be. */
export async function readShaped<T>(path: string, shape: z.ZodType<T>, what: string): Promise<T> {
  const text = await readText(path)
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : []
    throw new InputError(
      'unreadable',
      `${path} is not ${what}${issue ? ` (${issue.path.join('.')}: ${issue.message})` : ''}.`,
    )
  }
}

/** Whole or not at all: a run that is cut leaves no half of a file behind. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.new`
  await writeFile(draft, text)
  await rename(draft, path)
}
