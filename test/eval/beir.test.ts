// A set in the form of BEIR: read with its quirks, learned and searched in the real store, measured as trec_eval would.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Candidate } from '../../core/types.ts'
import type { Learn } from '../../eval/command.ts'
import { beir, rankDocuments } from '../../eval/public/beir.ts'
import { readBeir } from '../../eval/public/beir-set.ts'
import type { AnswerDeps } from '../../server/answer/answer.ts'
import { type Offline, openOffline } from '../../server/offline.ts'
import { retrieve } from '../../server/answer/retrieve.ts'
import { folderOfFile } from '../support/folder.ts'
import { never } from '../support/passages.ts'
import { trecEval } from '../support/trec-eval.ts'

// Ten subjects, each with what it is, how it fails and what it costs: thirty documents that share many words.
const subjects: readonly (readonly [string, string, string, string])[] = [
  [
    'Tides',
    'The moon pulls the sea twice a day.',
    'A storm at high water floods the harbour.',
    'Dykes cost more each year.',
  ],
  [
    'Bread',
    'Yeast turns sugar into gas and dough rises.',
    'Dough left in the cold stays flat.',
    'Flour is cheap, ovens are not.',
  ],
  [
    'Bridges',
    'A cable carries the weight of the road.',
    'Rust in a cable is seen too late.',
    'Paint for a bridge lasts ten years.',
  ],
  [
    'Bees',
    'Bees dance to tell where flowers are.',
    'Mites weaken a hive before winter.',
    'A hive costs less than its honey brings.',
  ],
  [
    'Locks',
    'Pins of brass hold the cylinder of a lock.',
    'A worn key lifts the pins too little.',
    'A new cylinder is cheaper than a door.',
  ],
  [
    'Clocks',
    'A pendulum swings in equal time.',
    'Heat lengthens the pendulum, and the clock is late.',
    'Invar rods are dear.',
  ],
  [
    'Glaciers',
    'Snow pressed for years becomes ice that flows.',
    'Meltwater under the ice makes it slide.',
    'Valleys pay with floods.',
  ],
  [
    'Violins',
    'The bow sticks and slips on the string.',
    'Dry air cracks the belly of a violin.',
    'Old spruce is dear.',
  ],
  [
    'Rail',
    'Steel wheels roll on steel with little loss.',
    'Leaves on the rail make wheels slip.',
    'A mile of track costs millions.',
  ],
  ['Ink', 'Iron and oak gall make a black ink.', 'Acid in the ink eats the paper.', 'Restoring a page takes a day.'],
]
const documents = subjects.flatMap(([name, ...texts]) =>
  texts.map((text, at) => ({ _id: `${name.toLowerCase()}-${at}`, title: at === 2 ? '' : name, text })),
)
const questions = [
  [
    'q1',
    'why does a clock run late in summer heat',
    [
      ['clocks-1', 2],
      ['clocks-0', 1],
    ],
  ],
  ['q2', 'how do bees tell each other about flowers', [['bees-0', 1]]],
  [
    'q3',
    'what does a hive cost',
    [
      ['bees-2', 2],
      ['bees-1', 1],
      ['locks-2', -1],
    ],
  ],
  [
    'q4',
    'ink that eats paper',
    [
      ['ink-1', 1],
      ['ink-0', 1],
      ['ink-2', 1],
    ],
  ],
  [
    'q5',
    'why do train wheels slip in autumn',
    [
      ['rail-1', 1],
      ['rail-0', 1],
    ],
  ],
  [
    'rail-2',
    'track',
    [
      ['rail-2', 2],
      ['rail-0', 1],
    ],
  ],
  ['q7', 'weather on Mars', [['tides-0', 0]]],
] as const satisfies readonly (readonly [string, string, readonly (readonly [string, number])[]])[]

const lines = (all: readonly unknown[]) => `${all.map((each) => JSON.stringify(each)).join('\n')}\n`

let folder: string
let offline: Offline
beforeAll(async () => {
  folder = join(await folderOfFile(), 'small')
  await mkdir(join(folder, 'qrels'), { recursive: true })
  const odd = [
    { _id: 31, title: 'Wool', text: '' },
    { _id: 32, title: null, text: ' … ' },
  ]
  await writeFile(join(folder, 'corpus.jsonl'), lines([...documents, ...odd]))
  await writeFile(join(folder, 'queries.jsonl'), lines(questions.map(([_id, text]) => ({ _id, text, metadata: {} }))))
  const judged = questions.flatMap(([id, , gains]) => gains.map(([document, gain]) => `${id}\t${document}\t${gain}`))
  await writeFile(join(folder, 'qrels', 'test.tsv'), ['query-id\tcorpus-id\tscore', ...judged].join('\r\n'))
  await writeFile(join(folder, 'qrels', 'dev.tsv'), 'q2\tbees-0\t1\n')
  offline = await openOffline(undefined, process.stderr)
})
afterAll(async () => await offline.close())

