// Transcripts of the real pipeline, and the table made of them.
import { describe, expect, it } from 'vitest'
import { type Case, normalise } from '../../eval/questions.ts'
import { scoreTranscript, table } from '../../eval/report.ts'
import { runCase, type Transcript } from '../../eval/run.ts'
import { StoreError } from '../../core/errors.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'

const sentence = 'Stripe runs four limiters in production, and its rate limiter uses a token bucket.'
const documents = [
  documentOf('stripe', `# Rate limiters\n${sentence}`),
  documentOf('bread', 'A loaf of bread needs flour.'),
]
const deps = depsOf(libraryOf(...documents))

function caseOf(id: string, more: Partial<Case> = {}): Case {
  const question = 'Which rate limiter does Stripe run in production?'
  const gold = [normalise(sentence)]
  return {
    id,
    kind: 'direct',
    question,
    answerable: true,
    sources: [],
    facts: [['token bucket'], ['bread']],
    history: [],
    places: [],
    gold,
    ...more,
  }
}

const down = async () => await Promise.reject(new StoreError('store-unavailable', 'down'))
const foreign = {
  question: 'Who won the chess olympiad?',
  answerable: false,
  kind: 'unanswerable',
  gold: [],
  facts: [],
}

async function scored(test: Case) {
  return scoreTranscript(await runCase(test, 'main', deps, never))
}

describe('a case', () => {
  it('that is answered is scored by its source, its facts and its length', async () => {
    expect(await scored(caseOf('q1'))).toMatchObject({ hit5: 1, cited: 1, facts: 0.5, refused: false, words: 15 })
  })

  it('that is refused keeps the nearest passages, and has no words', async () => {
    const result = await scored(caseOf('q2', foreign))
    expect(result).toMatchObject({ refused: true, words: 0, cited: 0, hit5: 0 })
    expect(result.passages).toBe(result.answer.nearest)
  })

  it('is asked with its history', async () => {
    const history = [{ question: 'What does Stripe run?', answer: 'Limiters.' }]
    const { answer } = await runCase(caseOf('q3', { question: 'And why?', history }), 'main', deps, never)
    expect(answer.query).toContain('Stripe')
  })

  it('that fails stops the run by name: an outage is no wrong answer', async () => {
    const broken = depsOf({ ...libraryOf(), search: { candidates: down, state: down, vocabulary: down } })
    await expect(runCase(caseOf('q4'), 'main', broken, never)).rejects.toThrow(
      'q4: the answer failed (store-unavailable)',
    )
  })

  it('counts a cited source as found wherever its passage stands', () => {
    const transcript = {
      test: caseOf('q5'),
      passages: [],
      answer: { status: 'answered', answer: '', citations: [{ quote: sentence }] },
    }
    expect(scoreTranscript(transcript as unknown as Transcript)).toMatchObject({ hit5: 1, cited: 1 })
  })
})

describe('the table', () => {
  it('has a line for every kind and one for all, each of the same width', async () => {
    const all = [
      await scored(caseOf('q1')),
      await scored(caseOf('q2', { kind: 'paraphrase', facts: [] })),
      await scored(caseOf('q3', foreign)),
      await scored(caseOf('q4', { kind: 'false_premise' })),
    ]
    const lines = table(all)
    const rows = lines.slice(0, lines.indexOf(''))
    expect(rows.map((row) => row.split(/\s+/)[0])).toEqual([
      'kind',
      'direct',
      'false_premise',
      'paraphrase',
      'unanswerable',
      'ALL',
    ])
    expect(new Set(rows.map(({ length }) => length)).size).toBe(1)
    expect(rows.at(-1)).toMatch(/^ALL +4 +100 % \[44 %, 100 %\] +100 % \[44 %, 100 %\] +67 % +25 % \[5 %, 70 %\] +15$/)
    expect(lines.join('\n')).toMatch(/unanswerable refused +100 % \[21 %, 100 %\]/)
    expect(lines.join('\n')).toMatch(/answerable wrongly refused +0 % \[0 %, 56 %\]/)
    expect(lines.join('\n')).toMatch(/false premise corrected +0 % \[0 %, 79 %\]/)
  })

  it('says that it does not know what was not measured', async () => {
    for (const all of [[], [await scored(caseOf('q3', foreign))]]) {
      const text = table(all).join('\n')
      expect(text).not.toMatch(/NaN|undefined|Infinity/)
      expect(text).toContain('–')
    }
  })
})
