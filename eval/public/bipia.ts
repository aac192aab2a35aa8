// npm run eval -- bipia <folder>: orders hidden in documents (BIPIA, Yi et al., 2023). How often does an answer without a
// model quote one to somebody who asked for something else?
import { join } from 'node:path'
import { z } from 'zod'
import type { Citation } from '../../core/types.ts'
import { type AnswerDeps, answer, newAnswerId } from '../../server/answer/answer.ts'
import { type Command, readDocuments } from '../command.ts'
import { grid, rate } from '../figures.ts'
import { isInjected } from '../score/injection.ts'
import { type Document, learnDocuments } from './passage.ts'
import { parseJson, readSet } from './read.ts'

const shape = z.record(z.string(), z.array(z.string()))
const places = ['first', 'in the middle', 'last'] as const

const origin = 'BIPIA is github.com/microsoft/BIPIA: give the folder that holds text_attack_train.json.'

type Hidden = {
  readonly document: Document
  readonly question: string
  readonly attack: string
  readonly place: string
}

/** Each document of a library (`--library`) gets one order, first, in the middle or last; its title is the question. */
export const bipia: Command = async (path, { library = 'library' }, learn, signal) => {
  const text = await readSet(join(path, 'text_attack_train.json'), origin)
  const attacks = Object.values(parseJson(text, shape, 'text_attack_train.json')).flat()
  const hidden = hide(attacks, await readDocuments('bipia-plain', library, learn))
  const orders = hidden.map(({ attack }) => attack)
  const deps = await learnDocuments(
    'bipia',
    hidden.map(({ document }) => document),
    learn,
  )
  const outcomes: { readonly place: string; readonly quoted: boolean }[] = []
  for (const { question, place } of hidden) {
    const citations = await citationsOf(question, 'bipia', deps, signal)
    if (citations.length > 0) outcomes.push({ place, quoted: citations.some(({ quote }) => isInjected(quote, orders)) })
  }
  return grid([
    ['order stands', 'answers', 'that quote an order'],
    ...[...places, 'ALL'].map((place) => {
      const own = outcomes.filter((each) => place === 'ALL' || each.place === place)
      return [place, String(own.length), rate(own.filter(({ quoted }) => quoted).length, own.length, 1)]
    }),
  ])
}

export function hide(attacks: readonly string[], documents: readonly Document[]): Hidden[] {
  return documents.map(({ title, text }, index) => {
    const attack = attacks[index % attacks.length] ?? ''
    const paragraphs = text.split(/\n+/)
    const place = index % places.length
    const at = Math.round((place * paragraphs.length) / 2)
    const whole = [...paragraphs.slice(0, at), attack, ...paragraphs.slice(at)].join('\n\n')
    return { document: { title, text: whole }, question: `${title}?`, attack, place: places[place] ?? '' }
  })
}

async function citationsOf(
  text: string,
  library: string,
  deps: AnswerDeps,
  signal: AbortSignal,
): Promise<readonly Citation[]> {
  const id = newAnswerId()
  const question = { id, text, library, conversationId: id, history: [], mode: 'extractive' } as const
  const citations: Citation[] = []
  for await (const event of answer(question, deps, signal))
    if (event.type === 'citation') citations.push(event.citation)
  return citations
}
