// What a change of the embedding model takes and tells on the wire. The compiler holds it to core/spaces.ts
// (test/server/http/shapes.test.ts).
import { z } from 'zod'
import { questionText } from './schemas.ts'
import { count } from './shapes.ts'

const MODEL_LIMIT = 300
const QUESTIONS_LIMIT = 1_000
const needsModel = ['plan', 'fill', 'compare', 'switch', 'drop']

const span = z.strictObject({ start: z.int().nonnegative(), end: z.int().positive() })

export const reembedBody = z
  .strictObject({
    step: z
      .enum(
        ['list', 'plan', 'fill', 'compare', 'switch', 'back', 'drop'],
        'must be list, plan, fill, compare, switch, back or drop',
      )
      .describe(
        'switch: fills what is missing, then searches there; back: to the space before; drop: forgets its vectors',
      ),
    model: z
      .string('must be a string')
      .min(1, 'is empty')
      .max(MODEL_LIMIT, `is longer than ${MODEL_LIMIT} characters`)
      .optional()
      .describe('a model of the provider, `built-in`, or the name of a space'),
    questions: z
      .array(
        z.strictObject({
          question: questionText,
          cited: z.array(z.strictObject({ document: questionText, spans: z.array(span) })),
        }),
      )
      .max(QUESTIONS_LIMIT, `holds more than ${QUESTIONS_LIMIT} questions`)
      .optional()
      .describe('to compare on, with what backs their answers; left out: the last ones that were answered'),
  })
  .refine(({ step, model }) => model !== undefined || !needsModel.includes(step), {
    path: ['model'],
    error: 'is missing: name a model of the provider, or built-in',
  })

const space = z.string().describe('the name of a space')
const usd = z.number().nonnegative().nullable().describe('null: the model has no price')
const tokens = count.describe('about; 0 for the built-in embedder')

const figures = z.strictObject({
  space,
  documents: count.describe('questions of which a cited document is among the first five passages'),
  places: count.describe('… a cited place'),
  median_ms: z.number().nonnegative().describe('of one search'),
})

/** One line of a step each. */
export const reembedLineShape = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('spaces'),
    spaces: z.array(
      z.strictObject({
        space,
        chunks: count.describe('that have a vector in it'),
        active: z.boolean().describe('the library is searched in it'),
        former: z.boolean().describe('it was before'),
      }),
    ),
  }),
  z.strictObject({
    type: z.literal('planned'),
    from: space,
    to: space,
    chunks: count,
    missing: count.describe('chunks to embed'),
    tokens,
    usd,
    ms: count.describe('about'),
  }),
  z.strictObject({ type: z.literal('filled'), done: count, total: count, tokens, usd }),
  z.strictObject({
    type: z.literal('compared'),
    questions: count,
    with_places: count.describe('those of them of which places are known'),
    from: figures,
    to: figures,
    overlap: z.number().min(0).max(1).nullable().describe('share of the first five passages that both find'),
  }),
  z.strictObject({ type: z.literal('switched'), from: space, to: space }),
  z.strictObject({ type: z.literal('dropped'), space }),
  z.strictObject({ type: z.literal('error'), code: z.string(), message: z.string() }),
])
