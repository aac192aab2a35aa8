// Errors put into true sentences, one at a time, and rewordings that keep them true. Deterministic, by rules.

export const errorKinds = ['number', 'name', 'unit', 'negation', 'denial', 'opposite', 'document'] as const
/** The sentence with one error of each kind that it can have. */
export type Errors = Readonly<Partial<Record<(typeof errorKinds)[number], string>>>

/** What a harmed sentence takes from elsewhere. */
export type Lender = {
  /** the text around the sentence */
  readonly passage: string
  /** of the whole library */
  readonly names: readonly string[]
  /** names in the titles of this document and of the others */
  readonly ownTitle: readonly string[]
  readonly otherTitles: readonly string[]
}

export function plantErrors(sentence: string, lender: Lender, random: () => number): Errors {
  const all: Record<keyof Errors, string | null> = {
    number: changeNumber(sentence, lender.passage, random),
    name: changeName(sentence, lender.names, random),
    unit: changeUnit(sentence),
    negation: negate(sentence),
    denial: deny(sentence, random),
    opposite: turnRound(sentence, random),
    document: changeDocument(sentence, lender, random),
  }
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== null && text !== sentence))
}

const spelt = ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']
const numberPattern = new RegExp(
  String.raw`(?<![\p{L}\p{N}_.,-])(?:\d[\d,]*(?:\.\d+)?|(?:${spelt.join('|')})\b)`,
  'giu',
)

/** To one more, to the tenfold, or (the hardest) to another number of the same passage. */
function changeNumber(sentence: string, passage: string, random: () => number): string | null {
  const found = pick([...sentence.matchAll(numberPattern)], random)
  if (!found) return null
  const value = valueOf(found[0])
  const others = [...passage.matchAll(numberPattern)]
    .map(([number]) => number)
    .filter((number) => valueOf(number) !== value && !sentence.includes(number))
  const ways = [String(value + 1), String(value * 10), ...others.slice(0, 1)]
  return put(sentence, found, pick(ways, random) ?? String(value + 1))
}

function valueOf(number: string): number {
  const at = spelt.indexOf(number.toLowerCase())
  return at >= 0 ? at + 2 : Number(number.replaceAll(',', ''))
}

/** Words that stand with a capital inside of sentences and nowhere without. */
export function namesIn(text: string): string[] {
  const common = new Set(Array.from(text.matchAll(/\b\p{Ll}+\b/gu), ([word]) => word))
  const names = Array.from(text.matchAll(/(?<=[\p{Ll},]\s)\p{Lu}\p{Ll}{2,}\b(?!\s+\p{Lu})/gu), ([name]) => name)
  return [...new Set(names)].filter((name) => !common.has(name.toLowerCase())).sort()
}

