// What the routes accept, and the citation as every surface gives it.
import { z } from 'zod'
import { audienceName, isAudienceName } from '../../core/audience.ts'
import { NotFoundError } from '../../core/errors.ts'
import { feedbackReasons } from '../../core/types.ts'

const QUESTION_LIMIT = 4_000
const COMMENT_LIMIT = 2_000

/** Text a person typed: not empty, storable, of a sane size. */
export const questionText = z
  .string('must be a string')
  .min(1, 'is empty')
  .max(QUESTION_LIMIT, `is longer than ${QUESTION_LIMIT} characters`)
  .refine((text) => text.trim() !== '', 'is empty')
  .refine((text) => text.isWellFormed(), 'contains half a surrogate pair')
  // eslint-disable-next-line no-control-regex -- NUL is what Postgres cannot store
  .refine((text) => !text.includes('\u0000'), 'contains a NUL character')

export const identifier = z.string('must be a string').regex(/^[\w-]{1,80}$/, 'is not an identifier')

/** An id out of a path. What cannot be an id names nothing: 404, and it never reaches the database. */
export function pathId(text: string, what: 'answer' | 'document' | 'conversation' | 'sync'): string {
  if (identifier.safeParse(text).success) return text
  throw new NotFoundError(`unknown-${what}`, `There is no ${what} ${JSON.stringify(text.slice(0, 80))}.`)
}

/** For whom a program asks. It narrows what is looked at and proves nothing: whoever leaves it out is not limited. */
export const audiences = z
  .array(
    z
      .string('must be a string')
      .refine((name) => isAudienceName(audienceName(name)), 'cannot be the name of a channel or a group'),
    'must be an array of names',
  )
  .max(200, 'holds more than 200 names')
  .optional()
  .describe(
    'groups and channels of the readers: documents for others alone are not looked at; a filter, not access control',
  )

/** The key has said it already: a library that is named is this one, or refused. */
export const ownLibrary = identifier
  .optional()
  .describe('that of the key; of a server that wants none, its LIBRARY; any other is a 404')

export const askBody = z.strictObject({
  question: questionText.describe('one question in plain language'),
  audiences,
  conversation_id: identifier.optional().describe('of an earlier answer: the question may lean on what was said'),
  history: z
    .array(
      z.strictObject({
        question: questionText,
        answer: z
          .string()
          .max(40_000)
          .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'cannot be stored'),
      }),
    )
    .max(50)
    .optional()
    .describe('earlier questions and answers, oldest first, instead of those that the server remembers'),
  library: ownLibrary,
  stream: z
    .boolean('must be true or false')
    .optional()
    .describe('true: events; false: one object; left out: as Accept says'),
  fresh: z
    .boolean('must be true or false')
    .default(false)
    .describe('the model is asked although its reply to the same words is kept'),
  resumable: z
    .boolean('must be true or false')
    .default(false)
    .describe('true: a reader who leaves has a minute to come back before the answer is stopped'),
  mode: z
    .enum(['auto', 'generative', 'extractive'], 'must be auto, generative or extractive')
    .default('auto')
    .describe('written by a model, verbatim sentences, or what there is'),
})

export const searchBody = z.strictObject({ query: questionText, audiences, library: ownLibrary })

const ingestTargets = {
  paths: z
    .array(z.string('must be a string').min(1, 'is empty'), 'must be an array')
    .max(100_000, 'holds more than 100,000 names')
    .default([])
    .describe('files and folders on the machine of the server'),
  sources: z
    .array(z.string('must be a string').min(1, 'is empty'), 'must be an array')
    .max(1_000, 'holds more than 1,000 names')
    .optional()
    .describe('names of sources of sources.yaml; an empty list: all of them'),
}

const hasTarget = ({ paths, sources }: { paths: readonly string[]; sources?: readonly string[] | undefined }) =>
  paths.length > 0 || sources !== undefined
const noTarget = { path: ['paths'], error: 'is missing: name files, folders or sources' }

export const ingestBody = z
  .strictObject({
    ...ingestTargets,
    allow_deletes: z
      .boolean('must be true or false')
      .default(false)
      .describe('documents that are gone are removed however many they are'),
  })
  .refine(hasTarget, noTarget)

export const planBody = z.strictObject(ingestTargets).refine(hasTarget, noTarget)

const written = (kind: string) =>
  z
    .string('must be a string')
    .min(1, 'is empty')
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'cannot be stored')
    .optional()
    .describe(kind)

/** What an upload says of itself, as JSON and as fields of a form. */
export const uploadSaid = z.strictObject({
  title: questionText.max(300, 'is longer than 300 characters').optional().describe('in place of its own'),
  url: z
    .url({ protocol: /^https?$/, error: 'is not an address like https://example.com/page' })
    .max(2_000, 'is longer than 2000 characters')
    .optional()
    .describe('where it can be read on the web'),
  authors: z
    .array(questionText.max(100, 'is longer than 100 characters'), 'must be an array of names')
    .max(20, 'holds more than 20 names')
    .optional()
    .describe('in place of its own'),
  audience: audiences.describe('groups and channels that it is for; left out: as its text says'),
})

