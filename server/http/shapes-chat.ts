// What the chat surfaces give, in the shapes that the clients of others expect, with ours beside them.
import { z } from 'zod'
import { citationShape } from './schemas.ts'
import { answerShape, passageShape, statementShape } from './shapes.ts'

export const modelShape = z.strictObject({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.literal('footnote'),
})
export const modelsShape = z.strictObject({ object: z.literal('list'), data: z.array(modelShape) })

export const annotationShape = z.strictObject({
  type: z.literal('url_citation'),
  url_citation: z.strictObject({
    start_index: z.int().nonnegative(),
    end_index: z.int().positive(),
    title: z.string(),
    url: z.string().describe('the page that marks the words'),
  }),
})

const usageShape = z.strictObject({
  prompt_tokens: z.int().nonnegative(),
  completion_tokens: z.int().nonnegative(),
  total_tokens: z.int().nonnegative(),
})
const finish = z.enum(['stop', 'length'])
const reply = { id: z.string(), created: z.int(), model: z.string() }

export const completionShape = z.strictObject({
  ...reply,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.strictObject({
      index: z.literal(0),
      message: z.strictObject({
        role: z.literal('assistant'),
        content: z.string().describe('Markdown, each marker a link to the words it stands for'),
        refusal: z.null(),
        annotations: z.array(annotationShape),
      }),
      logprobs: z.null(),
      finish_reason: finish,
    }),
  ),
  usage: usageShape,
  footnote: answerShape,
})

export const completionChunkShape = z.strictObject({
  ...reply,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.strictObject({
      index: z.literal(0),
      delta: z.strictObject({
        role: z.literal('assistant').exactOptional(),
        content: z.string().exactOptional(),
        annotations: z.array(annotationShape).exactOptional(),
      }),
      logprobs: z.null(),
      finish_reason: finish.nullable(),
    }),
  ),
  usage: usageShape.nullable().exactOptional().describe('when stream_options.include_usage is set: on the last chunk'),
  footnote: answerShape.exactOptional().describe('on the chunk that ends the text'),
})

/** A fault as clients of the OpenAI API expect it. */
export const openAiErrorShape = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.enum(['invalid_request_error', 'server_error']),
    param: z.string().nullable(),
    code: z.string().describe('the same codes as everywhere'),
  }),
})

/** What is in a stream of chunks: a fault on the way is one that holds `error`. */
export const completionEventShape = z.union([completionChunkShape, openAiErrorShape])

const partId = z
  .enum(['answer', 'note'])
  .describe('answer: the field of this name, to the letter; note: what is said of it')

/** The parts of the AI SDK's UI message stream (protocol v1) that are used here. */
export const uiChunkShape = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), messageId: z.string().describe('the id of the answer') }),
  z.strictObject({ type: z.literal('text-start'), id: partId }),
  z.strictObject({ type: z.literal('text-delta'), id: partId, delta: z.string() }),
  z.strictObject({ type: z.literal('text-end'), id: partId }),
  z.strictObject({
    type: z.literal('source-url'),
    sourceId: z.string().describe('the number in the marker'),
    url: z.string(),
    title: z.string(),
    providerMetadata: z.strictObject({ footnote: citationShape }),
  }),
  z.strictObject({ type: z.literal('data-passages'), data: z.array(passageShape), transient: z.literal(true) }),
  z.strictObject({ type: z.literal('data-statement'), data: statementShape }),
  z.strictObject({ type: z.literal('data-answer'), data: answerShape }),
  z.strictObject({ type: z.literal('error'), errorText: z.string() }),
  z.strictObject({ type: z.literal('abort') }),
  z.strictObject({ type: z.literal('finish'), finishReason: finish }),
])
