// A sentence as the points that its source must hold, and a piece of a source as what it holds of them.
import { isFunctionWord, toTerm, words } from '../../core/terms.ts'
import { clausesOf } from './clauses.ts'
import {
  type DateParts,
  type Figure,
  type Figures,
  holdsDate,
  holdsRate,
  type Match,
  matchFigure,
  readFigures,
  type Unit,
} from './figures.ts'
import { type Frame, readFrame } from './frames.ts'
import { oneForm, type Polarity, readBounds, readDenials, readPolarity } from './polarity.ts'
import { listMark } from './sentences.ts'

/** One thing that a sentence says. All but words are hard: a reader is hurt when one of them is wrong. */
export type Point =
  | { readonly type: 'word'; readonly term: string }
  | { readonly type: 'name'; readonly term: string }
  | { readonly type: 'identifier'; readonly text: string }
  | { readonly type: 'figure'; readonly figure: Figure }
  | { readonly type: 'date'; readonly readings: readonly DateParts[] }
  | { readonly type: 'rate'; readonly unit: Unit }

/** What can be compared word by word. */
type Worded = {
  /** lower case, without markup and the stop at its end */
  readonly text: string
  readonly terms: ReadonlySet<string>
  readonly polarity: Polarity
  /** how "once" and numbers are bounded: exactly, at least, at most */
  readonly bounds: ReadonlyMap<string, string>
  /** what each denial reaches, and how many words deny in sense alone */
  readonly denied: readonly (string | null)[]
  readonly hedges: number
  readonly order: readonly Ordered[]
  readonly frame: Frame
  /** says "the first" and "the second" of what another sentence names */
  readonly isPointing: boolean
}
export type Ordered = {
  readonly term: string
  readonly isFunction: boolean
  /** capitals, not of a function word that begins a sentence */
  readonly isCapital: boolean
  /** the first word of a sentence, where a capital says nothing */
  readonly begins: boolean
  /** the last word before it that is no function word */
  readonly before: string | null
}

/** `clauses`: each of them as a claim, where there are several. */
export type Claim = Worded & { readonly points: readonly Point[]; readonly clauses: readonly Claim[] }

/** What a text holds: of a piece of a passage, or of several together. */
export type Evidence = Worded & Figures

export function readClaim(sentence: string): Claim {
  // The number of a list entry is no figure that the source would have to hold.
  const whole = plain(sentence.replace(listMark, ''))
  const { frame, rest } = readFrame(whole)
  const clauses = clausesOf(rest)
  return {
    ...readSaid(rest),
    text: bare(whole),
    frame,
    clauses: clauses.length > 1 ? clauses.map((each) => ({ ...readSaid(each), frame, clauses: [] })) : [],
  }
}

function readSaid(text: string): Omit<Claim, 'clauses'> {
  const identifiers = [...new Set(Array.from(text.matchAll(identifier), ([each]) => each.toLowerCase()))]
  const written = text.replace(identifier, (each) => ' '.repeat(each.length))
  const { figures, dates, rates, rest } = readFigures(written)
  const names = namesIn(rest)
  const terms = [...new Set(words(rest).map(({ term }) => oneForm(term)))].filter(
    (term) => !names.has(term) && !isFunctionWord(term),
  )
  return {
    ...readWords(text),
    points: [
      ...terms.map((term) => ({ type: 'word', term }) as const),
      ...[...names].map((term) => ({ type: 'name', term }) as const),
      ...identifiers.map((each) => ({ type: 'identifier', text: each }) as const),
      // "one of them" counts nothing.
      ...figures
        .filter(({ value, unit }) => value !== 1 || unit || /(?<![\d.,])1(?![\d.,])/.test(written))
        .map((figure) => ({ type: 'figure', figure }) as const),
      ...dates.map((readings) => ({ type: 'date', readings }) as const),
      ...rates.map((unit) => ({ type: 'rate', unit }) as const),
    ],
  }
}

export function readEvidence(text: string): Evidence {
  const source = plain(text)
  const read = readWords(source)
  const { frame } = readFrame(source)
  return { ...readFigures(source), ...read, frame, terms: read.terms.union(new Set(acronymsIn(source))) }
}

