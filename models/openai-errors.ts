// Provider faults as ModelErrors, told apart by status and error code. What the provider said goes nowhere.
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import { ModelError } from '../core/errors.ts'
import type { Endpoint } from './openai-client.ts'

/** A fault as the provider named it; status is null when it came inside a stream or no answer came at all. */
type Fault = {
  readonly status: number | null
  /** error code and type, joined: providers disagree which of the two they fill */
  readonly code: string
  /** read to tell faults apart that have no code of their own, and never handed on */
  readonly words: string
  readonly cause: Error
  readonly retryAfterMs: number | undefined
}

// 429 hides two families: wait a moment, and pay first. Retrying the second only wastes calls.
const moneyIsGone = /insufficient_quota|quota_exhausted|credit|billing|balance|budget|spend/i
const tooFast = /rate_?limit|slow_down|too_many_requests/i
// vLLM, llama.cpp and others say it in words alone.
const tooLong =
  /context_length_exceeded|exceed_context_size|context (?:length|window|size)|prompt is too long|too many tokens/i
const badRequest = /invalid|not_found|authentication|permission|unsupported|context_length/i

/** Any error of a call as a ModelError that shows neither the provider's words nor the key. */
export function toModelError(error: unknown, endpoint: Endpoint): ModelError {
  if (error instanceof ModelError) return error
  const cause = safeCause(error)
  if (error instanceof APIConnectionTimeoutError) return timeoutError(endpoint, 'did not answer in time', cause)
  if (error instanceof APIError && error.status !== undefined)
    return classify(
      {
        status: Number(error.status),
        code: `${String(error.code)} ${String(error.type)}`,
        words: error.message,
        cause,
        retryAfterMs: retryAfterMs(error.headers),
      },
      endpoint,
    )
  return unavailable(`${endpoint.host} could not be reached`, { cause, retryAfterMs: undefined })
}

/** An error object inside a stream that began with 200. Some providers put an HTTP status into `code`. */
export function toStreamError(body: unknown, endpoint: Endpoint): ModelError {
  const { code, type, message } = { ...(typeof body === 'object' ? body : {}) } as Record<string, unknown>
  const status = Number(code)
  return classify(
    {
      status: status >= 400 && status < 600 ? status : null,
      code: `${String(code)} ${String(type)}`,
      words: String(message),
      cause: new Error(`in the stream: ${nameOf(code)}, ${nameOf(type)}`),
      retryAfterMs: undefined,
    },
    endpoint,
  )
}

export function timeoutError(endpoint: Endpoint, what: string, cause?: Error): ModelError {
  return new ModelError('model-timeout', `${endpoint.host} ${what}.`, { retryable: true, ...(cause && { cause }) })
}

function classify(fault: Fault, endpoint: Endpoint): ModelError {
  const { status, code, cause } = fault
  const { host, model } = endpoint
  const answered = `${host} answered ${status ?? 'an error in its stream'}`
  if (status === 402 || ((status === 429 || status === 403 || status === null) && moneyIsGone.test(code)))
    return new ModelError('model-quota-spent', `${answered}: the quota or credit of this key is spent.`, { cause })
  if (status === 429 || (status === null && tooFast.test(code)))
    return new ModelError('model-rate-limited', `${answered}: too many requests.`, waiting(fault))
  if (status === 401 || status === 403)
    return new ModelError('model-refused', `${answered}: check OPENAI_API_KEY and its permissions.`, { cause })
  if (isTooLong(fault))
    return new ModelError('model-context-too-long', `${answered}: more text than "${model}" takes.`, { cause })
  if (isPassing(status, code)) return unavailable(answered, fault)
  return new ModelError(
    'model-refused',
    `${answered} to model "${model}": check the model's name and what it accepts.`,
    { cause },
  )
}

function isTooLong({ status, code, words }: Fault): boolean {
  if (status === 413) return true
  return (status === 400 || status === 422 || status === null) && tooLong.test(`${code} ${words}`)
}

/** Faults of the provider that a second try may not meet: 5xx, overload, a lock, a request that took too long. */
function isPassing(status: number | null, code: string): boolean {
  if (status === null) return !badRequest.test(code)
  return status >= 500 || status === 408 || status === 409 || status === 425
}

function unavailable(what: string, fault: Pick<Fault, 'cause' | 'retryAfterMs'>): ModelError {
  return new ModelError('model-unavailable', `${what}.`, waiting(fault))
}

function waiting({ cause, retryAfterMs }: Pick<Fault, 'cause' | 'retryAfterMs'>) {
  return { cause, retryable: true, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? Number.NaN)
  if (milliseconds >= 0) return milliseconds
  const after = headers?.get('retry-after')
  if (!after) return undefined
  const seconds = Number(after)
  const wait = Number.isNaN(seconds) ? Date.parse(after) - Date.now() : seconds * 1000
  if (Number.isNaN(wait)) return undefined
  return Math.max(0, Math.round(wait))
}

/**
 * What the log may show of a call that failed. Providers repeat what they were sent, the question and (parts of) the
 * key, in their messages and in bodies that cannot be parsed: none of their words go further than this function.
 */
function safeCause(error: unknown): Error {
  if (error instanceof APIConnectionError) return new Error(connectionFault(error))
  if (error instanceof APIError)
    return new Error(`status ${error.status ?? 'none'}, ${nameOf(error.code)}, ${nameOf(error.type)}`)
  return new Error(error instanceof Error ? error.name : typeof error)
}

/** The system's word for it ("ECONNREFUSED"): no provider has spoken yet. */
function connectionFault(error: APIConnectionError): string {
  let deepest: unknown = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  return `no connection, ${nameOf((deepest as { code?: unknown }).code)}`
}

/** A code or a type if it looks like one: a sentence would be the provider's words again, letters with digits may be a key. */
function nameOf(code: unknown): string {
  const name = typeof code === 'number' ? String(code) : code
  const isCode = typeof name === 'string' && name.length <= 60 && /^(?:[a-z]+(?:[_.-][a-z]+)*|\d{1,6})$/i.test(name)
  return isCode && !name.startsWith('sk-') ? name : 'unnamed'
}
