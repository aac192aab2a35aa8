// Is a sentence of the model's backed by the words it cites? A lexical check: support, not truth.
import { queryTerms } from '../../core/terms.ts'
import type { Passage, Span, Verdict } from '../../core/types.ts'
import { type Piece, piecesOf } from './sentences.ts'

export type Support = { readonly verdict: Verdict; readonly passage: Passage; readonly span: Span }

const SUPPORTED = 0.6
const PARTIAL = 0.3

/** The words of a passage that back a sentence best, with the verdict; null for a sentence that says nothing. */
export function ground(sentence: string, passage: Passage): Support | null {
  const wanted = queryTerms(sentence)
  if (wanted.length === 0) return null
  const best = windowsOf(piecesOf(passage))
    .map((span) => ({ ...span, share: held(wanted, span.terms) }))
    .reduce<{ start: number; end: number; share: number } | null>(
      (most, each) => (most === null || each.share > most.share ? each : most),
      null,
    )
  if (!best) return null
  return { verdict: verdictOf(best.share), passage, span: { start: best.start, end: best.end } }
}

export function verdictOf(share: number): Verdict {
  if (share >= SUPPORTED) return 'supported'
  return share >= PARTIAL ? 'partial' : 'unsupported'
}

function held(wanted: readonly string[], terms: ReadonlySet<string>): number {
  const missing = wanted.filter((term) => !terms.has(term))
  const share = 1 - missing.length / wanted.length
  // A number that is not in the source is the error a reader is hurt by most: never "supported".
  return missing.some((term) => /\d/.test(term)) ? Math.min(share, SUPPORTED - 0.01) : share
}

type Window = { readonly start: number; readonly end: number; readonly terms: ReadonlySet<string> }

/** Every sentence, and every two that follow each other: a claim often joins two. Shorter ones first, so ties stay short. */
function windowsOf(pieces: readonly Piece[]): Window[] {
  const single = pieces.map(({ span, terms }) => ({ ...span, terms }))
  const pairs = pieces.slice(1).map((piece, index) => {
    const before = pieces[index] ?? piece
    return { start: before.span.start, end: piece.span.end, terms: before.terms.union(piece.terms) }
  })
  return [...single, ...pairs]
}
