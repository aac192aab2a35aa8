// @ts-check
// One question and its answer on the page, growing event by event, and what stands under it once it has ended.
import { useEffect, useRef, useState } from 'preact/hooks'
import { answerTree } from './answer.js'
import { Ending } from './ending.js'
import { html, toElement } from './html.js'
import { hearTurn } from './live.js'
import { openSource } from './source.js'
import { askAgain, draftQuestion, notice, opened } from './state.js'

/** @import { Fault, Turn } from './wire.d.ts' */

/** @param {{ turn: Turn, isLast: boolean }} props */
export function TurnView({ turn, isLast }) {
  const { draft, grown, ending, status, asked } = turn
  const root = useRef(/** @type {HTMLElement | null} */ (null))
  // Read, so that this is drawn again whenever the draft has grown.
  const grownTo = grown.value
  const now = opened.value
  const openedHere = now?.turn === turn && 'quote' in now.place ? now.place.n : null
  useEffect(() => hearTurn(turn, document.getElementById('live')), [grownTo])
  useEffect(() => {
    if (turn.key > 1 && isLast && ending.value === null) root.current?.scrollIntoView()
  }, [])
  const answer = turn.answer.value
  return html`<article
    class="turn"
    ref=${root}
    aria-busy=${ending.value === null ? 'true' : undefined}
    onClick=${(/** @type {MouseEvent} */ event) => followMarker(event, turn)}
    onMouseOver=${light}
    onMouseOut=${light}
    onFocusIn=${light}
    onFocusOut=${light}
  >
    <h2 dir="auto" class=${asked.question.length > 300 ? 'long' : undefined}>${answer?.question ?? asked.question}</h2>
    <p class=${ending.value === null ? 'status working' : 'status'}>${status.value}</p>
    ${ending.value === 'abstained' && html`<h3>The library does not hold the answer.</h3>`}
    <div class="answer">${answerTree(draft, openedHere).map(toElement)}</div>
    ${turn.fault.value && html`<${FaultView} turn=${turn} fault=${turn.fault.value} />`}
    ${answer && html`<${Ending} turn=${turn} answer=${answer} isLast=${isLast} />`}
  </article>`
}

/** @param {MouseEvent} event @param {Turn} turn */
function followMarker(event, turn) {
  const marker = event.target instanceof Element ? event.target.closest('.marker') : null
  const citation = turn.draft.citations.get(Number(marker?.textContent))
  // With a modifier the marker is the plain link it looks like.
  if (!(marker instanceof HTMLElement) || !citation || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  openSource({ turn, place: citation, marker })
}

/**
 * A sentence lights up its quotes, a quote the sentences that use it: by pointer and by focus alike.
 * @param {Event & { currentTarget: HTMLElement }} event
 */
function light({ type, target, currentTarget }) {
  const isOn = type === 'mouseover' || type === 'focusin'
  const source = target instanceof Element ? target.closest('[data-cites], [data-cite]') : null
  for (const lit of document.querySelectorAll('[data-lit]')) lit.removeAttribute('data-lit')
  if (!isOn || source === null) return
  const numbers = (source.getAttribute('data-cites') ?? source.getAttribute('data-cite') ?? '').split(' ')
  const others = source.hasAttribute('data-cites') ? '[data-cite]' : '[data-cites]'
  for (const other of [source, ...currentTarget.querySelectorAll(others)]) {
    const its = (other.getAttribute('data-cites') ?? other.getAttribute('data-cite') ?? '').split(' ')
    if (its.some((number) => number !== '' && numbers.includes(number))) other.setAttribute('data-lit', '')
  }
}

/** @param {{ turn: Turn, fault: Fault }} props */
function FaultView({ turn, fault: { message, retryable, retryAfterMs } }) {
  const [isWaiting, setWaiting] = useState(retryAfterMs > 0)
  useEffect(() => {
    const timer = setTimeout(() => setWaiting(false), retryAfterMs)
    return () => clearTimeout(timer)
  }, [])
  const wait = isWaiting ? ` in ${Math.ceil(retryAfterMs / 1000)} s` : ''
  const edit = () => {
    draftQuestion.value = turn.asked.question
    document.getElementById('question')?.focus()
    notice.value = ''
  }
  return html`<div class="fault" role="alert">
    <p>${message}</p>
    <p class="ways">
      ${retryable && html`<button type="button" disabled=${isWaiting} onClick=${() => askAgain(turn)}>Ask again${wait}</button>`}
      <button type="button" onClick=${edit}>Change the question</button>
    </p>
  </div>`
}
