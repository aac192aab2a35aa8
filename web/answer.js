// @ts-check
// The text of an answer as paragraphs and lists, its markers as links, its statements underlined by verdict.
import { element, placeName, readerPath } from './dom.js'

/** @import { Block, Draft, Span, Verdict } from './wire' */

/** @type {Record<Verdict, [name: string, meaning: string]>} */
export const verdicts = {
  verbatim: ['verbatim', 'Verbatim: these words stand in the source.'],
  supported: ['supported', 'Supported: the cited passage says this.'],
  partial: ['partly supported', 'Partly supported: the cited passage backs some of this.'],
  unsupported: ['unsupported', 'Unsupported: no passage was found that backs this.'],
  unchecked: ['unchecked', 'Unchecked: this was not compared with the source.'],
}

const markers = /\s*\[(\d{1,3})\]/g

/**
 * Draws the answer into `root`. Unchanged blocks keep their selection and focus.
 * @param {HTMLElement} root @param {Draft} draft
 */
export function drawAnswer(root, draft) {
  // A marker or a list's number may arrive in two halves: the first waits for the second.
  const text = draft.ended ? draft.text : draft.text.replace(/\s*\[\d{0,3}$|\n\s*([-*•]|\d{1,3}[.)]?)\s*$/, '')
  const blocks = toBlocks(text)
  for (const [index, block] of blocks.entries()) {
    const node = drawBlock(block, text, draft)
    const old = root.children[index]
    if (old === undefined) root.append(node)
    else replace(old, node)
  }
  while (root.children.length > blocks.length) root.lastElementChild?.remove()
}

/**
 * Paragraphs and lists with their offsets.
 * @param {string} text @returns {Block[]}
 */
function toBlocks(text) {
  /** @type {Block[]} */
  const blocks = []
  let isOpen = false
  let offset = 0
  for (const line of text.split('\n')) {
    const [indent = '', bullet, number] = /^\s*(?:([-*•]|(\d{1,3})[.)])\s+(?=\S))?/.exec(line) ?? []
    const span = { start: offset + indent.length, end: offset + line.trimEnd().length }
    const last = blocks.at(-1)
    const open = isOpen ? last?.spans.at(-1) : undefined
    const tag = bullet === undefined ? 'p' : number === undefined ? 'ul' : 'ol'
    isOpen = line.trim() !== ''
    offset += line.length + 1
    if (!isOpen) continue
    if (tag === 'p' && open) open.end = span.end
    else if (tag !== 'p' && last?.tag === tag) last.spans.push(span)
    else blocks.push({ tag, first: number ?? '1', spans: [span] })
  }
  return blocks
}

/** @param {Block} block @param {string} text @param {Draft} draft */
function drawBlock({ tag, first, spans }, text, draft) {
  const node = element(tag, first === '1' ? {} : { start: first })
  for (const span of spans) drawLine(tag === 'p' ? node : node.appendChild(element('li')), span, text, draft)
  return node
}

/** @param {HTMLElement} line @param {Span} span @param {string} text @param {Draft} draft */
function drawLine(line, span, text, draft) {
  const inside = draft.statements.filter(({ start, end }) => start < span.end && end > span.start)
  const cuts = inside.flatMap(({ start, end }) => [Math.max(start, span.start), Math.min(end, span.end)])
  const edges = [...new Set([span.start, ...cuts, span.end])].sort((a, b) => a - b)
  for (const [index, end] of edges.slice(1).entries()) {
    const start = edges[index] ?? end
    const statement = inside.find((one) => one.start <= start && end <= one.end)
    const words = drawWords(text.slice(start, end), draft)
    if (statement === undefined) {
      line.append(...words)
      continue
    }
    const [name, meaning] = verdicts[statement.verdict]
    line.append(element('span', { class: `statement ${statement.verdict}`, title: meaning }, ...words))
    // A doubt is also said in words: an underline tells it by sight only.
    if (statement.end !== end) continue
    if (statement.verdict === 'unsupported') line.append(element('small', { class: 'tag' }, name))
    if (statement.verdict === 'partial') line.append(element('small', { class: 'unseen' }, ` (${name})`))
  }
}

/**
 * Words and markers. URLs, and whatever else a model may write, stay words.
 * @param {string} words @param {Draft} draft
 */
function drawWords(words, draft) {
  const nodes = []
  let done = 0
  for (const match of words.matchAll(markers)) {
    const marker = drawMarker(match[1] ?? '', draft)
    if (marker === null) continue
    nodes.push(words.slice(done, match.index), marker)
    done = match.index + match[0].length
  }
  return [...nodes, words.slice(done)].filter((node) => node !== '')
}

/**
 * A marker whose citation has not come yet is no link; one that never got it is text like any other.
 * @param {string} n @param {Draft} draft
 */
function drawMarker(n, draft) {
  const citation = draft.citations.get(Number(n))
  if (citation === undefined) return draft.ended ? null : element('sup', {}, n)
  const label = `Footnote ${n}: ${placeName(citation)}`
  return element('sup', {}, element('a', { class: 'marker', href: readerPath(citation), 'aria-label': label }, n))
}

/** @param {Element} old @param {HTMLElement} node */
function replace(old, node) {
  const markers = node.querySelectorAll('a')
  let focused = -1
  for (const [index, marker] of old.querySelectorAll('a').entries()) {
    if (marker === document.activeElement) focused = index
    if (marker.ariaCurrent) markers[index]?.setAttribute('aria-current', 'true')
  }
  if (old.isEqualNode(node)) return
  old.replaceWith(node)
  markers[focused]?.focus({ preventScroll: true })
}
