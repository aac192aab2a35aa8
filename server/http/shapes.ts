// What the routes give, as they give it. Strict: a field more is a change of the contract. `Answer` and its like are
// types of core/types.ts; test/server/http/shapes.test.ts proves to the compiler that both say the same.
import { z } from 'zod'
import { feedbackReasons } from '../../core/types.ts'
import { citationShape } from './schemas.ts'

export const count = z.int().nonnegative()

export const spanShape = citationShape.shape.span
export const documentShape = citationShape.shape.document

export const passageShape = z
  .strictObject({
    n: z.int().positive().describe('its number: what `passage` of a citation names'),
    document: documentShape,
    headings: citationShape.shape.headings,
    page: citationShape.shape.page,
    span: spanShape,
    text: z.string().describe('the text of the document from start to end, to the letter'),
    score: z.number().describe('how well it fits, to compare passages of one search'),
  })
  .describe('A place of a document that was found: what a model reads, and what a reader can open.')

export const statementShape = z
  .strictObject({
    start: count,
    end: count,
    verdict: z
      .enum(['verbatim', 'supported', 'partial', 'unsupported', 'unchecked'])
      .describe('what its quotes say of it: the same, enough, a part, nothing; unchecked: nobody looked'),
    citations: z.array(z.int().positive()).describe('numbers of its citations'),
  })
  .describe('A sentence: [start, end) of the field `answer`, in UTF-16 code units, without its markers.')

export const wordsOnlyShape = z
  .literal(true)
  .describe('the embedder did not answer: found by words alone, not by meaning')
const modeShape = z.enum(['generative', 'extractive']).describe('written by a model, or verbatim sentences')

export const answerShape = z
  .strictObject({
    id: z.string(),
    conversation_id: z.string().describe('for the next question of the same conversation'),
    question: z.string(),
    query: z.string().describe('what was searched for: the question as it stands alone'),
    status: z.enum(['answered', 'abstained', 'stopped']).describe('abstained: the library does not hold the answer'),
    reason: z
      .enum(['empty-library', 'nothing-relevant', 'partly-covered', 'model-declined', 'nothing-supported'])
      .nullable()
      .describe('why it abstained'),
    mode: modeShape,
    fallback: z
      .enum(['model-unavailable', 'model-cut-off', 'budget-spent'])
      .nullable()
      .describe('why it is not the answer that was asked for'),
    answer: z.string().describe('[n] stands for the citation of this number'),
    statements: z.array(statementShape),
    citations: z.array(citationShape),
    passages: z.array(passageShape).describe('all that the answer was made from'),
    nearest: z.array(passageShape).describe('abstained: passages worth a look'),
    missing: z.array(z.string()).describe('what was looked for and not found'),
    models: z.strictObject({ generator: z.string().nullable(), embedder: z.string() }),
    words_only: wordsOnlyShape.exactOptional(),
    prompts: z.record(z.string(), z.string()).nullable().describe('name → SHA-256 of each prompt that was sent'),
    cached: z.boolean().describe('the model’s reply was kept from an earlier answer'),
    usage: z.strictObject({ input_tokens: count, output_tokens: count, cost_usd: z.number().nonnegative() }),
    timings_ms: z.strictObject({
      retrieve: z.number().nonnegative(),
      first_text: z.number().nonnegative(),
      total: z.number().nonnegative(),
    }),
  })
  .describe('An answer, which is its own receipt.')

const ratingShape = z.enum(['up', 'down'])

export const feedbackShape = z
  .strictObject({
    rating: ratingShape,
    reason: z.enum(feedbackReasons).nullable(),
    comment: z.string().nullable(),
    given_at: z.iso.datetime({ offset: true }),
  })
  .describe('What a reader thought of an answer.')

export const ratedAnswerShape = z.strictObject({
  ...answerShape.shape,
  feedback: feedbackShape.nullable().describe('null: nobody said anything'),
})

export const summaryShape = z.strictObject({
  id: z.string(),
  conversation_id: z.string(),
  question: z.string(),
  status: answerShape.shape.status,
  asked_at: z.iso.datetime({ offset: true }),
  stale: z.array(z.int().positive()).describe('numbers of citations whose quotes do not stand in the current revision'),
  rating: ratingShape.nullable(),
})

const nextPage = z.string().nullable().describe('there is more: the next page is `after` this id')

export const answersShape = z.strictObject({ answers: z.array(summaryShape), next: nextPage })
const conversationFields = {
  id: z.string(),
  title: z.string().describe('as it was named, or its first question'),
  questions: z.int().positive(),
  asked_at: z.iso.datetime({ offset: true }).describe('when its newest question came'),
}

