// npm run eval -- wice <folder>: the check of support against people's labels (WiCE, Kamoi et al., 2023: claims of
// Wikipedia with the articles they cite, each labelled supported, partially_supported or not_supported).
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'
import { queryTerms, words } from '../core/terms.ts'
import type { Passage } from '../core/types.ts'
import { createGrounds } from '../server/answer/ground.ts'
import { aurocWithInterval } from './score/auroc.ts'

const shape = z.object({
  label: z.enum(['supported', 'partially_supported', 'not_supported']),
  claim: z.string(),
  evidence: z.array(z.string()),
  meta: z.object({ id: z.string(), claim_title: z.string() }),
})
type Labelled = z.infer<typeof shape>

type Judged = {
  readonly label: Labelled['label']
  readonly id: string
  readonly title: string
  readonly verdict: string
  readonly score: number
  /** the control: share of the claim's words that stand anywhere in the article */
  readonly anywhere: number
}

/** The table as lines. Reads `claim/dev.jsonl` of the folder. Throws InputError that names the line. */
export async function wice(folder: string): Promise<string[]> {
  const path = join(folder, 'claim', 'dev.jsonl')
  const text = await readFile(path, 'utf8').catch(() => {
    throw new InputError('unreadable', `${path} cannot be read: WiCE's folder of claims is expected there.`)
  })
  const judged = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => judge(parse(line, index + 1)))
  return [...scoreLines(judged), '', ...verdictLines(judged)]
}

function parse(line: string, number: number): Labelled {
  const parsed = shape.safeParse(JSON.parse(line))
  if (!parsed.success) throw new InputError('bad-case', `claim/dev.jsonl, line ${number}: ${parsed.error.message}`)
  return parsed.data
}

/** As in an answer: the claim names its article, the words that back it best are cited, and these words judge it. */
function judge({ label, claim, evidence, meta }: Labelled): Judged {
  const passage = articleOf(meta.claim_title, evidence.join('\n'))
  const grounds = createGrounds([passage])
  const { verdict, score } = grounds.judge(claim, grounds.lock(claim, 1))
  const held = new Set(words(passage.text).map(({ term }) => term))
  const wanted = queryTerms(claim)
  const anywhere = wanted.filter((term) => held.has(term)).length / Math.max(1, wanted.length)
  return { label, id: meta.id, title: meta.claim_title, verdict, score, anywhere }
}

function articleOf(title: string, text: string): Passage {
  const document = { id: 'doc', title, source: title, url: null, revision: '1', publishedAt: null }
  return { n: 1, document, headings: [], span: { start: 0, end: text.length }, text, score: 1 }
}

function scoreLines(judged: readonly Judged[]): string[] {
  const halves = {
    all: judged,
    'half a': judged.filter(({ id }) => isInHalfA(id)),
    'half b': judged.filter(({ id }) => !isInHalfA(id)),
  }
  const scores: readonly (readonly [string, (each: Judged) => number])[] = [
    ['the check', ({ score }) => score],
    ['control: words anywhere', ({ anywhere }) => anywhere],
  ]
  return [
    'AUROC [95 % interval]          supported against the rest   … partially supported   … not supported',
    ...scores.flatMap(([name, scoreOf]) =>
      Object.entries(halves).map(
        ([half, cases]) =>
          `${`${name}, ${half}`.padEnd(32)} ${[
            ['partially_supported', 'not_supported'],
            ['partially_supported'],
            ['not_supported'],
          ]
            .map((against) => cell(cases, against, scoreOf).padEnd(24))
            .join(' ')}`,
      ),
    ),
  ]
}

function cell(judged: readonly Judged[], against: readonly string[], scoreOf: (each: Judged) => number): string {
  const graded = judged
    .filter(({ label }) => label === 'supported' || against.includes(label))
    .map((each) => ({ cluster: each.title, positive: each.label === 'supported', score: scoreOf(each) }))
  const [value, low, high] = aurocWithInterval(graded)
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
}

function verdictLines(judged: readonly Judged[]): string[] {
  const verdicts = ['supported', 'partial', 'unsupported']
  return [
    `label                  ${verdicts.map((verdict) => verdict.padStart(12)).join('')}`,
    ...shape.shape.label.options.map((label) => {
      const own = judged.filter((each) => each.label === label)
      const counts = verdicts.map((verdict) => own.filter((each) => each.verdict === verdict).length)
      return `${label.padEnd(23)}${counts.map((count) => String(count).padStart(12)).join('')}`
    }),
  ]
}

function isInHalfA(id: string): boolean {
  return (createHash('sha256').update(id).digest()[0] ?? 0) % 2 === 0
}
