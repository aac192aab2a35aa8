// The answer without a model: the sentences of the library that answer the question, verbatim, each with its footnote.
import type { Embedder } from '../../core/ports.ts'
import type { AbstentionReason, AnswerEvent, Passage } from '../../core/types.ts'
import type { Draft } from './draft.ts'
import { asksForSeveral, introduces, piecesOfAll, pointsBack, type Rated, ratePieces } from './pieces.ts'
import { aroundReferences } from './references.ts'
import { dot } from './rerank.ts'
import type { Found } from './retrieve.ts'
import type { Piece } from './sentences.ts'
import type { Steps } from './steps.ts'
import { pieceWeights } from './weights.ts'

// A reader asked one thing: more than this is read by nobody.
export const WORDS = 108
const LIST_ENTRIES = 8
// The passages whose sentences compete: further ones are for opening, not for quoting.
const QUOTED_PASSAGES = 5
// A long sentence must be better than a short one to take its room; a further sentence of one passage slightly better
// than the first of another. Both set on half a of the development questions.
const LENGTH_PRICE = 0.6
const CROWDING_PRICE = 0.15
const NEARLY = 1.5
const FIRST_HEARING = 2
// Sentences that are this much worse than the best (in units of the model) are padding.
const PADDING = 4

type ChooseDeps = { readonly sentenceEmbedder: Embedder }
export type ExtractDeps = ChooseDeps & { readonly steps: Pick<Steps, 'choose'> }

