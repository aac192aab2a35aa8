// The documents and the answers of the scripted site, one per thing that a page must show well.
import {
  type Asked,
  citationOf,
  fakeAnswer,
  fakeDocument,
  passageOf,
  type Reply,
  type Sentence,
  type Step,
  tellAnswer,
} from './fake-site.ts'

export const limiters = fakeDocument({
  id: 'doc_limiters',
  title: 'How Stripe keeps its API up',
  url: 'https://example.com/limiters',
  publishedAt: '2017-03-30',
  text: [
    'A payments API 🚦 has to survive two kinds of trouble: a client that sends too much, and an incident that leaves less capacity than usual. Stripe runs four limiters in production, two of each kind.',
    '# Request rate limiter',
    'Stripe’s request rate limiter holds every user to n requests per second. A user may go above that cap in a short burst 🎉, because some spikes are legitimate. “The first limiter is the one to build”, the team says.',
    '# Worker utilization load shedder',
    'Traffic is ranked in four categories, from the first to be dropped to the last:',
    '1. Test mode traffic, which comes from developers checking their integration.\n2. GETs.\n3. POSTs.\n4. Critical methods.',
    'When capacity falls under a threshold, Stripe starts shedding the less critical requests, and test mode traffic goes first.',
    '# Why a token bucket',
    'Every user owns a bucket of tokens; an empty bucket means the request is rejected.',
  ].join('\n\n'),
})

export const bucket = fakeDocument({
  id: 'doc_bucket',
  title: 'Token buckets, measured',
  source: 'articles/buckets.md',
  text: '# Refill\n\nTokens are refilled every n seconds, and a full bucket accepts no more. The fixed capacity bounds how many requests a user can save up.',
})

const earlier = fakeDocument({
  ...bucket,
  revision: 'r0',
  current: false,
  text: '# Refill\n\nTokens are refilled now and then.',
})

export const hostile = fakeDocument({
  id: 'doc_hostile',
  title: '<script>alert("title")</script><img src=x onerror=alert(1)>',
  source: '"><img src=x onerror=alert(2)>',
  url: 'javascript:alert(3)',
  text: 'Harmless words first. <img src="https://evil.example/x.png" onerror="alert(4)"> <script>alert(5)</script> & done.',
})

export const documents = [limiters, bucket, earlier, hostile]

export const passages = [
  passageOf(limiters, 1, 'A payments API', 'two of each kind.'),
  passageOf(limiters, 2, 'Stripe’s request', 'the team says.'),
  passageOf(limiters, 3, 'Traffic is ranked', 'goes first.'),
  passageOf(bucket, 4, 'Tokens are', 'save up.'),
]

const four = citationOf(limiters, 1, 1, 'Stripe runs four limiters in production, two of each kind.')
const burst = citationOf(
  limiters,
  2,
  2,
  'A user may go above that cap in a short burst 🎉, because some spikes are legitimate.',
)
const test = citationOf(limiters, 3, 3, 'Test mode traffic, which comes from developers checking their integration.')
const refill = citationOf(bucket, 4, 4, 'Tokens are refilled every n seconds, and a full bucket accepts no more.')

const sentences: Sentence[] = [
  { words: four.quote, verdict: 'verbatim', cites: [four] },
  { words: ` ${burst.quote}`, verdict: 'verbatim', cites: [burst] },
  { words: ' Tokens come back on a timer, and a full bucket takes no more.', verdict: 'supported', cites: [refill] },
  { words: '\n\nWhen workers fall behind, traffic is dropped in this order:', verdict: 'partial', cites: [test] },
  { words: `\n\n1. ${test.quote}`, verdict: 'verbatim', cites: [test] },
  { words: '\n2. GETs.', verdict: 'verbatim', cites: [test] },
  { words: '\n\nMost teams copy this design within a year.', verdict: 'unsupported' },
  { words: ' See https://example.com/more for the rest.', verdict: 'unchecked' },
]

// Ten thousand characters, in paragraphs of four sentences.
const longAnswer: Sentence[] = Array.from({ length: 110 }, (_, n) => ({
  words: `${n === 0 ? '' : n % 4 === 0 ? '\n\n' : ' '}Limiter number ${n} counts the requests of every user and refuses those that come too fast for it.`,
  verdict: 'supported',
  cites: [refill],
}))

const markup: Sentence[] = [
  { words: '## Two **kinds**', verdict: 'unchecked' },
  { words: '\n\n| Kind | Number |\n|---|---|\n| `rate` | *two* |', verdict: 'unchecked' },
  { words: '\n\n- The first **is a bucket.**', verdict: 'supported', cites: [refill] },
  { words: '\n  - It is refilled.', verdict: 'supported', cites: [refill] },
  { words: '\n\n```\nSET tokens 10 [1]\n```', verdict: 'unchecked' },
]

const nearest = passages.slice(1).toReversed()

// A server is restarted once.
let restarted = false

/** What is played for a question, told by a word in it. */
export function script({ question }: Asked): Reply {
  const told = (pauseMs: number) =>
    tellAnswer(
      question,
      passages,
      sentences,
      { mode: 'generative', models: { generator: 'gpt-4.1-mini', embedder: 'fake' } },
      pauseMs,
    )
  const half = told(0).slice(0, 14)
  if (question.includes('pizza'))
    return [
      { type: 'abstained', answer: fakeAnswer(question, { status: 'abstained', reason: 'nothing-relevant', nearest }) },
    ]
  if (question.includes('withdrawn'))
    return [
      ...half,
      {
        type: 'abstained',
        answer: fakeAnswer(question, { status: 'abstained', reason: 'nothing-supported', nearest }),
      },
    ]
  if (question.includes('slow')) return told(25)
  if (question.includes('endless')) {
    const stopped = fakeAnswer(question, { status: 'stopped', answer: 'Stripe runs four limiters', passages })
    const tear: Step[] = question.includes('torn') ? ['cut'] : []
    return [...half.slice(0, 8), ...tear, ...half.slice(8), 'until-stopped', { type: 'stopped', answer: stopped }]
  }
  if (question.includes('torn'))
    return [...told(0).slice(0, 9), 'cut', ...told(0).slice(9, 20), 'cut', ...told(0).slice(20)]
  if (question.includes('restart') && !restarted) {
    restarted = true
    return [...half, { type: 'error', code: 'interrupted', retryable: true }]
  }
  if (question.includes('outage'))
    return [...half, { type: 'error', code: 'model-timeout', retryable: true, retry_after_ms: 1000 }]
  if (question.includes('overlong'))
    return Response.json({ code: 'too-large', title: 'The question is longer than 4000 characters.' }, { status: 413 })
  if (question.includes('hostile')) {
    const cite = citationOf(hostile, 1, 1, hostile.text)
    const words = `<img src=x onerror=alert(6)> <script>alert(7)</script> [link](javascript:alert(8)) ${hostile.text}`
    return tellAnswer(
      question,
      [passageOf(hostile, 1, 'Harmless', 'done.')],
      [{ words, verdict: 'verbatim', cites: [cite] }],
    )
  }
  if (question.includes('long')) return tellAnswer(question, passages, longAnswer, { mode: 'generative' }, 1)
  if (question.includes('markup')) return tellAnswer(question, passages, markup, { mode: 'generative' })
  if (question.includes('fallback'))
    return tellAnswer(question, passages, sentences.slice(0, 2), { fallback: 'model-unavailable' })
  return told(0)
}
