// @ts-check
// The events of one answer: asks, reads the stream, and picks it up again where a connection dropped.

/** @import { AnswerEvent, Asked, Frame } from './wire' */
/** @typedef {Asked & { lastId: string, ended: boolean }} Place */

// Heartbeats come far more often: so long a silence is a dead connection.
const silenceMs = 45_000
const resumes = 2

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
 * Every event of an answer once, in order, up to its terminal one. Throws a Problem, or an AbortError.
 * @param {Asked} asked @param {AbortSignal} signal @returns {AsyncGenerator<AnswerEvent>}
 */
export async function* answerEvents(asked, signal) {
  const place = { ...asked, lastId: '', ended: false }
  for (let failures = 0; failures <= resumes; failures++) {
    try {
      for await (const event of eventsAfter(place, signal)) {
        failures = 0
        yield event
      }
      if (place.ended) return
    } catch (error) {
      if (signal.aborted || error instanceof Problem) throw error
    }
    if (place.answerId === null) throw new Problem('unreachable', 'The server could not be reached.', true)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  throw new Problem('connection-lost', 'The connection was lost before the answer was complete.', true)
}

/**
 * The events of one connection. `place` moves along with them, and is where the next connection goes on.
 * @param {Place} place @param {AbortSignal} signal @returns {AsyncGenerator<AnswerEvent>}
 */
async function* eventsAfter(place, signal) {
  for await (const { id, event, text } of frames(await open(place, signal))) {
    // A resumed stream may repeat what was already shown.
    if (place.lastId !== '' && Number(id) <= Number(place.lastId)) continue
    /** @type {AnswerEvent} */
    const next = { ...JSON.parse(text), type: event }
    place.lastId = id
    if (next.type === 'started') place.answerId = next.id
    place.ended = next.type === 'error' || 'answer' in next
    yield next
    if (place.ended) return
  }
}

/** @param {string} answerId */
export function stopAnswer(answerId) {
  return fetch(`/v1/answers/${encodeURIComponent(answerId)}/stop`, { method: 'POST' })
}

/** @param {Place} place @param {AbortSignal} signal @returns {Promise<Response>} */
async function open(place, signal) {
  const { question, conversationId, answerId, lastId } = place
  const accept = 'text/event-stream'
  const headers = { accept, 'content-type': 'application/json', 'last-event-id': lastId || '0' }
  const body = JSON.stringify({ question, conversation_id: conversationId ?? undefined })
  const response = await (answerId === null
    ? fetch('/v1/ask', { method: 'POST', headers, body, signal })
    : fetch(`/v1/answers/${encodeURIComponent(answerId)}/events`, { headers, signal }))
  if (response.ok) return response
  // A shared link may outlive its answer: the question is asked anew.
  if (response.status === 404 && answerId !== null && lastId === '') return open({ ...place, answerId: null }, signal)
  // A server that is just starting again is asked once more.
  if (response.status >= 500 && lastId !== '') throw new Error(response.statusText)
  throw await toProblem(response)
}

/** @param {Response} response @returns {AsyncGenerator<Frame>} */
async function* frames({ body }) {
  if (body === null) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  const parse = frameParser()
  try {
    while (true) {
      const timer = setTimeout(() => reader.cancel(), silenceMs)
      const { done, value } = await reader.read().finally(() => clearTimeout(timer))
      if (done) return
      yield* parse(value)
    }
  } finally {
    // Cancelling a stream that failed rejects with the failure, already on its way up.
    reader.cancel().catch(() => {})
  }
}

/** @public Text in pieces of any cut to whole frames; what never got its empty line is dropped. */
export function frameParser() {
  let rest = ''
  let open = { event: '', id: '', text: '' }
  /** @param {string} piece @returns {Frame[]} */
  return (piece) => {
    // A CR at the end may be the first half of a CRLF: it waits for the next piece.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    const complete = []
    for (const line of lines) {
      const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (field === 'event' || field === 'id') open[field] = value
      else if (field === 'data') open.text += `${value}\n`
      else if (line === '') {
        if (open.text !== '') complete.push({ ...open, text: open.text.slice(0, -1) })
        open = { event: '', id: '', text: '' }
      }
    }
    return complete
  }
}

/**
 * The sentence of a problem+json body; a body that is something else (a proxy's page) is not shown.
 * @param {Response} response
 */
async function toProblem(response) {
  const { status, headers } = response
  const body = await response.json().catch(() => null)
  const sentence = body?.detail ?? body?.title ?? `The server answered with status ${status}.`
  const waitMs = 1000 * (Number(headers.get('retry-after')) || 0)
  return new Problem(body?.code ?? 'refused', String(sentence), status === 429 || status >= 500, waitMs)
}
