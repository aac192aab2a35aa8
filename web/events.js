// @ts-check
// The events of one answer: asks, reads the stream, and picks it up again where a connection dropped.
import { Problem, send, toProblem } from './api.js'
import { takeFrames } from './frames.js'

/** @import { AnswerEvent, Asked } from './wire.d.ts' */
/** @typedef {Asked & { lastId: string, ended: boolean }} Place */

// Heartbeats come far more often: so long a silence is a dead connection.
const silenceMs = 45_000
// A server that is started anew is back within the minute that these waits add up to.
const waitsMs = [500, 500, 1000, 2000, 4000, 8000, 15_000, 30_000]

/**
 * Every event of an answer once, in order, up to its terminal one. `wait` hears when the connection is lost, with words
 * for the reader. Throws a Problem, or an AbortError.
 * @param {Asked} asked @param {AbortSignal} signal @param {(words: string) => void} wait
 * @returns {AsyncGenerator<AnswerEvent>}
 */
export async function* answerEvents(asked, signal, wait) {
  const place = { ...asked, lastId: '', ended: false }
  for (let failures = 0; failures < waitsMs.length; failures++) {
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
    wait(
      navigator.onLine
        ? 'The connection was lost. Trying again …'
        : 'You are offline. The answer goes on when you are back.',
    )
    await pause(waitsMs[failures] ?? 0, signal)
  }
  throw new Problem('connection-lost', 'The connection was lost before the answer was complete.', true)
}

/** So long, and as long as there is no network at all; less when it comes back. @param {number} ms @param {AbortSignal} signal */
async function pause(ms, signal) {
  const { promise, resolve } = Promise.withResolvers()
  const back = new AbortController()
  const options = { once: true, signal: back.signal }
  if (navigator.onLine) setTimeout(resolve, ms)
  addEventListener('online', resolve, options)
  signal.addEventListener('abort', resolve, options)
  await promise
  back.abort()
  signal.throwIfAborted()
}

/**
 * The events of one connection. `place` moves along with them, and is where the next connection goes on.
 * @param {Place} place @param {AbortSignal} signal @returns {AsyncGenerator<AnswerEvent>}
 */
async function* eventsAfter(place, signal) {
  for await (const { id, event, data: text } of frames(await open(place, signal))) {
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
  return send(`/v1/answers/${encodeURIComponent(answerId)}/stop`, { method: 'POST' })
}

/** @param {Place} place @param {AbortSignal} signal @returns {Promise<Response>} */
async function open(place, signal) {
  const { question, conversationId, answerId, lastId, mode, history } = place
  const headers = { accept: 'text/event-stream', 'content-type': 'application/json', 'last-event-id': lastId || '0' }
  const body = {
    question,
    conversation_id: conversationId ?? undefined,
    history: history ?? undefined,
    mode: mode === 'auto' ? undefined : mode,
    // A page that is loaded again comes back for the rest.
    resumable: true,
  }
  const response = await (answerId === null
    ? send('/v1/ask', { method: 'POST', headers, body: JSON.stringify(body), signal })
    : send(`/v1/answers/${encodeURIComponent(answerId)}/events`, { headers, signal }))
  if (response.ok) return response
  // A server that is just starting again is asked once more.
  if (response.status >= 500 && lastId !== '') throw new Error(response.statusText)
  throw await toProblem(response)
}

/** @param {Response} response */
async function* frames({ body }) {
  if (body === null) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  try {
    while (true) {
      const timer = setTimeout(() => reader.cancel(), silenceMs)
      const { done, value } = await reader.read().finally(() => clearTimeout(timer))
      if (done) return
      const taken = takeFrames(text + value)
      text = taken.rest
      yield* taken.frames
    }
  } finally {
    // Cancelling a stream that failed rejects with the failure, already on its way up.
    reader.cancel().catch(() => {})
  }
}
