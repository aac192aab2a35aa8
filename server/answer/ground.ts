// Which words of the passages back a sentence of the model's, and how well? A lexical check: support, not truth.
import type { Passage, Span, Verdict } from '../../core/types.ts'
import { type Claim, type Evidence, joined, match, type Point, readClaim } from './claim.ts'
import { lacksDenial } from './conflict.ts'
import { type Dispute, disputeOf } from './dispute.ts'
import { holdsDate } from './figures.ts'
import { contradicts } from './polarity.ts'
import { readSource, type Source } from './source.ts'

/** Words of a passage that are cited for a sentence. */
export type Backing = { readonly passage: Passage; readonly span: Span }
/** `score`: share of the sentence that the words hold, 0 to 1, capped where something hard is missing or contradicted. */
type Judgement = { readonly verdict: Verdict; readonly score: number }

export type Grounds = {
  /** The words of passage `n` that back a sentence best; of another passage if that one alone supports it. Empty: none. */
  readonly lock: (sentence: string, n: number) => readonly Backing[]
  /** The words of any passage that support a sentence clearly. Empty: none do. */
  readonly find: (sentence: string) => readonly Backing[]
  /** How well all these words together back a sentence. */
  readonly judge: (sentence: string, backings: readonly Backing[]) => Judgement
}

const SUPPORTED = 0.6
const PARTIAL = 0.3
const CAP = 0.01
// A name or a figure counts as two words: measured on WiCE, where rarity in the library added nothing to that.
const HARD = 2
// Two places of a passage at most, the second only when it brings a tenth of the sentence.
const PLACES = 2
const WORTHWHILE = 0.1
// A second place that shares one thing alone, a number say, may mean another by it.
const SHARED = 2
// What is longer is no sentence: only so much of it is looked at, and it is not called checked.
const LONGEST = 2_000
// How much more of a sentence another passage must hold to take its footnote over.
const CLEARLY = 0.2
// A sentence without a marker gets one only if it says this much.
const TELLING = 3

const allowed: Readonly<Record<Dispute, number>> = { none: 1, doubtful: SUPPORTED - CAP, opposed: PARTIAL - CAP }

/** Each passage is cut and read once, when it is first asked for. */
export function createGrounds(passages: readonly Passage[]): Grounds {
  const sources = new Map<number, Source>()
  const sourceOf = (n: number): Source | null => {
    const passage = passages[n - 1]
    if (!passage) return null
    const source = sources.get(n) ?? readSource(passage)
    sources.set(n, source)
    return source
  }
  const claimOf = once((sentence: string) => readClaim(sentence.slice(0, LONGEST)))
  const all = () => passages.flatMap((_, index) => sourceOf(index + 1) ?? [])
  const disputed = once((claim: Claim) => disputeOf(claim, all()))
  const lockIn = eachOnce(locked)
  const locate = (claim: Claim) =>
    all()
      .map((source) => lockIn(claim, source))
      .reduce(better)
  return {
    lock: (sentence, n) => {
      const claim = claimOf(sentence)
      const source = sourceOf(n)
      if (!source || claim.points.length === 0) return []
      const named = lockIn(claim, source)
      // What is disputed is never rescued by other words: its footnote stays where the model put it.
      if (named.verdict === 'supported' || (named.score > 0 && disputed(claim) !== 'none')) return named.backings
      const best = locate(claim)
      if (best.verdict === 'supported' && isClearer(best, named)) return best.backings
      // A quote that shares no word with the sentence would be a footnote to nothing.
      return named.score > 0 ? named.backings : isForeign(sentence) ? firstOf(source) : []
    },
    find: (sentence) => {
      const claim = claimOf(sentence)
      if (passages.length === 0 || claim.points.length < TELLING || disputed(claim) !== 'none') return []
      const best = locate(claim)
      return best.verdict === 'supported' ? best.backings : []
    },
    judge: (sentence, backings) => {
      if (sentence.length > LONGEST) return { verdict: 'unchecked', score: 0 }
      if (backings.length === 0) return { verdict: isForeign(sentence) ? 'unchecked' : 'unsupported', score: 0 }
      const places = backings.flatMap(({ passage, span }) => {
        const source = sourceOf(passage.n)
        return source ? [{ source, span }] : []
      })
      const claim = claimOf(sentence)
      const own = judged(claim, places)
      const judgement = scored(Math.min(own.score, allowed[disputed(claim)]))
      return judgement.verdict !== 'supported' && isForeign(sentence) ? { verdict: 'unchecked', score: 0 } : judgement
    },
  }
}

