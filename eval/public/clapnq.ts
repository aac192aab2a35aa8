// npm run eval -- clapnq <folder>: long answers from one passage each, and questions that theirs does not answer.
import { join } from 'node:path'
import { z } from 'zod'
import { idf, words } from '../../core/terms.ts'
import type { Citation } from '../../core/types.ts'
import { type Command, type Learn, say } from '../command.ts'
import { halvesTable, meanCount, meanOf } from '../figures.ts'
import { rougeL, tokens } from '../score/rouge.ts'
import { abstention, heldShare, type Weighed } from './abstention.ts'
import { type Document, learnDocuments, type Probe, probe, quotesOf } from './passage.ts'
import { readLines } from './read.ts'

const origin =
  'CLAPNQ is github.com/primeqa/clapnq (Apache-2.0): give the folder that holds annotated_data/dev/clapnq_dev_answerable.jsonl.'

const shape = z.object({
  id: z.coerce.string(),
  input: z.string(),
  passages: z.tuple([z.object({ title: z.string(), text: z.string(), sentences: z.array(z.string()) })]),
  output: z.array(z.object({ answer: z.string() })),
})

type Case = { readonly id: string; readonly question: string; readonly document: Document } & {
  readonly sentences: readonly string[]
  readonly references: readonly string[]
  readonly answerable: boolean
}

type Scored = Weighed & {
  /** ROUGE-L F of the answer as it reads, of the same sentences as the text has them, of the first of them, of the control */
  readonly whole: number
  readonly ordered: number
  readonly short: number
  readonly best: number
  readonly words: number
  /** words of the first reference */
  readonly wanted: number
}

/**
 * Source: Rosenthal et al., "CLAPNQ" (2024), dev files. Each question is asked of its own passage as a library of one,
 * then of a library of all passages. Extraction: ROUGE-L F against the reference answers, of what is quoted whether or
 * not the question is refused; its control are the three sentences of the passage that share the most rarity with it.
 */
export const clapnq: Command = async (path, _options, learn, signal) => {
  const cases = await readClapnq(path)
  const rarity = rarityIn(cases.flatMap(({ sentences }) => sentences))
  const alone: Scored[] = []
  const among: Scored[] = []
  say(`Learning ${cases.length} passages …`)
  const all = await learnDocuments(
    'clapnq',
    cases.map(({ document }) => document),
    learn,
  )
  for (const [index, each] of cases.entries()) {
    if (index % 50 === 0) say(`${index} of ${cases.length} questions`)
    const best = bestSentences(each, rarity)
    among.push(toScored(each, best, await probe(each.question, 'clapnq', all, signal)))
    alone.push(toScored(each, best, await probeAlone(each, learn, signal)))
  }
  return [
    `CLAPNQ: ${cases.length} questions, each of a library that is its own passage`,
    ...tables(alone),
    '',
    `… of a library of all ${cases.length} passages`,
    ...tables(among),
  ]
}

/** The dev questions, answerable ones first. */
export async function readClapnq(path: string): Promise<Case[]> {
  const read = async (name: string, answerable: boolean) =>
    (await readLines(join(path, 'annotated_data', 'dev', name), shape, origin)).map(
      ({ id, input, passages: [{ title, text, sentences }], output }): Case => ({
        id,
        question: input,
        document: { title, text },
        sentences,
        references: output.map(({ answer }) => answer),
        answerable,
      }),
    )
  return [...(await read('clapnq_dev_answerable.jsonl', true)), ...(await read('clapnq_dev_unanswerable.jsonl', false))]
}

async function probeAlone({ id, question, document }: Case, learn: Learn, signal: AbortSignal): Promise<Probe> {
  const library = `clapnq-${id}`
  return await probe(question, library, await learnDocuments(library, [document], learn), signal)
}

function toScored(
  { id, question, document, references, answerable }: Case,
  best: string,
  { confidence, refused, citations }: Probe,
): Scored {
  return {
    id,
    cluster: document.title,
    answerable,
    confidence,
    refused,
    control: heldShare(question, `${document.title}\n${document.text}`),
    whole: rougeL(quotesOf(citations), references),
    ordered: rougeL(quotesOf(inTextOrder(citations)), references),
    short: rougeL(quotesOf(inTextOrder(citations.slice(0, SENTENCES))), references),
    best: rougeL(best, references),
    words: tokens(quotesOf(citations)).length,
    wanted: tokens(references[0] ?? '').length,
  }
}

/** An answer begins with what answers best, which a longest common subsequence counts against it. */
function inTextOrder(citations: readonly Citation[]): Citation[] {
  const order = [...new Set(citations.map(({ document }) => document.id))]
  return citations.toSorted(
    (a, b) => order.indexOf(a.document.id) - order.indexOf(b.document.id) || a.span.start - b.span.start,
  )
}

function tables(scored: readonly Scored[]): string[] {
  return [
    ...halvesTable(
      scored.filter(({ answerable }) => answerable),
      [
        ['ROUGE-L F of the answer', meanOf(({ whole }) => whole)],
        ['  in the order of the text', meanOf(({ ordered }) => ordered)],
        [`  of its first ${SENTENCES} sentences, so`, meanOf(({ short }) => short)],
        [`  of the ${SENTENCES} best sentences (control)`, meanOf(({ best }) => best)],
        ['  these − control', meanOf(({ short, best }) => short - best)],
        ['words of the answer (mean)', meanCount(({ words }) => words)],
        ['  of the reference', meanCount(({ wanted }) => wanted)],
      ],
    ),
    ...halvesTable(scored, abstention()),
  ]
}

// On the answerable half of the files here, 2, 3 and 4 sentences give the control 0.547, 0.563 and 0.547.
const SENTENCES = 3

function bestSentences({ question, sentences }: Case, rarity: (term: string) => number): string {
  const asked = new Set(words(question).map(({ term }) => term))
  const held = (sentence: string) =>
    [...new Set(words(sentence).map(({ term }) => term))]
      .filter((term) => asked.has(term))
      .reduce((sum, term) => sum + rarity(term), 0)
  const best = sentences
    .map((sentence, at) => ({ sentence, at, score: held(sentence) }))
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, SENTENCES)
  return best
    .sort((a, b) => a.at - b.at)
    .map(({ sentence }) => sentence)
    .join(' ')
}

function rarityIn(sentences: readonly string[]): (term: string) => number {
  const counts = new Map<string, number>()
  for (const sentence of sentences)
    for (const term of new Set(words(sentence).map((word) => word.term))) counts.set(term, (counts.get(term) ?? 0) + 1)
  return (term) => idf(sentences.length, counts.get(term) ?? 0)
}
