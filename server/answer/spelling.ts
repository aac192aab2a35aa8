// Unknown words of a question against the library's own vocabulary.

/** term → number of chunks that hold it */
export type Vocabulary = ReadonlyMap<string, number>

/** "ratelimit" → ["rate", "limit"] when the library knows both halves; the pair it uses most. */
export function splitCompound(term: string, vocabulary: Vocabulary): readonly string[] | null {
  let best: { parts: readonly string[]; count: number } | null = null
  for (let at = 3; at <= term.length - 3; at++) {
    const parts = [term.slice(0, at), term.slice(at)]
    const count = Math.min(...parts.map((part) => vocabulary.get(part) ?? 0))
    // A half that stands in one chunk only is chance, not a word of the trade.
    if (count > 1 && count > (best?.count ?? 0)) best = { parts, count }
  }
  return best?.parts ?? null
}

/** The known term that a slip of the fingers turned into this one: one slip up to five letters, two from six. */
export function nearestTerm(term: string, vocabulary: Vocabulary): string | null {
  if (!isWord(term)) return null
  const limit = term.length >= 6 ? 2 : 1
  let best = { term: null as string | null, cost: limit, count: 0 }
  for (const [known, count] of vocabulary) {
    if (Math.abs(known.length - term.length) > limit || !isWord(known)) continue
    // People rarely miss the first letter.
    const cost = distance(term, known, limit) + (known[0] === term[0] ? 0 : 0.5)
    if (cost < best.cost || (cost === best.cost && count > best.count)) best = { term: known, cost, count }
  }
  return best.term
}

function isWord(term: string): boolean {
  return term.length >= 3 && !/\d/.test(term)
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