export async function* extract(
  draft: Draft,
  found: Found,
  passages: readonly Passage[],
  deps: ExtractDeps,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, 'answered' | AbstentionReason> {
  const chosen = await deps.steps.choose(found, passages, deps, signal)
  // The evidence was enough: what there is cannot be quoted, which is not to say that there is nothing.
  if (chosen.length === 0) return 'partly-covered'
  for (const [index, piece] of chosen.entries()) {
    signal.throwIfAborted()
    yield* quote(draft, piece, chosen[index - 1])
  }
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

/** What stands before a piece: sentences of one passage make a paragraph, entries and rows stand on lines of their own. */
function leadOf(piece: Piece, before: Piece | undefined): string {
  const mark = piece.kind === 'sentence' ? '' : '- '
  if (!before) return mark
  if (before.passage !== piece.passage) return `\n\n${mark}`
  if (before.line === piece.line) return ' '
  // What comes after a list is no part of its last entry.
  if (piece.kind === 'sentence') return before.listed ? '\n\n' : ' '
  return before.listed ? `\n${mark}` : `\n\n${mark}`
}

type Scored = { readonly piece: Piece; readonly score: number; readonly siblings: readonly Piece[] }

/**
 * What an answer quotes of these passages, in the order in which it is read; none: they say nothing. The parts of a
 * question are answered one after the other, each in its share of the words.
 */
export async function chooseSentences(
  found: Found,
  passages: readonly Passage[],
  deps: ChooseDeps,
  signal: AbortSignal,
): Promise<Piece[]> {
  const parts = found.parts?.length ? found.parts : [found]
  const chosen: Piece[] = []
  for (const part of parts) {
    chosen.push(...(await chooseFor(part, passages, { room: Math.floor(WORDS / parts.length), chosen }, deps, signal)))
  }
  return withHeads(chosen)
}

/** How many words there is room for, and what the parts before have said. */
type Bounds = { readonly room: number; readonly chosen: readonly Piece[] }

async function chooseFor(
  found: Found,
  passages: readonly Passage[],
  bounds: Bounds,
  deps: ChooseDeps,
  signal: AbortSignal,
): Promise<Piece[]> {
  const scored = (await rateSentences(found, passages, deps, signal)).flatMap((rated) => {
    const siblings = rated.map(({ piece }) => piece)
    return rated.map(({ piece, features }) => ({
      piece,
      score: dot(features, pieceWeights) - lengthPrice(piece),
      siblings,
    }))
  })
  return choose(scored, found.query, bounds)
}

/** What a piece must be better by than one of eight words. */
export function lengthPrice(piece: Piece): number {
  return LENGTH_PRICE * Math.log(Math.max(wordsIn(piece), 8) / 8)
}

/** The pieces that compete, by passage, and what the model sees of each, in the order of `pieceFeatures`. */
export async function rateSentences(
  found: Found,
  all: readonly Passage[],
  deps: ChooseDeps,
  signal: AbortSignal,
): Promise<Rated[][]> {
  const passages = all.slice(0, QUOTED_PASSAGES)
  // A rule of dashes or a fence says nothing that could be quoted.
  const pieces = piecesOfAll(passages).map((own) => own.flatMap(aroundReferences).filter(({ terms }) => terms.size > 0))
  const flat = pieces.flat()
  const alone = flat.map(({ text }) => text)
  const inPlace = flat.map(({ passage, text }) => [...passage.headings.slice(-2), text].join('\n'))
  const vectors = await deps.sentenceEmbedder.embed([found.query, ...alone, ...inPlace], 'query', signal)
  const likeness = (at: number) => cosine(vectors[0], vectors[at])
  return ratePieces(
    found,
    passages,
    pieces,
    new Map(flat.map((piece, index) => [piece, likeness(1 + index)])),
    new Map(flat.map((piece, index) => [piece, likeness(1 + flat.length + index)])),
  )
}

function choose(rated: readonly Scored[], query: string, { room: words, chosen }: Bounds): Piece[] {
  const pool = [...rated]
  const best = Math.max(...rated.map(({ score }) => score))
  const taken: Piece[] = []
  let room = words
  while (pool.length > 0 && room > 8) {
    const next = pool.reduce((most, each) => (priced(each, taken, best) > priced(most, taken, best) ? each : most))
    pool.splice(pool.indexOf(next), 1)
    if (next.score < best - PADDING) break
    const group = whole(withoutRepeats(groupOf(next, query, room), [...chosen, ...taken]), taken)
    const cost = group.reduce((sum, piece) => sum + wordsIn(piece), 0)
    if (group.length === 0 || (cost > room && taken.length > 0)) continue
    taken.push(...group)
    room -= cost
  }
  return inReadingOrder(taken)
}

// "250 million" of a table, "Topic" of a list: what so few words are about, only their neighbours tell.
const ENTRY_WORDS = 6

/** Without a sentence whose list did not fit, and without a scrap of one. */
function whole(group: readonly Piece[], taken: readonly Piece[]): readonly Piece[] {
  const entries = group.filter(({ kind }) => kind !== 'sentence')
  const promises = group.some(({ text }) => text.endsWith(':'))
  if (promises && entries.length < 2) return group.filter(({ text }) => !text.endsWith(':'))
  const [only] = group
  const isScrap = group.length === 1 && only !== undefined && only.kind !== 'sentence' && wordsIn(only) < ENTRY_WORDS
  return isScrap && taken.length > 0 && !taken.some((other) => isBeside(only, other)) ? [] : group
}

function isBeside(piece: Piece, other: Piece): boolean {
  return other.passage === piece.passage && Math.abs(other.line - piece.line) <= 1
}

/** "Heap ratio | long pauses" says nothing to whoever does not see what the columns are. They say it once per table. */
function withHeads(pieces: readonly Piece[]): Piece[] {
  return pieces.flatMap((piece, at) => {
    const { head } = piece
    const before = pieces[at - 1]
    const isSeen = before?.passage === piece.passage && before.head?.line === head?.line
    if (head === undefined || isSeen || head.terms.size === 0) return [piece]
    // One that holds a reference cannot be quoted whole, and its rest would name the wrong columns.
    return aroundReferences(head)[0]?.text === head.text ? [head, piece] : [piece]
  })
}

/** Every passage that has something nearly as good as the best is heard once before any is heard again. */
function priced({ piece, score }: Scored, taken: readonly Piece[], best: number): number {
  const heard = taken.filter(({ passage }) => passage === piece.passage).length
  return score + (heard === 0 && score >= best - NEARLY ? FIRST_HEARING : 0) - CROWDING_PRICE * heard
}

/** A sentence that introduces a list brings the list; so does an entry when the question asks for several. */
function groupOf({ piece, siblings }: Scored, query: string, room: number): Piece[] {
  const at = siblings.indexOf(piece)
  const before = siblings[at - 1]
  const needsBefore = pointsBack(piece) && before?.line === piece.line && wordsIn(before) + wordsIn(piece) <= room
  const own = needsBefore ? [before, piece] : [piece]
  const leads = introduces(siblings, at)
  if (!leads && (needsBefore || !(piece.kind === 'entry' && asksForSeveral(query)))) return own
  const entries = listAround(siblings, leads ? at + 1 : at)
  const lead = siblings.findLast(
    (_, index) => index < siblings.indexOf(entries[0] ?? piece) && introduces(siblings, index),
  )
  const all = [...(leads ? own : lead ? [lead] : []), ...entries]
  const cost = all.reduce((sum, each) => sum + wordsIn(each), 0)
  return cost <= room ? all : upTo(room, all.map(headOf))
}

/** The first pieces that fit; one at least, whatever its length. */
function upTo(room: number, pieces: readonly Piece[]): Piece[] {
  let left = room
  return pieces.filter((piece, index) => {
    left -= wordsIn(piece)
    return index === 0 || left >= 0
  })
}

function withoutRepeats(group: readonly Piece[], taken: readonly Piece[]): Piece[] {
  const fresh: Piece[] = []
  for (const piece of group) if (!repeats(piece, [...taken, ...fresh])) fresh.push(piece)
  return fresh
}

/** The entries of the list that one of them stands in: further sentences of an entry do not end it, prose does. */
function listAround(siblings: readonly Piece[], at: number): Piece[] {
  const kind = siblings[at]?.kind
  const belongs = (piece: Piece | undefined) =>
    piece !== undefined &&
    (piece.kind === kind || siblings.some((other) => other.kind === kind && other.line === piece.line))
  let from = at
  while (belongs(siblings[from - 1])) from--
  let to = at
  while (belongs(siblings[to])) to++
  return siblings
    .slice(from, to)
    .filter((piece) => piece.kind === kind)
    .slice(0, LIST_ENTRIES)
}

/** "Shadow writes - engineers added …" → "Shadow writes": the name of an entry, for a list too long to quote whole. */
function headOf(piece: Piece): Piece {
  const head = piece.kind === 'entry' ? /^(.{3,60}?)(?=\s[-–—]\s|:\s)/u.exec(piece.text)?.[1] : undefined
  if (!head) return piece
  return { ...piece, text: head, span: { start: piece.span.start, end: piece.span.start + head.length } }
}

/** The passages in the order in which they were first heard, the best before all; each in the order of its text. */
function inReadingOrder(pieces: readonly Piece[]): Piece[] {
  const order = [...new Set(pieces.map(({ passage }) => passage))]
  return pieces.toSorted((a, b) => order.indexOf(a.passage) - order.indexOf(b.passage) || a.span.start - b.span.start)
}

/** Says what has been said: the words of one are nearly all in the other, or they are the same words of the text. */
function repeats(piece: Piece, taken: readonly Piece[]): boolean {
  return taken.some((other) => {
    if (other.passage === piece.passage && other.span.start === piece.span.start) return true
    // "480 shards" of one source and "96 shards" of another are no repeat but a conflict: both are shown.
    if (piece.passage.document.id !== other.passage.document.id && hasOwnFigure(piece, other)) return false
    const shared = piece.terms.intersection(other.terms).size
    return shared / Math.min(piece.terms.size, other.terms.size) > 0.85
  })
}

function hasOwnFigure({ terms }: Piece, other: Piece): boolean {
  return [...terms].some((term) => /\d/.test(term) && !other.terms.has(term))
}

export function wordsIn({ text }: Piece): number {
  return text.split(/\s+/).length
}

function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (!a || !b) return 0
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}
