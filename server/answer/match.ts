// How much of a query some words hold.
import type { Concept } from './query.ts'

/** Best weight among a concept's words that `terms` holds: 1 for the word asked for, 0 for none. */
export function heldBy(concept: Concept, terms: ReadonlySet<string>): number {
  let best = 0
  for (const [term, weight] of concept.terms) if (weight > best && terms.has(term)) best = weight
  return best
}

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
