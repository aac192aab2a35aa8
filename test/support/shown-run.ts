// A run of an evaluation, made by hand: every way in which a question can end.
import { type Asked, newRun, type Outcome, type Run } from '../../eval/record.ts'

export const text = 'Stripe’s limiter 🚦 uses a token bucket. It holds a burst of twenty requests.'
const gold = { start: 100, end: 100 + text.indexOf(' It holds') }

export const outcome: Outcome = {
  query: 'which limiter does stripe use',
  status: 'answered',
  reason: null,
  missing: [],
  confidence: 0.875,
  answer: 'Stripe uses a token bucket. [1] It is a bucket of tokens. [1] Hello there. Bursts are held. [1][2]',
  statements: [
    { start: 0, end: 27, verdict: 'supported', citations: [1] },
    { start: 32, end: 57, verdict: 'partial', citations: [1] },
    { start: 75, end: 91, verdict: 'unsupported', citations: [1, 2] },
  ],
  citations: [
    {
      n: 1,
      passage: 1,
      file: 'stripe.md',
      title: 'Limits',
      headings: ['Limits', 'Limiters'],
      span: gold,
      quote: text.slice(0, gold.end - 100),
      isValid: true,
      isInPassage: true,
    },
    {
      n: 2,
      passage: 1,
      file: 'stripe.md',
      title: 'Limits',
      headings: ['Limits'],
      span: { start: 900, end: 910 },
      quote: 'not there',
      isValid: false,
      isInPassage: false,
    },
  ],
  passages: [
    {
      n: 1,
      file: 'stripe.md',
      title: 'Limits',
      headings: ['Limits', 'Limiters'],
      span: { start: 100, end: 100 + text.length },
      score: 7.25,
      text,
    },
    {
      n: 2,
      file: 'bread.md',
      title: 'Bread',
      headings: [],
      span: { start: 0, end: 5 },
      score: 1,
      text: 'Flour',
    },
  ],
  evidence: [{ ...gold, text: 'stripe.md' }],
}

export function asked(id: string, more: Partial<Asked> = {}): Asked {
  return {
    id,
    kind: 'direct',
    cluster: `${id}.md`,
    hash: `hash of ${id}`,
    answerable: true,
    question: `Which limiter does Stripe use, ${id}?`,
    history: [],
    facts: [['token bucket'], ['leaky bucket', 'leaking bucket']],
    places: [{ file: 'stripe.md', lines: [3, 3], text: 'Stripe’s limiter 🚦 uses a **token bucket**.' }],
    fault: null,
    outcome,
    held: { passages: [[0], []], citations: [[0], []] },
    scores: { hit_5: 1, fact_coverage: 0.5, grounded_correct: 1, refused: 0, rouge_l: null },
    ...more,
  }
}

export const refused = asked('refused', {
  kind: 'unanswerable',
  answerable: false,
  facts: [],
  places: [],
  outcome: {
    ...outcome,
    status: 'abstained',
    reason: 'partly-covered',
    missing: ['chess', 'olympiad'],
    confidence: 0.1,
    answer: '',
    statements: [],
    citations: [],
    evidence: null,
  },
  held: { passages: [[], []], citations: [] },
  scores: { hit_5: null, fact_coverage: null, grounded_correct: 1, refused: 1, rouge_l: null },
})

export const failed = asked('failed', {
  fault: 'the answer failed (store-unavailable)',
  outcome: null,
  held: { passages: [], citations: [] },
  scores: {},
})

export const followed = asked('followed', {
  kind: 'followup',
  history: [{ question: 'What does Grüße 東京 run?', answer: 'Limiters, four of them.' }],
})

export function runOf(questions: readonly Asked[], more: Partial<Run> = {}): Run {
  return newRun({
    name: 'today',
    set: { file: 'cases.jsonl', hash: 'a'.repeat(64) },
    library: { folder: 'library', hash: 'b'.repeat(64) },
    environment: { node: 'v24', commit: null, product: 'c'.repeat(64) },
    options: {},
    questions: [...questions],
    timingsMs: Object.fromEntries(questions.map(({ id }) => [id, { retrieve: 5, firstText: 7, total: 9.5 }])),
    ...more,
  })
}
