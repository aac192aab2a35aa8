// npm run eval -- planted: sentences of a library with one error put in, which the check must not call supported; and
// the same sentences unharmed, which it must.
import type { DocumentText } from '../core/ports.ts'
import type { Passage } from '../core/types.ts'
import { createGrounds } from '../server/answer/ground.ts'
import { piecesOf } from '../server/answer/sentences.ts'
import { type Command, readCount, readDocuments } from './command.ts'
import { grid, rate } from './figures.ts'
import { type Errors, namesIn, plantErrors, reword } from './score/errors.ts'
import { random as randomOf } from './stats.ts'

const SENTENCES = 200
// As many as a model reads, so that a marker may move to a wrong passage, too.
const READ = 8
const LEAST_WORDS = 8

export type Document = Pick<DocumentText, 'title' | 'text' | 'outline'>

export type Sample = { readonly sentence: string; readonly passage: Passage; readonly errors: Errors }
type Trial = { readonly kind: string; readonly sentence: string; readonly isWrong: boolean; readonly verdict: string }

/**
 * 200 sentences drawn with a seed; each is judged as it is, reworded by rule, and with one number, name, unit or "not"
 * changed. `--failures` adds each that was judged wrongly.
 */
export const planted: Command = async (path, { seed = '7', failures = false }, learn) => {
  const documents = await readDocuments('planted', path, learn)
  const { table, wrong } = plant(documents, readCount('seed', seed))
  return failures ? [...table, '', ...wrong] : table
}

export function plant(documents: readonly Document[], seed: number) {
  const random = randomOf(seed)
  const passages = documents.flatMap(sectionsOf)
  const samples = choose(passages, random)
  const trials = samples.flatMap((sample) => tryAll(sample, passages, random))
  const table = grid([
    [`${samples.length} sentences of ${documents.length} documents`, '', 'not called supported'],
    ...['number', 'name', 'unit', 'negation', 'ALL'].map((kind) =>
      below(
        `caught: ${kind}`,
        trials.filter((each) => each.isWrong && (kind === 'ALL' || each.kind === kind)),
      ),
    ),
    ...['verbatim', 'reworded'].map((kind) =>
      below(
        `false alarm: ${kind}`,
        trials.filter((each) => !each.isWrong && each.kind === kind),
      ),
    ),
  ])
  const wrong = trials
    .filter((each) => each.isWrong === (each.verdict === 'supported'))
    .map(({ kind, verdict, sentence }) => `${kind}\t${verdict}\t${sentence}`)
  return { table, wrong }
}

/** The same sentences as `plant` tries, for whoever else is to see their errors. */
export function samplesOf(documents: readonly Document[], seed: number): Sample[] {
  return choose(documents.flatMap(sectionsOf), randomOf(seed))
}

function below(name: string, trials: readonly Trial[]): string[] {
  const hits = trials.filter(({ verdict }) => verdict !== 'supported').length
  return [name, `${hits}/${trials.length}`, rate(hits, trials.length, 1)]
}

function choose(passages: readonly Passage[], random: () => number): Sample[] {
  const names = namesIn(passages.map(({ text }) => text).join('\n'))
  const all = passages.flatMap((passage) =>
    piecesOf(passage)
      .filter(({ kind, text }) => kind === 'sentence' && text.split(/\s+/).length >= LEAST_WORDS && text.endsWith('.'))
      .map(({ text }) => ({ sentence: text, passage })),
  )
  return shuffled(all, random)
    .map((each) => ({ ...each, errors: plantErrors(each.sentence, each.passage.text, names, random) }))
    .filter(({ errors }) => Object.keys(errors).length > 0)
    .slice(0, SENTENCES)
}

function tryAll({ sentence, passage, errors }: Sample, passages: readonly Passage[], random: () => number): Trial[] {
  const others = shuffled(
    passages.filter((each) => each !== passage),
    random,
  ).slice(0, READ - 1)
  const read = [passage, ...others].map((each, index) => ({ ...each, n: index + 1 }))
  const grounds = createGrounds(read)
  const verdictOf = (text: string) => grounds.judge(text, grounds.lock(text, 1)).verdict
  const trial = (kind: string, text: string, isWrong: boolean) => ({
    kind,
    sentence: text,
    isWrong,
    verdict: verdictOf(text),
  })
  return [
    trial('verbatim', sentence, false),
    trial('reworded', reword(sentence), false),
    ...Object.entries(errors).map(([kind, text]) => trial(kind, text, true)),
  ]
}

/** The text between two headings, as passages are cut. */
function sectionsOf({ title, text, outline }: Document, index: number): Passage[] {
  const document = { id: `doc_${index}`, title, source: title, url: null, revision: '1', publishedAt: null }
  const edges = [...outline.map(({ span }) => span), { start: text.length, end: text.length }]
  return edges.flatMap(({ start }, at) => {
    const from = edges[at - 1]?.end ?? 0
    const headings = outline.slice(at - 1, at).map((heading) => heading.title)
    return text.slice(from, start).trim() === ''
      ? []
      : [{ n: 1, document, headings, span: { start: from, end: start }, text: text.slice(from, start), score: 1 }]
  })
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((each) => ({ each, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ each }) => each)
}
