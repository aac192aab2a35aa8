// @ts-check
// One question and its answer on the page, growing event by event.
import { drawAnswer } from './answer.js'
import { button, counted, element } from './dom.js'
import { faultView, nearestPassages, notes, provenance, refusalSentence, toProblem, waysOn } from './endings.js'
import { sentences } from './live.js'

/** @import { AnswerEvent, Draft, Ending, Growth, TurnDeps } from './wire' */
/** @import { Problem } from './events.js' */

/** @param {string} question @param {TurnDeps} deps */
export function createTurn(question, deps) {
  const heading = element('h2', {}, question)
  const status = element('p', { class: 'status working' })
  const body = element('div', { class: 'answer' })
  const root = element('article', { class: 'turn' }, heading, status, body)
  const hear = sentences(deps.say)
  /** @type {Draft} */
  const draft = { text: '', statements: [], citations: new Map(), passages: [], ended: false }
  let frame = 0

  const draw = () => {
    frame = 0
    drawAnswer(body, draft)
    hear(draft.text, draft.ended)
  }
  /** @param {string} sentence @param {Node[]} underneath */
  const finish = (sentence, ...underneath) => {
    cancelAnimationFrame(frame)
    draft.ended = true
    draw()
    status.className = 'status'
    status.textContent = sentence
    root.append(...underneath)
    deps.say(sentence)
  }
  /** @param {Problem} problem */
  const fail = (problem) => finish('Interrupted', faultView(problem, deps))
  /** @param {AnswerEvent} event */
  const apply = (event) => {
    if (event.type === 'error') return fail(toProblem(event))
    if ('answer' in event) {
      heading.textContent = event.answer.question
      adopt(draft, event)
      if (event.type === 'abstained') body.before(element('h3', {}, 'The library does not hold the answer.'))
      return finish(...ending(event, deps))
    }
    extend(draft, event)
    status.textContent = progress(draft)
    // Events of one frame are drawn at once.
    frame ||= requestAnimationFrame(draw)
  }
  status.textContent = progress(draft)
  body.addEventListener('click', (event) => followMarker(event, draft, deps))
  return { root, apply, fail, stop: () => finish('Stopped') }
}

/** @param {MouseEvent} event @param {Draft} draft @param {TurnDeps} deps */
function followMarker(event, draft, deps) {
  const marker = event.target instanceof Element ? event.target.closest('.marker') : null
  const citation = draft.citations.get(Number(marker?.textContent))
  // With a modifier the marker is the plain link it looks like.
  if (!(marker instanceof HTMLElement) || !citation || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  deps.open(citation, draft.passages, marker)
}

/** @param {Draft} draft @param {Growth} event */
function extend(draft, event) {
  if (event.type === 'text') draft.text += event.delta
  else if (event.type === 'citation') draft.citations.set(event.citation.n, event.citation)
  else if (event.type === 'passages') draft.passages = event.passages
  else if (event.type === 'verdict') draft.statements.push(event)
}

/**
 * The terminal event has the last word over what was streamed.
 * @param {Draft} draft @param {Ending} event
 */
function adopt(draft, { type, answer }) {
  draft.text = answer.answer || (type === 'abstained' ? refusalSentence(answer) : '')
  draft.statements = answer.statements
  draft.citations = new Map(answer.citations.map((citation) => [citation.n, citation]))
  draft.passages = answer.passages
}

/** @param {Ending} event @param {TurnDeps} deps @returns {[string, ...Node[]]} */
function ending({ type, answer }, { retry }) {
  if (type === 'stopped') return ['Stopped', ...notes(answer), waysOn(button('Ask again', retry))]
  if (type === 'abstained') return ['Not found in the library', ...notes(answer), ...nearestPassages(answer.nearest)]
  return [provenance(answer), ...notes(answer)]
}

/** @param {Draft} draft */
function progress({ text, passages }) {
  if (text !== '') return 'Answering …'
  return passages.length === 0 ? 'Searching the library …' : `Reading ${counted(passages.length, 'passage')} …`
}
