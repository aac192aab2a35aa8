// Error → status and public body (RFC 9457 problem details). The only place that knows both.
import { HTTPException } from 'hono/http-exception'
import { AppError, InputError, LimitError, ModelError, NotFoundError, StoreError } from '../../core/errors.ts'

type Problem = {
  readonly type: 'about:blank'
  readonly status: number
  readonly code: string
  /** what was wrong and what to do, in one sentence */
  readonly title: string
  /** the field that was wrong, when there is one */
  readonly field?: string
  /** of a fault of ours: what to look for in the log */
  readonly request_id?: string
}

export function problemOf(error: unknown): Problem {
  if (error instanceof InputError) return inputProblem(error)
  if (error instanceof NotFoundError) return problem(404, error.code, error.message)
  if (error instanceof LimitError) return problem(error.isQuota ? 429 : 503, error.code, error.message)
  if (error instanceof StoreError && error.code === 'store-full')
    return problem(503, error.code, 'The disk of the server is full: nothing new is stored until there is room.')
  if (error instanceof StoreError)
    return problem(503, error.code, 'The database does not answer at the moment. Try again in a few seconds.')
  if (error instanceof ModelError)
    return problem(502, error.code, 'The model does not answer at the moment. Ask again, or use mode "extractive".')
  // Nothing of it is secret, and whoever runs the server reads here what to do.
  if (error instanceof AppError && error.code === 'no-worker') return problem(503, error.code, error.message)
  if (error instanceof AppError && error.retryable)
    return problem(503, error.code, 'The server cannot answer at the moment. Try again in a few seconds.')
  if (error instanceof HTTPException) return problem(error.status, `http-${error.status}`, error.message)
  const code = error instanceof AppError ? error.code : 'internal'
  return problem(500, code, 'This is a fault of the server. Its log has the details under the request id.')
}

/** The fault as whoever asks at this path reads it. */
export function faultResponse(path: string, error: unknown, requestId = ''): Response {
  if (isOpenAiPath(path)) return openAiErrorResponse(error)
  return /^\/api\/chat\b/.test(path) ? sentenceResponse(error) : problemResponse(error, requestId)
}

/** The problem as a response; retryable ones say when. */
export function problemResponse(error: unknown, requestId = ''): Response {
  const found = problemOf(error)
  const body: Problem = found.status < 500 || requestId === '' ? found : { ...found, request_id: requestId }
  const headers = headersOf(error, body.status, 'application/problem+json')
  return new Response(JSON.stringify(body), { status: body.status, headers })
}

/** The fault as one sentence for people, where a protocol has room for no more. */
export function publicTitle(error: unknown): string {
  return problemOf(error).title
}

/** The same fault as clients of the OpenAI API expect it: `param` is our field. */
export function openAiError(error: unknown): { readonly status: number; readonly body: object } {
  const { status: ours, code, title: message, field: param = null } = problemOf(error)
  const status = ours === 422 ? 400 : ours
  return { status, body: { error: { message, type: openAiType(status), param, code } } }
}

function openAiType(status: number): string {
  if (status >= 500) return 'server_error'
  return status === 429 ? 'rate_limit_error' : 'invalid_request_error'
}

/** Paths of the OpenAI API, whether or not they are offered: its clients read no other shape. */
export function isOpenAiPath(path: string): boolean {
  return /^\/v1\/(?:chat|models|completions|responses|embeddings|moderations|assistants|threads|files|images|audio)\b/.test(
    path,
  )
}

export function openAiErrorResponse(error: unknown): Response {
  const { status, body } = openAiError(error)
  return new Response(JSON.stringify(body), { status, headers: headersOf(error, status, 'application/json') })
}

/** The AI SDK shows people the whole body of a refusal. */
function sentenceResponse(error: unknown): Response {
  const { status, title } = problemOf(error)
  return new Response(title, { status, headers: headersOf(error, status, 'text/plain; charset=utf-8') })
}

function headersOf(error: unknown, status: number, type: string): Headers {
  const headers = new Headers({ 'content-type': type, 'cache-control': 'no-store' })
  const afterMs = error instanceof ModelError || error instanceof LimitError ? error.retryAfterMs : null
  const challenge = error instanceof InputError ? challenges[error.code] : undefined
  if (challenge !== undefined) headers.set('www-authenticate', `Bearer realm="footnote"${challenge}`)
  if (afterMs !== null) headers.set('retry-after', String(Math.ceil(afterMs / 1000)))
  else if (status === 503) headers.set('retry-after', '1')
  return headers
}

// RFC 6750, section 3.1: whoever showed nothing is told no more than that something is wanted.
const challenges: Readonly<Record<string, string>> = {
  'no-key': '',
  'malformed-key': ', error="invalid_token"',
  'invalid-key': ', error="invalid_token"',
  'session-over': ', error="invalid_token"',
  revoked: ', error="invalid_token"',
  'wrong-scope': ', error="insufficient_scope"',
}

const statusOfInput: Readonly<Record<string, number>> = {
  'bad-json': 400,
  'bad-request': 400,
  'bad-form': 400,
  'bad-signature': 401,
  'no-key': 401,
  'malformed-key': 401,
  'invalid-key': 401,
  'session-over': 401,
  revoked: 401,
  'two-credentials': 400,
  'wrong-scope': 403,
  'not-json': 415,
  'too-large': 413,
  'not-allowed': 403,
  'uploads-off': 403,
  'not-uploaded': 403,
  'wrong-host': 403,
  'cross-site': 403,
  'bad-path': 400,
  'wrong-method': 405,
}

function inputProblem(error: InputError): Problem {
  return problem(statusOfInput[error.code] ?? 422, error.code, error.message, error.field)
}

function problem(status: number, code: string, title: string, field: string | null = null): Problem {
  return { type: 'about:blank', status, code, title, ...(field === null ? {} : { field }) }
}