function readWords(text: string): Worded {
  let before: string | null = null
  const order = words(text).map(({ term: written, start, end }) => {
    const term = oneForm(written)
    const isFunction = isFunctionWord(term)
    const begins = /(?:^|[.!?:|\n])["'([\s]*$/.test(text.slice(Math.max(0, start - 8), start))
    const isCapital = /\p{Lu}/u.test(text.slice(start, end)) && end - start > 1 && !(begins && isFunction)
    const each = { term, isFunction, isCapital, begins, before }
    if (!isFunction) before = term
    return each
  })
  return {
    text: bare(text),
    terms: new Set(order.map(({ term }) => term)),
    polarity: readPolarity(text),
    bounds: readBounds(text.toLowerCase()),
    ...readDenials(text),
    order,
    frame: 'none',
    isPointing: pointing.test(text),
  }
}

const pointing = /\bthe (?:first|former|one)\b[^.]{1,200}?\bthe (?:second|latter|other)\b/i

/** Several pieces together: two citations may back one sentence. */
export function joined(all: readonly Evidence[]): Evidence {
  const polarity = new Map<string, { affirmed: boolean; denied: boolean }>()
  for (const each of all)
    for (const [term, { affirmed, denied }] of each.polarity) {
      const known = polarity.get(term)
      polarity.set(term, { affirmed: affirmed || known?.affirmed === true, denied: denied || known?.denied === true })
    }
  return {
    figures: all.flatMap(({ figures }) => figures),
    dates: all.flatMap(({ dates }) => dates),
    rates: all.flatMap(({ rates }) => rates),
    rest: '',
    text: all.map(({ text }) => text).join('\n'),
    terms: new Set(all.flatMap(({ terms }) => [...terms])),
    polarity,
    bounds: new Map(all.flatMap((each) => [...each.bounds])),
    denied: all.flatMap(({ denied }) => denied),
    hedges: all.reduce((sum, each) => sum + each.hedges, 0),
    order: all.flatMap(({ order }) => order),
    isPointing: all.some(({ isPointing }) => isPointing),
    frame: all.find(({ frame }) => frame !== 'none')?.frame ?? 'none',
  }
}

/** `beside`: the words of title and headings, which stand beside every quote and may name what it calls "it". */
export function match(point: Point, evidence: Evidence, beside: ReadonlySet<string>): Match {
  if (point.type === 'figure') return matchFigure(point.figure, evidence)
  return holds(point, evidence, beside) ? 'held' : 'missing'
}

function holds(point: Exclude<Point, { type: 'figure' }>, evidence: Evidence, beside: ReadonlySet<string>): boolean {
  if (point.type === 'word') return evidence.terms.has(point.term)
  if (point.type === 'name') return evidence.terms.has(point.term) || beside.has(point.term)
  if (point.type === 'identifier') return holdsIdentifier(evidence.text, point.text)
  if (point.type === 'date') return holdsDate(point.readings, evidence)
  return holdsRate(point.unit, evidence)
}

/** Markup that models put around words says nothing, nor does the number of a footnote. */
function plain(text: string): string {
  return text
    .replaceAll(/[<‹]sup>[^<‹]{0,20}[<‹]\/sup>/gi, '')
    .replaceAll(/[*`]|(?<=^|\s)_|_(?=\s|$)/g, '')
    .replaceAll('’', "'")
}

function bare(text: string): string {
  return text
    .toLowerCase()
    .trim()
    .replace(/[.!?]$/, '')
}

// pg_stat, shard.key, camelCase, v1.2.3, a/b, p99, HTTP2, k8s, 10.0.0.1: whatever is one word to a machine.
// A number with its unit (10k, 50ms, 2nd) is none.
const identifier =
  /(?<![\p{L}\p{N}_])(?!\d+(?:[.,]\d+)*(?:[kKmMbBtT]|bn|mn|st|nd|rd|th|s|ms|us|µs|ns|h|x|min|sec|[KkMGTP]i?B|[KkMG]bps|[kMG]?Hz|%)?(?![\p{L}\p{N}_]))(?:v\d+(?:\.\d+)*|\d+(?:\.\d+){2,}|[\p{L}\p{N}]*_[\p{L}\p{N}_]+|[\p{L}\p{N}_]{2,}(?:::|\.(?=\p{Ll}))[\p{L}\p{N}_.]+|\p{Ll}+\p{Lu}[\p{L}\p{N}]*|\p{L}+\d[\p{L}\p{N}]*|\d+\p{L}[\p{L}\p{N}]*)(?![\p{L}\p{N}_])/gu

function holdsIdentifier(text: string, wanted: string): boolean {
  const bare = wanted.replace(/^v(?=\d)/, '')
  for (let at = text.indexOf(bare); at >= 0; at = text.indexOf(bare, at + 1))
    if (
      !/[\p{L}\p{N}_]$/u.test(text.slice(0, at).replace(/v$/, '')) &&
      !/^(?:[\p{L}\p{N}_]|\.\d)/u.test(text.slice(at + bare.length))
    )
      return true
  return false
}

const capital = /\p{Lu}[\p{L}\p{N}]*(?:'s)?/gu

/** Capitals inside of a sentence, and a first word that does not read like an ordinary one. */
function namesIn(text: string): Set<string> {
  const names = new Set<string>()
  for (const { 0: word, index } of text.matchAll(capital)) {
    if (/[\p{L}\p{N}]/u.test(text.charAt(index - 1))) continue
    const begins = /(?:^|[.!?:]["')\]]*\s+|\n\s*)["'([]*$/.test(text.slice(Math.max(0, index - 20), index))
    const term = toTerm(word)
    if (isFunctionWord(term) || word.length < 2) continue
    if (!begins || word.endsWith("'s") || /^\p{Lu}{2}/u.test(word) || isSubject(word, text.slice(index + word.length)))
      names.add(term)
  }
  return names
}

const opener = /^(?:Since|Although|Though|Unlike|Unless|Like|Given|Instead|Then|Also)$/

/** "Kafka keeps …", "Redis Cluster …": neither plural nor participle nor adverb, and no comma behind. */
function isSubject(word: string, behind: string): boolean {
  if (/^\s+\p{Lu}/u.test(behind)) return true
  if (/(?:s|ed|ing|ly)$/.test(word) || opener.test(word)) return false
  return /^\s+(?:(?!(?:its|this|his|as)\b)\p{Ll}+s|was|had|can|will|\p{Ll}+ed)\b/u.test(behind)
}

/** "Google File System" also holds GFS. */
function acronymsIn(text: string): string[] {
  return Array.from(text.matchAll(/\p{Lu}\p{Ll}+(?:[ -]\p{Lu}\p{Ll}+)+/gu), ([run]) =>
    toTerm(
      run
        .split(/[ -]/)
        .map((word) => word.charAt(0))
        .join(''),
    ),
  )
}
