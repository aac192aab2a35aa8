// A passage as grounding reads it: cut into pieces, each with what it says.
import { words } from '../../core/terms.ts'
import type { Passage, Span } from '../../core/types.ts'
import { clausesOf } from './clauses.ts'
import { type Evidence, joined, readEvidence } from './claim.ts'
import { piecesOf } from './sentences.ts'

type Piece = {
  readonly span: Span
  readonly evidence: Evidence
  /** each clause of it, where there are several: read when they are first asked for */
  readonly clauses: () => readonly Evidence[]
}

export type Source = {
  readonly passage: Passage
  readonly pieces: readonly Piece[]
  /** words of title and headings: they stand beside every quote */
  readonly beside: ReadonlySet<string>
  /** title, headings and date: the model was shown them, and may say what is in them */
  readonly label: Evidence
  readonly names: ReadonlySet<string>
  readonly whole: Evidence
}

export function readSource(passage: Passage): Source {
  const { headings, document } = passage
  const pieces = piecesOf(passage).map(({ span, text }): Piece => {
    const evidence = readEvidence(text)
    let clauses: readonly Evidence[] | null = null
    const read = () => {
      const found = clausesOf(text)
      return found.length > 1 ? found.map((each) => ({ ...readEvidence(each), frame: evidence.frame })) : [evidence]
    }
    return { span, evidence, clauses: () => (clauses ??= read()) }
  })
  const path = [document.title, ...headings].join('\n')
  const label = readEvidence(`${path}\n${document.publishedAt ?? ''}`)
  return {
    passage,
    pieces,
    beside: new Set(words(path).map(({ term }) => term)),
    label,
    names: new Set(pieces.flatMap(({ evidence }) => namesOf(evidence))),
    whole: joined([...pieces.map(({ evidence }) => evidence), label]),
  }
}

function namesOf({ order }: Evidence): string[] {
  return order.filter(({ isCapital, begins }) => isCapital && !begins).map(({ term }) => term)
}
