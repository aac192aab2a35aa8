// @ts-check
// Requests to the server, and what went wrong in words for the reader.

/** The server, or the way to it, said no: a sentence for the reader, and whether asking again can help. */
export class Problem extends Error {
  /** @param {string} code @param {string} sentence @param {boolean} retryable @param {number} [retryAfterMs] */
  constructor(code, sentence, retryable, retryAfterMs = 0) {
    super(sentence)
    this.code = code
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * The address of a path of the server, which is where this file comes from: the page around it may be another site's.
 * @param {string} path
 */
export const addressOf = (path) => new URL(path, import.meta.url).href

/** What is shown to the server with every request: a key that stands in a page of another site, or nothing. @type {Record<string, string>} */
const shown = {}

/** @param {string} key */
export const showKey = (key) => (shown.authorization = `Bearer ${key}`)

/** @param {string} path @param {Omit<RequestInit, 'headers'> & { headers?: Record<string, string> }} init */
export const send = (path, init) => fetch(addressOf(path), { ...init, headers: { ...init.headers, ...shown } })

/**
 * The JSON at this path. Throws a Problem.
 * @param {string} path @param {string} [method] @param {unknown} [body] JSON, or a form
 */
export async function request(path, method = 'GET', body) {
  const isForm = body instanceof FormData
  /** @type {Record<string, string>} */
  const headers = body === undefined || isForm ? {} : { 'content-type': 'application/json' }
  const sent = body === undefined ? null : isForm ? body : JSON.stringify(body)
  const response = await send(path, { method, headers, body: sent }).catch(() => {
    throw new Problem('unreachable', 'The server could not be reached.', true)
  })
  if (!response.ok) throw await toProblem(response)
  return response.status === 204 ? null : await response.json()
}

/**
 * The sentence of a problem+json body; a body that is something else (a proxy's page) is not shown.
 * @param {Response} response
 */
export async function toProblem(response) {
  const { status, headers } = response
  // Of our own pages: a session that is over is begun anew, and the reader comes back.
  if (status === 401 && addressOf('/') === `${location.origin}/` && location.pathname !== '/login')
    location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`)
  const body = await response.json().catch(() => null)
  const sentence = body?.detail ?? body?.title ?? `The server answered with status ${status}.`
  const waitMs = 1000 * (Number(headers.get('retry-after')) || 0)
  return new Problem(body?.code ?? 'refused', String(sentence), status === 429 || status >= 500, waitMs)
}
