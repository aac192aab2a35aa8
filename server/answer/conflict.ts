// A piece that says nearly what a sentence says, and the opposite of it: what no other piece mends.
import { type Claim, type Evidence, match, type Ordered, type Point } from './claim.ts'
import { areTurned, beyond, exchanged } from './exchange.ts'
import { matchFigure } from './figures.ts'
import { areOpposite, contradicts } from './polarity.ts'

/** Where a piece stands: what is in title, headings and date may be said, too. */
export type Around = {
  readonly beside: ReadonlySet<string>
  readonly label: Evidence
  /** of all that was read, what stands with a capital inside of a sentence */
  readonly names: ReadonlySet<string>
}

// From here on a sentence is a copy of a piece with changes; of fewer words no likeness can be told.
const COPIED = 0.8
const TELLING = 3
const SMALL = 0.1
const EQUAL = 2
// More words than these in one place are another way to say it.
const MOST_PUT = 3
// Of less, even what was put in the place of something else makes no copy.
const WORTH_A_LOOK = 0.5

/**
 * How much of a sentence's words a piece holds, if it is nearly the same; else 0. What was put in the place of a name or
 * of an opposite word is left out: it is what the two differ in.
 */
export function likenessOf(claim: Claim, piece: Evidence, around: Around): number {
  if (piece.text === claim.text) return EQUAL
  const all = claim.points.filter((point) => point.type === 'word' || point.type === 'name')
  const isHeld = (point: Point) => match(point, piece, around.beside) === 'held'
  if (all.filter(isHeld).length < WORTH_A_LOOK * all.length) return 0
  const turned = turnedRound(claim, piece)
  const put = new Set([...substituted(claim, piece, around), ...turned])
  const words = all.filter(({ term }) => !put.has(term))
  const held = words.filter(isHeld).length
  // What was put in the place of other words makes it less like, and no other sentence.
  const missing = held === words.length ? [] : claim.points.filter((point) => !isHeld(point))
  const others = exchangedFor(claim, missing, piece, around.beside).filter((term) => !put.has(term)).length
  const isCopy = words.length - others >= TELLING && held >= COPIED * (words.length - others)
  if (!isCopy && (turned.length === 0 || !isWithin(piece, claim))) return 0
  // Between two that hold the same, "lets … go above" tells which is meant.
  const small = [...claim.terms].filter((term) => !areCues.has(term))
  return (
    held / words.length + (SMALL * small.filter((term) => piece.terms.has(term)).length) / Math.max(1, small.length)
  )
}

/** A short piece of which the claim has every word, but for opposite ones. */
function isWithin(piece: Evidence, claim: Claim): boolean {
  const own = new Set(piece.order.flatMap(({ term, isFunction }) => (isFunction ? [] : [term])))
  const lost = [...own].filter((term) => !claim.terms.has(term))
  return (
    own.size - lost.length >= TELLING &&
    lost.every((term) => [...claim.terms].some((other) => !piece.terms.has(other) && areOpposite(term, other)))
  )
}

/** Of a near copy: a "not" too many or too few, an opposite word, another figure or another name in the same place. */
export function isOpposed(claim: Claim, piece: Evidence, around: Around): boolean {
  if (piece.text === claim.text) return false
  return (
    isFramedOtherwise(claim, piece) ||
    contradicts(claim, piece) ||
    deniesMore(claim, piece) ||
    deniesMore(piece, claim) ||
    turnedRound(claim, piece).length > 0 ||
    hasOtherFigure(claim.points, piece, around.label) ||
    substituted(claim, piece, around).length > 0
  )
}

/** Of a near copy: other words in the same place, or two of its words turned round. Whether that says less, none can tell. */
export function isOtherwise(claim: Claim, piece: Evidence, { beside }: Around): boolean {
  if (piece.text === claim.text) return false
  const missing = claim.points.filter((point) => match(point, piece, nothing) !== 'held')
  return missing.length === 0 ? areTurned(claim, piece) : exchangedFor(claim, missing, piece, beside).length > 0
}

const nothing: ReadonlySet<string> = new Set()

/** All that the piece does not hold of the claim stands in one place, where the piece has other words. */
function exchangedFor(claim: Claim, missing: readonly Point[], piece: Evidence, beside: ReadonlySet<string>): string[] {
  const terms = missing.flatMap((point) => (point.type === 'word' || point.type === 'name' ? [point.term] : []))
  const named = new Set(
    missing.flatMap((point) => (point.type === 'name' && beside.has(point.term) ? [point.term] : [])),
  )
  const isOfWords = terms.length === missing.length && !terms.some((term) => /\d/.test(term))
  return isOfWords && terms.length <= MOST_PUT ? exchanged(claim, new Set(terms), piece, named) : []
}

