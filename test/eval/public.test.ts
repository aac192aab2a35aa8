// Public sets: how their files are read, and the real steps asked of one passage.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { exitCodeOf } from '../../eval/exit.ts'
import { halfOf, type Learn, readCount } from '../../eval/command.ts'
import { grid, halvesTable, meanOf, shareOf } from '../../eval/figures.ts'
import { heldShare } from '../../eval/public/abstention.ts'
import { chunking } from '../../eval/public/chunking.ts'
import { clapnq } from '../../eval/public/clapnq.ts'
import { probe, quotesOf } from '../../eval/public/passage.ts'
import { placeFinder } from '../../eval/public/place.ts'
import { rewrites } from '../../eval/public/rewrites.ts'
import { squad } from '../../eval/public/squad.ts'
import { bootstrap, mean, random } from '../../eval/stats.ts'
import { InputError, StoreError } from '../../core/errors.ts'
import { folderOfFile } from '../support/folder.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'
import { keepQuiet } from '../support/quiet.ts'

keepQuiet()

const passage = 'Stripe runs four limiters in production. Its rate limiter uses a token bucket.'
const { current: _, outline: _outline, ...summary } = documentOf('stripe', passage)
const library = libraryOf(documentOf('stripe', passage))
const listed = [{ ...summary, chunks: 1, characters: passage.length, ingestedAt: '' }]
const deps = depsOf(library, { documents: { ...library.documents, list: async () => listed } })
/** Whatever is learned, the library is the passage above. */
const learn: Learn = async () => deps
let folder: string

beforeAll(async () => {
  folder = await folderOfFile()
})

async function write(name: string, ...lines: readonly unknown[]): Promise<void> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
}

describe('a probe of one passage', () => {
  it('gives the confidence, the refusal, and what would be quoted', async () => {
    const asked = await probe('Which limiter does Stripe run in production?', 'main', deps, never)
    expect(asked).toMatchObject({ refused: false })
    expect(quotesOf(asked.citations)).toContain('Stripe runs four limiters in production.')
    const foreign = await probe('Who won the chess olympiad?', 'main', deps, never)
    expect(foreign.refused).toBe(true)
    expect(foreign.confidence).toBeLessThan(asked.confidence)
  })
})

