// What the tools of the Model Context Protocol take and give: clients show it to their model, and check results with it.
import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { faultOf, ownWords } from './faults.ts'
import { askBody, questionText, revisionQuery } from './schemas.ts'
import { wordsOnlyShape } from './shapes.ts'

/** The same to every client, but for what it says of faults: that of the other routes, not of zod. */
export function inOurWords<Schema extends z.ZodType>(
  schema: Schema,
): StandardSchemaWithJSON<z.input<Schema>, z.output<Schema>> {
  const validate = (value: unknown) => {
    const parsed = schema.safeParse(value, { error: ownWords, reportInput: true })
    if (parsed.success) return { value: parsed.data }
    return { issues: [{ message: faultOf(parsed.error.issues, 'arguments').sentence }] }
  }
  return { '~standard': { ...schema['~standard'], validate } }
}

export const searchInput = z.strictObject({ query: questionText.describe('words, or a question in plain language') })

export const searchOutput = z.object({
  results: z.array(
    z.object({
      id: z.string().describe('for fetch'),
      title: z.string(),
      url: z.string().describe('a page that shows the document with the best passage marked'),
      page: z.int().nullable().describe('of the document, on which that passage begins; null: it has no pages'),
      text: z.string().describe('the passages found in it, best first'),
    }),
  ),
  words_only: wordsOnlyShape.exactOptional(),
  note: z.string().exactOptional().describe('the same as a sentence'),
})

export const fetchInput = z.strictObject({
  id: z.string().describe('id of a document, from search or from a citation'),
  revision: revisionQuery.shape.revision.describe('of a citation; without it the current one'),
  offset: z
    .int('must be a whole number')
    .min(0, 'is negative')
    .default(0)
    .describe('where to read on in a long document'),
})

export const fetchOutput = z.object({
  id: z.string(),
  title: z.string(),
  text: z.string(),
  url: z.string(),
  metadata: z.object({
    source: z.string(),
    revision: z.string(),
    characters: z.int(),
    original_url: z.string().optional(),
    published_at: z.string().optional(),
    authors: z.array(z.string()).readonly().optional(),
    next_offset: z.int().optional().describe('there is more: fetch with this offset'),
  }),
})

export const askInput = z.strictObject({
  question: questionText.describe('one question in plain language'),
  history: askBody.shape.history.describe('earlier questions and answers that this one may lean on, oldest first'),
  mode: askBody.shape.mode.describe(
    'extractive: only verbatim sentences; generative: written by the model; auto: what there is',
  ),
})

const span = z.object({ start: z.int(), end: z.int() })
const place = {
  n: z.int(),
  document: z.looseObject({ id: z.string(), title: z.string(), revision: z.string() }),
  headings: z.array(z.string()),
  page: z.int().nullable().describe('on which it begins; null: the document has no pages'),
  span: span.describe('of the text of this revision, in UTF-16 code units'),
}

/** The answer object of POST /v1/ask, of which the parts are described that a model needs. */
export const askOutput = z.looseObject({
  id: z.string(),
  status: z.enum(['answered', 'abstained', 'stopped']).describe('abstained: the library does not hold the answer'),
  reason: z.string().nullable(),
  answer: z.string().describe('[n] stands for the citation of this number'),
  statements: z.array(
    z.looseObject({ start: z.int(), end: z.int(), verdict: z.string(), citations: z.array(z.int()) }),
  ),
  citations: z.array(z.looseObject({ ...place, quote: z.string().describe('the exact words of the document') })),
  passages: z.array(z.looseObject(place)),
  nearest: z.array(z.looseObject(place)).describe('abstained: passages worth a look'),
})