export const conversationSummaryShape = z.strictObject(conversationFields)

export const conversationsShape = z.strictObject({
  conversations: z.array(conversationSummaryShape),
  next: z.string().nullable().describe('there is more: the next page is `after` this place'),
})

export const exchangeShape = z.strictObject({
  id: z.string().describe('of the answer'),
  question: z.string(),
  status: z
    .enum(['answered', 'abstained', 'stopped', 'running', 'failed'])
    .describe('running: its events can be followed; failed: it ended in a fault'),
  asked_at: z.iso.datetime({ offset: true }),
  answer: ratedAnswerShape.nullable().describe('null: it is under way, or failed'),
})

export const conversationShape = z.strictObject({
  ...conversationFields,
  answers: z.array(exchangeShape).describe('oldest first'),
  earlier: z.string().nullable().describe('there is more: the page before is `before` this answer'),
})

export const suggestionsShape = z.strictObject({
  suggestions: z.array(
    z.strictObject({
      question: z.string(),
      document: z.strictObject({ id: z.string(), title: z.string() }).describe('what its answer cites'),
    }),
  ),
})

export const rateShape = z.strictObject({ id: z.string(), feedback: feedbackShape.nullable() })
export const stopShape = z.strictObject({ id: z.string(), stopped: z.boolean().describe('false: it had ended before') })

export const searchShape = z.strictObject({
  query: z.string(),
  passages: z.array(passageShape),
  words_only: wordsOnlyShape.exactOptional(),
  timings_ms: z.strictObject({ total: z.number().nonnegative() }),
})

const audience = z.array(z.string()).describe('groups and channels that it is for; empty: everyone')
const authors = z.array(z.string()).describe('as the document names them; empty: it does not')

export const documentSummaryShape = z.strictObject({
  ...documentShape.shape,
  authors,
  audience,
  chunks: count,
  characters: count,
  ingested_at: z.iso.datetime({ offset: true }),
})
export const documentsShape = z.strictObject({ documents: z.array(documentSummaryShape), next: nextPage })

export const documentTextShape = z
  .strictObject({
    ...documentShape.shape,
    authors,
    audience,
    text: z.string().describe('what the spans of this revision index'),
    outline: z.array(z.strictObject({ level: z.int().positive(), title: z.string(), span: spanShape })),
    boilerplate: z.array(spanShape).describe('places that are never evidence'),
    pages: z.array(count).describe('where each page begins in the text; empty: it has none'),
    current: z.boolean().describe('false: an earlier revision, kept for the citations that point at it'),
    removed_at: z.iso
      .datetime({ offset: true })
      .nullable()
      .describe('when the document was removed, whose texts are kept for its citations; null: it is in the library'),
  })
  .describe('One revision of a document.')

/** The events of an answer by their names; the name is the `event:` of the frame and not in its `data:`. */
export const eventShapes = {
  started: z.strictObject({ id: z.string(), conversation_id: z.string(), mode: modeShape }),
  passages: z.strictObject({ passages: z.array(passageShape) }),
  text: z.strictObject({ delta: z.string().describe('joined, the deltas are the field `answer`') }),
  citation: z.strictObject({ citation: citationShape }),
  verdict: statementShape,
  done: z.strictObject({ answer: answerShape }),
  abstained: z.strictObject({ answer: answerShape }),
  stopped: z.strictObject({ answer: answerShape }),
  error: z.strictObject({ code: z.string(), retryable: z.boolean(), retry_after_ms: z.number().exactOptional() }),
} as const

export const liveShape = z.strictObject({ status: z.literal('ok') })
const serving = { library: z.string(), models: answerShape.shape.models }
export const readyShape = z.strictObject({ status: z.literal('ready'), ...serving })
export const notReadyShape = z.strictObject({ status: z.literal('not-ready'), reason: z.string(), ...serving })

/** `Problem` of failure.ts. */
export const problemShape = z
  .strictObject({
    type: z.literal('about:blank'),
    status: z.int(),
    code: z.string().describe('stable: what programs may decide by'),
    title: z.string().describe('what was wrong and what to do, in one sentence'),
    field: z.string().exactOptional().describe('the field that was wrong'),
    request_id: z.string().exactOptional().describe('of a fault of the server: what to look for in its log'),
  })
  .describe('A fault (RFC 9457).')

/** JSON Schema and OpenAPI say themselves what they are. */
export const jsonSchemaShape = z.looseObject({}).describe('A document that follows a specification of its own.')