/** Remembers the last result: one sentence is asked about several times in a row. */
function once<A, R>(read: (asked: A) => R): (asked: A) => R {
  let last: { readonly asked: A; readonly result: R } | null = null
  return (asked) => {
    if (last?.asked !== asked) last = { asked, result: read(asked) }
    return last.result
  }
}

/** The same for each source: to look through all passages is dear. */
function eachOnce(look: (claim: Claim, source: Source) => Locked): (claim: Claim, source: Source) => Locked {
  let last: { readonly claim: Claim; readonly found: Map<Source, Locked> } | null = null
  return (claim, source) => {
    if (last?.claim !== claim) last = { claim, found: new Map() }
    const known = last.found.get(source) ?? look(claim, source)
    last.found.set(source, known)
    return known
  }
}

/** Mostly in letters that are not Latin: words are not told apart there, so nothing can be said against it. */
function isForeign(sentence: string): boolean {
  const letters = sentence.match(/\p{L}/gu) ?? []
  return letters.filter((letter) => !/\p{Script=Latin}/u.test(letter)).length > letters.length / 2
}

function firstOf({ passage, pieces }: Source): Backing[] {
  return pieces.slice(0, 1).map(({ span }) => ({ passage, span }))
}

type Locked = Judgement & { readonly backings: readonly Backing[] }

/** The model knows what it read: words that only seem to say more, or say it in two places, do not move its footnote. */
function isClearer(best: Locked, named: Locked): boolean {
  return named.score === 0 || (best.backings.length === 1 && best.score >= named.score + CLEARLY)
}

function better(best: Locked, each: Locked): Locked {
  return each.score > best.score ? each : best
}

/** The places of one passage that hold most of a sentence, first the best, then what that one lacks. */
function locked(claim: Claim, source: Source): Locked {
  const held = source.pieces.map(({ evidence }) =>
    claim.points.map((point) => match(point, evidence, source.beside) === 'held'),
  )
  const windows = windowsOf(source, held)
  const chosen: Window[] = []
  let covered: readonly boolean[] = claim.points.map(() => false)
  while (chosen.length < PLACES) {
    const free = windows.filter((each) => chosen.every((other) => apart(each, other)))
    const next = bestOf(free, claim.points, covered)
    if (!next || next.share === shareOf(claim.points, covered)) break
    if (chosen.length > 0 && !isWorthwhile(claim.points, covered, next)) break
    chosen.push(next.window)
    covered = either(covered, next.window.held)
  }
  const places = chosen
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end }) => ({ source, span: { start, end } }))
  return { ...judged(claim, places), backings: places.map(({ span }) => ({ passage: source.passage, span })) }
}

type Window = Span & { readonly held: readonly boolean[] }

/** Every sentence, and every two that follow each other: a claim often joins two. Shorter ones first, so ties stay short. */
function windowsOf({ pieces }: Source, held: readonly (readonly boolean[])[]): Window[] {
  const single = pieces.map(({ span }, index) => ({ ...span, held: held[index] ?? [] }))
  const pairs = single.slice(1).map((piece, index) => {
    const before = single[index] ?? piece
    return { start: before.start, end: piece.end, held: either(before.held, piece.held) }
  })
  return [...single, ...pairs]
}

type Reach = { readonly window: Window; readonly share: number }

