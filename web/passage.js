// @ts-check
// The panel beside the answer: the passage a footnote was cut from, with the quoted words marked.
import { byId, element, placeName, readerPath } from './dom.js'

/** @import { Citation, Passage } from './wire' */

const panel = byId('passage', HTMLElement)

export const passageHasFocus = () => panel.contains(document.activeElement)

/** @param {Citation} citation @param {Passage[]} passages @param {HTMLElement} marker */
export function openPassage(citation, passages, marker) {
  closePassage()
  marker.setAttribute('aria-current', 'true')
  byId('passage-title', HTMLElement).textContent = `Footnote ${citation.n}`
  byId('passage-body', HTMLElement).replaceChildren(
    element('p', { class: 'place' }, placeName(citation)),
    element('blockquote', {}, ...markQuote(citation, passages)),
    element('a', { href: readerPath(citation) }, 'Read it in the document'),
  )
  panel.hidden = false
  panel.scrollTop = 0
  panel.focus({ preventScroll: true })
  // On a phone the panel covers the foot of the page: the marker stays visible above it.
  const covered = marker.getBoundingClientRect().bottom + 24 - panel.getBoundingClientRect().top
  if (getComputedStyle(panel).position === 'fixed' && covered > 0) window.scrollBy({ top: covered })
}

export function closePassage() {
  const marker = document.querySelector('.marker[aria-current]')
  if (passageHasFocus() && marker instanceof HTMLElement) marker.focus({ preventScroll: true })
  marker?.removeAttribute('aria-current')
  panel.hidden = true
}

/**
 * The passage around its quote; the quote alone where the passage does not hold it at its span.
 * @param {Citation} citation @param {Passage[]} passages
 */
function markQuote({ passage, span, quote }, passages) {
  const found = passages.find(({ n }) => n === passage)
  const start = span.start - (found?.span.start ?? 0)
  const end = start + quote.length
  const marked = element('mark', {}, quote)
  return found?.text.slice(start, end) === quote
    ? [found.text.slice(0, start), marked, found.text.slice(end)]
    : [marked]
}
