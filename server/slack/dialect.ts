// Pieces as text, in the two languages Slack reads: mrkdwn in blocks, Markdown in streams. What is written here is all
// that Slack ever parses, so this is where words of models and documents become harmless.
import type { Leaf, Piece, Style } from './markup.ts'

/** A part of a text that must not be cut. `gap` stands before it, unless it begins a message or a block. */
export type Unit = { readonly text: string; readonly gap: '' | '\n' | '\n\n' }

type Dialect = {
  readonly words: (raw: string) => string
  readonly code: (raw: string) => string
  readonly link: (text: string, url: string) => string
  readonly marks: Readonly<Record<Style, string>>
  readonly bullet: (bullet: string) => string
  /** between a mark and a letter that would hide it */
  readonly joint: string
}

// Twice this is less than a block holds, also when every character is escaped with five.
const LONGEST_RUN = 280
const LONGEST_UNIT = 2_900
// Levels of a list that are told apart: the margin of a unit comes on top of it.
const DEEPEST = 9

/** The language of `text` in blocks. A literal mark is replaced where it would be read: nothing can escape it. */
export const mrkdwn: Dialect = {
  words: (raw) => escaped(withoutMarks(raw)),
  code: (raw) => escaped(raw).replaceAll('`', '‵'),
  link: (text, url) => `<${url}|${mrkdwn.words(text)}>`,
  marks: { bold: '*', italic: '_', strike: '~' },
  bullet: (bullet) => bullet,
  joint: '\u200B',
}

