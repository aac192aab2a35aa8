// npm run eval -- chunking <folder>: does what is retrieved hold the evidence, and how much else with it?
import { basename, join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { InputError } from '../../core/errors.ts'
import type { Candidate, Passage } from '../../core/types.ts'
import type { AnswerDeps } from '../../server/answer/answer.ts'
import { fuse } from '../../server/answer/fuse.ts'
import { choosePassages } from '../../server/answer/passages.ts'
import { rerank } from '../../server/answer/rerank.ts'
import { retrieve } from '../../server/answer/retrieve.ts'
import { type Command, type Learn, readSize, say } from '../command.ts'
import { grid, meanOf, type Row } from '../figures.ts'
import { type Covered, coverOf, type Place, shared } from '../score/spans.ts'
import { type Document, learnDocuments } from './passage.ts'
import { placeFinder, type Quoted } from './place.ts'
import { listSet, parseJson, readSet } from './read.ts'

const origin =
  'The set is github.com/brandonstarxel/chunking_evaluation (MIT): give the folder that holds questions_df.csv and corpora/.'

const shape = z.array(z.object({ content: z.string(), start_index: z.number() }))

type Case = { readonly question: string; readonly corpus: string; readonly evidence: readonly Quoted[] }

const TOP = 5
const ways = ['minimum chunks', `best ${TOP} chunks`, `best ${TOP} passages`] as const

type Scored = Row & { readonly covered: readonly Covered[] }

/**
 * Source: Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma, 2024). All corpora are learned
 * as one library; each question is searched as the product does it, by words and vectors. "minimum chunks" takes as
 * many of the best chunks as hold evidence at all; a passage is a chunk grown to its section.
 */
export const chunking: Command = async (path, { size = '1000' }, learn, signal) => {
  const corpora = await readCorpora(join(path, 'corpora'))
  const cases = await readCases(join(path, 'questions_df.csv'), corpora)
  const rows: string[][] = [['size', 'taken', 'recall', 'precision', 'IoU']]
  let asked = 0
  for (const each of size.split(',').map((text) => readSize(text))) {
    say(`Chunks of about ${each} characters …`)
    const scored = await scoreAll(cases, await openShelf(corpora, each, learn, signal), signal)
    asked = scored.length
    for (const [at, way] of ways.entries()) rows.push([String(each), way, ...cells(scored, at)])
  }
  return [
    `Chunking: ${asked} questions, ${cases.length - asked} more whose evidence is not found word by word in what was learned`,
    ...grid(rows),
  ]
}

function cells(scored: readonly Scored[], way: number): string[] {
  return (['recall', 'precision', 'iou'] as const).map((key) =>
    meanOf<Scored>(({ covered }) => covered[way]?.[key] ?? Number.NaN)(scored),
  )
}

async function readCorpora(folder: string): Promise<Document[]> {
  const corpora: Document[] = []
  for (const name of await listSet(folder, 'files', origin))
    corpora.push({ title: basename(name, '.md'), text: await readSet(join(folder, name), origin) })
  return corpora
}

async function readCases(path: string, corpora: readonly Document[]): Promise<Case[]> {
  // Rows of two columns are found wanting by their place below.
  const options = { bom: true, relax_column_count: true, skip_empty_lines: true }
  const [, ...rows] = parse(await readSet(path, origin), options)
  return rows.map(([question = '', json = '', corpus = ''], index) => {
    const place = `${basename(path)}, question ${index + 1}`
    const text = corpora.find(({ title }) => title === corpus)?.text
    if (text === undefined) throw new InputError('bad-set', `${place} is about ${corpus}, which is not in corpora/.`)
    const found = parseJson(json, shape, place)
    return {
      question,
      corpus,
      evidence: found.map(({ content, start_index }) => ({ content, share: start_index / text.length })),
    }
  })
}

/** A library with the evidence still to be found in it: places are counted in the texts that were learned. */
type Shelf = {
  readonly library: string
  readonly deps: AnswerDeps
  readonly chunks: readonly Place[]
  readonly find: ReadonlyMap<string, (quoted: Quoted) => Place | null>
}

async function openShelf(
  corpora: readonly Document[],
  chunkSize: number,
  learn: Learn,
  signal: AbortSignal,
): Promise<Shelf> {
  const library = `chunking-${chunkSize}`
  const deps = await learnDocuments(library, corpora, learn, { quiet: true, chunkSize })
  const find: [string, (quoted: Quoted) => Place | null][] = []
  for (const { id, title } of await deps.documents.list(library, corpora.length))
    find.push([title, placeFinder(title, (await deps.documents.find(library, id))?.text ?? '')])
  // Every chunk has a word of the library's vocabulary.
  const terms = new Map([...(await deps.search.vocabulary(library)).keys()].map((term) => [term, 1]))
  const all = await deps.search.candidates({ library, terms, vector: null, limit: 1_000_000 }, signal)
  return { library, deps, chunks: all.map(placeOf), find: new Map(find) }
}

async function scoreAll(cases: readonly Case[], shelf: Shelf, signal: AbortSignal): Promise<Scored[]> {
  const scored: Scored[] = []
  for (const [index, test] of cases.entries()) {
    const evidence = test.evidence.flatMap((quoted) => shelf.find.get(test.corpus)?.(quoted) ?? [])
    if (evidence.length < test.evidence.length) continue
    const { chunks, passages } = await take(test.question, shelf, signal)
    const needed = shelf.chunks.filter((chunk) => evidence.some((each) => shared(chunk, each))).length
    const covered = [chunks.slice(0, needed), chunks.slice(0, TOP), passages.slice(0, TOP)].map((taken) =>
      coverOf(taken, evidence),
    )
    scored.push({ id: String(index), cluster: String(index), covered })
  }
  return scored
}

/** The product's search, before and after chunks grow to passages. */
async function take(question: string, { library, deps }: Shelf, signal: AbortSignal) {
  const found = await retrieve(question, library, deps, signal)
  const ranked = rerank(found, fuse(found.candidates))
  const passages = await choosePassages(ranked, library, deps, signal)
  return { chunks: ranked.map(({ candidate }) => placeOf(candidate)), passages: passages.map(placeOf) }
}

function placeOf({ document, span }: Candidate | Passage): Place {
  return { text: document.title, ...span }
}
