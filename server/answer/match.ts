// How much of a query some words hold.
import type { Concept } from './query.ts'

/** Best weight among a concept's senses that `terms` holds: 1 for the words asked for, 0 for none. */
export function heldBy(concept: Concept, terms: ReadonlySet<string>): number {
  let best = 0
  for (const { words, weight } of concept.senses) {
    const held = words.filter((word) => terms.has(word)).length
    // A part of a phrase is a hint: "limit" alone is not "rate limit".
    const share = held === words.length ? 1 : (PART * held) / words.length
    if (weight * share > best) best = weight * share
  }
  return best
}

const PART = 0.5

/** Share of the query's rarity that the words hold, 0 to 1: rare concepts count most. */
export function coverage(concepts: readonly Concept[], terms: ReadonlySet<string>): number {
  let held = 0
  let total = 0
  for (const concept of concepts) {
    total += concept.rarity
    held += concept.rarity * heldBy(concept, terms)
  }
  return total === 0 ? 0 : held / total
}
