// An answer from library/, shortened to one sentence: what the examples show.
import type { AnswerEvent } from '../../core/types.ts'

const revision = '6a40472e3e79073a76e08ad8dbf43d1a41dc6e516baa0b9c7ba9ae20574dc7af'
const document = {
  id: 'doc_8bb42bdafad0650d4bd9',
  title: 'How Stripe Keeps Its API Up With Rate Limiters',
  source: 'library/stripe-rate-limiters.md',
  url: null,
  revision,
  published_at: null,
}
const headings = ['How Stripe Keeps Its API Up With Rate Limiters']
const quote =
  'Stripe runs four limiters in production, two of each kind, and its rate limiting is built on the token bucket algorithm.'
const span = { start: 246, end: 366 }

const shownCitation = {
  n: 1,
  passage: 1,
  document,
  headings,
  page: null,
  span,
  quote,
  link: `/documents/${document.id}?revision=${revision}#${span.start}-${span.end}`,
}

export const shownPassage = { n: 1, document, headings, page: null, span, text: quote, score: 9.84 }

export const QUESTION = 'How did Stripe rate limit?'

/** The reader whose conversations the examples show. */
export const READER = 'footnote_reader=Zm9vdG5vdGUtZXhhbXBsZQ'

/** Of an answer that was finished, of one that is not, of one that ended in a fault, and of none. */
export const ids = {
  answer: 'ans_64b52f45d6134051a1d28f36a99f45ed',
  unfinished: 'ans_1d9f5f2e8c4b4f0e9a7b3c6d5e2f1a0b',
  failed: 'ans_7e6d5c4b3a29481f8e7d6c5b4a392817',
  unknown: 'ans_00000000000000000000000000000000',
  sync: 'syn_0a1b2c3d4e5f60718293a4b5c6d7e8f9',
  noSync: 'syn_00000000000000000000000000000000',
  /** upload/sent.md of the library main */
  upload: 'doc_56d29359af1080cb4852',
  conversation: 'con_8592b16493514c0cafb43c98566b4c99',
  own: 'con_2f6a1c0d9e8b4735a6c4d3e2f1b0a918',
  removed: 'con_5b4a39281706f5e4d3c2b1a09f8e7d6c',
  document: document.id,
} as const

export const shownAnswer = {
  id: ids.answer,
  conversation_id: ids.conversation,
  question: QUESTION,
  query: QUESTION,
  status: 'answered',
  reason: null,
  mode: 'extractive',
  fallback: null,
  answer: `${quote} [1]`,
  statements: [{ start: 0, end: 120, verdict: 'verbatim', citations: [1] }],
  citations: [shownCitation],
  passages: [shownPassage],
  nearest: [],
  missing: [],
  models: { generator: null, embedder: 'built-in/static/256/1' },
  prompts: null,
  cached: false,
  usage: { input_tokens: 0, output_tokens: 0, cost_usd: 0 },
  timings_ms: { retrieve: 13.2, first_text: 17.9, total: 18.4 },
} as const

const frame = (seq: number, type: AnswerEvent['type'], body: object) =>
  `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(body)}\n\n`

/** Some of its events, as they are sent. */
export const firstEvents = [
  frame(1, 'started', { id: ids.answer, conversation_id: ids.conversation, mode: 'extractive' }),
  frame(2, 'text', { delta: shownAnswer.answer }),
  frame(3, 'verdict', shownAnswer.statements[0]),
].join('')