function bestOf(windows: readonly Window[], points: readonly Point[], covered: readonly boolean[]): Reach | null {
  return windows
    .map((window) => ({ window, share: shareOf(points, either(covered, window.held)) }))
    .reduce<Reach | null>((most, each) => (most === null || each.share > most.share ? each : most), null)
}

function isWorthwhile(points: readonly Point[], covered: readonly boolean[], { window, share }: Reach): boolean {
  if (window.held.filter(Boolean).length < SHARED) return false
  if (share >= shareOf(points, covered) + WORTHWHILE) return true
  return points.some((point, index) => weightOf(point) === HARD && window.held[index] && !covered[index])
}

function either(a: readonly boolean[], b: readonly boolean[]): boolean[] {
  return a.map((is, index) => is || b[index] === true)
}

function apart(a: Span, b: Span): boolean {
  return a.end <= b.start || b.end <= a.start
}

function shareOf(points: readonly Point[], held: readonly boolean[]): number {
  let sum = 0
  let total = 0
  for (const [index, point] of points.entries()) {
    total += weightOf(point)
    if (held[index]) sum += weightOf(point)
  }
  return total === 0 ? 0 : sum / total
}

function weightOf({ type }: Point): number {
  return type === 'word' || type === 'rate' ? 1 : HARD
}

type Place = { readonly source: Source; readonly span: Span }

/** All cited words together, because two citations may back one sentence. */
function judged(claim: Claim, places: readonly Place[]): Judgement {
  if (claim.points.length === 0 || places.length === 0) return { verdict: 'unsupported', score: 0 }
  const pieces = places.flatMap(({ source, span }) =>
    source.pieces.filter((piece) => !apart(piece.span, span)).map((piece) => piece.evidence),
  )
  if (pieces.some(({ text }) => text === claim.text)) return { verdict: 'supported', score: 1 }
  const evidence = joined(pieces)
  const beside = new Set(places.flatMap(({ source }) => [...source.beside]))
  const matches = claim.points.map((point) => match(point, evidence, beside))
  const share = shareOf(
    claim.points,
    matches.map((each) => each === 'held'),
  )
  const isOpen =
    lacksDenial(claim, evidence) ||
    (claim.frame !== 'none' && evidence.frame === 'none') ||
    (evidence.isPointing && !claim.isPointing && !isWithinOne(claim, pieces, beside))
  const most = isOpen ? SUPPORTED - CAP : 1
  const score = share * (contradicts(claim, evidence) ? PARTIAL - CAP : Math.min(most, highest(claim, matches, places)))
  return scored(score)
}

/** Which of two things "the second" is in the next sentence, words do not tell. */
function isWithinOne(claim: Claim, pieces: readonly Evidence[], beside: ReadonlySet<string>): boolean {
  return pieces.some((piece) => claim.points.every((point) => match(point, piece, beside) === 'held'))
}

function scored(score: number): Judgement {
  return { verdict: verdictOf(score), score }
}

/**
 * What is contradicted, or a figure that no cited passage has at all, is unsupported however many words are held; a
 * hard point that only these words lack makes it partial at best.
 */
function highest(claim: Claim, matches: readonly string[], places: readonly Place[]): number {
  const isInvented = claim.points.some(
    (point, index) =>
      matches[index] === 'missing' &&
      (point.type === 'figure' || point.type === 'date') &&
      places.every(({ source }) => !mayHold(source, point)),
  )
  if (isInvented || matches.includes('contradicted')) return PARTIAL - CAP
  const lacksHard = claim.points.some(({ type }, index) => type !== 'word' && matches[index] !== 'held')
  return lacksHard ? SUPPORTED - CAP : 1
}

/** A date of which the source gives a part is not made up. */
function mayHold({ whole, beside }: Source, point: Point): boolean {
  return point.type === 'date' ? holdsDate(point.readings, whole, true) : match(point, whole, beside) === 'held'
}

export function verdictOf(score: number): Verdict {
  if (score >= SUPPORTED) return 'supported'
  return score >= PARTIAL ? 'partial' : 'unsupported'
}
