// How much of a reference text does a text repeat, in the same order?

/** Lower-case words and numbers, not stemmed. */
export function tokens(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
}

/**
 * ROUGE-L F (Lin, 2004) with equal weight for precision and recall: 2·LCS / (words of the text + words of the
 * reference), LCS being their longest common subsequence of words. The best over the references; 0 without words.
 */
export function rougeL(text: string, references: readonly string[]): number {
  const found = tokens(text)
  return Math.max(0, ...references.map((reference) => overlapOf(found, tokens(reference))))
}

function overlapOf(found: readonly string[], wanted: readonly string[]): number {
  const common = commonLength(found, wanted)
  return common === 0 ? 0 : (2 * common) / (found.length + wanted.length)
}

/** One row of the usual table at a time: `row[j]` is the answer for what was read of `a` and the first j of `b`. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0)
  for (const word of a) {
    const next = [0]
    for (const [j, other] of b.entries())
      next.push(word === other ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0))
    row = next
  }
  return row[b.length] ?? 0
}