describe('a public set', () => {
  it('of long answers is scored in halves, alone and among all', async () => {
    const sentences = passage.split(/(?<=\.) /)
    const line = (id: string, input: string, answer: string) => ({
      id,
      input,
      passages: [{ title: 'Stripe', text: passage, sentences }],
      output: [{ answer }],
    })
    const dev = 'clapnq/annotated_data/dev'
    await write(
      `${dev}/clapnq_dev_answerable.jsonl`,
      line('1', 'Which limiter does Stripe run in production?', passage),
    )
    await write(`${dev}/clapnq_dev_unanswerable.jsonl`, line('2', 'Who won the chess olympiad?', ''))
    const text = (await clapnq(join(folder, 'clapnq'), {}, learn, never)).join('\n')
    expect(text.match(/ROUGE-L F of the answer +1\.000 \[–\]/g)).toHaveLength(2)
    expect(text.match(/AUROC of the confidence +1\.000/g)).toHaveLength(2)
    expect(text).toMatch(/unanswerable refused +100 % \[21 %, 100 %\]/)
    expect(text).not.toMatch(/NaN|undefined/)
  })

  it('of short answers is sampled by its seed', async () => {
    const qas = ['What does Stripe run in production?', 'What bucket does the limiter use?', 'Who won?'].map(
      (question, index) => ({
        id: String(index),
        question,
        is_impossible: index === 2,
        answers: index === 2 ? [] : [{ text: index === 0 ? 'four limiters' : 'a token bucket' }],
      }),
    )
    await write('squad.json', { data: [{ title: 'Stripe_Inc', paragraphs: [{ context: passage, qas }] }] })
    const path = join(folder, 'squad.json')
    const all = await squad(path, {}, learn, never)
    expect(all[0]).toContain('3 of 3 questions')
    expect(all.join('\n')).toMatch(/a reference stands in the answer +1\.000/)
    const two = await squad(path, { sample: '2', seed: '5' }, learn, never)
    expect(two[0]).toContain('2 of 3 questions (seed 5)')
    expect(await squad(path, { sample: '2', seed: '5' }, learn, never)).toEqual(two)
  })

  it('of rewrites tells leaning questions from those that stand alone', async () => {
    const turns = ['How does Stripe limit the rate?', 'And when did they start it?', 'What is a token bucket?']
    const said = turns.map((_, at) => turns.slice(0, at + 1).map((turn) => `|user|: ${turn}`))
    const human = [turns[0], 'When did Stripe start to limit the rate?', turns[2]]
    await write('mtrag/LICENSE', 'Apache')
    await write(
      'mtrag/a/a_questions.jsonl',
      ...said.map((lines, at) => ({ _id: `c<::>${at}`, text: lines.join('\n') })),
    )
    await write('mtrag/a/a_rewrite.jsonl', ...human.map((text, at) => ({ _id: `c<::>${at}`, text: `|user|: ${text}` })))
    const text = (await rewrites(join(folder, 'mtrag'), {}, learn, never)).join('\n')
    expect(text).toContain('3 questions, 2 of them with a question before them')
    expect(text).toMatch(/stand-alone questions changed +0 % \[0 %, 79 %\]/)
    expect(text).toMatch(/leaning questions changed +100 % \[21 %, 100 %\]/)
    expect(text).toMatch(/words to carry over that were +1\.000/)
  })

  it('of evidence is covered by what is retrieved, and counts what it cannot find', async () => {
    await write('chunking/corpora/stripe.md', passage)
    const row = (question: string, content: string) =>
      `${question},"${JSON.stringify([{ content, start_index: passage.indexOf(content) }]).replaceAll('"', '""')}",stripe`
    await write(
      'chunking/questions_df.csv',
      'question,references,corpus_id',
      row('Which limiter does Stripe run?', 'Stripe runs four limiters in production.'),
      row('Where is it?', 'Not in the text.'),
    )
    const text = (await chunking(join(folder, 'chunking'), { size: '1000' }, learn, never)).join('\n')
    expect(text).toContain('1 questions, 1 more whose evidence is not found')
    expect(text).toMatch(/1000 +minimum chunks +1\.000 \[–\] +0\.500/)
  })

  it.each([
    ['clapnq', clapnq, /clapnq_dev_answerable\.jsonl cannot be read \(ENOENT\)\. .*primeqa\/clapnq/],
    ['squad', squad, /none cannot be read \(ENOENT\)\. .*SQuAD-explorer/],
    ['chunking', chunking, /corpora cannot be read \(ENOENT\)\. .*chunking_evaluation/],
    ['rewrites', rewrites, /none cannot be read \(ENOENT\)\. .*mt-rag-benchmark/],
  ] as const)('that is not there is named with its origin: %s', async (_name, command, message) => {
    await expect(command(join(folder, 'none'), {}, learn, never)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(message),
    })
  })

  it('that has another form is refused by line', async () => {
    await write('bad/annotated_data/dev/clapnq_dev_answerable.jsonl', '', { id: 1 })
    await expect(clapnq(join(folder, 'bad'), {}, learn, never)).rejects.toThrow(/answerable\.jsonl, line 2 is not as/)
  })
})

describe('an option that counts', () => {
  it.each(['0', '-1', '1.5', 'x', '', '1e9'])('is no %j', (text) => {
    expect(() => readCount('size', text)).toThrow(
      `--size is ${JSON.stringify(text)}: give a whole number from 1 to 9999999.`,
    )
  })
})

