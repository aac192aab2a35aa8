// What speaks against a sentence in all that was read: the words most like it say the opposite, or something else.
import { type Claim, type Evidence, joined } from './claim.ts'
import { type Around, isOpposed, isOtherwise, lacksDenial, likenessOf } from './conflict.ts'
import type { Source } from './source.ts'

/** `opposed`: a near copy says the opposite. `doubtful`: a near copy has other words in their places, or a clause does. */
export type Dispute = 'none' | 'doubtful' | 'opposed'

const severity: readonly Dispute[] = ['none', 'doubtful', 'opposed']

export function disputeOf(claim: Claim, sources: readonly Source[]): Dispute {
  if (sources.some(({ pieces }) => pieces.some(({ evidence }) => evidence.text === claim.text))) return 'none'
  const names = new Set(sources.flatMap((source) => [...source.names]))
  const around = sources.map((source) => ({ source, around: { ...source, names } }))
  const whole = likest(around.flatMap(({ source, around }) => nearCopies(claim, source, around)))
  if (whole === 'opposed') return whole
  // What a clause says is looked for in clauses, and never finds more than a doubt: it leaves out what it leans on.
  const clauses = claim.clauses.length > 0 ? claim.clauses : [claim]
  const isDoubtful =
    whole === 'doubtful' ||
    clauses.some(
      (clause) => likest(around.flatMap(({ source, around }) => clauseCopies(clause, source, around))) !== 'none',
    )
  return isDoubtful ? 'doubtful' : 'none'
}

/** `dispute`: null where the copy speaks neither for nor against the sentence. */
type Copy = { readonly like: number; readonly dispute: () => Dispute | null }

/** Of what is equally like, the mildest: a source that says it as the sentence does is enough. */
function likest(copies: readonly Copy[]): Dispute {
  let found: { readonly like: number; readonly dispute: Dispute } | null = null
  for (const { like, dispute } of copies.toSorted((a, b) => b.like - a.like)) {
    if (found && (like < found.like || found.dispute === 'none')) break
    const its = dispute()
    if (its && (!found || severity.indexOf(its) < severity.indexOf(found.dispute))) found = { like, dispute: its }
  }
  return found?.dispute ?? 'none'
}

/** Two sentences are looked at together only where neither alone is a near copy. */
function nearCopies(claim: Claim, { pieces }: Source, around: Around): Copy[] {
  const single = pieces.map(({ evidence }) => copyOf(claim, evidence, around))
  const pairs = single.slice(1).flatMap((copy, index) => {
    const before = single[index]
    const [one, other] = [pieces[index]?.evidence, pieces[index + 1]?.evidence]
    if (!before || !one || !other || copy.like > 0 || before.like > 0) return []
    return [copyOf(claim, joined([one, other]), around)]
  })
  return [...single, ...pairs].filter(({ like }) => like > 0)
}

function clauseCopies(clause: Claim, { pieces }: Source, around: Around): Copy[] {
  return pieces
    .filter(({ evidence }) => sharesHalf(clause, evidence))
    .flatMap((piece) => piece.clauses())
    .map((evidence) => copyOf(clause, evidence, around))
    .filter(({ like }) => like > 0)
}

function sharesHalf({ terms }: Claim, evidence: Evidence): boolean {
  let shared = 0
  for (const term of terms) if (evidence.terms.has(term)) shared++
  return 2 * shared >= terms.size
}

function copyOf(claim: Claim, evidence: Evidence, around: Around): Copy {
  return {
    like: likenessOf(claim, evidence, around),
    dispute: () => {
      if (isOpposed(claim, evidence, around)) return 'opposed'
      // A near copy that leaves out what is denied speaks neither for it nor against it.
      if (lacksDenial(claim, evidence)) return null
      return isOtherwise(claim, evidence, around) ? 'doubtful' : 'none'
    },
  }
}
