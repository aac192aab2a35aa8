// One question as a run keeps it: its place in the set, what became of it, and its scores.
import { hashOf } from './cache.ts'
import type { Case } from './questions.ts'
import type { Asked, Outcome } from './record.ts'
import { scoresOf } from './scores.ts'
import { holds } from './score/retrieval.ts'

/** What came of asking: an outcome, or the reason why there is none. */
export type Result =
  | { readonly outcome: Outcome; readonly fault: null }
  | { readonly outcome: null; readonly fault: string }

export function askedOf(test: Case, { outcome, fault }: Result): Asked {
  const held = heldBy(test, outcome)
  return {
    id: test.id,
    kind: test.kind,
    cluster: clusterOf(test),
    hash: hashCase(test),
    answerable: test.answerable,
    question: test.question,
    history: test.history,
    facts: test.facts,
    places: test.places.map(({ file, lines, written }) => ({ file, lines: [...lines], text: written.join('\n') })),
    fault,
    outcome,
    held,
    scores: outcome ? scoresOf(test, outcome, held) : {},
  }
}

/** Of the question and of the lines it points at: when one of them changes, it is another question. */
export function hashCase(test: Case): string {
  const places = test.places.map(({ file, lines, written }) => [file, lines, written])
  return hashOf(JSON.stringify({ ...test, places, gold: [] }))
}

/**
 * Questions on one document err together, as do the turns of one conversation. A follow-up has the document of its
 * conversation, so one name is enough; a question about nothing that is there stands alone.
 */
function clusterOf({ id, places, history }: Case): string {
  return places[0]?.file ?? history[0]?.question ?? id
}

function heldBy({ places }: Case, outcome: Outcome | null): Asked['held'] {
  const placesIn = (text: string) => [...places.keys()].filter((at) => holds({ gold: places[at]?.gold ?? [] }, text))
  return {
    passages: (outcome?.passages ?? []).map(({ text }) => placesIn(text)),
    citations: (outcome?.citations ?? []).map(({ quote }) => placesIn(quote)),
  }
}
