// npm run eval -- wice <folder>: the check of support against people's labels (WiCE, Kamoi et al., 2023: claims of
// Wikipedia with the articles they cite, each labelled supported, partially_supported or not_supported).
import { join } from 'node:path'
import { z } from 'zod'
import { queryTerms, words } from '../../core/terms.ts'
import type { Passage } from '../../core/types.ts'
import { createGrounds } from '../../server/answer/ground.ts'
import type { Command } from '../command.ts'
import { figureOf, grid, halvesTable, type Measure, type Row } from '../figures.ts'
import { auroc } from '../score/auroc.ts'
import { readLines } from './read.ts'

const shape = z.object({
  label: z.enum(['supported', 'partially_supported', 'not_supported']),
  claim: z.string(),
  evidence: z.array(z.string()),
  meta: z.object({ id: z.string(), claim_title: z.string() }),
})
export type Labelled = z.infer<typeof shape>

type Judged = Row & {
  readonly label: Labelled['label']
  readonly verdict: string
  readonly score: number
  /** the control: share of the claim's words that stand anywhere in the article */
  readonly anywhere: number
}

const origin = 'WiCE is github.com/ryokamoi/wice: give the folder that holds claim/dev.jsonl.'

/** AUROC of the check's score, claims labelled supported against the others; the halves by the hash of their ids. */
export const wice: Command = async (path) => {
  const judged = (await readClaims(path)).map(judgeByWords)
  return [...halvesTable(judged, measures), '', ...verdictLines(judged)]
}

export async function readClaims(folder: string): Promise<Labelled[]> {
  return await readLines(join(folder, 'claim', 'dev.jsonl'), shape, origin)
}

/** As in an answer: the claim names its article, the words that back it best are cited, and these words judge it. */
export function judgeByWords({ label, claim, evidence, meta }: Labelled): Judged {
  const passage = articleOf(meta.claim_title, evidence.join('\n'))
  const grounds = createGrounds([passage])
  const { verdict, score } = grounds.judge(claim, grounds.lock(claim, 1))
  const held = new Set(words(passage.text).map(({ term }) => term))
  const wanted = queryTerms(claim)
  const anywhere = wanted.filter((term) => held.has(term)).length / Math.max(1, wanted.length)
  return { label, id: meta.id, cluster: meta.claim_title, verdict, score, anywhere }
}

function articleOf(title: string, text: string): Passage {
  const document = { id: 'doc', title, source: title, url: null, revision: '1', publishedAt: null }
  return { n: 1, document, headings: [], page: null, span: { start: 0, end: text.length }, text, score: 1 }
}

const scores: readonly (readonly [string, (each: Judged) => number])[] = [
  ['the check', ({ score }) => score],
  ['control, words anywhere', ({ anywhere }) => anywhere],
]
const opposites: readonly (readonly [string, readonly string[]])[] = [
  ['the rest', ['partially_supported', 'not_supported']],
  ['partially supported', ['partially_supported']],
  ['not supported', ['not_supported']],
]
const measures: readonly Measure<Judged>[] = scores.flatMap(([name, scoreOf]) =>
  opposites.map(([against, labels]): Measure<Judged> => {
    const scored = (rows: readonly Judged[], wanted: readonly string[]) =>
      rows.filter(({ label }) => wanted.includes(label)).map(scoreOf)
    return [
      `AUROC of ${name}: supported against ${against}`,
      figureOf((rows) => auroc(scored(rows, ['supported']), scored(rows, labels))),
    ]
  }),
)

function verdictLines(judged: readonly Judged[]): string[] {
  const verdicts = ['supported', 'partial', 'unsupported']
  return grid([
    ['label', ...verdicts],
    ...shape.shape.label.options.map((label) => [
      label,
      ...verdicts.map((verdict) =>
        String(judged.filter((each) => each.label === label && each.verdict === verdict).length),
      ),
    ]),
  ])
}
