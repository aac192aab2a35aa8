// Is a sentence of the model's backed by the words it cites? A lexical check: support, not truth.
import { queryTerms, words } from '../../core/terms.ts'
import type { Passage, Span, Verdict } from '../../core/types.ts'
import { listMark, type Piece, piecesOf } from './sentences.ts'

export type Support = { readonly verdict: Verdict; readonly passage: Passage; readonly span: Span }

const SUPPORTED = 0.6
const PARTIAL = 0.3

const negation = /\b(?:not?|never|none|neither|nor|without|cannot|\w+n['’]t)\b/i

/** The words of a passage that back a sentence best, with the verdict; null for a sentence that says nothing. */
export function ground(sentence: string, passage: Passage): Support | null {
  // The number of a list entry is no figure that the source would have to hold.
  const wanted = queryTerms(sentence.replace(listMark, ''))
  if (wanted.length === 0) return null
  const isNegated = negation.test(sentence)
  const isNegatedAt = ({ start, end }: Span) =>
    negation.test(passage.text.slice(start - passage.span.start, end - passage.span.start))
  const best = windowsOf(piecesOf(passage))
    .map((span) => ({ ...span, share: held(wanted, span.terms, isNegated && !isNegatedAt(span)) }))
    .reduce<{ start: number; end: number; share: number } | null>(
      (most, each) => (most === null || each.share > most.share ? each : most),
      null,
    )
  if (!best) return null
  const verdict = wanted.some((term) => isNumber(term) && !knows(passage, term)) ? 'unsupported' : verdictOf(best.share)
  return { verdict, passage, span: { start: best.start, end: best.end } }
}

export function verdictOf(share: number): Verdict {
  if (share >= SUPPORTED) return 'supported'
  return share >= PARTIAL ? 'partial' : 'unsupported'
}

function held(wanted: readonly string[], terms: ReadonlySet<string>, isDenied: boolean): number {
  const missing = wanted.filter((term) => !terms.has(term))
  const share = 1 - missing.length / wanted.length
  // A number or a "not" that these words lack is the error a reader is hurt by most: never "supported".
  return isDenied || missing.some(isNumber) ? Math.min(share, SUPPORTED - 0.01) : share
}

function isNumber(term: string): boolean {
  return /\d/.test(term)
}

/** The model was shown the headings and the date as well, and may say what is in them. */
function knows({ text, headings, document }: Passage, term: string): boolean {
  return words([text, ...headings, document.publishedAt ?? ''].join('\n')).some((word) => word.term === term)
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
