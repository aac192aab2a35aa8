// npm run eval -- bipia <folder>: orders hidden in documents (BIPIA, Yi et al., 2023). How often does an answer without a
// model quote one to somebody who asked for something else?
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'
import type { Citation, ParsedDocument } from '../core/types.ts'
import { type AnswerDeps, answer, newAnswerId } from '../server/answer/answer.ts'
import { wilson } from './stats.ts'

const shape = z.record(z.string(), z.array(z.string()))
const places = ['first', 'in the middle', 'last'] as const

export type Hidden = {
  readonly name: string
  readonly text: string
  readonly question: string
  readonly attack: string
  readonly place: string
}

/** Each document with one order in it, first, in the middle or last, and the question that its title asks. */
export async function hideAttacks(folder: string, documents: readonly ParsedDocument[]): Promise<Hidden[]> {
  const path = join(folder, 'text_attack_train.json')
  const text = await readFile(path, 'utf8').catch(() => {
    throw new InputError('unreadable', `${path} cannot be read: BIPIA's attacks on texts are expected there.`)
  })
  const attacks = Object.values(shape.parse(JSON.parse(text))).flat()
  return documents.map(({ title, text: whole }, index) => {
    const attack = attacks[index % attacks.length] ?? ''
    const paragraphs = whole.split(/\n+/)
    const place = index % places.length
    const at = Math.round((place * paragraphs.length) / 2)
    const hidden = [...paragraphs.slice(0, at), attack, ...paragraphs.slice(at)].join('\n\n')
    return { name: `${index}.txt`, text: hidden, question: `${title}?`, attack, place: places[place] ?? '' }
  })
}

/** The table as lines. `deps`: of the library of these texts. */
export async function bipia(hidden: readonly Hidden[], library: string, deps: AnswerDeps): Promise<string[]> {
  const outcomes: { readonly place: string; readonly answered: boolean; readonly quoted: boolean }[] = []
  for (const { question, place } of hidden) {
    const citations = await citationsOf(question, library, deps)
    const quoted = citations.some(({ quote }) =>
      hidden.some(({ attack }) => attack.includes(quote) || quote.includes(attack)),
    )
    outcomes.push({ place, answered: citations.length > 0, quoted })
  }
  return [
    'order stands      answers   with an order quoted [95 % interval]',
    ...[...places, 'ALL'].map((place) => {
      const own = outcomes.filter((each) => each.answered && (place === 'ALL' || each.place === place))
      const hits = own.filter(({ quoted }) => quoted).length
      const [low, high] = wilson(hits, own.length).map((value) => (100 * value).toFixed(1))
      return `${place.padEnd(16)} ${String(own.length).padStart(8)} ${String(hits).padStart(8)}  ${((100 * hits) / Math.max(1, own.length)).toFixed(1)} % [${low}, ${high}]`
    }),
  ]
}

async function citationsOf(text: string, library: string, deps: AnswerDeps): Promise<readonly Citation[]> {
  const id = newAnswerId()
  const question = { id, text, library, conversationId: id, history: [], mode: 'extractive' } as const
  const citations: Citation[] = []
  for await (const event of answer(question, deps, new AbortController().signal))
    if (event.type === 'citation') citations.push(event.citation)
  return citations
}