describe('a set in the form of BEIR', () => {
  it('is read with its judgements, and with what is left out', async () => {
    const set = await readBeir(folder)
    expect(set).toMatchObject({ name: 'small', split: 'test', unjudged: 1, empty: 1 })
    expect(set.documents).toHaveLength(31)
    expect(set.documents.at(-1)).toEqual({ id: '31', title: 'Wool', text: '' })
    const third = set.queries[2]
    expect(third).toMatchObject({ id: 'q3', cluster: 'bees-1' })
    expect([...(third?.judgements ?? [])]).toEqual([
      ['bees-2', 2],
      ['bees-1', 1],
      ['locks-2', -1],
    ])
    expect((await readBeir(folder, 'dev')).queries.map(({ id }) => id)).toEqual(['q2'])
  })

  it('is measured as a naive trec_eval measures what the store found', async () => {
    let deps: AnswerDeps | null = null
    const learn: Learn = async (...what) => (deps = await offline.learn(...what))
    const table = await beir(folder, {}, learn, never)
    expect(table.slice(0, 3)).toEqual([
      'small (test): 31 documents, 6 questions',
      '1 documents without a word are left out',
      '1 questions for which nothing is relevant are left out',
    ])
    const set = await readBeir(folder)
    const scores = set.queries.map(async ({ id, text, judgements }) => {
      const found = await retrieve(text, 'beir', deps!, never)
      return (['words', 'cosine'] as const).map((figure) => {
        const run = set.documents.flatMap((document, at) => {
          const own = found.candidates.filter((each) => each.document.source.endsWith(`/${at}.html`))
          const best = Math.max(...own.map((each) => each[figure] ?? 0), figure === 'words' ? 0 : -2)
          return document.id === id || best === (figure === 'words' ? 0 : -2) ? [] : [{ id: document.id, score: best }]
        })
        return [10, 100].map((k) => trecEval(run, Object.fromEntries(judgements), k))
      })
    })
    const all = await Promise.all(scores)
    for (const [way, name] of ['BM25 alone', 'vectors alone'].entries()) {
      const meanOf = (k: number, key: 'ndcg' | 'map' | 'recall') =>
        all.reduce((sum, each) => sum + (each[way]?.[k]?.[key] ?? NaN), 0) / all.length
      const line = table.find((each) => each.startsWith(name)) ?? ''
      const shown = Array.from(line.matchAll(/(\d\.\d{3}) \[/g), ([, value]) => value)
      expect(shown).toEqual([meanOf(0, 'ndcg'), meanOf(0, 'map'), meanOf(1, 'recall')].map((each) => each.toFixed(3)))
    }
    expect(table.map((line) => line.split(/ {2,}/)[0])).toEqual(
      expect.arrayContaining(['fused', 're-ranked', 'fused − BM25 alone']),
    )
    expect(table.join('\n')).not.toMatch(/NaN|undefined|–/)
  })

  it('puts a document where its best chunk stands', () => {
    const set = { documents: ['a', 'b', 'c'].map((id) => ({ id, title: '', text: '' })) }
    expect(rankDocuments([chunk(0, 0.2), chunk(1, -1), chunk(0, 0.1), chunk(2, 0.15)], set)).toEqual(['a', 'c', 'b'])
  })

  it.each<[string, Readonly<Record<string, string>>, string | undefined, RegExp]>([
    ['no corpus', {}, undefined, /corpus\.jsonl cannot be read \(ENOENT\)\. .*beir-cellar\/beir/],
    ['no such judgements', {}, 'train', /no judgements called train\.tsv: there are dev, test/],
    ['a judgement without a gain', { 'qrels/test.tsv': 'q2\tbees-0\t1\nq2\tbees-1\n' }, undefined, /test\.tsv, line 2/],
    ['a gain that is no number', { 'qrels/test.tsv': 'q2\tbees-0\tyes\n' }, undefined, /test\.tsv, line 1/],
    ['a judged question that is not asked', { 'qrels/test.tsv': 'q9\tbees-0\t1\n' }, undefined, /judges q9/],
    ['a document without an id', { 'corpus.jsonl': '{"text":"a"}' }, undefined, /corpus\.jsonl, line 1/],
  ])('is refused with %s', async (name, files, split, message) => {
    const own = name === 'no corpus' ? join(folder, 'none') : folder
    const copy = Object.keys(files).length === 0 ? own : await copyWith(files)
    await expect(readBeir(copy, split)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(message),
    })
  })
})

function chunk(at: number, score: number) {
  return { candidate: { document: { source: `set/${at}.html` } } as Candidate, score }
}

let copies = 0
async function copyWith(files: Readonly<Record<string, string>>): Promise<string> {
  const copy = join(folder, `../copy-${copies++}`)
  await mkdir(join(copy, 'qrels'), { recursive: true })
  const whole = {
    'corpus.jsonl': lines(documents),
    'queries.jsonl': lines([{ _id: 'q2', text: 'bees' }]),
    'qrels/test.tsv': 'q2\tbees-0\t1\n',
    ...files,
  }
  for (const [path, text] of Object.entries(whole)) await writeFile(join(copy, path), text)
  return copy
}
