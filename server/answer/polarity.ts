// What a text denies, and words that are each other's opposite: "does not keep", "without locks", before and after.
import { toTerm, words } from '../../core/terms.ts'

/** Of each term of a text: whether it is affirmed somewhere, denied somewhere, or both. */
export type Polarity = ReadonlyMap<string, { readonly affirmed: boolean; readonly denied: boolean }>

// What directly follows one of these is denied.
const denials =
  /\b(?:not|never|no(?: longer)?|none|neither|nor|without|cannot|nobody|nothing|hardly|rarely|seldom|\w+n['’]t)\b(?!\s+(?:only|just|more than|less than|fewer than|later than|until|matter)\b)|\bnon(?=-)/giu
// After these a word is denied in sense and affirmed in form ("avoids locks"): it contradicts neither way.
const hedges =
  /\b(?:(?:avoid|prevent|stop|reject|block|lack|fail|need|reduc|remov|replac|refus|eliminat|disabl)(?:e|es|s|ed|ing|ure|ion)?|drop(?:s|ped|ping)?|los(?:e|es|t|ing)|unable|instead of|rather than|free of|less|few|fewer)\b/giu
const isLockFree = /\b([\p{L}\p{N}]+)-(?:free|less)\b/giu

export function readPolarity(text: string): Polarity {
  const polarity = new Map<string, { affirmed: boolean; denied: boolean }>()
  const denied = reachedBy(text, denials)
  const open = reachedBy(text, hedges)
  for (const [, word = ''] of text.matchAll(isLockFree)) open.set(-1 - open.size, toTerm(word))
  const always = new Set(open.values())
  for (const { term: written, start } of words(text)) {
    const term = oneForm(written)
    if (silent.has(term)) continue
    const known = polarity.get(term) ?? { affirmed: false, denied: false }
    const isDenied = denied.has(start)
    polarity.set(term, {
      affirmed: known.affirmed || !isDenied || always.has(term),
      denied: known.denied || isDenied || always.has(term),
    })
  }
  return polarity
}

const adverb = /ly$|^(?:always|yet|even|ever|necessarily|still)$/i

// Words that are neither affirmed nor denied. Verbs that say little of a subject ("take", "give") are.
const silent = new Set(
  'a an the any all each every of to in on at by for from with as and or be been being is are was were am do does did that this it its their so such too very also only not no never none without longer nor neither cannot when where which who'
    .split(' ')
    .map(toTerm),
)

function oneForm(term: string): string {
  return term === 'has' || term === 'had' ? 'have' : term
}

/** The words that a cue reaches: place → term. */
function reachedBy(text: string, cues: RegExp): Map<number, string> {
  const reached = new Map<number, string>()
  for (const match of text.matchAll(cues)) {
    const from = match.index + match[0].length
    const phrase = /^[^,;:.!?()\n]*/.exec(text.slice(from, from + 80))?.[0] ?? ''
    // The verb, or the first word of the thing: what stands behind that may well be true.
    const first = words(phrase.split(/\b(?:but|because|although|while)\b/i)[0] ?? '').find(
      ({ term, start, end }) => !silent.has(term) && !adverb.test(phrase.slice(start, end)),
    )
    if (first) reached.set(from + first.start, oneForm(first.term))
  }
  return reached
}

const opposites: ReadonlyMap<string, readonly string[]> = pairsOf(`
  increase:decrease increase:reduce raise:lower grow:shrink rise:fall before:after above:below over:under more:less more:fewer most:least
  allow:forbid allow:deny allow:prohibit permit:deny enable:disable accept:reject accept:refuse succeed:fail success:failure pass:fail always:never
  first:last higher:lower high:low maximum:minimum max:min faster:slower fast:slow larger:smaller large:small bigger:smaller longer:shorter
  add:remove include:exclude start:stop begin:end open:closed public:private internal:external sync:async synchronous:asynchronous
  horizontal:vertical upstream:downstream client:server better:worse best:worst early:late earlier:later old:new strong:weak stateful:stateless
  encrypt:decrypt compress:decompress push:pull online:offline required:optional mutable:immutable same:different left:right inside:outside
  with:without gain:lose cheap:expensive easy:hard simple:complex eager:lazy hot:cold primary:secondary`)

function pairsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, string[]>()
  for (const pair of text.trim().split(/\s+/)) {
    const [a = '', b = ''] = pair.split(':').map(toTerm)
    map.set(a, [...(map.get(a) ?? []), b])
    map.set(b, [...(map.get(b) ?? []), a])
  }
  return map
}

/** Says the opposite of the evidence: denies what it affirms, affirms what it denies, or has the opposite word. */
export function contradicts(
  claim: { readonly polarity: Polarity; readonly terms: ReadonlySet<string> },
  evidence: { readonly polarity: Polarity; readonly terms: ReadonlySet<string> },
): boolean {
  for (const [term, own] of claim.polarity) {
    const other = evidence.polarity.get(term)
    if (other && !(own.affirmed && other.affirmed) && !(own.denied && other.denied)) return true
  }
  return [...claim.terms].some((term) => !evidence.terms.has(term) && hasOpposite(term, claim.terms, evidence.terms))
}

function hasOpposite(term: string, claim: ReadonlySet<string>, evidence: ReadonlySet<string>): boolean {
  if ((opposites.get(term) ?? []).some((other) => evidence.has(other) && !claim.has(other))) return true
  return [...evidence].some((other) => !claim.has(other) && (undoes(term, other) || undoes(other, term)))
}

function undoes(term: string, other: string): boolean {
  return negated.test(term) && other.startsWith(term.slice(2))
}

// Of stems: "unord" undoes "order".
const negated = /^un(?!der|til|less|like)\p{L}{3}/u
