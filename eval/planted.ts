// npm run eval -- planted: sentences of a library with one error put in, which the check must not call supported; and
// the same sentences unharmed, which it must.
import type { DocumentText } from '../core/ports.ts'
import type { Passage } from '../core/types.ts'
import { createGrounds } from '../server/answer/ground.ts'
import { search } from '../server/answer/search.ts'
import { piecesOf } from '../server/answer/sentences.ts'
import { type Command, readCount, readDocuments } from './command.ts'
import { grid, rate } from './figures.ts'
import { type Errors, errorKinds, namesIn, plantErrors, reword } from './score/errors.ts'
import { type Rearranged, rearrange, rearrangedKinds } from './score/rearranged.ts'
import { random as randomOf } from './stats.ts'

const SENTENCES = 200
const LEAST_WORDS = 8

export type Document = Pick<DocumentText, 'title' | 'text' | 'outline'>

/** `next`: the sentence behind it in its paragraph. */
export type Sample = {
  readonly sentence: string
  readonly next: string | null
  readonly passage: Passage
  readonly errors: Errors
}
type Trial = { readonly kind: string; readonly sentence: string; readonly isWrong: boolean; readonly verdict: string }

/** The passages that a search for this gives: what a model would have read. */
type Read = (query: string) => Promise<readonly Passage[]>

/**
 * 200 sentences drawn with a seed; each is judged as it is, reworded by rule, joined with the next, and with one thing changed, as an answer
 * judges it: against all passages that a search for it gives. `--failures` adds each that was judged wrongly.
 */
export const planted: Command = async (path, { seed = '7', failures = false }, learn, signal) => {
  const documents = await readDocuments('planted', path, learn)
  const deps = await learn('planted', [path], { quiet: true })
  const read: Read = async (query) => (await search(query, 'planted', deps, signal)).passages
  const { table, wrong } = await plant(documents, readCount('seed', seed), read)
  return failures ? [...table, '', ...wrong] : table
}

export async function plant(documents: readonly Document[], seed: number, read: Read) {
  const random = randomOf(seed)
  const samples = choose(documents.flatMap(sectionsOf), random)
  // A draw of its own, so that one more kind changes none of the sentences and errors above.
  const rearranging = randomOf(seed)
  const trials: Trial[] = []
  for (const sample of samples) {
    const document = documents.find(({ title }) => title === sample.passage.document.title)?.text ?? ''
    const rearranged = rearrange(sample.sentence, { passage: sample.passage.text, document }, rearranging)
    trials.push(...(await tryAll(sample, rearranged, read)))
  }
  const table = grid([
    [`${samples.length} sentences of ${documents.length} documents`, '', 'not called supported'],
    ...[...errorKinds, 'ALL'].map((kind) =>
      below(
        `caught: ${kind}`,
        trials.filter(({ kind: own }) => (kind === 'ALL' ? isChanged(own) : own === kind)),
      ),
    ),
    ...rearrangedKinds.map((kind) =>
      below(
        `caught: ${kind}`,
        trials.filter((each) => each.kind === kind),
      ),
    ),
    ...['verbatim', 'reworded', 'joined'].map((kind) =>
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

function isChanged(kind: string): boolean {
  return errorKinds.some((each) => each === kind)
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
  const titles = [...new Set(passages.map(({ document }) => document.title))]
  const namesOf = (of: readonly string[]) => {
    const words = new Set(of.flatMap((title) => title.match(/\p{L}+/gu) ?? []))
    return names.filter((name) => words.has(name))
  }
  const all = passages.flatMap((passage) => {
    const pieces = piecesOf(passage)
    return pieces.flatMap(({ kind, text, line }, at) => {
      const isWhole = kind === 'sentence' && text.split(/\s+/).length >= LEAST_WORDS && text.endsWith('.')
      const behind = pieces[at + 1]
      return isWhole ? [{ sentence: text, next: behind?.line === line ? behind.text : null, passage }] : []
    })
  })
  return shuffled(all, random)
    .map((each) => {
      const { text, document } = each.passage
      const ownTitle = namesOf([document.title])
      const otherTitles = namesOf(titles).filter((name) => !ownTitle.includes(name))
      return { ...each, errors: plantErrors(each.sentence, { passage: text, names, ownTitle, otherTitles }, random) }
    })
    .filter(({ errors }) => Object.keys(errors).length > 0)
    .slice(0, SENTENCES)
}

/** The marker names the passage that the sentence is from, as a model's would. */
async function tryAll(
  { sentence, next, passage, errors }: Sample,
  rearranged: Rearranged,
  read: Read,
): Promise<Trial[]> {
  const holds = (each: Passage) => each.text.includes(sentence)
  const found = await read(sentence)
  const passages = found.some(holds) ? found : await read(passage.document.title)
  const grounds = createGrounds(passages)
  const cited = passages.find(holds)?.n ?? 1
  const trial = (kind: string, text: string, isWrong: boolean) => {
    const { verdict } = grounds.judge(text, grounds.lock(text, cited))
    return { kind, sentence: text, isWrong, verdict }
  }
  return [
    trial('verbatim', sentence, false),
    trial('reworded', reword(sentence), false),
    ...(next === null ? [] : [trial('joined', `${sentence.slice(0, -1)}, and ${next}`, false)]),
    ...Object.entries({ ...errors, ...rearranged }).map(([kind, text]) => trial(kind, text, true)),
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
      : [
          {
            n: 1,
            document,
            headings,
            page: null,
            span: { start: from, end: start },
            text: text.slice(from, start),
            score: 1,
          },
        ]
  })
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((each) => ({ each, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ each }) => each)
}
