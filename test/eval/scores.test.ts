// The scores of a question and the figures of a set: what is measured, what is not, and what the names mean.
import { describe, expect, it } from 'vitest'
import { directionOf } from '../../eval/differences.ts'
import { measures as judgeMeasures } from '../../eval/judge/judged.ts'
import { type Case, normalise } from '../../eval/questions.ts'
import type { Asked, Outcome } from '../../eval/record.ts'
import { runCase } from '../../eval/run.ts'
import { figuresOf, type Held, scoresOf, sureAnswers } from '../../eval/scores.ts'
import { factCoverage } from '../../eval/score/facts.ts'
import { citesSource, hitAt, placesIn } from '../../eval/score/retrieval.ts'
import { exactMatch } from '../../eval/score/squad.ts'
import { outcomeWith, quoteOf } from '../support/outcomes.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'

const sentence = 'Stripe runs four limiters in production, and its rate limiter uses a token bucket.'
const outcome = outcomeWith(sentence, [[sentence, [1]]], [quoteOf(1, sentence, sentence)])
const refusal: Outcome = { ...outcome, status: 'abstained', answer: '', statements: [], citations: [] }
const found: Held = { passages: [[0]], citations: [[0]] }
const foundOnly: Held = { passages: [[0]], citations: [] }
const missed: Held = { passages: [[]], citations: [[]] }

function caseOf(more: Partial<Case> = {}): Case {
  const gold = [normalise(sentence)]
  return {
    id: 'q1',
    kind: 'direct',
    question: 'Which rate limiter does Stripe run in production?',
    answerable: true,
    sources: [],
    facts: [['token bucket'], ['four']],
    history: [],
    gold,
    places: [{ file: 'stripe.md', lines: [1, 1], written: [sentence], share: 0, gold }],
    ...more,
  }
}

const unanswerable = caseOf({ kind: 'unanswerable', answerable: false, facts: [], gold: [], places: [] })
const premise = caseOf({ kind: 'false_premise' })
const bread = [['token bucket'], ['bread']]

describe('the scores of a question', () => {
  it('of a right answer are all there', () => {
    const test = caseOf({ references: [sentence.slice(0, -1)] })
    const evidence = [{ text: 'a.md', start: 0, end: 41 }]
    expect(scoresOf(test, { ...outcome, evidence }, found)).toEqual({
      grounded_correct: 1,
      hit_1: 1,
      hit_5: 1,
      recall_5: 1,
      mrr_10: 1,
      ndcg_10: 1,
      map: 1,
      span_recall: 1,
      span_precision: 0.5,
      span_iou: 0.5,
      right_source: 1,
      fact_coverage: 1,
      contains_gold: 1,
      contains_any: 1,
      exact_match: 1,
      token_f1: 1,
      rouge_l: 1,
      quote_valid: 1,
      in_passages: 1,
      source_true: 1,
      verbatim_true: 1,
      marked: 1,
      stated: 1,
      cited_rate: 1,
      citation_recall_lexical: 1,
      citation_precision_lexical: 1,
      citation_f1_lexical: 1,
      // With its marker.
      answer_words: 15,
      finished: 1,
      refused: 0,
      false_refusal: 0,
      answered_unanswerable: null,
      premise_corrected: null,
    })
  })

  it('of a question that nothing answers are whether it was refused, and nothing of places and facts', () => {
    const asked = scoresOf(unanswerable, refusal, { passages: [[]], citations: [] })
    const measured = Object.entries(asked).filter(([, score]) => score !== null)
    expect(Object.fromEntries(measured)).toEqual({
      grounded_correct: 1,
      finished: 1,
      refused: 1,
      answered_unanswerable: 0,
    })
    expect(scoresOf(unanswerable, outcome, missed)).toMatchObject({ grounded_correct: 0, answered_unanswerable: 1 })
  })

  it('have the same names for every question', () => {
    const names = [caseOf(), unanswerable, premise].flatMap((test) =>
      [outcome, refusal].map((each) => Object.keys(scoresOf(test, each, missed)).join()),
    )
    expect(new Set(names).size).toBe(1)
  })

  it('say of themselves whether more is better, and those of a judge do too', () => {
    const names = [...Object.keys(scoresOf(premise, outcome, found)), ...judgeMeasures.map(({ score }) => score)]
    expect(names.filter((name) => directionOf(name) === null)).toEqual([])
    expect(directionOf('somebody_elses')).toBeNull()
    expect(['judgeContradicted', 'judgeUnsupportedAnswer', 'false_refusal'].map(directionOf)).toEqual([-1, -1, -1])
  })

  it.each<[string, number | null, Case, Outcome, Held]>([
    ['all three', 1, caseOf(), outcome, found],
    ['a fact that is missing', 0, caseOf({ facts: bread }), outcome, found],
    ['another source', 0, caseOf(), outcome, { passages: [[0]], citations: [[]] }],
    [
      'a quote that is not stored so',
      0,
      caseOf(),
      { ...outcome, citations: outcome.citations.map((each) => ({ ...each, isValid: false })) },
      found,
    ],
    ['a refusal', 0, caseOf(), refusal, foundOnly],
    ['no needed fact', null, caseOf({ facts: [] }), outcome, found],
    ['no listed place', null, caseOf({ places: [] }), outcome, missed],
    ['a false premise, corrected', 1, premise, outcome, found],
    ['a false premise, refused with the source in sight', 1, premise, refusal, foundOnly],
    ['a false premise, refused without it', 0, premise, refusal, { passages: [[]], citations: [] }],
    ['a false premise, believed', 0, caseOf({ kind: 'false_premise', facts: bread }), outcome, found],
  ])('are grounded and correct with %s: %s', (_name, score, test, outcome, held) => {
    expect(scoresOf(test, outcome, held)['grounded_correct']).toBe(score)
  })

  it('count a cited source as found, wherever its passage stands', () => {
    const far: Held = { passages: [[], [], [], [], [], [0]], citations: [[0]] }
    expect(scoresOf(caseOf(), outcome, far)).toMatchObject({ hit_1: 0, hit_5: 1, recall_5: 0, mrr_10: 1 / 6 })
  })

  it('take one of several places for all of them where the set says so', () => {
    const [place] = caseOf().places
    const two = { places: [place!, { ...place!, file: 'copy.md' }] }
    const evidence = ['a.md', 'copy.md'].map((text) => ({ text, start: 0, end: 82 }))
    const score = (either: boolean) => scoresOf(caseOf({ ...two, either }), { ...outcome, evidence }, found)
    expect(score(false)).toMatchObject({ hit_5: 1, recall_5: 0.5, map: 0.5, span_recall: 0.5 })
    expect(score(false)['ndcg_10']).toBeCloseTo(1 / (1 + 1 / Math.log2(3)), 12)
    expect(score(true)).toMatchObject({ hit_5: 1, recall_5: 1, map: 1, ndcg_10: 1, span_recall: 1 })
  })
})

