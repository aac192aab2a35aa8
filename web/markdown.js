// @ts-check
// The little Markdown that an answer may hold, as places in its text: paragraphs, lists, tables, code and emphasis.
// Libraries give elements, or lines; verdicts and footnotes need to know of every character where it stands.

/** @import { Block, Run, Span } from './wire.d.ts' */

/** @type {readonly [style: Run['styles'][number], pattern: RegExp][]} */
const styles = [
  ['code', /(?<!`)(`+)(?!`)(?<inside>[^]*?[^`])\1(?!`)/],
  ['strong', /\*\*(?=[^\s*])(?<inside>[^]*?[^\s*])\*\*(?!\*)/],
  ['em', /(?<![\p{L}\p{N}*])\*(?=[^\s*])(?<inside>[^*]*[^\s*])\*(?!\*)/u],
  ['em', /(?<![\p{L}\p{N}_])_(?=[^\s_])(?<inside>[^_]*[^\s_])_(?![\p{L}\p{N}_])/u],
]

const fence = /^ {0,3}(`{3,}|~{3,})[^`]*$/
const delimiters = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/

/**
 * The blocks of a text. One in plain words, as extracts are, has paragraphs and lists only: what else looks like markup
 * in it is part of the quoted words.
 * @param {string} text @param {boolean} isPlain @returns {Block[]}
 */
export function toBlocks(text, isPlain) {
  /** @type {Block[]} */
  const blocks = []
  const lines = linesOf(text)
  let isOpen = false
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? { start: 0, end: 0 }
    const words = text.slice(line.start, line.end)
    const taken = isPlain ? 0 : takeWhole(text, lines, at, blocks)
    if (taken > 0) {
      at += taken - 1
      isOpen = false
    } else if (words.trim() === '') isOpen = false
    else {
      takeLine(words, line, isOpen, isPlain, blocks)
      isOpen = true
    }
  }
  return blocks
}

/** @param {string} text @returns {Span[]} */
function linesOf(text) {
  let offset = 0
  return text.split('\n').map((line) => {
    const span = { start: offset, end: offset + line.trimEnd().length }
    offset += line.length + 1
    return span
  })
}

/**
 * Code in fences, or a table: the number of lines it takes, 0 when none begins here.
 * @param {string} text @param {Span[]} lines @param {number} at @param {Block[]} blocks
 */
function takeWhole(text, lines, at, blocks) {
  const wordsAt = (/** @type {number} */ index) => text.slice(lines[index]?.start, lines[index]?.end)
  const [, mark] = fence.exec(wordsAt(at)) ?? []
  if (mark !== undefined) {
    let end = at + 1
    while (end < lines.length && !wordsAt(end).trimStart().startsWith(mark)) end++
    const span = { start: lines[at + 1]?.start ?? text.length, end: lines[end - 1]?.end ?? text.length }
    blocks.push({ tag: 'pre', spans: end === at + 1 ? [] : [span] })
    return end - at + 1
  }
  if (!wordsAt(at).includes('|') || !delimiters.test(wordsAt(at + 1)) || !wordsAt(at + 1).includes('-')) return 0
  const rows = [cellsOf(text, lines[at])]
  let end = at + 2
  for (; end < lines.length && wordsAt(end).includes('|'); end++) rows.push(cellsOf(text, lines[end]))
  blocks.push({ tag: 'table', spans: [], rows })
  return end - at
}

/** @param {string} text @param {Span} [line] @returns {Span[]} */
function cellsOf(text, line) {
  if (line === undefined) return []
  const words = text.slice(line.start, line.end)
  return [...words.matchAll(/(?<=^|\|)(?:\\\||[^|])*/g)].flatMap(({ 0: cell, index }, n, all) => {
    const isOutside = cell.trim() === '' && (n === 0 || n === all.length - 1)
    const start = line.start + index + (cell.length - cell.trimStart().length)
    return isOutside ? [] : [{ start, end: Math.max(start, line.start + index + cell.trimEnd().length) }]
  })
}

/**
 * A line of a paragraph, an entry of a list or a heading.
 * @param {string} words @param {Span} line @param {boolean} isOpen whether the line before it has words @param {boolean} isPlain
 * @param {Block[]} blocks
 */
function takeLine(words, line, isOpen, isPlain, blocks) {
  const last = isOpen ? blocks.at(-1) : undefined
  const { tag, lead, indent, number } = beginningOf(words, isPlain)
  const span = { start: line.start + lead, end: line.end }
  const open = last?.tag === 'p' || last?.depths ? last.spans.at(-1) : undefined
  if (tag === 'ul' || tag === 'ol') takeEntry(tag, span, indent, number, blocks)
  else if (tag === 'p' && open) open.end = span.end
  else if (tag === 'blockquote' && last?.tag === tag) last.spans.push(span)
  else blocks.push({ tag, spans: [span] })
}

/**
 * An entry of a list within a list stands in the same one, further in.
 * @param {'ul' | 'ol'} tag @param {Span} span @param {number} indent @param {number | null} number @param {Block[]} blocks
 */
function takeEntry(tag, span, indent, number, blocks) {
  const last = blocks.at(-1)
  if (!last?.depths || (last.tag !== tag && indent < 2)) {
    blocks.push({ tag, spans: [span], depths: [0], numbers: [number] })
    return
  }
  last.spans.push(span)
  last.depths.push(Math.min(3, Math.floor(indent / 2)))
  last.numbers?.push(number)
}

/**
 * What a line is, by how it begins; `lead` characters of it are not shown.
 * @param {string} words @param {boolean} isPlain
 * @returns {{ tag: 'p' | 'h3' | 'blockquote' | 'ul' | 'ol', lead: number, indent: number, number: number | null }}
 */
function beginningOf(words, isPlain) {
  const sign = isPlain ? null : /^ {0,3}(?:#{1,6}\s+|>\s?)(?=\S)/.exec(words)?.[0]
  if (sign) return { tag: sign.includes('#') ? 'h3' : 'blockquote', lead: sign.length, indent: 0, number: null }
  const [lead = '', blank = '', bullet, number] = /^(\s*)(?:([-*•+]|(\d{1,3})[.)])\s+(?=\S))?/.exec(words) ?? []
  const place = { lead: lead.length, indent: blank.length, number: number === undefined ? null : Number(number) }
  if (bullet === undefined) return { tag: 'p', ...place }
  return { tag: number === undefined ? 'ul' : 'ol', ...place }
}

/**
 * The words of a line without the signs of its emphasis, piece by piece.
 * @param {string} text @param {Span} span @param {Run['styles']} [outer] @returns {Run[]}
 */
export function toRuns(text, span, outer = []) {
  const words = text.slice(span.start, span.end)
  /** @type {{ index: number, length: number, inside: string, style: Run['styles'][number] } | null} */
  let first = null
  for (const [style, pattern] of styles) {
    const match = pattern.exec(words)
    if (match === null || (first !== null && match.index >= first.index)) continue
    first = { index: match.index, length: match[0].length, inside: match.groups?.['inside'] ?? '', style }
  }
  if (first === null) return words === '' ? [] : [{ ...span, styles: outer }]
  const { index, length, inside, style } = first
  const start = span.start + index + words.slice(index).indexOf(inside, (length - inside.length) / 2)
  const before = index === 0 ? [] : [{ start: span.start, end: span.start + index, styles: outer }]
  const within = { start, end: start + inside.length }
  const after = { start: span.start + index + length, end: span.end }
  const marked = style === 'code' ? [{ ...within, styles: [...outer, style] }] : toRuns(text, within, [...outer, style])
  return [...before, ...marked, ...toRuns(text, after, outer)]
}
