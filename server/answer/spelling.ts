// Unknown words of a question against the library's own vocabulary.
import { setImmediate as others } from 'node:timers/promises'

/** term → number of chunks that hold it */
export type Vocabulary = ReadonlyMap<string, number>

/** "ratelimit" → ["rate", "limit"] when the library knows both halves; the pair it uses most. */
export function splitCompound(term: string, vocabulary: Vocabulary): readonly string[] | null {
  let best: { parts: readonly string[]; count: number } | null = null
  for (const parts of halvesOf(term)) {
    const count = Math.min(...parts.map((part) => vocabulary.get(part) ?? 0))
    // A half that stands in one chunk only is chance, not a word of the trade.
    if (count > 1 && count > (best?.count ?? 0)) best = { parts, count }
  }
  return best?.parts ?? null
}

function* halvesOf(term: string): Generator<readonly string[]> {
  for (let at = 3; at <= term.length - 3; at++) yield [term.slice(0, at), term.slice(at)]
}

/** Words that are corrected in one question: a pasted page of an unknown language is not a slip of the fingers. */
export const MOST_CORRECTED = 5

// Nobody asks for such a word, and comparing costs its length squared.
const LONGEST_CORRECTED = 24

/** The known term that a slip of the fingers turned into this one: one slip up to five letters, two from six. */
export function nearestTerm(term: string, vocabulary: Vocabulary): string | null {
  let best = { term: null as string | null, cost: Infinity, count: 0 }
  for (const { known, cost } of termsNear(term, vocabulary)) {
    const count = vocabulary.get(known) ?? 0
    // Of two that are alike in all, always the same one, in whatever order the library's words are read.
    const isBetter = count > best.count || (count === best.count && known < (best.term ?? ''))
    if (cost < best.cost || (cost === best.cost && isBetter)) best = { term: known, cost, count }
  }
  return best.term
}

/** All that a term may be written as instead: terms near it, and the halves it may be made of. */
export function* spellingsOf(term: string, vocabulary: Vocabulary): Generator<readonly string[]> {
  for (const { known } of termsNear(term, vocabulary)) yield [known]
  for (const parts of halvesOf(term)) if (parts.every((part) => vocabulary.has(part))) yield parts
}

type Near = { readonly known: string; readonly cost: number }

function* termsNear(term: string, vocabulary: Vocabulary): Generator<Near> {
  if (!isWord(term) || term.length > LONGEST_CORRECTED) return
  const limit = term.length >= 6 ? 2 : 1
  const letters = lettersOf(term)
  for (const { known, letters: others } of candidatesFor(term, limit, indexOf(vocabulary))) {
    // Every slip changes one letter at most: this leaves a few of a hundred to be compared.
    if (countBits(letters & ~others) > limit || countBits(others & ~letters) > limit) continue
    // People rarely miss the first letter.
    const cost = distance(term, known, limit) + (known[0] === term[0] ? 0 : 0.5)
    if (cost <= limit) yield { known, cost }
  }
}

type Entry = { readonly known: string; readonly letters: number }
/** Terms by their length and how they begin. */
type Index = ReadonlyMap<string, readonly Entry[]>

// A large library has hundreds of thousands of terms: looking at all of them for every unknown word would hold up
// every other question. The words of a library are one Map until they are read again.
const indexes = new WeakMap<Vocabulary, Index>()
const preparing = new WeakMap<Vocabulary, Promise<void>>()

// Indexing 200,000 terms takes a third of a second: in one piece it would hold up every stream of the server.
const TERMS_AT_ONCE = 2_000

/** Makes the index that `nearestTerm` needs, leaving room for other work meanwhile. */
export async function prepareSpelling(vocabulary: Vocabulary): Promise<void> {
  const prepared = preparing.get(vocabulary) ?? prepare(vocabulary)
  preparing.set(vocabulary, prepared)
  await prepared
}

async function prepare(vocabulary: Vocabulary): Promise<void> {
  const building = buildIndex(vocabulary)
  let step = building.next()
  for (; !step.done; step = building.next()) await others()
  indexes.set(vocabulary, step.value)
}

function indexOf(vocabulary: Vocabulary): Index {
  const known = indexes.get(vocabulary)
  if (known) return known
  const building = buildIndex(vocabulary)
  let step = building.next()
  while (!step.done) step = building.next()
  indexes.set(vocabulary, step.value)
  return step.value
}

/** Pauses after every few terms. */
function* buildIndex(vocabulary: Vocabulary): Generator<undefined, Index> {
  const index = new Map<string, Entry[]>()
  let seen = 0
  for (const term of vocabulary.keys()) {
    if (++seen % TERMS_AT_ONCE === 0) yield
    if (!isWord(term)) continue
    const entry = { known: term, letters: lettersOf(term) }
    for (const key of [first(term), firstTwo(term), afterFirst(term)]) {
      const place = `${term.length}${key}`
      const terms = index.get(place)
      if (terms) terms.push(entry)
      else index.set(place, [entry])
    }
  }
  return index
}

const first = (term: string) => `:${term.slice(0, 1)}`
const firstTwo = (term: string) => `:${term.slice(0, 2)}`
const afterFirst = (term: string) => `:?${term.slice(1, 3)}`

/** Terms of about this length that begin with the same letter, or would but for a first letter swapped, added or lost. */
function* candidatesFor(term: string, limit: number, index: Index): Generator<Entry> {
  const swapped = `:${term.charAt(1)}${term.charAt(0)}`
  const added = firstTwo(term.slice(1))
  const lost = `:?${term.slice(0, 2)}`
  for (let length = term.length - limit; length <= term.length + limit; length++)
    for (const key of [first(term), swapped, added, lost]) yield* index.get(`${length}${key}`) ?? []
}

/** One bit a letter; two letters may share one, which only lets more be compared. */
function lettersOf(term: string): number {
  let bits = 0
  for (let at = 0; at < term.length; at++) bits |= 1 << (term.charCodeAt(at) & 31)
  return bits
}

function countBits(bits: number): number {
  let count = 0
  for (let left = bits; left !== 0; left &= left - 1) count++
  return count
}

function isWord(term: string): boolean {
  return term.length >= 3 && term.length <= LONGEST_CORRECTED + 2 && !/\d/.test(term)
}

/**
 * Slips between two words: a letter wrong, missing, doubled or swapped with its neighbour (Damerau–Levenshtein,
 * restricted form). `limit + 1` as soon as it is more than `limit`.
 */
export function distance(a: string, b: string, limit: number): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity
      row.push(Math.min(change, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, swapped))
    }
    if (Math.min(...row) > limit) return limit + 1
    before = last
    last = row
  }
  return last[b.length] ?? limit + 1
}
