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

const irregular = new Map(
  `be:been have:has:had choose:chose:chosen write:wrote:written run:ran keep:kept hold:held send:sent build:built find:found
  grow:grew:grown begin:began:begun break:broke:broken lead:led leave:left lose:lost meet:met pay:paid say:said sell:sold
  spend:spent tell:told think:thought understand:understood win:won know:knew:known draw:drew:drawn drive:drove:driven
  fall:fell:fallen come:came become:became bring:brought buy:bought catch:caught deal:dealt feel:felt hide:hid:hidden
  rise:rose:risen see:saw:seen speak:spoke:spoken stand:stood teach:taught throw:threw:thrown`
    .split(/\s+/)
    .flatMap((line) => {
      const [verb = '', ...forms] = line.split(':').map(toTerm)
      return forms.map((form) => [form, verb] as const)
    }),
)

/** "Chose" is "choose": what the stemmer cannot know. */
export function oneForm(term: string): string {
  return irregular.get(term) ?? term
}

/** The word that each denial reaches, null where it reaches none, and how many words deny in sense alone. */
export function readDenials(text: string): { readonly denied: readonly (string | null)[]; readonly hedges: number } {
  // "Neither … nor" denies once.
  const cues = [...text.matchAll(denials)].filter(([cue]) => !/^nor$/i.test(cue))
  return {
    denied: cues.map(({ 0: cue, index }) => firstBehind(text, index + cue.length)?.term ?? null),
    hedges: [...text.matchAll(hedges)].length + [...text.matchAll(isLockFree)].length,
  }
}

/** The words that a cue reaches: place → term. */
function reachedBy(text: string, cues: RegExp): Map<number, string> {
  const reached = new Map<number, string>()
  for (const match of text.matchAll(cues)) {
    const first = firstBehind(text, match.index + match[0].length)
    if (first) reached.set(first.start, first.term)
  }
  return reached
}

/** The verb, or the first word of the thing: what stands behind that may well be true. */
function firstBehind(text: string, from: number): { readonly term: string; readonly start: number } | null {
  const phrase = /^[^,;:.!?()\n]*/.exec(text.slice(from, from + 80))?.[0] ?? ''
  const first = words(phrase.split(/\b(?:but|because|although|while)\b/i)[0] ?? '').find(
    ({ term, start, end }) => !silent.has(term) && !adverb.test(phrase.slice(start, end)),
  )
  return first ? { term: oneForm(first.term), start: from + first.start } : null
}

const opposites: ReadonlyMap<string, readonly string[]> = pairsOf(`
  increase:decrease increase:reduce raise:lower grow:shrink rise:fall before:after above:below over:under more:less more:fewer most:least
  allow:forbid allow:deny allow:prohibit permit:deny enable:disable accept:reject accept:refuse succeed:fail success:failure pass:fail always:never
  first:last higher:lower high:low maximum:minimum max:min faster:slower fast:slow larger:smaller large:small bigger:smaller longer:shorter
  add:remove include:exclude start:stop begin:end open:closed public:private internal:external sync:async synchronous:asynchronous
  horizontal:vertical upstream:downstream client:server better:worse best:worst early:late earlier:later old:new strong:weak stateful:stateless
  encrypt:decrypt compress:decompress push:pull online:offline required:optional mutable:immutable same:different left:right inside:outside
  added:removed easier:harder read:write leader:follower receiver:sender past:future success:failure most:less most:fewer short:long connect:disconnect
  attach:detach hit:miss exactly:about import:export full:empty local:remote even:odd parent:child
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

const bounds: readonly (readonly [bound: string, words: RegExp])[] = [
  ['exactly', /\b(?:exactly|precisely)[- ]/giu],
  ['at least', /\b(?:at[- ]least|more than|no (?:less|fewer) than|over|above)[- ]/giu],
  ['at most', /\b(?:at[- ]most|(?<!no )(?:less|fewer) than|no more than|up to|under|below)[- ]/giu],
]

/** Of "once" and numbers: how they are bounded. Once each way says nothing. */
export function readBounds(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [bound, cue] of bounds)
    for (const { 0: written, index } of text.matchAll(cue)) {
      const next = /^(?:once\b|[$€]?\d[\d.,]*)/.exec(text.slice(index + written.length))?.[0].replace(/[.,]$/, '')
      if (next) found.set(next, found.has(next) && found.get(next) !== bound ? '' : bound)
    }
  return new Map([...found].filter(([, bound]) => bound !== ''))
}

type Said = {
  readonly polarity: Polarity
  readonly terms: ReadonlySet<string>
  readonly bounds: ReadonlyMap<string, string>
}

/** Says the opposite of the evidence: denies what it affirms, affirms what it denies, or has the opposite word. */
export function contradicts(claim: Said, evidence: Said): boolean {
  for (const [term, own] of claim.polarity) {
    const other = evidence.polarity.get(term)
    if (other && !(own.affirmed && other.affirmed) && !(own.denied && other.denied)) return true
  }
  for (const [term, bound] of claim.bounds) {
    const other = evidence.bounds.get(term)
    if (other && other !== bound) return true
  }
  return [...claim.terms].some(
    (term) =>
      !evidence.terms.has(term) &&
      [...evidence.terms].some((other) => !claim.terms.has(other) && areOpposite(term, other)),
  )
}

export function areOpposite(term: string, other: string): boolean {
  return (
    opposites.get(term)?.includes(other) === true ||
    undoes(term, other) ||
    undoes(other, term) ||
    prefixes.some(([a, b]) => differ(term, other, a, b) || differ(term, other, b, a))
  )
}

// "Enqueue" and "dequeue": the same behind opposite beginnings.
const prefixes = [
  ['en', 'de'],
  ['up', 'down'],
  ['in', 'out'],
  ['over', 'under'],
  ['pre', 'post'],
] as const

function differ(term: string, other: string, own: string, its: string): boolean {
  const behind = term.slice(own.length)
  return (
    behind.length > 3 && term.startsWith(own) && other.length === its.length + behind.length && other === its + behind
  )
}

function undoes(term: string, other: string): boolean {
  return negated.test(term) && other.startsWith(term.slice(2))
}

// Of stems: "unord" undoes "order".
const negated = /^un(?!der|til|less|like)\p{L}{3}/u