/** More denials of what both speak of. Hedged otherwise, it may mean the same: "avoids locks" of "does not lock". */
function deniesMore(one: Claim | Evidence, other: Claim | Evidence): boolean {
  if (one.denied.length === 0 || one.hedges !== other.hedges) return false
  const shared = new Set(one.denied.filter((term) => term !== null && other.terms.has(term))).size
  // A denial at the end of a clause ("… is not") reaches no word: it counts where nothing else differs.
  const isWhole = [...one.terms].every((term) => other.terms.has(term) || areCues.has(term))
  return (isWhole ? one.denied.length : shared) > other.denied.length
}

/** One is called untrue by what stands before it. */
function isFramedOtherwise({ frame }: Claim, piece: Evidence): boolean {
  return frame !== piece.frame && (frame === 'denied' || (frame === 'none' && piece.frame === 'denied'))
}

/** What denies is not backed by words that deny nothing, not even in sense ("avoids", "lock-free"). */
export function lacksDenial(claim: Claim, evidence: Evidence): boolean {
  return claim.denied.length > 0 && evidence.denied.length + evidence.hedges === 0
}

const areCues = new Set('not never no longer does do did is are was were'.split(' '))

/**
 * Word by word: "of a server to the same server" has one "server" more and one "client" less than its source; "the item
 * is enqueued" has it behind another word than a source in which the client enqueues and the item is dequeued.
 */
function turnedRound(claim: Claim, piece: Evidence): string[] {
  const extra = beyond(claim, piece)
  const lost = beyond(piece, claim)
  // "From the first to be dropped to the last": the word stands between the two.
  const isBetween = (at: number, term: string) =>
    piece.order.slice(0, at).findLast(({ isFunction }) => !isFunction)?.before === term
  return claim.order.flatMap(({ term, isFunction, before }) => {
    if (extra.includes(term)) return lost.some((other) => areOpposite(term, other)) ? [term] : []
    if (isFunction || before === null) return []
    const behind = piece.order.filter((each, at) => each.before === before && !each.isFunction && !isBetween(at, term))
    const isOther = behind.some((each) => lost.includes(each.term) && areOpposite(term, each.term))
    return isOther && behind.every((each) => each.term !== term) ? [term] : []
  })
}

function hasOtherFigure(points: readonly Point[], piece: Evidence, label: Evidence): boolean {
  const figures = points.flatMap((point) => (point.type === 'figure' ? [point.figure] : []))
  const own = { ...piece, figures, dates: [] }
  const hasOwn = piece.figures.some((figure) => matchFigure(figure, own) !== 'held')
  return figures.some((figure) => {
    const found = matchFigure(figure, piece)
    return found === 'contradicted' || (found === 'missing' && hasOwn && matchFigure(figure, label) !== 'held')
  })
}

/**
 * Names of the claim in whose place the piece has another name: next to the same word, where the piece lists others
 * ("chose Go and Rust" holds "chose Rust"). A first word is a name if either of the two is known to be one.
 */
function substituted(claim: Claim, piece: Evidence, { beside, names }: Around): string[] {
  const own = new Set(claim.order.map(({ term }) => term))
  return claim.order.flatMap(({ term, isCapital, begins }, at) => {
    if (!isCapital || beside.has(term)) return []
    const isOther = [-1, 1].some((side) => {
      const next = claim.order[at + side]
      if (!next || next.isCapital || (next.isFunction && !begins)) return false
      const places = piece.order.flatMap((each, place) =>
        each.term === next.term && (!next.isFunction || place === side) ? [place] : [],
      )
      const rivals = places.flatMap((place) => namesBeside(piece, place, -side))
      const isHeld = rivals.some((each) => own.has(each.term)) || (begins && piece.terms.has(term))
      return (
        rivals.length > 0 &&
        !isHeld &&
        [{ term, begins }, ...rivals].some((each) => !each.begins || names.has(each.term))
      )
    })
    return isOther ? [term] : []
  })
}

/** The names in a row from there on, over "and" and the like. */
function namesBeside({ order }: Evidence, from: number, step: number): Ordered[] {
  const row: Ordered[] = []
  for (let at = from + step; ; at += step) {
    const each = order[at]
    if (!each || !(each.isCapital || each.isFunction)) return row
    if (each.isCapital) row.push(each)
  }
}
