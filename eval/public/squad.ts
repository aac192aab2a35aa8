// npm run eval -- squad <file>: short answers from one paragraph each, and questions made so that theirs nearly answers.
import { z } from 'zod'
import { type Command, readCount, say } from '../command.ts'
import { halvesTable, meanCount, meanOf } from '../figures.ts'
import { containsGold, tokenF1 } from '../score/squad.ts'
import { random } from '../stats.ts'
import type { AnswerDeps } from '../../server/answer/answer.ts'
import { abstention, heldShare, type Weighed } from './abstention.ts'
import { type Document, learnDocuments, type Probe, probe, quotesOf } from './passage.ts'
import { parseJson, readSet } from './read.ts'

const origin = 'SQuAD 2.0 is github.com/rajpurkar/SQuAD-explorer (CC BY-SA 4.0): give its dev file.'

const question = z.object({
  id: z.string(),
  question: z.string(),
  is_impossible: z.boolean(),
  answers: z.array(z.object({ text: z.string() })),
})
const paragraph = z.object({ context: z.string(), qas: z.array(question) })
const shape = z.object({ data: z.array(z.object({ title: z.string(), paragraphs: z.array(paragraph) })) })

type Case = {
  readonly id: string
  readonly question: string
  readonly answerable: boolean
  readonly references: readonly string[]
  readonly document: Document
}

type Scored = Weighed & {
  readonly contains: number
  readonly firstContains: number
  readonly f1: number
  readonly firstF1: number
  readonly words: number
}

/**
 * Source: Rajpurkar et al., "Know What You Don't Know" (2018). A seeded sample of questions, each asked of its own
 * paragraph as a library of one. Answers count whether or not the question is refused; they are whole sentences, so
 * token F1 has a low ceiling and is for comparing runs, not for comparing with systems that give spans.
 */
export const squad: Command = async (path, { sample = '500', seed = '1' }, learn, signal) => {
  const all = await readSquad(path)
  const cases = draw(all, readCount('sample', sample), readCount('seed', seed))
  const libraries = new Map<Document, { readonly name: string; readonly deps: AnswerDeps }>()
  const scored: Scored[] = []
  for (const [index, each] of cases.entries()) {
    if (index % 100 === 0) say(`${index} of ${cases.length} questions`)
    const name = `squad-${libraries.size}`
    const own = libraries.get(each.document) ?? { name, deps: await learnDocuments(name, [each.document], learn) }
    libraries.set(each.document, own)
    scored.push(toScored(each, await probe(each.question, own.name, own.deps, signal)))
  }
  return [
    `SQuAD 2.0: ${cases.length} of ${all.length} questions (seed ${seed}), each of a library that is its own paragraph`,
    ...halvesTable(
      scored.filter(({ answerable }) => answerable),
      [
        ['a reference stands in the answer', meanOf(({ contains }) => contains)],
        ['  in its first sentence', meanOf(({ firstContains }) => firstContains)],
        ['token F1 of the answer', meanOf(({ f1 }) => f1)],
        ['  of its first sentence', meanOf(({ firstF1 }) => firstF1)],
        ['words of the answer (mean)', meanCount(({ words }) => words)],
      ],
    ),
    ...halvesTable(scored, abstention()),
  ]
}

export async function readSquad(path: string): Promise<Case[]> {
  return parseJson(await readSet(path, origin), shape, 'The file').data.flatMap(({ title, paragraphs }) =>
    paragraphs.flatMap(({ context: text, qas }) => {
      const document = { title: title.replaceAll('_', ' '), text }
      return qas.map(({ id, question, is_impossible, answers }) => ({
        id,
        question,
        answerable: !is_impossible,
        references: answers.map((answer) => answer.text),
        document,
      }))
    }),
  )
}

/** The first `size` of the questions in an order that the seed decides. */
export function draw<T>(all: readonly T[], size: number, seed: number): T[] {
  const next = random(seed)
  return all
    .map((each) => ({ each, at: next() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, size)
    .map(({ each }) => each)
}

function toScored({ id, question, answerable, references, document }: Case, found: Probe): Scored {
  const [whole, first] = [quotesOf(found.citations), quotesOf(found.citations.slice(0, 1))]
  return {
    id,
    cluster: document.title,
    answerable,
    confidence: found.confidence,
    refused: found.refused,
    control: heldShare(question, `${document.title}\n${document.text}`),
    contains: containsGold(whole, references),
    firstContains: containsGold(first, references),
    f1: tokenF1(whole, references),
    firstF1: tokenF1(first, references),
    words: whole.split(/\s+/).length,
  }
}
