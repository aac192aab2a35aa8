// What extraction sees of a sentence: figures between 0 and 1 that a person can check by hand.
import { queryTerms } from '../../core/terms.ts'
import type { Passage } from '../../core/types.ts'
import { coverage } from './match.ts'
import type { Found } from './retrieve.ts'
import { type Piece, piecesOf } from './sentences.ts'

/** In the order of the figures, and of the weights in weights.ts. */
export const pieceFeatures = [
  'query covered by the sentence',
  'query covered by sentence and headings',
  'likeness to the question (cosine)',
  'score of its passage against the best passage',
  'reciprocal rank of its passage',
  'query covered by a neighbour',
  'first sentence of its passage',
  'too short to stand alone',
  'list entry, when the question asks for several things',
  'table row',
  'has the shape that the question asks for',
  'begins with a word that points back',
  'introduces a list',
  'is a question itself',
  'likeness of the sentence under its headings to the question (cosine)',
] as const

export type Rated = { readonly piece: Piece; readonly features: readonly number[] }

/** `likeness`: cosine of each piece to the question, by piece; empty when there is none. */
export function ratePieces(
  found: Found,
  passages: readonly Passage[],
  pieces: readonly (readonly Piece[])[],
  likeness: ReadonlyMap<Piece, number>,
  likenessInPlace: ReadonlyMap<Piece, number>,
): Rated[][] {
  const best = passages[0]?.score ?? 0
  return passages.map((passage, index) => {
    const path = new Set(queryTerms(passage.headings.join('\n')))
    const own = pieces[index] ?? []
    const covered = own.map(({ terms }) => coverage(found.concepts, terms))
    return own.map((piece, at) => ({
      piece,
      features: [
        covered[at] ?? 0,
        coverage(found.concepts, piece.terms.union(path)),
        Math.max(0, likeness.get(piece) ?? 0),
        Math.exp(passage.score - best),
        1 / passage.n,
        Math.max(covered[at - 1] ?? 0, covered[at + 1] ?? 0),
        at === 0 ? 1 : 0,
        piece.terms.size < 5 ? 1 : 0,
        piece.kind === 'entry' && asksForSeveral(found.query) ? 1 : 0,
        piece.kind === 'row' ? 1 : 0,
        hasShape(found.query, piece) ? 1 : 0,
        pointsBack(piece) ? 1 : 0,
        introduces(own, at) ? 1 : 0,
        piece.text.endsWith('?') ? 1 : 0,
        likenessInPlace.get(piece) ?? 0,
      ],
    }))
  })
}

export function piecesOfAll(passages: readonly Passage[]): Piece[][] {
  return passages.map(piecesOf)
}

/** A sentence that cannot be read without the one before it. */
export function pointsBack({ kind, text }: Piece): boolean {
  return kind === 'sentence' && (beginsWithPointer.test(text) || countsOff.test(text))
}

const beginsWithPointer =
  /^(?:It|Its|They|Their|This|That|These|Those|He|She|His|Her|However|But|So|Also|Then|Instead|Therefore|Additionally|As a result)\b/
/** "Stripe handles the first with …": the first of what? */
const countsOff =
  /\bthe (?:first|second|third|former|latter)(?: of (?:the|these|them))?(?: one)?(?=\s+(?:with|by|and|is|was|are|were|two|three|four)\b|[,.;])/i

/** A sentence whose point is the list below it. */
export function introduces(pieces: readonly Piece[], at: number): boolean {
  const piece = pieces[at]
  const next = pieces[at + 1]
  return piece?.kind === 'sentence' && next !== undefined && next.kind !== 'sentence' && next.line > piece.line
}

const severalThings =
  /\b(?:list|name|types|kinds|phases|steps|stages|classes|categories|reasons|ways|pros|cons|advantages|disadvantages|benefits|downsides|policies|algorithms|components|parts|services|layers|principles|strategies|approaches|features|goals|options|what are|which are|two|three|four|five|six|seven|eight)\b/i

export function asksForSeveral(query: string): boolean {
  return severalThings.test(query)
}

const shapes: readonly { readonly asks: RegExp; readonly answers: RegExp }[] = [
  {
    asks: /\b(?:how (?:many|much|often|long|big|large|fast|old|far)|what (?:percent\w*|share|size|number|year)|when|number of|percent\w*|which year|cost)\b/i,
    answers: /\d/,
  },
  {
    asks: /\b(?:why|reason|what for|purpose|motivat\w+)\b/i,
    answers:
      /\b(?:because|since|due to|so that|in order to|reason|as a result|therefore|to (?:avoid|prevent|ensure|reduce|make sure|minimi[sz]e)|this (?:means|meant|allow\w*|help\w*)|led to|caused)\b/i,
  },
  { asks: /\bwho\b/i, answers: /[\p{Ll},] \p{Lu}\p{Ll}+/u },
  {
    asks: /\bhow (?:do|does|did|is|are|was|were|can|to)\b/i,
    answers: /\b(?:by|using|uses|used|via|through|with|then|first|each|when)\b/i,
  },
]

function hasShape(query: string, piece: Piece): boolean {
  const shape = shapes.find(({ asks }) => asks.test(query))
  return shape ? shape.answers.test(piece.text) : false
}