describe('the scores of what the pipeline answers', () => {
  const documents = [documentOf('stripe', `# Rate limiters\n${sentence}`), documentOf('bread', 'A loaf needs flour.')]
  const deps = depsOf(libraryOf(...documents))

  it.each<[string, Case]>([
    ['answered', caseOf({ facts: bread })],
    ['refused', caseOf({ question: 'Who won the chess olympiad?' })],
    ['answered from elsewhere', caseOf({ question: 'What does a loaf need?' })],
    ['unanswerable', { ...unanswerable, question: 'Who won the chess olympiad?' }],
  ])('are those of its passages, its citations and its text: %s', async (_name, test) => {
    const { answer, passages } = await runCase(test, 'main', deps, never)
    const { status, citations } = answer
    const asked: Outcome = { ...outcome, status, answer: answer.answer }
    const held = {
      passages: passages.map(({ text }) => placesIn(test, text)),
      citations: citations.map(({ quote }) => placesIn(test, quote)),
    }
    const cited = citesSource(test, citations)
    const only = (score: number) => (test.answerable ? score : null)
    expect(scoresOf(test, asked, held)).toMatchObject({
      hit_5: only(Math.max(hitAt(5, test, passages), cited)),
      right_source: only(cited),
      fact_coverage: only(factCoverage(test.facts, answer.answer)),
      refused: status === 'abstained' ? 1 : 0,
    })
  })
})

function askedOf(id: string, answerable: boolean, outcome: Outcome | null, right: number | null): Asked {
  const rest = { kind: '', cluster: id, hash: '', question: '', history: [], facts: [], places: [], fault: null }
  return { id, answerable, outcome, held: missed, scores: { grounded_correct: right }, ...rest }
}

function sure(confidence: number | null, status: Outcome['status'] = 'answered'): Outcome {
  return { ...outcome, confidence, status }
}

describe('the figures of a set', () => {
  const questions = [
    askedOf('a', true, sure(0.9), 1),
    askedOf('b', true, sure(0.6), 0),
    askedOf('c', true, sure(0.2, 'abstained'), 0),
    askedOf('d', false, sure(0.1, 'abstained'), 1),
    askedOf('e', false, sure(0.7), 0),
    askedOf('f', true, null, null),
    askedOf('g', true, sure(null), null),
  ]

  it('are those of refusals and confidence, without the questions that could not be answered', () => {
    expect(figuresOf(questions)).toMatchObject({
      abstention_precision: 1 / 2,
      abstention_recall: 1 / 2,
      abstention_f1: 1 / 2,
      false_refusals: 1 / 4,
      answered_unanswerable: 1 / 2,
      coverage: 4 / 6,
      selective_accuracy: 1 / 2,
      // Of the six pairs, 0.9, 0.6 and 0.2 against 0.1 and 0.7, four are in order.
      auroc: 4 / 6,
      // Right, then an answer to the unanswerable, then wrong: (0 + 1/2 + 2/3) / 3.
      aurc: expect.closeTo((1 / 2 + 2 / 3) / 3, 12),
      total_ms_p50: null,
      cost_usd: null,
    })
    expect(sureAnswers(questions).map(({ confidence }) => confidence)).toEqual([0.9, 0.6, 0.7])
  })

  it('are times and money where there are some', () => {
    const usage = { inputTokens: 100, outputTokens: 10, costUsd: 0.01 }
    const written = askedOf('h', true, { ...outcome, usage }, 1)
    const timesMs = { h: { retrieve: 5, firstText: 6, total: 7 }, a: { retrieve: 1, firstText: 0, total: 3 } }
    expect(figuresOf([...questions, written], timesMs)).toMatchObject({
      retrieve_ms_p50: 1,
      // A refusal has no text, and 0 for its time.
      first_text_ms_p50: 6,
      total_ms_p95: 7,
      input_tokens: 100,
      output_tokens: 10,
      cost_usd: 0.01,
    })
  })

  it('of no question are not measured', () => {
    expect(new Set(Object.values(figuresOf([])))).toEqual(new Set([null]))
  })
})

describe('an exact match', () => {
  it.each<[number, string, string[]]>([
    [1, 'The oil!', ['gas', 'Oil']],
    [0, 'the oil crisis', ['oil']],
    [0, 'oil', []],
  ])('is %d for %j against %j', (score, text, references) => {
    expect(exactMatch(text, references)).toBe(score)
  })
})