export const uploadBody = z
  .strictObject({
    name: questionText
      .max(200, 'is longer than 200 characters')
      .optional()
      .describe('the same name again is a new revision; left out: made of the url'),
    ...uploadSaid.shape,
    text: written('the document as plain text'),
    markdown: written('the document as Markdown'),
    html: written('the document as HTML'),
  })
  .refine(({ name, url }) => name !== undefined || url !== undefined, {
    path: ['name'],
    error: 'is missing: a document needs a name or a url',
  })
  .refine(
    ({ url, ...texts }) => {
      const given = [texts.text, texts.markdown, texts.html].filter((each) => each !== undefined).length
      return given === 1 || (given === 0 && url !== undefined)
    },
    {
      path: ['text'],
      error: 'must be there, or markdown, or html: exactly one of them, or none for the page at a url',
    },
  )

const limitFault = 'must be a whole number from 1 to 200'

export const listQuery = z.strictObject({
  limit: z.coerce.number(limitFault).int(limitFault).min(1, limitFault).max(200, limitFault).default(50),
  after: identifier
    .startsWith('doc_', 'is no place in this list')
    .optional()
    .describe('the field next of the page before'),
})

export const documentsQuery = z.strictObject({
  ...listQuery.shape,
  q: questionText.max(200, 'is longer than 200 characters').optional().describe('words of the title or the source'),
})

export const syncsQuery = z.strictObject({
  ...listQuery.shape,
  after: identifier.optional().describe('the field next of the page before'),
})

const rating = z.enum(['up', 'down'], 'must be up or down')

export const answersQuery = z.strictObject({
  ...listQuery.shape,
  after: identifier.optional().describe('the field next of the page before'),
  stale: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .describe('true: those with a citation whose quote does not stand in the current revision'),
  rating: rating.optional(),
  conversation_id: identifier.optional(),
})

/** Of its cursor the route itself says more than a shape could. */
export const eventsQuery = z.strictObject({ after: z.string().default('0') })

export const feedbackBody = z.strictObject({
  rating,
  reason: z.enum(feedbackReasons, `must be one of ${feedbackReasons.join(', ')}`).nullish(),
  comment: z
    .string('must be a string')
    .max(COMMENT_LIMIT, `is longer than ${COMMENT_LIMIT} characters`)
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'cannot be stored')
    .nullish(),
})

export const conversationsQuery = z.strictObject({
  limit: listQuery.shape.limit,
  after: z
    .string()
    .regex(/^\d{1,18}-[\w-]{1,80}$/, 'is no place in this list')
    .optional()
    .describe('the field next of the page before'),
  q: z
    .string()
    .max(200, 'is longer than 200 characters')
    .refine((text) => text.isWellFormed(), 'contains half a surrogate pair')
    .optional()
    .describe('words, each of which stands in the title or in a question'),
})

export const conversationQuery = z.strictObject({
  limit: listQuery.shape.limit.default(20),
  before: identifier.optional().describe('the field earlier of the page before'),
})

const TITLE_LIMIT = 200

export const conversationBody = z.strictObject({
  title: z
    .string('must be a string')
    .trim()
    .min(1, 'is empty')
    .max(TITLE_LIMIT, `is longer than ${TITLE_LIMIT} characters`)
    .refine((text) => text.isWellFormed(), 'contains half a surrogate pair')
    .refine((text) => !/\p{Cc}/u.test(text), 'contains a control character'),
})

const someFault = 'must be a whole number from 1 to 30'

export const suggestionsQuery = z.strictObject({
  limit: z.coerce.number(someFault).int(someFault).min(1, someFault).max(30, someFault).default(3),
})

export const gapsQuery = z.strictObject({
  since: z
    .string()
    .regex(/^[1-9]\d{0,3}[hdw]$/, 'is no time like 12h, 30d or 8w')
    .default('30d')
    .describe('asked no longer ago than this'),
})

const revision = z.string().regex(/^[0-9a-f]{64}$/, 'is not a revision (64 hexadecimal digits)')

/** Of a route that takes no parameters. */
export const noQuery = z.strictObject({})

export const revisionQuery = z.strictObject({
  revision: revision.optional().describe('of a citation; without it the current one'),
})

/** `Citation` of core/types.ts on the wire. Strict: a field more is a change of the contract. */
export const citationShape = z.strictObject({
  n: z.int().positive().describe('the number in its marker: [n] in the text of the answer'),
  passage: z.int().positive().describe('the number of the passage that it was cut from'),
  document: z.strictObject({
    id: z.string().regex(/^doc_\w+$/),
    title: z.string(),
    source: z.string().describe('the path or address that it was learned from'),
    url: z.string().nullable().describe('where it can be read on the web'),
    revision: revision.describe('names the text that the span indexes'),
    published_at: z.string().nullable(),
  }),
  headings: z.array(z.string()).describe('the headings that the quote stands under, outermost first'),
  page: z.int().positive().nullable().describe('where it begins, counted from 1; null: the document has no pages'),
  span: z
    .strictObject({ start: z.int().nonnegative(), end: z.int().positive() })
    .describe('[start, end) of the text of this revision, in UTF-16 code units'),
  quote: z.string().min(1).describe('that text from start to end, to the letter'),
  link: z
    .string()
    .regex(/^\/documents\/doc_/)
    .describe('the page of this server that marks the quote'),
})
