// @ts-check
// A thumb for an answer, and what was wrong with it.
import { useState } from 'preact/hooks'
import { request } from './api.js'
import { html } from './html.js'

/** @import { Answer, Feedback as Given, Rating } from './wire.d.ts' */

/** @type {[reason: string, words: string][]} */
const reasons = [
  ['wrong', 'It is wrong'],
  ['unsupported', 'The source does not say this'],
  ['wrong-source', 'A better source was not used'],
  ['incomplete', 'Something is missing'],
  ['should-have-refused', 'It should have said that it does not know'],
  ['should-have-answered', 'The library holds the answer'],
  ['other', 'Something else'],
]

/** @param {{ answer: Answer }} props */
export function Feedback({ answer }) {
  const [given, setGiven] = useState(answer.feedback ?? null)
  const [isTelling, setTelling] = useState(false)
  const [fault, setFault] = useState('')
  const path = `/v1/answers/${encodeURIComponent(answer.id)}/feedback`
  /** @param {Given | null} feedback */
  const send = async (feedback) => {
    try {
      await (feedback ? request(path, 'POST', feedback) : request(path, 'DELETE'))
      setGiven(feedback)
      setFault('')
    } catch (error) {
      setFault(`This was not kept. ${error instanceof Error ? error.message : ''}`)
    }
  }
  /** @param {Rating} rating */
  const rate = (rating) => {
    const isBack = given?.rating === rating
    setTelling(rating === 'down' && !isBack)
    return send(isBack ? null : { rating, reason: null, comment: null })
  }
  const thumb = (/** @type {Rating} */ rating, /** @type {string} */ sign, /** @type {string} */ label) =>
    html`<button
      type="button"
      class="thumb"
      aria-label=${label}
      title=${label}
      aria-pressed=${String(given?.rating === rating)}
      onClick=${() => rate(rating)}
    >
      ${sign}
    </button>`
  return html`${thumb('up', '👍', 'This answer is good')}${thumb('down', '👎', 'This answer is not good')}
  ${fault && html`<small role="alert">${fault}</small>`}
  ${isTelling && html`<${Reasons} send=${send} close=${() => setTelling(false)} />`}`
}

/** @param {{ send: (feedback: Given) => Promise<void>, close: () => void }} props */
function Reasons({ send, close }) {
  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  const submit = async (event) => {
    event.preventDefault()
    const { reason, comment } = Object.fromEntries(new FormData(event.currentTarget))
    await send({ rating: 'down', reason: wordsOf(reason), comment: wordsOf(comment) })
    close()
  }
  return html`<form class="reasons" onSubmit=${submit}>
    <fieldset>
      <legend>What is wrong with it?</legend>
      ${reasons.map(([reason, words]) => html`<label><input type="radio" name="reason" value=${reason} /> ${words}</label>`)}
    </fieldset>
    <label class="comment">More about it <textarea name="comment" rows="2" maxlength="2000"></textarea></label>
    <p class="ways"><button>Send</button><button type="button" onClick=${close}>Not now</button></p>
  </form>`
}

/** @param {FormDataEntryValue | undefined} value */
const wordsOf = (value) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null)
