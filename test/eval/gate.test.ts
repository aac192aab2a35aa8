// The gate's decision: what must always hold, what may move, and by how much on a set of this size.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { baselineOf, readBaseline, writeBaseline } from '../../eval/baseline.ts'
import { gate, judge } from '../../eval/gate.ts'
import { always } from '../../eval/rules.ts'
import type { Asked } from '../../eval/record.ts'
import { folderOfFile } from '../support/folder.ts'
import { never } from '../support/passages.ts'
import { askedWith } from '../support/runs.ts'

const set = { file: 'set.jsonl', hash: 'set-1' }

/** As many questions as our own set has: each third on one document with two others, the unanswerable alone. */
function questions(change: (asked: Asked, at: number) => Asked = (asked) => asked): Asked[] {
  const found = { grounded_correct: 1, hit_5: 1, ndcg_10: 1, right_source: 1 }
  const right = { ...found, fact_coverage: 1, false_refusal: 0, refused: 0 }
  const kept = Object.fromEntries(always.map((metric) => [metric, 1]))
  const shown = { ...kept, cited_rate: 1, citation_recall_lexical: 1, answer_words: 100 }
  const answerable = Array.from({ length: 210 }, (_, at) =>
    askedWith(`a${at}`, {
      cluster: `document ${at % 70}`,
      scores: { ...right, ...shown, answered_unanswerable: null },
    }),
  )
  const unanswerable = Array.from({ length: 45 }, (_, at) =>
    askedWith(`u${at}`, { answerable: false, scores: { answered_unanswerable: 0, refused: 1, quote_valid: null } }),
  )
  return [...answerable, ...unanswerable].map(change)
}

const baseline = baselineOf({ set, questions: questions() })

function scored(asked: Asked, scores: Asked['scores']): Asked {
  return { ...asked, scores: { ...asked.scores, ...scores } }
}

/** The first `count` answerable questions lose these scores. */
function losing(count: number, scores: Asked['scores']): Asked[] {
  return questions((asked, at) => (at < count ? scored(asked, scores) : asked))
}

/** The first `count` unanswerable questions are answered. */
function answering(count: number): Asked[] {
  return questions((asked, at) => (at >= 210 && at < 210 + count ? scored(asked, { answered_unanswerable: 1 }) : asked))
}

/** Each answer has so many words. */
function saying(words: number): Asked[] {
  return questions((asked) => scored(asked, { answer_words: asked.answerable ? words : null }))
}

function reasonsOf(asked: readonly Asked[], of = set): readonly string[] {
  return judge({ set: of, questions: [...asked] }, baseline).reasons
}

