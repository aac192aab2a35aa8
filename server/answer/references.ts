// A document's own references, such as [12], would pass for footnotes of ours: a piece is quoted around them.
import { words } from '../../core/terms.ts'
import type { Piece } from './sentences.ts'

const reference = String.raw`[[【]\s*\^?\d{1,3}(?:\s*[,;–-]\s*\^?\d{1,3})*\s*[\]】]`
const referencesInARow = new RegExp(String.raw`${reference}(?:\s*${reference})*`, 'g')
const hasReference = new RegExp(reference)

const stop = String.raw`[.!?。！？]["'”’)]*`
const endsInStop = new RegExp(String.raw`${stop}\s*$`)
const beginsWithStop = new RegExp(String.raw`^\s*${stop}(?:\s+|$)`)
// Up to here a sentence says something whole. "…, unless …" would turn it round.
const endsClause = /^(?:[;:–—]|,\s*(?:and|but|while|whereas|so)\b)/
// Fewer words of a clause are half a thought.
const CLAUSE_TERMS = 5

/** The sentences of a piece without references; none where cutting one out would leave half a sentence, or code. */
export function aroundReferences(piece: Piece): Piece[] {
  if (!hasReference.test(piece.text)) return [piece]
  if (isEntryOfReferences(piece)) return []
  const quotable: Piece[] = []
  let from = 0
  let begins = true
  for (const { at, length } of gapsIn(piece.text)) {
    const lead = from > 0 ? (beginsWithStop.exec(piece.text.slice(from, at))?.[0].length ?? 0) : 0
    const part = partOf(piece, from + lead, at)
    const [before, after] = [piece.text.slice(from + lead, at), piece.text.slice(at + length)]
    const isSpace = before.trim() === ''
    const ends = endsInStop.test(before) || after.trim() === '' || beginsWithStop.test(after)
    begins ||= lead > 0
    if (begins && !isSpace && (ends || isClause(part, before, after))) quotable.push(part)
    if (!isSpace) begins = ends
    from = at + length
  }
  return quotable.filter(({ text }) => text !== '' && !hasReference.test(text))
}

/** Where the references stand, and the end. Behind a word, `limits[1]` is code and stays. */
function gapsIn(text: string): { at: number; length: number }[] {
  const runs = [...text.matchAll(referencesInARow)].filter(
    ({ index }) => !/[\p{L}\p{N}_)\]]/u.test(text.charAt(index - 1)),
  )
  return [...runs.map(({ index, 0: run }) => ({ at: index, length: run.length })), { at: text.length, length: 0 }]
}

/** "[12] Smith, Counting requests": a line of a bibliography. */
function isEntryOfReferences({ passage, span, kind, text }: Piece): boolean {
  const before = passage.text.charAt(span.start - passage.span.start - 1)
  return text.search(hasReference) === 0 && (kind !== 'sentence' || before === '' || before === '\n')
}

function isClause({ terms }: Piece, before: string, after: string): boolean {
  const mark = /[,;:–—]?\s*$/.exec(before)?.[0].trim() ?? ''
  return terms.size >= CLAUSE_TERMS && endsClause.test(mark + after.trimStart())
}

function partOf(piece: Piece, from: number, to: number): Piece {
  const raw = piece.text.slice(from, to)
  const isWhole = to === piece.text.length
  const text = (isWhole ? raw : raw.replace(/[\s,;:–—]+$/, '')).trim()
  const start = piece.span.start + from + raw.length - raw.trimStart().length
  const span = { start, end: start + text.length }
  // A cell of a table is about its row and its column as well.
  if (piece.kind === 'row') return { ...piece, text, span }
  const terms = new Set(words(text).map(({ term }) => term))
  return { ...piece, text, span, terms, kind: from === 0 ? piece.kind : 'sentence' }
}
