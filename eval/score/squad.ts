// Short answers, compared as the script of SQuAD does it (Rajpurkar et al., 2016): best over the references.

/** Lower case, without punctuation, articles and further blanks. */
export function normaliseAnswer(text: string): string {
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, '')
  return (
    plain
      // Whole words in any script: \b would end one at an accent.
      .replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' ')
      .split(/\s+/)
      .filter(Boolean)
      .join(' ')
  )
}

/** EM: 1 when the text is one of the references, both normalised, else 0. */
export function exactMatch(text: string, references: readonly string[]): number {
  return references.some((reference) => normaliseAnswer(text) === normaliseAnswer(reference)) ? 1 : 0
}

/** Harmonic mean of the shares of words in common, a word counting as often as both have it. */
export function tokenF1(text: string, references: readonly string[]): number {
  return Math.max(0, ...references.map((reference) => f1(wordsOf(text), wordsOf(reference))))
}

/** 1 when a reference stands in the text as it is, words whole, else 0: to be read beside the length of the text. */
export function containsGold(text: string, references: readonly string[]): number {
  const plain = ` ${normaliseAnswer(text)} `
  return references.some((reference) => plain.includes(` ${normaliseAnswer(reference)} `)) ? 1 : 0
}

function wordsOf(text: string): string[] {
  return normaliseAnswer(text).split(' ').filter(Boolean)
}

function f1(found: readonly string[], wanted: readonly string[]): number {
  if (found.length === 0 || wanted.length === 0) return found.length === wanted.length ? 1 : 0
  const left = [...wanted]
  for (const word of found) {
    const at = left.indexOf(word)
    if (at >= 0) left.splice(at, 1)
  }
  return (2 * (wanted.length - left.length)) / (found.length + wanted.length)
}
