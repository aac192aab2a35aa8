// Which words of content do two questions have in common? Words as the index knows them: folded, stemmed.
import { queryTerms } from '../../core/terms.ts'

export type Shared = { readonly recall: number; readonly precision: number; readonly f1: number }

/** Of the different content words of `wanted`, the share that `text` has (recall); of those of `text`, that `wanted` has. */
export function sharedWords(text: string, wanted: string): Shared {
  const [own, other] = [termsOf(text), termsOf(wanted)]
  const both = own.intersection(other).size
  return {
    recall: both / Math.max(1, other.size),
    precision: both / Math.max(1, own.size),
    f1: (2 * both) / Math.max(1, own.size + other.size),
  }
}

/** The content words of `text` that `base` lacks. */
export function newWords(text: string, base: string): ReadonlySet<string> {
  return termsOf(text).difference(termsOf(base))
}

export function termsOf(text: string): ReadonlySet<string> {
  return new Set(queryTerms(text))
}
