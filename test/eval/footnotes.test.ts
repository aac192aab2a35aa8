// What an answer says of itself, held against its own text: exact, so one character is enough.
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../eval/record.ts'
import { marked, sourceTrue, stated, verbatimTrue } from '../../eval/score/footnotes.ts'
import { outcomeWith, quoteOf } from '../support/outcomes.ts'

const sentence = 'Stripe runs four limiters in production.'
const other = 'Its rate limiter uses a token bucket.'
const text = `${sentence} ${other}`
const quotes = [quoteOf(1, text, sentence), quoteOf(2, text, other)]
const answer = outcomeWith(
  text,
  [
    [sentence, [1]],
    [other, [2]],
  ],
  quotes,
)
type Statement = Outcome['statements'][number]
const changed = (change: (each: Statement, at: number) => Partial<Statement>): Outcome => ({
  ...answer,
  statements: answer.statements.map((each, at) => ({ ...each, ...change(each, at) })),
})

describe('a verdict of "verbatim" is true', () => {
  it.each<[number, string, Outcome]>([
    [1, 'of the words that are cited', answer],
    [0.5, 'and of no others, by one character', changed(({ end }, at) => ({ end: end - (at === 0 ? 3 : 0) }))],
    [1, 'of words whose full stop stands behind the marker', changed(({ end }) => ({ end: end - 1 }))],
    [0, 'of the words that are cited here, and not elsewhere', changed((_, at) => ({ citations: [2 - at] }))],
    [0, 'of nothing without a citation', changed(() => ({ citations: [] }))],
    [0.5, 'and must not be withheld', changed((_, at) => (at === 0 ? { verdict: 'supported' } : {}))],
    [
      1,
      'of no words that are changed, and supported may be',
      outcomeWith(text, [['Stripe runs four limiters.', [1]]], quotes),
    ],
  ])('%d: %s', (share, _, outcome) => {
    expect(verbatimTrue(outcome)).toBe(share)
  })
})

describe('a statement is marked', () => {
  const said = `${sentence} [1] ${other} [2]`
  it.each<[number, string, string]>([
    [1, 'by the numbers of its citations', said],
    [0.5, 'by no other number', said.replace('[2]', '[3]')],
    [0.5, 'by all of them', said.replace(' [2]', '')],
    [0.5, 'by no more than these', `${said} [3]`],
    [1, 'also where one of them is written twice', said.replace('[1]', '[1] [1]')],
  ])('%d: %s', (share, _, shown) => {
    expect(marked({ ...answer, answer: shown })).toBe(share)
  })

  it('also in its middle, where it is no quote', () => {
    const shown = 'Four limiters [1] and a token bucket [2] and [1] again.'
    const statements = [{ start: 0, end: shown.length, verdict: 'supported' as const, citations: [1, 2] }]
    expect(marked({ answer: shown, statements })).toBe(1)
    expect(marked({ answer: shown, statements: [{ ...statements[0]!, citations: [2, 1] }] })).toBe(0)
  })

  it('and brackets that a quote has are no markers', () => {
    const shown = 'As shown in [7]. [1]'
    const statement = { start: 0, end: 16, verdict: 'verbatim' as const, citations: [1] }
    expect(marked({ answer: shown, statements: [statement] })).toBe(1)
  })
})

describe('an answer is stated', () => {
  it.each<[number | null, string, Outcome]>([
    [1, 'when it is statements, markers, list signs and space', answer],
    [1, 'whatever stands between them that has no letter', { ...answer, answer: `${answer.answer}\n\n- **…**` }],
    [0, 'not when a word stands outside of them', { ...answer, answer: `${answer.answer} So.` }],
    [0, 'not when a sentence is not listed', { ...answer, statements: answer.statements.slice(1) }],
    [0, 'not without any', { ...answer, statements: [] }],
    [null, 'or is not measured, without a text', { ...answer, answer: '', statements: [], citations: [] }],
  ])('%d %s', (score, _, outcome) => {
    expect(stated(outcome)).toBe(score)
  })
})

describe('a citation names its source', () => {
  it.each(['file', 'title'])('by the %s of its passage', (name) => {
    const citations = answer.citations.map((each) => (each.n === 1 ? { ...each, [name]: 'another' } : each))
    expect([sourceTrue(answer), sourceTrue({ ...answer, citations })]).toEqual([1, 0.5])
  })

  it('and by its headings; one of a passage that is not there names none', () => {
    const [first, second] = answer.citations
    const citations = [
      { ...first!, headings: ['Elsewhere'] },
      { ...second!, passage: 7 },
    ]
    expect(sourceTrue({ ...answer, citations })).toBe(0)
    expect(sourceTrue({ ...answer, citations: [] })).toBeNull()
  })
})
