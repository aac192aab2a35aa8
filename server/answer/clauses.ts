// Where a sentence is made of several: "creating a charge is critical and listing charges is not" says two things.

const seams = /; |,? (?:and|but|while|whereas|although|though|because|so(?: that)?) |, (?:which|who|where) /gu
// What bears a predicate. Verbs of their own are not known by their form: "requests" may be things.
const predicate =
  /\b(?:is|are|was|were|be|been|has|have|had|can|could|will|would|may|might|must|should|does|do|did|cannot|\p{Ll}+n't|goes|gets?|go|went)\b/iu
const WORDS = 3

/** The clauses of a text, in order; the text itself where it has one. Each but the first begins behind its seam. */
export function clausesOf(text: string): string[] {
  const clauses: string[] = []
  let from = 0
  for (const { 0: seam, index } of text.matchAll(seams)) {
    const before = text.slice(from, index)
    const behind = text.slice(index + seam.length)
    // "And" joins things as well: without a comma it parts only what has a predicate on either side.
    const isSure = !/^ (?:and|but) $/.test(seam) || (predicate.test(before) && predicate.test(behind))
    if (!isSure || wordsIn(before) < WORDS || wordsIn(behind) < WORDS) continue
    clauses.push(before)
    from = index + seam.length
  }
  return [...clauses, text.slice(from)]
}

function wordsIn(text: string): number {
  return text.trim().split(/\s+/, WORDS).length
}
