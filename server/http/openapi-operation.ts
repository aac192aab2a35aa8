// One route as the document tells it, and the examples that a test sends to a running server.
import type { z } from 'zod'
import { problemShape } from './shapes.ts'
import { openAiErrorShape } from './shapes-chat.ts'

export type Operation = {
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  /** with {id} where the route has :id */
  readonly path: string
  /** the name that generated clients give it */
  readonly id: string
  readonly tag: 'Answers' | 'Library' | 'Chats' | 'Server'
  readonly summary: string
  readonly description?: string
  /** parameters in the address */
  readonly query?: z.ZodObject
  /** what the {id} of the path names */
  readonly pathId?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: z.ZodType
  /** only with the token of the data directory */
  readonly isSecured?: true
  /** by status; of a fault the shape, too */
  readonly replies: Readonly<Record<number, Reply>>
  /** by name, which is that of its code when it shows a fault */
  readonly examples: Readonly<Record<string, Example>>
}

export type Reply = {
  readonly description: string
  /** without it, and without `events` and `lines`, there is no body */
  readonly json?: z.ZodType
  /** the media type of `json` when it is no plain JSON */
  readonly type?: string
  /** a stream of server-sent events: the shape of the `data:` by the name in `event:`, `message` where there is none */
  readonly events?: Readonly<Record<string, z.ZodType>>
  /** a stream with one such object on each line */
  readonly lines?: z.ZodType
  /** one sentence as plain text */
  readonly isText?: true
}

export type Example = {
  readonly summary: string
  readonly status: number
  /** what stands in the path and the query, by name */
  readonly parameters?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** what no JSON body can show */
  readonly request?: {
    readonly headers?: Readonly<Record<string, string>>
    readonly text?: string
    readonly bytes?: number
  }
  /** what the server has to be like */
  readonly when?: 'running' | 'database-down' | 'draining' | 'uploads-off'
  /** an event stream is a text of some of its first events */
  readonly reply?: unknown
}

/** How a fault is told: as problem details, as clients of the OpenAI API expect it, or as its sentence alone. */
export type FaultForm = 'problem' | 'openai' | 'text'

type Fault = { readonly status: number; readonly code: string; readonly title: string; readonly field?: string }

function faultBody({ status, code, title, field }: Fault, form: FaultForm): object | string {
  if (form === 'text') return title
  if (form === 'problem') return { type: 'about:blank', status, code, title, ...(field === undefined ? {} : { field }) }
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return { error: { message: title, type, param: field ?? null, code } }
}

/** An example of a fault, and what has to be sent for it. */
export function fault(told: Fault, sent: Partial<Example> = {}, form: FaultForm = 'problem'): Example {
  const status = form === 'openai' && told.status === 422 ? 400 : told.status
  return { summary: told.title, status, reply: faultBody(told, form), ...sent }
}

const meanings: Readonly<Record<number, string>> = {
  400: 'The request cannot be read.',
  401: 'Who asks is not known.',
  403: 'Whoever asks may not do this.',
  404: 'What was asked for is not there.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'A field is wrong.',
  429: 'The key has asked too often, or too much at once.',
  503: 'The database does not answer, or there is more to do than the server can.',
}

const toldAs = {
  problem: { json: problemShape, type: 'application/problem+json' },
  openai: { json: openAiErrorShape },
  text: { isText: true },
} as const

/** Replies to the statuses of these faults. */
export function faultReplies(examples: Readonly<Record<string, Example>>, form: FaultForm = 'problem') {
  const told = toldAs[form]
  const statuses = Object.values(examples).map(({ status }) => status)
  return Object.fromEntries(
    statuses
      .filter((status) => status >= 400)
      .map((status): [number, Reply] => [status, { description: meanings[status] ?? 'A fault.', ...told }]),
  )
}

/** Of every route that is limited (limiting.ts). */
export function limitReplies(form: FaultForm): Readonly<Record<number, Reply>> {
  const told = toldAs[form]
  return { 429: { description: meanings[429] ?? '', ...told }, 503: { description: meanings[503] ?? '', ...told } }
}

/** What goes wrong at the door of every body, in the words of body.ts and limits.ts. */
export function bodyFaults(limitKb: number, form: FaultForm = 'problem'): Record<string, Example> {
  return {
    'bad-json': fault(
      { status: 400, code: 'bad-json', title: 'The body is not valid JSON: it ends too early.', field: 'body' },
      { request: { text: '{"question": ' } },
      form,
    ),
    'cross-site': fault(
      {
        status: 403,
        code: 'cross-site',
        title: 'Origin: the page of another site may not write to this server.',
        field: 'Origin',
      },
      { request: { headers: { origin: 'https://elsewhere.example' } } },
      form,
    ),
    'too-large': fault(
      { status: 413, code: 'too-large', title: `The body is larger than ${limitKb} KB.`, field: 'body' },
      { request: { bytes: limitKb * 1024 + 1 } },
      form,
    ),
    'not-json': fault(
      {
        status: 415,
        code: 'not-json',
        title: 'The body\'s type is "text/plain"; send application/json.',
      },
      { request: { headers: { 'content-type': 'text/plain' } } },
      form,
    ),
  }
}

/** Of requests that make something. */
export const idempotency = {
  'Idempotency-Key':
    'a name for this request: sent again under it within a day it gives what the first one made, or is making; with anything else in the body it is a 422 (key-reused)',
}

/** When the database is away. */
export function outage(form: FaultForm = 'problem'): Record<string, Example> {
  return {
    'store-unavailable': fault(
      {
        status: 503,
        code: 'store-unavailable',
        title: 'The database does not answer at the moment. Try again in a few seconds.',
      },
      { when: 'database-down' },
      form,
    ),
  }
}
