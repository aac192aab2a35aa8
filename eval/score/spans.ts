// How much of the text that holds the evidence was retrieved, and how much else with it?
import type { Span } from '../../core/types.ts'

export type Covered = { readonly recall: number; readonly precision: number; readonly iou: number }

/** A place in one of several texts. */
export type Place = Span & { readonly text: string }

/**
 * In characters, as in Chroma's "Evaluating Chunking Strategies" (Smith and Troynikov, 2024): recall = covered
 * evidence / evidence; precision = covered / retrieved; IoU = covered / (retrieved + evidence that is not covered).
 * What was retrieved twice counts twice as retrieved and once as covered.
 */
export function coverOf(retrieved: readonly Place[], evidence: readonly Place[]): Covered {
  const wanted = union(evidence)
  const hits = union(retrieved.flatMap((place) => wanted.flatMap((each) => shared(place, each) ?? [])))
  const [covered, all, shown] = [hits, wanted, retrieved].map(lengthOf) as [number, number, number]
  return {
    recall: all === 0 ? 0 : covered / all,
    precision: shown === 0 ? 0 : covered / shown,
    iou: shown + all === 0 ? 0 : covered / (shown + all - covered),
  }
}

/** The part that two places have in common; null when there is none. */
export function shared(a: Place, b: Place): Place | null {
  if (a.text !== b.text) return null
  const [start, end] = [Math.max(a.start, b.start), Math.min(a.end, b.end)]
  return start < end ? { text: a.text, start, end } : null
}

function union(places: readonly Place[]): Place[] {
  const joined: Place[] = []
  for (const place of places.toSorted((a, b) => a.text.localeCompare(b.text) || a.start - b.start)) {
    const last = joined.at(-1)
    if (last && last.text === place.text && place.start <= last.end)
      joined[joined.length - 1] = { ...last, end: Math.max(last.end, place.end) }
    else joined.push(place)
  }
  return joined
}

function lengthOf(places: readonly Place[]): number {
  return places.reduce((sum, { start, end }) => sum + end - start, 0)
}