/** The language of streams. */
export const slackMarkdown: Dialect = {
  words: (raw) => escaped(raw.replaceAll(/[\\`*_~[\]#|!]/g, String.raw`\$&`)),
  code: (raw) => escaped(raw).replaceAll('`', '‵'),
  link: (text, url) => `[${slackMarkdown.words(text)}](${url})`,
  marks: { bold: '**', italic: '*', strike: '~~' },
  bullet: (bullet) => bullet.replace('•', '-'),
  joint: '\u200B',
}

/**
 * Done before a text is cut: no link (code may end early for a renderer), no address, no mention; in the same way as
 * answers are made inert everywhere.
 */
function inert(raw: string): string {
  return raw
    .replaceAll('](', '] (')
    .replaceAll('://', '[:]//')
    .replaceAll(/@(?=[\p{L}\p{N}])/gu, '＠')
    .replaceAll(/(?<![\p{L}\p{N}])www\./giu, 'www[.]')
}

function escaped(raw: string): string {
  return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

const lookalikes: Readonly<Record<string, string>> = { '*': '∗', _: '＿', '~': '∼' }

/** Between letters a mark is none (`snake_case`); anywhere else it may begin or end something. */
function withoutMarks(raw: string): string {
  return raw
    .replaceAll('`', '‵')
    .replaceAll(/(?<![\p{L}\p{N}])[*_~]|[*_~](?![\p{L}\p{N}])/gu, (mark) => lookalikes[mark] ?? mark)
}

/** In order; joined with their gaps they are the whole text. */
export function unitsOf(pieces: readonly Piece[], dialect: Dialect): Unit[] {
  return pieces.flatMap((piece, at) => {
    const gap = at === 0 ? '' : gapBetween(pieces[at - 1], piece)
    const texts = piece.type === 'code' ? fences(piece.text) : runsOf(piece, dialect)
    return texts.map((text, nth): Unit => ({ text, gap: nth === 0 ? gap : piece.type === 'code' ? '\n' : '' }))
  })
}

export function textOf(units: readonly Unit[]): string {
  return units.map(({ text, gap }, at) => (at === 0 ? text : gap + text)).join('')
}

/** Units put together as long as they fit. */
export function packed(units: readonly Unit[], limit: number): string[] {
  const texts: string[] = []
  for (const { text, gap } of units) {
    const last = texts.at(-1)
    if (last !== undefined && last.length + gap.length + text.length <= limit)
      texts[texts.length - 1] = last + gap + text
    else texts.push(last === undefined || gap !== '' ? text : text.trimStart())
  }
  return texts.filter((text) => text.trim() !== '')
}

function gapBetween(before: Piece | undefined, after: Piece): Unit['gap'] {
  return [before, after].every((piece) => piece?.type === 'text' && piece.depth > 0) ? '\n' : '\n\n'
}

/** Code cut at the ends of lines, each part in fences of its own. */
function fences(raw: string): string[] {
  const lines = inert(raw)
    .split('\n')
    .flatMap((line) => cut(line, /.{1,280}/gsu))
  const parts: string[] = []
  for (const line of lines.map(mrkdwn.code)) {
    const last = parts.at(-1)
    if (last !== undefined && last.length + line.length < LONGEST_UNIT) parts[parts.length - 1] = `${last}\n${line}`
    else parts.push(line)
  }
  return parts.map((part) => `\`\`\`\n${part}\n\`\`\``)
}

function cut(text: string, pattern: RegExp): string[] {
  return text === '' ? [''] : Array.from(text.matchAll(pattern), ([part]) => part)
}

function runsOf({ leaves, bullet, depth, isQuoted }: Extract<Piece, { type: 'text' }>, dialect: Dialect): string[] {
  const indent = '    '.repeat(Math.min(Math.max(0, depth - 1), DEEPEST))
  const margin = (isQuoted ? '> ' : '') + indent
  // What goes on in an item of a list stands under its words.
  const hanging = margin + (depth > 0 ? '  ' : '')
  const runs: string[] = []
  let tail = ''
  for (const leaf of leaves.flatMap(shortened)) {
    const text = written(leaf, dialect).replaceAll('\n', `\n${hanging}`)
    const run = needsJoint(tail, text) ? dialect.joint + text : text
    const last = runs.at(-1)
    // A footnote belongs to the sentence before it, a space to what it follows.
    const isBound =
      last !== undefined && (leaf.type === 'link' || text.trim() === '') && last.length + run.length <= LONGEST_UNIT
    if (isBound) runs[runs.length - 1] = last + run
    else runs.push(run)
    tail = text || tail
  }
  const [first = '', ...rest] = runs
  return [(bullet === '' ? hanging : margin + dialect.bullet(bullet)) + first, ...rest]
}

/** Slack reads a mark only where it touches no letter on its outside. */
function needsJoint(before: string, after: string): boolean {
  return /[*_~`]$/.test(before)
    ? /^[\p{L}\p{N}*_~`]/u.test(after)
    : /[\p{L}\p{N}]$/u.test(before) && /^[*_~`]/.test(after)
}

function written(leaf: Leaf, dialect: Dialect): string {
  if (leaf.type === 'link') return leaf.url === null ? dialect.words(leaf.text) : dialect.link(leaf.text, leaf.url)
  if (leaf.type === 'code') return `\`${dialect.code(leaf.text.replaceAll('\n', ' '))}\``
  const [, before = '', core = '', after = ''] = /^(\s*)([^]*?)(\s*)$/.exec(leaf.text) ?? []
  // Of a mark with a space inside nothing is made.
  const marks = core === '' ? [] : [...new Set(leaf.styles)].map((style) => dialect.marks[style])
  return `${before}${marks.join('')}${dialect.words(core)}${marks.toReversed().join('')}${after}`
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })

/** A leaf as parts that are short enough: its sentences; a sentence that is too long at its spaces, or anywhere. */
function shortened(leaf: Leaf): Leaf[] {
  if (leaf.type === 'link') return [{ ...leaf, text: inert(leaf.text) }]
  const text = inert(leaf.text)
  // A line break grows by the margin when it is written.
  const isShort = text.length <= LONGEST_RUN && !text.includes('\n')
  const isOne = leaf.type === 'code' || (isShort && leaf.styles.length > 0)
  return (isOne ? [text] : Array.from(sentences.segment(text), ({ segment }) => segment))
    .flatMap((part) => (part.length <= LONGEST_RUN ? [part] : cut(part, /.{1,279}(?:\s|$)|.{1,140}/gsu)))
    .map((text) => ({ ...leaf, text }))
}

// It may yet begin something: emphasis, code, a footnote, a table, an entity.
const unsettled = /[*_`~[|\\&<]/

/**
 * The units of an answer that is still being written which no further text changes, as far as can be told: all but the
 * last, and nothing from the first character on that may yet become markup. Whoever shows them compares with the end.
 */
export function settledUnits(pieces: readonly Piece[], dialect: Dialect): Unit[] {
  const last = pieces.at(-1)
  if (last?.type !== 'text') return unitsOf(pieces.slice(0, -1), dialect)
  const open = last.leaves.findIndex((leaf) => leaf.type === 'text' && unsettled.test(leaf.text))
  const leaves = open === -1 ? last.leaves : last.leaves.slice(0, open + 1)
  return unitsOf([...pieces.slice(0, -1), { ...last, leaves: leaves.map(settled) }], dialect).slice(0, -1)
}

function settled(leaf: Leaf): Leaf {
  return leaf.type === 'text' ? { ...leaf, text: leaf.text.split(unsettled, 1)[0] ?? '' } : leaf
}