describe('the gate', () => {
  it('is green for the same answers', () => {
    expect(reasonsOf(questions())).toEqual([])
  })

  it('is green when everything gets better', () => {
    const worse = baselineOf({ set, questions: losing(40, { grounded_correct: 0, fact_coverage: 0 }) })
    expect(judge({ set, questions: questions() }, worse).reasons).toEqual([])
  })

  it.each([
    ['grounded_correct', 0],
    ['hit_5', 0],
    ['ndcg_10', 0],
    ['right_source', 0],
    ['fact_coverage', 0],
    ['false_refusal', 1],
  ])('bears four losses of %s among 210 questions, and not five', (metric, score) => {
    expect(reasonsOf(losing(4, { [metric]: score }))).toEqual([])
    expect(reasonsOf(losing(5, { [metric]: score }))).toEqual([
      expect.stringMatching(new RegExp(`^${metric}: .*\\(0 questions better, 5 worse\\)$`)),
    ])
  })

  it('tells a loss beyond chance from one that cannot be ruled out', () => {
    expect(reasonsOf(losing(5, { hit_5: 0 }))).toEqual([expect.stringContaining('hit_5: a loss beyond 0.05 cannot be')])
    expect(reasonsOf(losing(12, { hit_5: 0 }))).toEqual([expect.stringContaining('hit_5: worse, -0.057 [')])
  })

  it('bears two unanswerable questions that are answered, and not three', () => {
    expect(reasonsOf(answering(2))).toEqual([])
    expect(reasonsOf(answering(3))).toEqual([expect.stringContaining('answered_unanswerable: a loss beyond 0.17')])
  })

  it('bears as many questions won as lost', () => {
    const before = questions((asked, at) => (at < 7 ? scored(asked, { hit_5: 0 }) : asked))
    const after = questions((asked, at) => (at >= 7 && at < 14 ? scored(asked, { hit_5: 0 }) : asked))
    expect(judge({ set, questions: after }, baselineOf({ set, questions: before })).reasons).toEqual([])
  })

  it('bears no extract without its citation', () => {
    expect(reasonsOf(losing(1, { cited_rate: 0.5 }))).toEqual([expect.stringContaining('cited_rate: ')])
  })

  it.each(always)('bears no single fault of %s, whatever the baseline says', (metric) => {
    expect(reasonsOf(losing(1, { [metric]: 0.9 }))).toEqual([`${metric}: below 1 on 1 questions (a0)`])
  })

  it('is not passed by measuring nothing', () => {
    const nothing = Object.fromEntries(always.map((metric) => [metric, null]))
    const silent = questions((asked) => scored(asked, { ...nothing, hit_5: null }))
    expect(reasonsOf(silent)).toEqual([
      ...always.map((metric) => `${metric}: measured on no question`),
      'hit_5: not measured any more on 210 of 210 questions',
    ])
  })

  it('is green when answers that nobody should have had are refused, which leaves them without a text', () => {
    const before = questions((asked, at) =>
      at < 210 ? asked : scored(asked, { answered_unanswerable: 1, refused: 0, cited_rate: 1, answer_words: 100 }),
    )
    expect(judge({ set, questions: questions() }, baselineOf({ set, questions: before })).reasons).toEqual([])
  })

  it('bears one sentence more for each answer, and not every passage whole', () => {
    expect(reasonsOf(saying(15))).toEqual([])
    expect(reasonsOf(saying(40))).toEqual([])
    expect(reasonsOf(saying(116))).toEqual([
      'answer_words: a rise beyond 15 cannot be ruled out, +16.000 [+16.000, +16.000]',
    ])
  })

  it('bears no question without a score', () => {
    const failed = questions((asked, at) => (at === 3 ? { ...asked, outcome: null, fault: 'down', scores: {} } : asked))
    expect(reasonsOf(failed)).toEqual(['unscored: 1 questions (a3)'])
  })

  it('asks for an update when the set is another, or a question in it', () => {
    expect(reasonsOf(questions(), { ...set, hash: 'set-2' })).toEqual([expect.stringContaining('--update')])
    const changed = questions((asked, at) => (at === 0 ? { ...asked, hash: 'other' } : asked))
    expect(reasonsOf(changed)).toEqual([
      expect.stringContaining('254 questions are in both, 1 only in the set, 1 only in the baseline'),
    ])
  })
})

const learn = async () => await Promise.reject(new Error('learned'))
const gated = async (path: string) =>
  await gate([], { set: 'none.jsonl', library: 'none' }, { baseline: path }, learn, never)

describe('npm run eval -- gate', () => {
  it('reads its baseline before anything is learned or asked', async () => {
    await expect(gated('package.json')).rejects.toThrow('package.json is not a baseline')
    await expect(gated('none.json')).rejects.toThrow('There is no none.json')
  })
})

describe('a baseline', () => {
  it('is read as it was written, and the same scores are the same bytes', async () => {
    const folder = await folderOfFile()
    const paths = ['one.json', 'two.json'].map((name) => join(folder, name))
    for (const path of paths) await writeBaseline(path, baselineOf({ set, questions: questions() }))
    expect(await readBaseline(paths[0] ?? '')).toEqual(baseline)
    const [first, second] = await Promise.all(paths.map(async (path) => await readFile(path, 'utf8')))
    expect(second).toBe(first)
  })

  it('of another form is refused by name', async () => {
    const path = join(await folderOfFile(), 'baseline.json')
    await writeFile(path, '{"schema":"footnote-baseline/0"}')
    await expect(readBaseline(path)).rejects.toThrow(/baseline\.json is not a baseline: .*--update/)
  })

  it('has one line per question, so that a diff shows which have changed', async () => {
    const path = join(await folderOfFile(), 'baseline.json')
    await writeBaseline(path, baseline)
    const lines = (await readFile(path, 'utf8')).split('\n')
    expect(lines.filter((line) => line.includes('"scores"'))).toHaveLength(255)
  })
})
