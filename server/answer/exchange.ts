// Words in places that a near copy gives to others: put there from elsewhere, or two of its own turned round.
import { toTerm } from '../../core/terms.ts'
import type { Claim, Evidence, Ordered } from './claim.ts'
import { loadSynonyms } from './synonyms.ts'

// One list for what is looked for and for what may be said.
const synonyms = await loadSynonyms()
// A place may be this many words wider in the source: "the first of the three, the token bucket".
const WIDER = 2
// A table as long as this is slow, and what is that long is no near copy.
const LONGEST = 10_000

// They come and go when a sentence is reworded.
const determiners = new Set(
  'a an the this that these those each every all any some it its their his her our your own also'
    .split(' ')
    .map(toTerm),
)

/**
 * `missing`, words of the claim that the piece does not hold, where all of them stand in one place and the piece has
 * others there that the claim does not hold; else none. What stands around them is the same in both, in the same order:
 * from a longest common subsequence (Wagner and Fischer, 1974). `named`: names that stand beside the piece.
 */
export function exchanged(
  claim: Claim,
  missing: ReadonlySet<string>,
  piece: Evidence,
  named: ReadonlySet<string>,
): string[] {
  const gaps = gapsOf(claim.order.filter(counts), piece.order.filter(counts))
  const filled = gaps.filter(({ own }) => own.some(({ isFunction }) => !isFunction))
  const [gap] = filled
  // "Opened by" for "cut the ribbon" is another way to say it, with small words of its own.
  if (!gap || filled.length > 1 || gap.own.some(({ isFunction }) => isFunction)) return []
  // What begins a sentence with small words of its own may be about the same thing under another name.
  if (gap === gaps[0] && gap.its.some(({ isFunction }) => isFunction)) return []
  const put = gap.own.filter(({ term }) => missing.has(term))
  const left = beyond(piece, claim)
  const gone = gap.its.filter(({ term, isFunction }) => !isFunction && left.includes(term) && !/\d/.test(term))
  // "Lyft" for "the service" is mended by the title, "Lyft" for "Uber" is not.
  if (put.some(({ term }) => named.has(term)) && !gone.every(({ isCapital }) => isCapital)) return []
  const isSynonym = put.length === 1 && gone.some(({ term }) => areAlike(put[0]?.term ?? '', term))
  return gone.length > 0 && gone.length <= put.length + WIDER && !isSynonym ? put.map(({ term }) => term) : []
}

function areAlike(term: string, other: string): boolean {
  return synonyms.of(term).includes(other) || synonyms.of(other).includes(term)
}

function counts({ term }: Ordered): boolean {
  return !determiners.has(term)
}

/** The words that one has more often than the other. */
export function beyond(one: Claim | Evidence, other: Claim | Evidence): string[] {
  const left = other.order.map(({ term }) => term)
  return one.order.flatMap(({ term }) => {
    const at = left.indexOf(term)
    if (at >= 0) left.splice(at, 1)
    return at >= 0 ? [] : [term]
  })
}

type Gap = { readonly own: readonly Ordered[]; readonly its: readonly Ordered[] }

/** What stands between the words that two texts have in common, in order. */
function gapsOf(own: readonly Ordered[], its: readonly Ordered[]): Gap[] {
  if (own.length * its.length > LONGEST) return []
  const width = its.length + 1
  const longest = new Uint16Array((own.length + 1) * width)
  const at = (i: number, j: number) => longest[i * width + j] ?? 0
  for (let i = own.length - 1; i >= 0; i--)
    for (let j = its.length - 1; j >= 0; j--)
      longest[i * width + j] =
        own[i]?.term === its[j]?.term ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const gaps: Gap[] = []
  let [i, j, ownFrom, itsFrom] = [0, 0, 0, 0]
  const close = () => gaps.push({ own: own.slice(ownFrom, i), its: its.slice(itsFrom, j) })
  while (i < own.length && j < its.length) {
    if (own[i]?.term === its[j]?.term) {
      close()
      i++
      j++
      ownFrom = i
      itsFrom = j
    } else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  i = own.length
  j = its.length
  close()
  return gaps
}

/**
 * Two words of both that stand each behind what the other stands behind in the piece: "an API protects a limiter". A
 * phrase put last takes its "in" or "because" along, and a passive has its "by".
 */
export function areTurned(claim: Claim, piece: Evidence): boolean {
  const own = leadsOf(claim.order)
  const its = leadsOf(piece.order)
  const moved = [...own].flatMap(([term, leads]) => {
    const there = its.get(term)
    const lost = there?.difference(leads)
    return there && lost ? [...leads.difference(there)].map((lead) => ({ term, lead, lost })) : []
  })
  return moved.some((one) =>
    moved.some((other) => {
      if (one.term === other.term) return false
      const turned = (lead: string) => (lead === one.term ? other.term : lead === other.term ? one.term : lead)
      return one.lost.has(turned(other.lead)) && other.lost.has(turned(one.lead))
    }),
  )
}

/** Of each word that says something the word before it, over "the" and from the second of "a and b" to the first. */
function leadsOf(order: readonly Ordered[]): Map<string, Set<string>> {
  const leads = new Map<string, Set<string>>()
  for (const [at, { term, isFunction }] of order.entries()) {
    if (isFunction) continue
    leads.set(term, (leads.get(term) ?? new Set()).add(leadAt(order, at)))
  }
  return leads
}

function leadAt(order: readonly Ordered[], from: number): string {
  for (let at = from - 1; at >= 0; at--) {
    const term = order[at]?.term ?? ''
    if (determiners.has(term)) continue
    if (term !== 'and' && term !== 'or') return term
    at--
  }
  return ''
}
