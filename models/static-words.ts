// Text to words, and words to weighted rows of the static table: the rules of models/static/FORMAT.md, step by step.
import type { StaticTable } from './static-table.ts'

/** What rows are found by. */
export type WordTable = Omit<StaticTable, 'cells' | 'scales'>

/** `weights[row]` of the rows in `touched`; reused from text to text, as 44,000 rows are too many to allocate each time. */
export type RowWeights = { readonly weights: Float64Array; readonly touched: number[] }

// Longer words were dropped in training as well: they are hashes and encoded bytes, not language.
const longestWord = 40
// Number shapes #1 … #9 are rows 0 … 8: the length of a number, 9 for all that are longer.
const longestNumber = 9
const shortestStem = 3
const shortestCompoundPart = 4

const suffixes: readonly (readonly [suffix: string, replacement: string])[] = [
  ['ies', 'y'],
  ['ing', ''],
  ['ing', 'e'],
  ['ers', ''],
  ['ed', ''],
  ['ed', 'e'],
  ['es', ''],
  ['er', ''],
  ['ly', ''],
  ['s', ''],
]

/** Lower-case words of Latin letters and digits, accents removed, `don't` as one word. */
export function readWords(text: string): string[] {
  const plain = text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]+/g, '')
    .toLowerCase()
  const joined = plain.replace(/(?<=[a-z0-9])['\u2019\u02bc](?=[a-z0-9])/g, '')
  return (joined.match(/[a-z0-9]+/g) ?? []).filter((word) => word.length <= longestWord)
}

/** Adds the rows of every word and of every known pair of neighbours to `into`. */
export function weighRows(words: readonly string[], table: WordTable, into: RowWeights): void {
  let after: ReadonlyMap<string, number> | undefined
  for (const word of words) {
    weighWord(word, table, into)
    const pair = after?.get(word)
    if (pair !== undefined) add(into, pair, 1)
    after = table.pairs.get(word)
  }
}

/** The first rule that applies decides. */
function weighWord(word: string, table: WordTable, into: RowWeights): void {
  const row = table.words.get(word) ?? rowOfNumber(word) ?? rowOfStem(word, table)
  if (row !== undefined) return add(into, row, 1)
  const parts = rowsOfCompound(word, table)
  if (parts === undefined) return addLetterGroups(word, table, into)
  for (const part of parts) add(into, part, 1)
}

/** A word of the list, or a form of one. Not what ends in -er or -ly: "jiter" is no form of "jit". */
export function isListed(word: string, table: WordTable): boolean {
  return table.words.has(word) || (!/(?:ers?|ly)$/.test(word) && rowOfStem(word, table) !== undefined)
}

function rowOfNumber(word: string): number | undefined {
  return /^[0-9]+$/.test(word) ? Math.min(word.length, longestNumber) - 1 : undefined
}

function rowOfStem(word: string, table: WordTable): number | undefined {
  for (const [suffix, replacement] of suffixes) {
    if (!word.endsWith(suffix)) continue
    const stem = word.slice(0, -suffix.length) + replacement
    const row = stem.length < shortestStem ? undefined : table.words.get(stem)
    if (row !== undefined) return row
  }
  return undefined
}

/** `ratelimiter` as `rate` and `limiter`; the longest first part wins. */
function rowsOfCompound(word: string, table: WordTable): readonly [number, number] | undefined {
  for (let i = word.length - shortestCompoundPart; i >= shortestCompoundPart; i--) {
    const first = table.words.get(word.slice(0, i))
    const second = table.words.get(word.slice(i))
    if (first === undefined || second === undefined) continue
    if (first < table.compoundRank && second < table.compoundRank) return [first, second]
  }
  return undefined
}

/** A word nobody listed, often a misspelling: the buckets of its letter groups of 3 and 4, together about one word's worth. */
function addLetterGroups(word: string, table: WordTable, into: RowWeights): void {
  const framed = `<${word}>`
  const groups = Math.max(0, framed.length - 2) + Math.max(0, framed.length - 3)
  const weight = 1 / Math.sqrt(groups)
  for (const size of [3, 4])
    for (let start = 0; start + size <= framed.length; start++)
      add(into, table.buckets.first + (hash(framed, start, start + size) % table.buckets.count), weight)
}

/** FNV-1a, 32 bits. */
function hash(text: string, start: number, end: number): number {
  let value = 2_166_136_261
  for (let i = start; i < end; i++) value = Math.imul(value ^ text.charCodeAt(i), 16_777_619)
  return value >>> 0
}

function add(into: RowWeights, row: number, weight: number): void {
  const known = into.weights[row] ?? 0
  if (known === 0) into.touched.push(row)
  into.weights[row] = known + weight
}
