// @ts-check
// The field for a question, and the button that asks it or stops the answer.
import { useRef } from 'preact/hooks'
import { html } from './html.js'
import { ask, draftQuestion, extractsOnly, library, turns } from './state.js'

// What the server takes, and from where on it is worth saying.
const LONGEST = 4000
const NEARLY = 3500

/** @param {{ hasAsked: boolean }} props */
export function AskForm({ hasAsked }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null))
  const running = turns.value.find(({ stop }) => stop.value !== null)
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault()
    // While an answer comes the same button stops it; Enter does not.
    if (running) return
    const question = draftQuestion.value
    if (question.trim() === '') return
    draftQuestion.value = ''
    void ask(question)
  }
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault()
      form.current?.requestSubmit()
    } else if (event.key === 'ArrowUp' && draftQuestion.value === '') {
      event.preventDefault()
      draftQuestion.value = turns.value.at(-1)?.asked.question ?? ''
    }
  }
  /** @param {MouseEvent} event */
  const click = (event) => {
    if (!running) return
    event.preventDefault()
    running.stop.value?.()
  }
  return html`<form class="ask" ref=${form} onSubmit=${submit}>
    <label for="question" class="unseen">Your question</label>
    <textarea
      id="question"
      name="q"
      rows="1"
      required
      placeholder=${hasAsked ? 'Ask further' : 'Ask a question'}
      value=${draftQuestion.value}
      onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ event) => (draftQuestion.value = event.currentTarget.value)}
      onKeyDown=${press}
    ></textarea>
    ${library.value?.model && html`<${ExtractsOnly} />`}
    ${draftQuestion.value.length > NEARLY && html`<small class="count" role="status">${draftQuestion.value.length} of ${LONGEST} characters</small>`}
    <button id="submit" onClick=${click}>${running ? 'Stop' : 'Ask'}</button>
  </form>`
}

function ExtractsOnly() {
  return html`<label class="switch" title="The words of the library itself, without the model">
    <input type="checkbox" checked=${extractsOnly.value} onChange=${toggleExtracts} /> Extracts only
  </label>`
}

/** @param {{ currentTarget: HTMLInputElement }} event */
function toggleExtracts({ currentTarget }) {
  extractsOnly.value = currentTarget.checked
}
