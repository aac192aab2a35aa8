// What a caller reads of a wrong body or query: our words, by the name of the field, and what was probably meant.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { InputError } from '../../../core/errors.ts'
import { parseShape } from '../../../server/http/body.ts'
import { chatBody } from '../../../server/http/chat-request.ts'
import { syntaxFault } from '../../../server/http/faults.ts'
import {
  answersQuery,
  askBody,
  feedbackBody,
  ingestBody,
  listQuery,
  revisionQuery,
  searchBody,
} from '../../../server/http/schemas.ts'
import { uiChatBody } from '../../../server/http/ui-request.ts'

/** Null: the value is as it should be. */
function faultIn(schema: z.ZodType, value: unknown): InputError | null {
  try {
    parseShape(schema, value, 'body')
    return null
  } catch (error) {
    expect(error).toBeInstanceOf(InputError)
    return error as InputError
  }
}

describe('a wrong field', () => {
  const faults: [schema: z.ZodType, value: unknown, sentence: string][] = [
    [askBody, {}, 'question: is missing.'],
    [askBody, { question: 5 }, 'question: must be a string.'],
    [askBody, { question: null }, 'question: must be a string.'],
    [askBody, { qestion: 'x' }, 'question: is missing; qestion is not a known field; did you mean "question"?'],
    [
      askBody,
      { question: 'x', conversationId: 'c' },
      'conversationId: is not a known field; did you mean "conversation_id"?',
    ],
    [askBody, null, 'body: must be an object.'],
    [askBody, { question: 'x', history: 'y' }, 'history: must be an array.'],
    [askBody, { question: 'x', history: [{ question: 'y' }] }, 'history.0.answer: is missing.'],
    [
      searchBody,
      { query: 'x', k: 3 },
      `k: is not a known field; known are ${Object.keys(searchBody.shape).join(', ')}.`,
    ],
    [
      searchBody,
      { text: 'x' },
      `query: is missing; text is not a known field; known are ${Object.keys(searchBody.shape).join(', ')}.`,
    ],
    [feedbackBody, {}, 'rating: is missing.'],
    [feedbackBody, { rating: 'good' }, 'rating: must be up or down.'],
    [chatBody, { messages: [] }, 'model: is missing.'],
    [chatBody, { model: 'footnote', messages: [{ content: 'x' }] }, 'messages.0.role: is missing.'],
    [listQuery, { foo: '1' }, 'foo: is not a known field; known are limit, after.'],
    [answersQuery, { ratting: 'up' }, 'ratting: is not a known field; did you mean "rating"?'],
  ]

  it.each(faults)('of %# is named: %o', (schema, value, sentence) => {
    expect(faultIn(schema, value)?.message).toBe(sentence)
  })
})

const turn = { question: 'How?', answer: 'So.' }
const valid: readonly (readonly [name: string, schema: z.ZodType, value: object])[] = [
  ['ask', askBody, { question: 'How?', history: [turn], library: 'l', stream: true, fresh: true, mode: 'auto' }],
  ['ask again', askBody, { question: 'How?', conversation_id: 'c' }],
  ['search', searchBody, { query: 'How?', library: 'l' }],
  ['ingest', ingestBody, { paths: ['x'] }],
  ['feedback', feedbackBody, { rating: 'down', reason: 'wrong', comment: 'x' }],
  [
    'chat/completions',
    chatBody,
    {
      model: 'footnote',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
      stream: true,
      stream_options: { include_usage: true },
      n: 1,
      tools: [],
      functions: [],
      modalities: ['text'],
      response_format: { type: 'text' },
    },
  ],
  [
    'api/chat',
    uiChatBody,
    { messages: [{ role: 'user', parts: [{ type: 'text', text: 'x' }] }], id: 'x', trigger: 'submit-message' },
  ],
  ['documents', listQuery, { limit: '5', after: 'doc_1' }],
  ['document', revisionQuery, { revision: 'a'.repeat(64) }],
  ['answers', answersQuery, { limit: '5', after: 'ans_1', stale: 'true', rating: 'up', conversation_id: 'c' }],
]

const many = (count: number, each: object) => Array.from({ length: count }, () => each)

type Place = readonly (string | number)[]

function placesIn(value: unknown): Place[] {
  if (value === null || typeof value !== 'object') return [[]]
  return [[], ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner).map((rest) => [key, ...rest]))]
}

/** With another value at this place; undefined takes the field away. */
function changed(value: unknown, [key, ...rest]: Place, other: unknown): unknown {
  if (key === undefined) return other
  const copy = structuredClone(value) as Record<string, unknown>
  copy[key] = changed(copy[key], rest, other)
  return copy
}

describe('no schema of a route', () => {
  const wrong = fc.oneof(
    fc.constantFrom<unknown>(undefined, null, true, 5, -1, 1.5, 1e300, '', 'x', 'x'.repeat(50_000), [], [[]], {}),
    fc.constantFrom<unknown>(many(60, turn), many(2_000, { role: 'user', parts: [] }), [null], [5], { x: 1 }),
    fc.jsonValue(),
  )

  it.each(valid)('(%s) speaks in the words of zod', (_name, schema, value) => {
    expect(faultIn(schema, value)).toBeNull()
    for (const place of placesIn(value))
      fc.assert(
        fc.property(wrong, (other) => {
          const fault = faultIn(schema, changed(value, place, other))
          if (fault === null) return
          expect(fault.message).toMatch(/^[^\n]{1,80}: (?:is|has|holds|must|cannot|contains)\b.*[.?]$/s)
          expect(fault.message).not.toMatch(/invalid|received|expected|unrecognized|too (?:big|small)/i)
        }),
        { numRuns: 60 },
      )
  })
})

describe('a text that is no JSON', () => {
  const texts: [text: string, where: string][] = [
    ['', 'The body is empty; send a JSON object.'],
    [' \n', 'The body is empty; send a JSON object.'],
    ['{"question": "How', 'The body is not valid JSON: it ends too early.'],
    ['{"question": "How?"', 'The body is not valid JSON: it ends too early.'],
    ['{"question": ', 'The body is not valid JSON: it ends too early.'],
    ['{\n  question: 5}', 'The body is not valid JSON: line 2, column 3 is wrong.'],
    ["{'question': 5}", 'The body is not valid JSON: line 1, column 2 is wrong.'],
    ['{"question": "How?",}', 'The body is not valid JSON: line 1, column 21 is wrong.'],
    ['{"question": "How?"} x', 'The body is not valid JSON: line 1, column 22 is wrong.'],
    ['{"question": How?}', 'The body is not valid JSON: the character H in "{"question": How?}" is wrong.'],
  ]

  it.each(texts)('%j is refused with the place', (text, where) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
    try {
      JSON.parse(text)
    } catch (error) {
      expect(syntaxFault(text, (error as Error).message)).toBe(where)
    }
  })
})
