// @ts-check
// What stands under an answer that has ended: verdicts, footnotes, passages, what can be done with it and asked next.
import { useEffect, useState } from 'preact/hooks'
import { verdicts } from './answer.js'
import { request } from './api.js'
import { asMarkdown } from './copy.js'
import { notesOf } from './outcome-words.js'
import { Feedback } from './feedback.js'
import { html } from './html.js'
import { counted, placeName, readerPath } from './names.js'
import { openSource } from './source.js'
import { ask, library, running, view } from './state.js'

/** @import { Answer, Citation, Passage, Suggestion, Turn } from './wire.d.ts' */

/** @param {{ turn: Turn, answer: Answer, isLast: boolean }} props */
export function Ending({ turn, answer, isLast }) {
  const { status, statements, citations, nearest } = answer
  const sayNearest = status === 'abstained' && nearest.length > 0
  return html`
    ${status === 'abstained' && answer.query !== answer.question && html`<p class="place" dir="auto">Looked for: ${answer.query}</p>`}
    ${notesOf(answer).map((words) => html`<p class="notice">${words}</p>`)}
    ${statements.length > 0 && html`<${VerdictKey} statements=${statements} />`}
    ${citations.length > 0 && html`<${Footnotes} turn=${turn} citations=${citations} />`}
    ${
      sayNearest &&
      html`<h3>What comes nearest</h3>
        <${Cards} turn=${turn} passages=${nearest} />`
    }
    ${status !== 'abstained' && html`<${Unused} turn=${turn} answer=${answer} />`}
    <${Actions} answer=${answer} />
    ${isLast && html`<${Suggestions} answer=${answer} />`}
  `
}

/** @param {{ statements: Answer['statements'] }} props */
function VerdictKey({ statements }) {
  const counts = Object.entries(verdicts).map(([verdict, [name, meaning]]) => {
    const count = statements.filter((statement) => statement.verdict === verdict).length
    return count > 0 && html`<li title=${meaning}>${count} <span class=${`statement ${verdict}`}>${name}</span></li>`
  })
  return html`<ul class="key" aria-label="Sentences by verdict">
    ${counts}
  </ul>`
}

/** @param {{ turn: Turn, citations: Citation[] }} props */
function Footnotes({ turn, citations }) {
  const sorted = citations.toSorted((a, b) => a.n - b.n)
  return html`<ol class="footnotes" aria-label="Footnotes">
    ${sorted.map(
      (citation) =>
        html`<li value=${citation.n} data-cite=${citation.n} dir="auto">
          <a
            href=${readerPath(citation)}
            onClick=${(/** @type {MouseEvent} */ event) => openFrom(event, turn, citation)}
            >${placeName(citation)}</a
          >
          <q>${citation.quote}</q>
        </li>`,
    )}
  </ol>`
}

/** @param {MouseEvent} event @param {Turn} turn @param {Passage | Citation} place */
function openFrom(event, turn, place) {
  if (!(event.currentTarget instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  openSource({ turn, place, marker: event.currentTarget })
}

/** @param {{ turn: Turn, passages: Passage[] }} props */
function Cards({ turn, passages }) {
  return html`<ul class="cards">
    ${passages.map(
      (passage) =>
        html`<li dir="auto">
          <a href=${readerPath(passage)} onClick=${(/** @type {MouseEvent} */ event) => openFrom(event, turn, passage)}
            >${placeName(passage)}</a
          >
          <p>${passage.text.replace(/(?<=^.{280}).+/su, ' …')}</p>
        </li>`,
    )}
  </ul>`
}

/** What was read and not quoted. @param {{ turn: Turn, answer: Answer }} props */
function Unused({ turn, answer: { passages, citations } }) {
  const used = new Set(citations.map(({ passage }) => passage))
  const unused = passages.filter(({ n }) => !used.has(n))
  if (unused.length === 0) return null
  return html`<details class="unused">
    <summary>${counted(unused.length, 'passage')} read and not used</summary>
    <${Cards} turn=${turn} passages=${unused} />
  </details>`
}

/** @param {{ answer: Answer }} props */
function Actions({ answer }) {
  const [copied, setCopied] = useState('Copy')
  const [text, setText] = useState('')
  const copy = async () => {
    const words = asMarkdown(answer, location.origin)
    // Without a secure address the browser has no clipboard for pages: the words are shown to be copied by hand.
    await (navigator.clipboard?.writeText(words) ?? Promise.reject(new Error('no clipboard'))).then(
      () => setCopied('Copied'),
      () => setText(words),
    )
    setTimeout(() => setCopied('Copy'), 2000)
  }
  const hasModel = library.value?.model != null && answer.mode === 'generative'
  return html`<div class="ways actions">
      ${answer.status !== 'stopped' && html`<${Feedback} answer=${answer} />`}
      <button type="button" onClick=${copy}>${copied}</button>
      ${view !== 'answers' && html`<a href=${`/answers/${encodeURIComponent(answer.id)}`}>Link to this answer</a>`}
      <button type="button" onClick=${() => ask(answer.question)}>Ask again</button>
      ${hasModel && html`<button type="button" onClick=${() => ask(answer.question, 'extractive')}>Answer from extracts only</button>`}
    </div>
    ${text && html`<textarea class="copy" readonly rows="8" aria-label="The answer as Markdown" onFocus=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ event) => event.currentTarget.select()}>${text}</textarea>`}`
}

/** What can be asked next, and answered. @param {{ answer: Answer }} props */
function Suggestions({ answer }) {
  const [found, setFound] = useState(/** @type {Suggestion[]} */ ([]))
  useEffect(() => {
    const path = `/v1/answers/${encodeURIComponent(answer.id)}/suggestions?limit=3`
    request(path).then(
      ({ suggestions }) => setFound(suggestions),
      () => {},
    )
  }, [answer.id])
  if (found.length === 0) return null
  const heading = answer.status === 'abstained' ? 'What this library does know' : 'Ask next'
  return html`<h3 class="next">${heading}</h3>
    <ul class="examples">
      ${found.map(({ question }) => html`<li><button type="button" onClick=${() => ask(question)} disabled=${running() !== null}>${question}</button></li>`)}
    </ul>`
}
