// @ts-check
// The text of an answer as a tree of elements: markers are links, statements are underlined by verdict. The page, the
// widget and a stored answer draw this same tree; text enters it as strings only.
import { toBlocks, toRuns } from './markdown.js'
import { placeName, readerPath } from './names.js'

/** @import { Block, Draft, Leaf, Span, Statement, Tree, Verdict } from './wire.d.ts' */

/** @type {Record<Verdict, [name: string, meaning: string]>} */
export const verdicts = {
  verbatim: ['verbatim', 'Verbatim: these words stand in the source.'],
  supported: ['supported', 'Supported: the cited passage says this.'],
  partial: ['partly supported', 'Partly supported: the cited passage backs some of this.'],
  unsupported: ['unsupported', 'Unsupported: no passage was found that backs this.'],
  unchecked: ['unchecked', 'Unchecked: this was not compared with the source.'],
}

const markers = /\s*\[(\d{1,3})\]/g
// A marker, an emphasis or a list's number may arrive in two halves: the first waits for the second.
const half = /(\s*\[\d{0,3}|\n\s*([-*•+]|\d{1,3}[.)]?)\s*|\**|`*)$/

/** @param {string} tag @param {Tree['props']} props @param {Leaf[]} children @returns {Tree} */
const tree = (tag, props, ...children) => ({ tag, props, children })

/**
 * @param {Draft} draft @param {number | null} opened the number of the footnote that is open beside it
 * @returns {Tree[]}
 */
export function answerTree(draft, opened) {
  const text = draft.ended ? draft.text : draft.text.replace(half, '')
  return toBlocks(text, draft.isPlain).map((block) => blockTree(block, { ...draft, text }, opened))
}

/** @param {Block} block @param {Draft} draft @param {number | null} opened @returns {Tree} */
function blockTree(block, draft, opened) {
  const line = (/** @type {Span} */ span) => lineLeaves(span, draft, opened)
  if (block.tag === 'pre') {
    // Code is shown as it is: what looks like a marker in it is none.
    const words = block.spans.flatMap((span) => lineLeaves(span, draft, opened, true))
    return tree('pre', { tabindex: 0 }, tree('code', {}, ...words))
  }
  if (block.tag === 'table') {
    const [head = [], ...body] = block.rows ?? []
    const row = (/** @type {Span[]} */ cells, /** @type {string} */ tag) =>
      tree('tr', {}, ...cells.map((cell) => tree(tag, {}, ...line(cell))))
    const rows = body.map((cells) => row(cells, 'td'))
    return tree(
      'div',
      { class: 'table' },
      tree('table', {}, tree('thead', {}, row(head, 'th')), tree('tbody', {}, ...rows)),
    )
  }
  if (block.tag === 'p' || block.tag === 'h3') return tree(block.tag, { dir: 'auto' }, ...block.spans.flatMap(line))
  if (block.tag === 'blockquote')
    return tree('blockquote', {}, ...block.spans.map((span) => tree('p', { dir: 'auto' }, ...line(span))))
  const entries = block.spans.map((span, index) => {
    const depth = block.depths?.[index] || undefined
    const number = block.numbers?.[index] ?? undefined
    // Where bullets and numbers stand in one list, each entry has its own sign.
    const sign = number === undefined ? 'bullet' : 'number'
    return tree('li', { dir: 'auto', class: depth && `deep-${depth} ${sign}`, value: number }, ...line(span))
  })
  return tree(block.tag, {}, ...entries)
}

/** @param {Span} span @param {Draft} draft @param {number | null} opened @param {boolean} [isCode] @returns {Leaf[]} */
function lineLeaves(span, draft, opened, isCode = false) {
  const { text, statements, isPlain } = draft
  const runs = isPlain || isCode ? [{ ...span, styles: [] }] : toRuns(text, span)
  const inside = statements.filter(({ start, end }) => start < span.end && end > span.start)
  const cuts = inside.flatMap(({ start, end }) => [Math.max(start, span.start), Math.min(end, span.end)])
  const edges = [...new Set([span.start, ...cuts, span.end])].sort((a, b) => a - b)
  const leaves = edges.slice(1).flatMap((end, index) => {
    const start = edges[index] ?? end
    const words = runs.flatMap((run) => {
      const part = text.slice(Math.max(run.start, start), Math.min(run.end, end))
      if (run.start >= end || run.end <= start || part === '') return []
      // Words in code are no markers.
      const words = isCode || run.styles.includes('code') ? [part] : wordLeaves(part, draft, opened)
      return run.styles.reduceRight((inner, style) => [tree(style, {}, ...inner)], words)
    })
    const statement = inside.find((one) => one.start <= start && end <= one.end)
    return statement === undefined ? words : statementLeaves(statement, words, statement.end === end)
  })
  return closed(leaves)
}

/** @param {Leaf | undefined} leaf */
const isMarker = (leaf) => typeof leaf === 'object' && leaf.tag === 'sup'

/**
 * A full stop that a writer put behind the markers comes before them: it belongs to the words.
 * @param {Leaf[]} leaves
 */
function closed(leaves) {
  for (let at = leaves.length - 1; at > 0; at--) {
    const [leaf = '', before] = [leaves[at], leaves[at - 1]]
    if (typeof leaf !== 'string' || !isMarker(before)) continue
    const [stop = ''] = /^[.,;:!?]+/.exec(leaf) ?? []
    let first = at - 1
    while (isMarker(leaves[first - 1])) first--
    leaves[at] = leaf.slice(stop.length)
    if (stop !== '') leaves.splice(first, 0, stop)
  }
  return leaves.filter((leaf) => leaf !== '')
}

/** A doubt is also said in words: an underline tells it by sight only. @param {Statement} statement @param {Leaf[]} words @param {boolean} isEnd */
function statementLeaves({ verdict, citations }, words, isEnd) {
  const [name, meaning] = verdicts[verdict]
  const props = { class: `statement ${verdict}`, title: meaning, 'data-cites': citations.join(' ') || undefined }
  const said = tree('span', props, ...words)
  if (!isEnd) return [said]
  if (verdict === 'unsupported') return [said, tree('small', { class: 'tag' }, name)]
  if (verdict === 'partial') return [said, tree('small', { class: 'unseen' }, ` (${name})`)]
  return [said]
}

/**
 * Words and markers. URLs, and whatever else a model may write, stay words.
 * @param {string} words @param {Draft} draft @param {number | null} opened @returns {Leaf[]}
 */
function wordLeaves(words, draft, opened) {
  /** @type {Leaf[]} */
  const leaves = []
  let done = 0
  for (const match of words.matchAll(markers)) {
    const marker = markerTree(Number(match[1]), draft, opened)
    if (marker === null) continue
    leaves.push(words.slice(done, match.index), marker)
    done = match.index + match[0].length
  }
  return closed([...leaves, words.slice(done)])
}

/**
 * A marker whose citation has not come yet is no link; one that never got it is text like any other.
 * @param {number} n @param {Draft} draft @param {number | null} opened
 */
function markerTree(n, draft, opened) {
  const citation = draft.citations.get(n)
  if (citation === undefined) return draft.ended ? null : tree('sup', {}, String(n))
  const props = {
    class: 'marker',
    href: readerPath(citation),
    'data-n': n,
    'aria-label': `Footnote ${n}: ${placeName(citation)}`,
    'aria-current': n === opened ? 'true' : undefined,
  }
  return tree('sup', {}, tree('a', props, String(n)))
}
