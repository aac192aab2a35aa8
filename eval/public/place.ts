// Where a text stands in another form of it: line breaks and blanks differ after parsing, letters and digits do not.
import type { Place } from '../score/spans.ts'

export type Quoted = {
  readonly content: string
  /** how far into the original text it begins, 0 to 1: tells repeated texts apart */
  readonly share: number
}

/** Finds quoted texts in `text` by their letters and digits, each where it stands nearest to its share; null if absent. */
export function placeFinder(name: string, text: string): (quoted: Quoted) => Place | null {
  const { letters, at } = lettersOf(text)
  return ({ content, share }) => {
    const wanted = lettersOf(content).letters
    if (wanted === '') return null
    const expected = share * letters.length
    let best: number | null = null
    for (let from = letters.indexOf(wanted); from >= 0; from = letters.indexOf(wanted, from + 1))
      if (best === null || Math.abs(from - expected) < Math.abs(best - expected)) best = from
    if (best === null) return null
    return { text: name, start: at[best] ?? 0, end: (at[best + wanted.length - 1] ?? 0) + 1 }
  }
}

function lettersOf(text: string): { readonly letters: string; readonly at: readonly number[] } {
  const at: number[] = []
  let letters = ''
  for (const { 0: found, index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    letters += found
    for (let unit = 0; unit < found.length; unit++) at.push(index + unit)
  }
  return { letters, at }
}
