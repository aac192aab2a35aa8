// @ts-check
// The source beside the answer: a passage with the quoted words marked, what stands before and after it, and its origin.
import { signal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { request } from './api.js'
import { html } from './html.js'
import { dateWords } from './dates.js'
import { placeName, readerPath } from './names.js'
import { opened } from './state.js'

/** @import { Citation, Opened, Passage, Span } from './wire.d.ts' */

/** How many characters more at a time. */
const MORE = 1500

/** The text of the document and the part of it that is shown, once more than the passage is wanted. */
/** @type {import('@preact/signals').Signal<{ text: string, span: Span } | null>} */
const around = signal(null)

/** @param {Opened} next */
export function openSource(next) {
  around.value = null
  opened.value = next
}

export function closeSource() {
  const { marker } = opened.value ?? {}
  const hadFocus = document.getElementById('passage')?.contains(document.activeElement)
  opened.value = null
  if (hadFocus) marker?.focus({ preventScroll: true })
}

export function Source() {
  const panel = useRef(/** @type {HTMLElement | null} */ (null))
  const now = opened.value
  useLayoutEffect(() => {
    const { current } = panel
    if (current === null || now === null) return
    current.querySelector('mark')?.scrollIntoView({ block: 'center' })
    current.focus({ preventScroll: true })
    // On a phone the panel covers the foot of the page: the marker stays visible above it.
    const covered = (now.marker?.getBoundingClientRect().bottom ?? 0) + 24 - current.getBoundingClientRect().top
    if (getComputedStyle(current).position === 'fixed' && covered > 0) window.scrollBy({ top: covered })
  }, [now])
  if (now === null) return html`<p class="hint">Choose a footnote to read the passage it comes from.</p>`
  const { place } = now
  const isQuote = 'quote' in place
  const original = isQuote ? originalLink(place) : null
  return html`<aside id="passage" tabindex="-1" aria-labelledby="passage-title" ref=${panel}>
    <div class="bar">
      <h2 id="passage-title">${isQuote ? `Footnote ${place.n}` : `Passage ${place.n}`}</h2>
      <button id="passage-close" type="button" onClick=${closeSource}>Close</button>
    </div>
    <p class="place" dir="auto">${placeName(place)}</p>
    ${place.document.published_at && html`<p class="place"><time>${dateWords(place.document.published_at)}</time></p>`}
    ${more('before', now)}
    <blockquote dir="auto" data-cite=${isQuote ? place.n : undefined}>${textOf(now)}</blockquote>
    ${more('after', now)}
    <p class="ways">
      <a href=${readerPath(place)}>Read it in the document</a>
      ${original && html`<a href=${original} rel="noopener noreferrer">Read the original</a>`}
    </p>
  </aside>`
}

/** The words around the quote, which is marked; the quote alone where the passage does not hold it at its span. @param {Opened} now */
function textOf({ turn, place }) {
  const quote = 'quote' in place ? place.quote : null
  const passage = 'quote' in place ? turn.draft.passages.find(({ n }) => n === place.passage) : place
  const { text, offset } = around.value
    ? { text: around.value.text.slice(around.value.span.start, around.value.span.end), offset: around.value.span.start }
    : { text: passage?.text ?? '', offset: passage?.span.start ?? 0 }
  if (quote === null) return text
  const start = place.span.start - offset
  const end = start + quote.length
  const marked = html`<mark>${quote}</mark>`
  return text.slice(start, end) === quote ? [text.slice(0, start), marked, text.slice(end)] : marked
}

/** @param {'before' | 'after'} side @param {Opened} now */
function more(side, now) {
  const known = around.value
  const isAll = known && (side === 'before' ? known.span.start === 0 : known.span.end === known.text.length)
  if (isAll) return null
  return html`<button type="button" class="more" onClick=${() => showMore(side, now)}>Show what stands ${side}</button>`
}

/** @param {'before' | 'after'} side @param {Opened} now */
async function showMore(side, now) {
  const { document, span } = shownSpan(now)
  const path = `/v1/documents/${encodeURIComponent(document.id)}?revision=${encodeURIComponent(document.revision)}`
  const text = around.value?.text ?? (await request(path).catch(() => null))?.text
  if (typeof text !== 'string' || opened.value !== now) return
  const start = side === 'before' ? text.lastIndexOf('\n', span.start - MORE) + 1 : span.start
  const next = text.indexOf('\n', span.end + MORE)
  const end = side === 'before' ? span.end : next < 0 ? text.length : next
  around.value = { text, span: { start, end } }
}

/** @param {Opened} now @returns {{ document: Passage['document'], span: Span }} */
function shownSpan({ turn, place }) {
  const passage = 'quote' in place ? turn.draft.passages.find(({ n }) => n === place.passage) : place
  return { document: place.document, span: around.value?.span ?? passage?.span ?? place.span }
}

/**
 * The original, scrolled to the quoted words where the browser can (URL Fragment Text Directives, WICG), or a PDF at
 * the page (RFC 8118); null: none.
 * @param {Citation} citation
 */
function originalLink({ document: { url, source }, page, quote }) {
  const address = url === null ? null : URL.parse(url)
  if (url === null || !/^https?:$/.test(address?.protocol ?? '')) return null
  // What was learned from its own address has its pages there, as in core/link.ts.
  if (page !== null && (url === source || /\.pdf$/i.test(address?.pathname ?? '')))
    return `${url.replace(/#.*$/s, '')}#page=${page}`
  const words = quote.split('\n')[0]?.trim().split(/\s+/) ?? []
  const ends = words.length > 8 ? [words.slice(0, 4), words.slice(-4)] : [words]
  return `${url.replace(/#.*$/s, '')}#:~:text=${ends.map(directive).join(',')}`
}

/** The signs that divide a directive must not stand in its words. @param {string[]} words */
const directive = (words) => encodeURIComponent(words.join(' ')).replaceAll('-', '%2D')
