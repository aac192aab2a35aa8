// @ts-check
// Questions and their answers: asked, followed event by event, stopped, asked again, or taken from what is stored.
import { Problem } from './api.js'
import { refusalSentence, faultSentence } from './outcome-words.js'
import { answerEvents, stopAnswer } from './events.js'
import { counted } from './names.js'

/** @import { Answer, Asked, Cell, Draft, Ending, Exchange, Failure, Growth, Started, Turn } from './wire.d.ts' */

// A server told to stop says so at once; after this long the page stops listening by itself.
const stopLimitMs = 3000

let made = 0

/**
 * `cell` makes what can change: a signal on the page.
 * @param {Asked} asked @param {<T>(value: T) => Cell<T>} cell @returns {Turn}
 */
export function createTurn(asked, cell) {
  return {
    key: ++made,
    asked,
    draft: { text: '', statements: [], citations: new Map(), passages: [], ended: false, isPlain: false },
    grown: cell(0),
    status: cell('Searching the library …'),
    answer: cell(null),
    ending: cell(null),
    fault: cell(null),
    stop: cell(null),
  }
}

/**
 * A turn as it is stored; one that is still under way is to be followed.
 * @param {Exchange} exchange @param {string} conversationId @param {<T>(value: T) => Cell<T>} cell
 */
export function storedTurn({ id, question, status, answer }, conversationId, cell) {
  const turn = createTurn({ question, conversationId, answerId: id, mode: 'auto', history: null }, cell)
  if (answer) end(turn, { type: answer.status === 'answered' ? 'done' : answer.status, answer })
  else if (status === 'failed') fail(turn, new Problem('interrupted', faultSentence('interrupted'), true))
  return turn
}

/**
 * Follows an answer to its end. `begun` hears its ids, as soon as there are any.
 * @param {Turn} turn @param {(started: Started) => void} begun
 */
export async function follow(turn, begun) {
  const aborter = new AbortController()
  const { signal: leaving } = aborter
  turn.stop.value = () => stop(turn, () => aborter.abort())
  let frame = 0
  const grow = () => {
    frame = 0
    turn.grown.value++
  }
  try {
    for await (const event of answerEvents(turn.asked, leaving, (words) => (turn.status.value = words))) {
      if (event.type === 'started') {
        turn.asked = { ...turn.asked, answerId: event.id, conversationId: event.conversation_id }
        begun(event)
      }
      if (event.type === 'error') fail(turn, toProblem(event))
      else if ('answer' in event) end(turn, event)
      else {
        extend(turn.draft, event)
        turn.status.value = progress(turn.draft)
        // Events of one frame are drawn at once.
        frame ||= requestAnimationFrame(grow)
      }
    }
  } catch (error) {
    if (leaving.aborted) finish(turn, 'stopped', 'Stopped')
    else fail(turn, error instanceof Problem ? error : new Problem('page', 'The answer could not be shown.', true))
    // A fault of the page itself belongs in the console too.
    if (!(error instanceof Problem) && !leaving.aborted) reportError(error)
  } finally {
    cancelAnimationFrame(frame)
    turn.stop.value = null
  }
}

/** @param {Turn} turn @param {() => void} leave */
function stop({ asked: { answerId } }, leave) {
  if (answerId === null) return leave()
  setTimeout(leave, stopLimitMs)
  stopAnswer(answerId).catch(leave)
}

/** @param {Draft} draft @param {Growth} event */
function extend(draft, event) {
  if (event.type === 'started') draft.isPlain = event.mode === 'extractive'
  else if (event.type === 'text') draft.text += event.delta
  else if (event.type === 'citation') draft.citations.set(event.citation.n, event.citation)
  else if (event.type === 'passages') draft.passages = event.passages
  else draft.statements.push(event)
}

/** The terminal event has the last word over what was streamed. @param {Turn} turn @param {Ending} event */
function end(turn, { type, answer }) {
  turn.answer.value = answer
  Object.assign(turn.draft, {
    text: answer.answer || (type === 'abstained' ? refusalSentence(answer) : ''),
    statements: answer.statements,
    citations: new Map(answer.citations.map((citation) => [citation.n, citation])),
    passages: answer.passages,
    isPlain: answer.mode === 'extractive',
  })
  const words = { done: provenance(answer), abstained: 'Not found in the library', stopped: 'Stopped' }
  finish(turn, type, words[type])
}

/** @param {Turn} turn @param {Problem} problem */
function fail(turn, { code, message, retryable, retryAfterMs }) {
  turn.fault.value = { code, message, retryable, retryAfterMs }
  finish(turn, 'fault', 'Interrupted')
}

/** @param {Turn} turn @param {NonNullable<Turn['ending']['value']>} ending @param {string} words */
function finish(turn, ending, words) {
  turn.draft.ended = true
  turn.status.value = words
  turn.ending.value = ending
  turn.grown.value++
}

/** @param {Failure} failure */
function toProblem({ code, retryable, retry_after_ms }) {
  return new Problem(code, faultSentence(code), retryable, retry_after_ms)
}

/** @param {Draft} draft */
function progress({ text, passages }) {
  if (text !== '') return 'Answering …'
  return passages.length === 0 ? 'Searching the library …' : `Reading ${counted(passages.length, 'passage')} …`
}

/** Where the answer came from. @param {Answer} answer */
function provenance({ mode, models, citations, timings_ms: { total } }) {
  const documents = new Set(citations.map(({ document }) => document.id)).size
  const by = mode === 'extractive' ? 'Quoted' : `By ${models.generator ?? 'a model'}`
  return `${by} from ${counted(documents, 'document')} · ${(total / 1000).toFixed(2)} s`
}
