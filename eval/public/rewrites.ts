// npm run eval -- rewrites <folder>: does a follow-up question become the words that it stands for?
import { join } from 'node:path'
import { z } from 'zod'
import { rewrite } from '../../server/answer/rewrite.ts'
import type { Command } from '../command.ts'
import { halvesTable, type Measure, meanOf, type Row, shareOf } from '../figures.ts'
import { newWords, sharedWords, termsOf } from '../score/words.ts'
import { listSet, readLines } from './read.ts'

const origin =
  'The set is github.com/IBM/mt-rag-benchmark (Apache-2.0): give the folder with one folder per domain, of <domain>_questions.jsonl and <domain>_rewrite.jsonl.'

const shape = z.object({ _id: z.string(), text: z.string() })

type Scored = Row & {
  readonly turn: number
  readonly last: string
  readonly all: string
  readonly ours: string
  readonly human: string
  /** content words that the human has and the last turn lacks; none: the question stands alone */
  readonly added: ReadonlySet<string>
  /** those of them that stand in an earlier question: the ones that can be carried over */
  readonly carried: ReadonlySet<string>
}

/**
 * Source: Katsis et al., "MTRAG" (2025). Content words of our rewrite against those of the human one, beside the last
 * turn alone and all turns at once. The answers between the turns are not in the set: what a human took from one of
 * them can be found by nobody. Halves and intervals go by conversation.
 */
export const rewrites: Command = async (path) => {
  const scored: Scored[] = []
  for (const domain of await listSet(path, 'folders', origin)) scored.push(...(await readDomain(path, domain)))
  const later = scored.filter(({ turn }) => turn > 1)
  return [
    `MTRAG: ${scored.length} questions, ${later.length} of them with a question before them`,
    ...halvesTable(later, [...versions.flatMap(([name, text]) => overlap(name, text)), ...changes]),
  ]
}

async function readDomain(path: string, domain: string): Promise<Scored[]> {
  const read = async (name: string) => await readLines(join(path, domain, `${domain}_${name}.jsonl`), shape, origin)
  const human = new Map((await read('rewrite')).map(({ _id, text }) => [_id, turnsOf(text).at(-1) ?? '']))
  return (await read('questions')).map(({ _id, text }) => {
    const turns = turnsOf(text)
    const last = turns.at(-1) ?? ''
    const history = turns.slice(0, -1).map((question) => ({ question, answer: '' }))
    const wanted = human.get(_id) ?? ''
    const earlier = turns.slice(0, -1).join(' ')
    const added = newWords(wanted, last)
    const cluster = _id.split('<')[0] ?? _id
    return {
      // Halves keep conversations together.
      id: cluster,
      cluster,
      turn: turns.length,
      last,
      all: turns.join(' '),
      ours: rewrite({ text: last, history }),
      human: wanted,
      added,
      carried: added.intersection(termsOf(earlier)),
    }
  })
}

function turnsOf(text: string): string[] {
  return text
    .split(/^\|user\|:/m)
    .map((turn) => turn.trim())
    .filter(Boolean)
}

const versions: readonly (readonly [name: string, text: (row: Scored) => string])[] = [
  ['last turn', ({ last }) => last],
  ['all turns', ({ all }) => all],
  ['our rewrite', ({ ours }) => ours],
]

function overlap(name: string, text: (row: Scored) => string): Measure<Scored>[] {
  const score = (key: 'recall' | 'precision' | 'f1') => meanOf<Scored>((row) => sharedWords(text(row), row.human)[key])
  return [
    [`${name}: recall`, score('recall')],
    [`  precision`, score('precision')],
    [`  F1`, score('f1')],
  ]
}

const standsAlone = ({ added }: Scored) => added.size === 0
const leans = ({ carried }: Scored) => carried.size > 0
const isChanged = ({ ours, last }: Scored) => ours !== last

const changes: readonly Measure<Scored>[] = [
  ['stand-alone questions changed', shareOf(standsAlone, isChanged)],
  ['leaning questions changed', shareOf(leans, isChanged)],
  ['  words to carry over that were', (rows) => meanOf<Scored>(shareCarried)(rows.filter(leans))],
  [
    'words the human added that an earlier question has',
    (rows) => meanOf<Scored>(shareCarriable)(rows.filter(({ added }) => added.size > 0)),
  ],
]

function shareCarried({ carried, ours }: Scored): number {
  return carried.intersection(termsOf(ours)).size / carried.size
}

/** Not ours to change: how much of what the human added stands in an earlier question at all. */
function shareCarriable({ added, carried }: Scored): number {
  return carried.size / added.size
}
