// The committed scores that a change is held against: one line per question, so that a diff shows which have changed.
import { z } from 'zod'
import { type Asked, readShaped, type Run, writeWhole } from './record.ts'
import { compared } from './rules.ts'

const SCHEMA = 'footnote-baseline/1'
// Enough to tell a question from its changed self.
const HASH_DIGITS = 12

const shape = z.object({
  schema: z.literal(SCHEMA),
  set: z.object({ file: z.string(), hash: z.string() }),
  questions: z.record(z.string(), z.object({ hash: z.string(), scores: z.record(z.string(), z.number()) })),
})
export type Baseline = z.infer<typeof shape>

/** Of the metrics that are held against it; what was not measured is left out. */
export function baselineOf({ set, questions }: Pick<Run, 'set' | 'questions'>): Baseline {
  const kept = questions.map((asked) => {
    const names = compared.filter((metric) => (asked.scores[metric] ?? null) !== null)
    const scores = Object.fromEntries(names.map((metric) => [metric, asked.scores[metric] ?? 0]))
    return [asked.id, { hash: shortHash(asked), scores }] as const
  })
  return { schema: SCHEMA, set, questions: Object.fromEntries(kept) }
}

export function shortHash({ hash }: Pick<Asked, 'hash'>): string {
  return hash.slice(0, HASH_DIGITS)
}

export async function readBaseline(path: string): Promise<Baseline> {
  return await readShaped(path, shape, 'a baseline: `npm run eval -- gate --update` makes one')
}

export async function writeBaseline(path: string, { schema, set, questions }: Baseline): Promise<void> {
  const lines = Object.entries(questions).map(([id, kept]) => `  ${JSON.stringify(id)}: ${JSON.stringify(kept)}`)
  const head = `"schema": ${JSON.stringify(schema)},\n "set": ${JSON.stringify(set)}`
  await writeWhole(path, `{\n ${head},\n "questions": {\n${lines.join(',\n')}\n }\n}\n`)
}
