// The answer without a model: the sentences of the library that answer the question, verbatim, each with its footnote.
import { queryTerms } from '../../core/terms.ts'
import type { AbstentionReason, AnswerEvent, Passage } from '../../core/types.ts'
import type { Draft } from './draft.ts'
import { coverage } from './match.ts'
import type { Found } from './retrieve.ts'
import { type Piece, piecesOf } from './sentences.ts'

// A reader asked one thing: about 110 words answer most questions, lists may run longer.
const WORDS = 110
const LIST_ENTRIES = 8
const PIECES = 7
// The passages whose sentences compete: further ones are for opening, not for quoting.
const QUOTED_PASSAGES = 5

type Rated = { readonly piece: Piece; readonly score: number }

export function* extract(
  draft: Draft,
  found: Found,
  passages: readonly Passage[],
): Generator<AnswerEvent, 'answered' | AbstentionReason> {
  const chosen = choose(found, passages.slice(0, QUOTED_PASSAGES))
  if (chosen.length === 0) return 'nothing-relevant'
  for (const [index, piece] of chosen.entries()) yield* quote(draft, piece, chosen[index - 1])
  return 'answered'
}

function* quote(draft: Draft, piece: Piece, before: Piece | undefined): Generator<AnswerEvent> {
  const { citation, isNew } = draft.cite(piece.passage, piece.span)
  if (isNew) yield { type: 'citation', citation }
  const lead = leadOf(piece, before)
  const start = draft.length() + lead.length
  yield draft.text(`${lead}${citation.quote} [${citation.n}]`)
  yield draft.state({ start, end: start + citation.quote.length }, 'verbatim', [citation.n])
}

function leadOf(piece: Piece, before: Piece | undefined): string {
  const mark = piece.kind === 'sentence' ? '' : '- '
  if (!before) return mark
  if (piece.kind !== 'sentence')
    return before.passage === piece.passage && before.kind !== 'sentence' ? `\n${mark}` : `\n\n${mark}`
  return before.passage === piece.passage && before.kind === 'sentence' ? ' ' : '\n\n'
}

function choose(found: Found, passages: readonly Passage[]): Piece[] {
  const byPassage = passages.map((passage) => rate(found, passage))
  const pool = byPassage.flat().sort((a, b) => b.score - a.score)
  const best = pool[0]
  if (!best) return []
  const taken: Piece[] = []
  let count = 0
  for (const { piece, score } of pool) {
    if (taken.length >= PIECES || count >= WORDS || score < best.score * 0.55) break
    const group = withIntroduction(piece, byPassage[passages.indexOf(piece.passage)] ?? [])
    for (const each of group) {
      if (taken.includes(each) || repeats(each, taken)) continue
      taken.push(each)
      count += each.kind === 'sentence' ? each.terms.size * 1.3 : each.terms.size * 0.6
    }
  }
  return inReadingOrder(taken)
}

/** Passages in the order of their best sentence, sentences in the order of the text. */
function inReadingOrder(pieces: readonly Piece[]): Piece[] {
  const order = [...new Set(pieces.map(({ passage }) => passage))]
  return pieces.toSorted((a, b) => order.indexOf(a.passage) - order.indexOf(b.passage) || a.span.start - b.span.start)
}

function rate(found: Found, passage: Passage): Rated[] {
  const path = new Set(queryTerms(passage.headings.join('\n')))
  return piecesOf(passage).map((piece) => {
    const share = 0.5 * coverage(found.concepts, piece.terms) + 0.5 * coverage(found.concepts, piece.terms.union(path))
    return { piece, score: share * fitness(piece) * (0.6 + 0.4 * Math.min(1, passage.score / 2)) }
  })
}

/** How well a piece reads on its own. */
function fitness(piece: Piece): number {
  const size = piece.terms.size
  if (size < 4) return 0.4
  if (piece.text.endsWith('?')) return 0.4
  if (piece.text.endsWith(':')) return 0.9
  if (size > 60) return 0.7
  return /^(?:It|This|They|These|That|He|She|However|But|So|Also)\b/.test(piece.text) ? 0.85 : 1
}

/** A sentence that introduces a list brings the list; a list entry brings its neighbours and the sentence above them. */
function withIntroduction(piece: Piece, passage: readonly Rated[]): Piece[] {
  const pieces = passage.map((rated) => rated.piece)
  const at = pieces.indexOf(piece)
  const introduces = piece.kind === 'sentence' && pieces[at + 1]?.kind === 'entry' && piece.text.endsWith(':')
  if (piece.kind !== 'entry' && !introduces) return [piece]
  let from = introduces ? at + 1 : at
  while (from > 0 && pieces[from - 1]?.kind === 'entry') from--
  let to = from
  while (pieces[to]?.kind === 'entry' && to - from < LIST_ENTRIES) to++
  const above = pieces[from - 1]
  return [...(above?.kind === 'sentence' ? [above] : []), ...pieces.slice(from, to)]
}

function repeats(piece: Piece, taken: readonly Piece[]): boolean {
  return taken.some((other) => {
    const shared = piece.terms.intersection(other.terms).size
    return shared / Math.min(piece.terms.size, other.terms.size) > 0.85
  })
}
