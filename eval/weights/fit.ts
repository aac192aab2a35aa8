// npm run eval -- fit --set … --library …: weights of the three linear models from half a, with figures from both halves.
import { InputError } from '../../core/errors.ts'
import type { AnswerDeps } from '../../server/answer/answer.ts'
import { candidateFeatures } from '../../server/answer/features.ts'
import { rewrite } from '../../server/answer/rewrite.ts'
import { search } from '../../server/answer/search.ts'
import { pieceFeatures } from '../../server/answer/pieces.ts'
import { candidateWeights, pieceWeights } from '../../server/answer/weights.ts'
import { type Learn, type Options, type OwnCommand, readCount, say } from '../command.ts'
import { readClapnq } from '../public/clapnq.ts'
import { type Document, learnDocuments } from '../public/passage.ts'
import { draw, readSquad } from '../public/squad.ts'
import { type Case, readCases } from '../questions.ts'
import { type Asked, fitEvidence } from './evidence.ts'
import { candidatesOf, fitOrder, piecesOf, type Ranked } from './order.ts'

const models = ['evidence', 'candidates', 'pieces'] as const
type Model = (typeof models)[number]

/**
 * The set trains all three; CLAPNQ (Rosenthal et al., 2024) and SQuAD 2.0 (Rajpurkar et al., 2018) only the evidence:
 * their questions are asked of a library that is the passage they were written for, CLAPNQ's also of all its passages.
 */
export const fit: OwnCommand = async (paths, options, learn, signal) => {
  const { wanted, ridge } = readOptions(options)
  const own = await askSet(paths, learn, wanted, signal)
  const lines: string[] = []
  if (wanted.has('evidence')) {
    const asked = [...own.asked, ...(await askPublic(options, learn, signal))]
    say('Fitting the evidence …')
    lines.push(...fitEvidence(asked, ridge), '')
  }
  if (wanted.has('candidates')) {
    say('Fitting the order of candidates …')
    const model = { name: 'candidateWeights', features: candidateFeatures, weights: candidateWeights }
    lines.push(...fitOrder('gold chunk', own.candidates, model, [1, 3, 5], ridge), '')
  }
  if (wanted.has('pieces')) {
    say('Fitting the choice of sentences …')
    const model = { name: 'pieceWeights', features: pieceFeatures, weights: pieceWeights }
    lines.push(...fitOrder('gold sentence', own.pieces, model, [1, 3, 6], ridge), '')
  }
  return lines.slice(0, -1)
}

function readOptions({ only, ridge = '1' }: Options): { readonly wanted: ReadonlySet<Model>; readonly ridge: number } {
  const wanted = models.filter((model) => only === undefined || model === only)
  if (wanted.length === 0)
    throw new InputError('usage', `--only is ${JSON.stringify(only)}: give ${models.join(', ')}.`)
  if (!/^\d+(?:\.\d+)?$/.test(ridge))
    throw new InputError('usage', `--ridge is ${JSON.stringify(ridge)}: give a number that is not negative.`)
  return { wanted: new Set(wanted), ridge: Number(ridge) }
}

type Own = {
  readonly asked: readonly Asked[]
  readonly candidates: readonly Ranked[]
  readonly pieces: readonly Ranked[]
}

async function askSet(
  paths: { readonly set: string; readonly library: string },
  learn: Learn,
  wanted: ReadonlySet<Model>,
  signal: AbortSignal,
): Promise<Own> {
  const cases = await readCases(paths.set, paths.library)
  const deps = await learn('fit', [paths.library])
  const asked: Asked[] = []
  const candidates: Ranked[] = []
  const pieces: Ranked[] = []
  for (const [index, test] of cases.entries()) {
    if (index % 50 === 0) say(`${index} of ${cases.length} questions`)
    const { found, passages } = await search(queryOf(test), 'fit', deps, signal)
    const row = { id: test.id, cluster: test.id }
    const { question, answerable, gold } = test
    asked.push({ ...row, set: 'questions of the set', question, answerable, found, passages })
    // Without lines that hold the answer nobody knows what should come first.
    if (!answerable || gold.length === 0) continue
    if (wanted.has('candidates')) candidates.push({ ...row, group: candidatesOf(test, found) })
    if (wanted.has('pieces')) pieces.push({ ...row, group: await piecesOf(test, found, passages, deps, signal) })
  }
  return { asked, candidates, pieces }
}

function queryOf({ question, history }: Case): string {
  return rewrite({ text: question, history })
}

/** What a public set gives for the evidence: a question, and whether its document answers it. */
type PublicCase = {
  readonly id: string
  readonly question: string
  readonly answerable: boolean
  readonly document: Document
}

async function askPublic(
  { clapnq, squad, sample = '500', seed = '1' }: Options,
  learn: Learn,
  signal: AbortSignal,
): Promise<Asked[]> {
  const asked: Asked[] = []
  if (clapnq) {
    const cases = await readClapnq(clapnq)
    asked.push(...(await askAlone('CLAPNQ, own passage', cases, learn, signal)))
    say(`Learning ${cases.length} passages as one library …`)
    const documents = cases.map(({ document }) => document)
    const shelf = { library: 'fit-clapnq', deps: await learnDocuments('fit-clapnq', documents, learn) }
    for (const each of cases) asked.push(await askOne('CLAPNQ, all passages', each, shelf, signal))
  }
  if (squad) {
    const cases = draw(await readSquad(squad), readCount('sample', sample), readCount('seed', seed))
    asked.push(...(await askAlone('SQuAD', cases, learn, signal)))
  }
  return asked
}

/** Each of a library that is its own document. */
async function askAlone(
  set: string,
  cases: readonly PublicCase[],
  learn: Learn,
  signal: AbortSignal,
): Promise<Asked[]> {
  const asked: Asked[] = []
  const byDocument = [...Map.groupBy(cases, ({ document }) => document)]
  for (const [index, [document, own]] of byDocument.entries()) {
    if (index % 100 === 0) say(`${set}: ${index} of ${byDocument.length} documents`)
    const library = `fit-${set}-${index}`
    const shelf = { library, deps: await learnDocuments(library, [document], learn) }
    for (const each of own) asked.push(await askOne(set, each, shelf, signal))
  }
  return asked
}

type Shelf = { readonly library: string; readonly deps: AnswerDeps }

async function askOne(
  set: string,
  { id, question, answerable, document }: PublicCase,
  { library, deps }: Shelf,
  signal: AbortSignal,
): Promise<Asked> {
  const { found, passages } = await search(question, library, deps, signal)
  return { id, cluster: document.title, set, question, answerable, found, passages }
}