function changeName(sentence: string, names: readonly string[], random: () => number): string | null {
  const own = pick([...sentence.matchAll(/(?<=[\p{Ll},]\s)\p{Lu}\p{Ll}{2,}\b|^\p{Lu}\p{Ll}{2,}(?='s )/gu)], random)
  const other = pick(
    names.filter((name) => !sentence.includes(name)),
    random,
  )
  return own && other ? put(sentence, own, other) : null
}

const units: Readonly<Record<string, string>> = {
  milliseconds: 'seconds',
  ms: 's',
  seconds: 'minutes',
  second: 'minute',
  minutes: 'hours',
  minute: 'second',
  hours: 'days',
  days: 'weeks',
  weeks: 'months',
  months: 'years',
  years: 'months',
  KB: 'MB',
  MB: 'GB',
  GB: 'TB',
  TB: 'PB',
  PB: 'TB',
  million: 'billion',
  billion: 'million',
  thousand: 'million',
  percent: 'percentage points',
}

function changeUnit(sentence: string): string | null {
  const counted = String.raw`(?<=(?:\d|\b(?:${spelt.join('|')}|per|million|hundred))[- ]?)`
  const found = new RegExp(`${counted}(?:${Object.keys(units).join('|')})\\b`).exec(sentence)
  if (found) return put(sentence, found, units[found[0]] ?? '')
  const share = /(?<=\d)%/.exec(sentence)
  return share ? put(sentence, share, ' ms') : null
}

/** A "not" taken away, or put behind the first verb that can bear one. */
function negate(sentence: string): string | null {
  const denied = /\b(?:is|are|was|were|can|could|will|would|must|should|does|do|did) not\b/.exec(sentence)
  if (denied) return put(sentence, denied, denied[0].slice(0, -4))
  const verb = bearer.exec(sentence)
  if (verb) return put(sentence, verb, `${verb[0]} not`)
  const plain = plainVerb.exec(sentence)
  if (!plain) return null
  return put(sentence, plain, `does not ${plain[0] === 'has' ? 'have' : plain[0].replace(/s$/, '')}`)
}

// "Can not no longer" would be no denial but nonsense.
const bearer =
  /\b(?:is|are|was|were|can|could|will|would|must|should)\b(?! (?:not|n't|only|also|never|no|neither|without)\b)/
const plainVerb =
  /(?<=\p{Ll} )(?:uses|stores|keeps|writes|reads|sends|runs|holds|serves|returns|creates|moves|supports|handles|routes|needs|takes|makes|gives|has)\b(?= )/u

/** Denied by another word than "not". */
function deny(sentence: string, random: () => number): string | null {
  const denial = pick(['never', 'no longer'], random) ?? ''
  const verb = bearer.exec(sentence)
  if (verb?.[0] === 'can') return put(sentence, verb, pick(['cannot', 'can never', 'can no longer'], random) ?? '')
  if (verb) return put(sentence, verb, `${verb[0]} ${denial}`)
  const plain = plainVerb.exec(sentence)
  return plain && put(sentence, plain, `${denial} ${plain[0]}`)
}

// Of words that the library uses; the check has a list of its own, and not all of these are in it.
const opposites = `most:least more:less more:fewer first:last before:after always:never increases:decreases higher:lower
  faster:slower larger:smaller fast:slow small:large old:new cheap:expensive reads:writes read:write client:server
  leader:follower synchronous:asynchronous online:offline horizontal:vertical dequeued:enqueued dequeue:enqueue
  encoding:decoding upload:download inbound:outbound success:failure succeeds:fails starts:stops begins:ends
  exactly:about above:below open:closed sender:receiver past:future short:long easy:hard easier:harder with:without
  rises:falls rose:fell grows:shrinks adds:removes added:removed simple:complex internal:external`
  .split(/\s+/)
  .map((pair) => pair.split(':'))

/** One word of the sentence for its opposite. */
function turnRound(sentence: string, random: () => number): string | null {
  const found = opposites
    .flatMap(([a = '', b = '']) => [[a, b] as const, [b, a] as const])
    .flatMap(([word, other]) =>
      [...sentence.matchAll(new RegExp(`(?<![\\p{L}-])${word}(?![\\p{L}-])`, 'gu'))].map((at) => ({ at, other })),
    )
  const chosen = pick(found, random)
  return chosen ? put(sentence, chosen.at, chosen.other) : null
}

/** What the document is about, for what another one is about. */
function changeDocument(sentence: string, { ownTitle, otherTitles }: Lender, random: () => number): string | null {
  const own = ownTitle.map((name) => new RegExp(`\\b${name}\\b`).exec(sentence)).find((each) => each !== null)
  const other = pick(
    otherTitles.filter((name) => !sentence.includes(name)),
    random,
  )
  return own && other ? put(sentence, own, other) : null
}

/** Says the same in other words, as models do: small numbers spelt or not, contractions, a leading phrase put last, markup. */
export function reword(sentence: string): string {
  const [, phrase, rest] =
    /^((?:In|At|By|On|With|For|When|After|Before) [^,]{3,60}), (\p{Ll}.*)\.$/u.exec(sentence) ?? []
  const turned =
    phrase && rest
      ? `${rest.charAt(0).toUpperCase()}${rest.slice(1)} ${phrase.charAt(0).toLowerCase()}${phrase.slice(1)}.`
      : sentence
  return turned
    .replaceAll(/(?<![\p{L}\p{N}_.,-])(?:two|three|four|five|six|seven|eight|nine|ten)\b/gu, (word) =>
      String(spelt.indexOf(word) + 2),
    )
    .replaceAll(/\b(does|do|is|are|was|were) not\b/g, "$1n't")
    .replaceAll(/\b(\d+),000\b(?!,)/g, '$1k')
    .replaceAll(/(\d)%/g, '$1 percent')
    .replace(/, (?:which|so that|because) [^,.]*\.$/, '.')
    .replace(/^(?:However|Instead|Additionally), /, '')
}

function put(sentence: string, { index, 0: old }: RegExpExecArray, words: string): string {
  return sentence.slice(0, index) + words + sentence.slice(index + old.length)
}

function pick<T>(all: readonly T[], random: () => number): T | undefined {
  return all[Math.floor(random() * all.length)]
}
