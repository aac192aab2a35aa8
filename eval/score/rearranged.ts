// Errors made of the true words: a sentence denied by what is put before it, and words of a document in wrong places.

export const rearrangedKinds = ['framed', 'alternative', 'swapped', 'exchanged'] as const
/** The sentence with one error of each kind that it can have. */
export type Rearranged = Readonly<Partial<Record<(typeof rearrangedKinds)[number], string>>>

/** `passage`: the text around the sentence. `document`: all of it. */
type Around = { readonly passage: string; readonly document: string }

export function rearrange(sentence: string, { passage, document }: Around, random: () => number): Rearranged {
  const all: Record<keyof Rearranged, string | null> = {
    framed: frame(sentence, random),
    alternative: putSibling(sentence, document, random),
    swapped: swap(sentence, random),
    exchanged: exchange(sentence, passage, random),
  }
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== null))
}

const frames = [
  'It is false that',
  'It is a myth that',
  'It is not true that',
  'It is wrong to say that',
  'Nobody claims that',
  'There is no evidence that',
  'The company denies that',
]

function frame(sentence: string, random: () => number): string {
  const lower = sentence.replace(
    /^(?:A|An|The|It|This|That|These|Those|Each|Every|All|In|On|At|By|With|For|When|After|Before|If|To|Because|While)\b/,
    (word) => word.toLowerCase(),
  )
  return `${pick(frames, random) ?? ''} ${lower}`
}

/** An entry of a list, in a sentence that names no other of it, for another of the same list. */
function putSibling(sentence: string, document: string, random: () => number): string | null {
  const found = listsOf(document).flatMap((list) => {
    const own = list.flatMap((entry) => wordsAt(sentence, entry).map((at) => ({ at, entry })))
    const named = new Set(own.map(({ entry }) => entry.toLowerCase()))
    const others = list.filter((entry) => !named.has(entry.toLowerCase()))
    return named.size === 1 && own.length === 1 && others.length > 0 ? own.map(({ at }) => ({ at, others })) : []
  })
  const chosen = pick(found, random)
  const other = chosen && pick(chosen.others, random)
  return chosen && other !== undefined ? putAll(sentence, [{ at: chosen.at, words: other }]) : null
}

/** Heads of list entries, first cells of a table, and "a, b and c" of at most three words each. */
function listsOf(document: string): string[][] {
  const heads = document.split(/\n(?:[ \t]*\n)*(?![-*•\d|])/).flatMap((block) => {
    const lines = block.split('\n')
    return [
      lines.flatMap((line) => /^\s*(?:[-*•]|\d{1,2}\.)\s+(?:\*\*)?([^.:*]{3,40})[.:]/.exec(line)?.[1] ?? []),
      lines.flatMap((line) => /^\|? ?([^|]{3,40}) \| /.exec(line)?.[1] ?? []).slice(1),
    ]
  })
  const entry = String.raw`[\p{L}\p{N}-]{3,}(?: [\p{L}\p{N}-]{3,}){0,2}`
  const inline = Array.from(
    document.matchAll(new RegExp(`(?:\\b${entry}, ){1,5}${entry},? (?:and|or) ${entry}\\b`, 'gu')),
    ([run]) => run.split(/, | (?:and|or) /).map((each) => each.replace(/^(?:and|or) |,$/g, '')),
  )
  return [...heads, ...inline.map(sameLength)].filter((list) => list.length > 1)
}

/** The first entry begins and the last ends with words that are none of the list: only entries of one word are sure. */
function sameLength(list: readonly string[]): string[] {
  const [first = '', ...rest] = list
  const last = rest.pop() ?? ''
  return [first.split(' ').at(-1) ?? '', ...rest, last.split(' ')[0] ?? ''].filter((each) => /^\S{3,}$/.test(each))
}

function wordsAt(sentence: string, words: string): Place[] {
  const at = sentence.toLowerCase().indexOf(words.toLowerCase())
  if (at < 0) return []
  const isWhole =
    !/[\p{L}\p{N}-]$/u.test(sentence.slice(0, at)) && !/^[\p{L}\p{N}-]/u.test(sentence.slice(at + words.length))
  return isWhole ? [{ start: at, end: at + words.length }] : []
}

const isFollowed = String.raw`(?= (?:of|in|into|to|for|on|at|by|with|from|is|are|was|were|has|have|can|must|that|which|when|where|while|because|so|and|or)\b|[,.;])`
const determined = new RegExp(
  String.raw`(?<=\b(?:the|an?|its|their|each|every) )\p{Ll}[\p{Ll}-]{2,}${isFollowed}`,
  'giu',
)
const many = new RegExp(
  String.raw`(?<=\b(?:of|in|into|to|for|on|at|by|with|from|and|or|between) )\p{Ll}[\p{Ll}-]{2,}[^s\W]s${isFollowed}`,
  'gu',
)
const done = new RegExp(String.raw`(?<=\b(?:is|are|was|were|be|been) )\p{Ll}{2,}ed${isFollowed}`, 'gu')
const name = /(?<=[\p{Ll},] )\p{Lu}[\p{L}\p{N}]+(?! \p{Lu})/gu
/** What can stand in the same place: single nouns, nouns of many, participles, names. */
const sorts = [determined, many, done, name]

/** Two words of one sort that stand apart: what stands around "and" may be turned round. */
function swap(sentence: string, random: () => number): string | null {
  const pairs = sorts.flatMap((sort) => {
    const places = placesOf(sentence, sort)
    return places.flatMap((one, index) =>
      places
        .slice(index + 1)
        .filter((other) => {
          const between = sentence.slice(one.end, other.start)
          const a = sentence.slice(one.start, one.end)
          const b = sentence.slice(other.start, other.end)
          return a.toLowerCase() !== b.toLowerCase() && !/^,?(?: ?\b(?:and|or|the|an?|its|their)\b)* ?$/.test(between)
        })
        .map((other) => [one, other] as const),
    )
  })
  const chosen = pick(pairs, random)
  if (!chosen) return null
  const [one, other] = chosen
  return putAll(sentence, [
    { at: one, words: sentence.slice(other.start, other.end) },
    { at: other, words: sentence.slice(one.start, one.end) },
  ])
}

/** A word for another of the same sort that stands elsewhere in the passage. */
function exchange(sentence: string, passage: string, random: () => number): string | null {
  const ways = sorts.flatMap((sort) => {
    const others = [...new Set(Array.from(passage.matchAll(sort), ([word]) => word))].filter(
      (word) => !sentence.toLowerCase().includes(word.toLowerCase().slice(0, 5)),
    )
    return others.length === 0 ? [] : placesOf(sentence, sort).map((at) => ({ at, others }))
  })
  const chosen = pick(ways, random)
  const other = chosen && pick(chosen.others, random)
  return chosen && other !== undefined ? putAll(sentence, [{ at: chosen.at, words: other }]) : null
}

type Place = { readonly start: number; readonly end: number }

function placesOf(text: string, sort: RegExp): Place[] {
  return Array.from(text.matchAll(sort), ({ 0: word, index }) => ({ start: index, end: index + word.length }))
}

/** In order of their places. */
function putAll(sentence: string, all: readonly { readonly at: Place; readonly words: string }[]): string {
  let from = 0
  let text = ''
  for (const { at, words } of all) {
    text += sentence.slice(from, at.start) + words
    from = at.end
  }
  return text + sentence.slice(from)
}

function pick<T>(all: readonly T[], random: () => number): T | undefined {
  return all[Math.floor(random() * all.length)]
}
