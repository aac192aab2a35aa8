// How many of the facts that a right answer needs are in its text?

/** Share of the facts of which an acceptable string is in the text, any case; 1 when none is asked for. */
export function factCoverage(facts: readonly (readonly string[])[], text: string): number {
  if (facts.length === 0) return 1
  const plain = fold(text)
  return facts.filter((fact) => fact.some((wording) => says(plain, fold(wording)))).length / facts.length
}

/** "4" is not said by "14 ms", "0.4" or "400"; "shard" is said by "sharded". */
function says(plain: string, wording: string): boolean {
  for (let at = plain.indexOf(wording); at >= 0; at = plain.indexOf(wording, at + 1)) {
    const cutsBefore = /^\p{N}/u.test(wording) && /\p{N}[.,]?$/u.test(plain.slice(0, at))
    const cutsBehind = /\p{N}$/u.test(wording) && /^[.,]?\p{N}/u.test(plain.slice(at + wording.length))
    if (!cutsBefore && !cutsBehind) return true
  }
  return false
}

function fold(text: string): string {
  return text.toLowerCase().normalize('NFKC').replaceAll(/[’‘]/g, "'").replaceAll(/\s+/g, ' ')
}