describe('the place of a quoted text', () => {
  it('is found by its letters, whatever blanks and marks are between them', () => {
    const text = 'One: the  rate\n\nlimiter (of Stripe).'
    const found = placeFinder('t', text)({ content: 'the rate limiter *of*', share: 0 })
    expect(found && text.slice(found.start, found.end)).toBe('the  rate\n\nlimiter (of')
  })

  it('is the one nearest to where it stood', () => {
    const find = placeFinder('t', 'yes no yes no yes')
    expect([0, 0.4, 0.9].map((share) => find({ content: 'yes', share })?.start)).toEqual([0, 7, 14])
    expect(find({ content: 'maybe', share: 0 })).toBeNull()
    expect(find({ content: '…', share: 0 })).toBeNull()
  })
})

const rowOf = (id: string) => ({ id, cluster: id })
const meanValue = (rows: readonly { value: number }[]) => mean(rows.map(({ value }) => value))

describe('figures', () => {
  it('stand in columns, for all questions and for each half', () => {
    const ids = ['q1', 'q2', 'q3', 'q4']
    const lines = halvesTable(
      ids.map((id) => rowOf(id)),
      [
        ['mean', meanOf(() => 0.5)],
        [
          'share',
          shareOf(
            ({ id }) => id !== 'q1',
            ({ id }) => id === 'q2',
          ),
        ],
      ],
    )
    const halves = ['a', 'b'].map((half) => ids.filter((id) => halfOf(id) === half).length)
    expect(lines[1]?.split(/\s+/)).toEqual(['questions', '4', ...halves.map(String)])
    expect(lines[2]).toContain('0.500 [–]')
    expect(lines[3]).toContain('33 % [6 %, 79 %]')
    expect(
      grid([
        ['a', 'bb'],
        ['cc', 'd'],
      ]),
    ).toEqual(['a   bb', 'cc   d'])
  })

  it('that were not measured are no numbers', () => {
    expect(meanOf(() => 1)([])).toBe('–')
    expect(
      shareOf(
        () => false,
        () => true,
      )([rowOf('q1')]),
    ).toBe('–')
  })

  it('have intervals that draw clusters whole', () => {
    const values = Array.from({ length: 42 }, (_, at) => ({ value: at % 2, own: String(at), six: String(at % 6) }))
    const [low, high] = bootstrap(values, ({ own }) => own, meanValue)
    // Standard error of a mean of 42 coin flips: 0.077.
    expect(low).toBeGreaterThan(0.3)
    expect(high).toBeLessThan(0.7)
    expect(bootstrap(values, ({ own }) => own, meanValue)).toEqual([low, high])
    // Of six, none or all are drawn in 1.6 % of the rounds each.
    const six = bootstrap(values, ({ six }) => six, meanValue)
    expect(six.map((end) => end * 6)).toEqual([expect.closeTo(1), expect.closeTo(5)])
  })

  it('are drawn evenly', () => {
    const next = random(7)
    const drawn = Array.from({ length: 10_000 }, next)
    expect(drawn.every((each) => each >= 0 && each < 1)).toBe(true)
    for (const tenth of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(Math.abs(drawn.filter((each) => Math.floor(each * 10) === tenth).length - 1000)).toBeLessThan(150)
  })

  it('of the control count the words of content that a text has', () => {
    expect(heldShare('Which limiter does Notion run?', passage)).toBeCloseTo(2 / 3)
    expect(heldShare('…', passage)).toBe(0)
  })
})

describe('the exit code', () => {
  it.each<[number, () => Promise<void>]>([
    [0, async () => {}],
    [1, async () => await Promise.reject(new StoreError('store-failed', 'down'))],
    [1, async () => await Promise.reject(new Error('a bug'))],
    [2, async () => await Promise.reject(new InputError('usage', 'how to use it'))],
  ])('%i', async (code, work) => {
    expect(await exitCodeOf(work)).toBe(code)
  })
})
