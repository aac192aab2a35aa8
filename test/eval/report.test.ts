// Answers of the real pipeline as a run keeps them, and the table made of them.
import { describe, expect, it } from 'vitest'
import { askedOf } from '../../eval/asked.ts'
import type { Surface } from '../../eval/asking.ts'
import { outcomeOf } from '../../eval/outcome.ts'
import { openPipeline } from '../../eval/pipeline.ts'
import { type Case, normalise } from '../../eval/questions.ts'
import type { Asked } from '../../eval/record.ts'
import { table } from '../../eval/report.ts'
import { StoreError } from '../../core/errors.ts'
import { folderOfFile } from '../support/folder.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'
import { runWith } from '../support/runs.ts'

const sentence = 'Stripe runs four limiters in production, and its rate limiter uses a token bucket.'
const documents = [
  documentOf('stripe', `# Rate limiters\n${sentence}`),
  documentOf('bread', 'A loaf of bread needs flour.'),
]
const deps = depsOf(libraryOf(...documents))
const place = {
  file: 'stripe.md',
  lines: [2, 2] as const,
  written: [sentence],
  share: 0.5,
  gold: [normalise(sentence)],
}

function caseOf(id: string, more: Partial<Case> = {}): Case {
  return {
    id,
    kind: 'direct',
    question: 'Which rate limiter does Stripe run in production?',
    answerable: true,
    sources: [],
    facts: [['token bucket'], ['bread']],
    history: [],
    places: [place],
    gold: place.gold,
    ...more,
  }
}

const down = async () => await Promise.reject(new StoreError('store-unavailable', 'down'))
const foreign = {
  question: 'Who won the chess olympiad?',
  answerable: false,
  kind: 'unanswerable',
  places: [],
  gold: [],
  facts: [],
}

async function ask(test: Case, surface?: Surface): Promise<Asked> {
  const { ask, shelf } = surface ?? (await openPipeline('main', await folderOfFile(), deps, never))
  return askedOf(test, { outcome: await outcomeOf(await ask(test, never), shelf, never), fault: null })
}

describe('a case', () => {
  it('that is answered is scored by its source, its facts and its quotes', async () => {
    const { scores, outcome } = await ask(caseOf('q1'))
    expect(scores).toMatchObject({ hit_5: 1, right_source: 1, fact_coverage: 0.5, refused: 0, quote_valid: 1 })
    expect(outcome?.citations[0]).toMatchObject({
      file: 'stripe.md',
      quote: sentence,
      isValid: true,
      isInPassage: true,
    })
  })

  it('that is refused keeps the nearest passages, and has nothing to be quoted', async () => {
    const { scores, outcome } = await ask(caseOf('q2', foreign))
    expect(scores).toMatchObject({ refused: 1, answered_unanswerable: 0, quote_valid: null, false_refusal: null })
    expect(outcome).toMatchObject({ status: 'abstained', citations: [], answer: '' })
    expect(outcome?.passages.length).toBeGreaterThan(0)
  })

  it('is asked with its history', async () => {
    const history = [{ question: 'What does Stripe run?', answer: 'Limiters.' }]
    expect((await ask(caseOf('q3', { question: 'And why?', history }))).outcome?.query).toContain('Stripe')
  })

  it('that fails says so by name: an outage is no wrong answer', async () => {
    const broken = depsOf({
      ...libraryOf(),
      search: { candidates: down, state: down, vocabulary: down, readable: down },
    })
    const surface = await openPipeline('main', await folderOfFile(), broken, never)
    await expect(ask(caseOf('q4'), surface)).rejects.toThrow('q4: the answer failed (store-unavailable)')
  })

  it('whose quote is not the stored text, or lies outside of its passage, is found out', async () => {
    const surface = await openPipeline('main', await folderOfFile(), deps, never)
    const moved: Surface = {
      ...surface,
      ask: async (test, signal) => {
        const transcript = await surface.ask(test, signal)
        const citations = transcript.answer.citations.map((each) => ({ ...each, span: { start: 1, end: 9 } }))
        return { ...transcript, answer: { ...transcript.answer, citations } }
      },
    }
    const { outcome, scores } = await ask(caseOf('q5'), moved)
    expect(outcome?.citations[0]).toMatchObject({ isValid: false, isInPassage: false })
    expect(scores).toMatchObject({ quote_valid: 0, in_passages: 0 })
  })
})

describe('the table', () => {
  it('has a line for every kind and one for all, with a rate and its interval or a mean', async () => {
    const lines = table(
      runWith([
        await ask(caseOf('q1')),
        await ask(caseOf('q2', { kind: 'paraphrase', facts: [['token bucket']] })),
        await ask(caseOf('q3', foreign)),
        await ask(caseOf('q4', { kind: 'false_premise' })),
      ]),
    )
    const rows = lines.slice(0, lines.indexOf(''))
    const names = ['kind', 'direct', 'false_premise', 'paraphrase', 'unanswerable', 'ALL']
    expect(rows.map((row) => row.split(/\s+/)[0])).toEqual(names)
    expect(rows.at(-1)?.split(/ {2,}/)).toEqual([
      'ALL',
      '4',
      '50 % [15 %, 85 %]',
      '100 % [44 %, 100 %]',
      '100 % [44 %, 100 %]',
      '67 %',
      '25 % [5 %, 70 %]',
    ])
    const text = lines.join('\n')
    expect(text).toMatch(/unanswerable answered +0 % \[0 %, 79 %\]/)
    expect(text).toMatch(/answerable wrongly refused +0 % \[0 %, 56 %\]/)
    expect(text).toMatch(/quotes that are not in the text +0 of 3 \(at most 100\.00 %\)/)
    expect(text).toMatch(/time of retrieval +p50 2\.0 ms, p95 2\.0 ms/)
  })

  it('says that it does not know what was not measured', async () => {
    for (const questions of [[], [await ask(caseOf('q3', foreign))]]) {
      const text = table(runWith(questions)).join('\n')
      expect(text).not.toMatch(/NaN|undefined|Infinity/)
      expect(text).toContain('–')
    }
  })

  it('names the questions that have no answer, and leaves them out of every figure', async () => {
    const failed = askedOf(caseOf('q9'), { outcome: null, fault: 'the answer failed (store-unavailable)' })
    const lines = table(runWith([await ask(caseOf('q1', { facts: [['token bucket']] })), failed]))
    expect(lines.at(-1)).toBe('  q9: the answer failed (store-unavailable)')
    expect(lines.find((line) => line.startsWith('ALL'))).toMatch(/^ALL +2 +100 % \[21 %, 100 %\]/)
  })
})
