// How many of the facts that a right answer needs are in its text?

/** Share of the facts of which an acceptable string is in the text, any case; 1 when none is asked for. */
export function factCoverage(facts: readonly (readonly string[])[], text: string): number {
  if (facts.length === 0) return 1
  const plain = fold(text)
  return facts.filter((fact) => fact.some((wording) => plain.includes(fold(wording)))).length / facts.length
}

function fold(text: string): string {
  return text.toLowerCase().normalize('NFKC').replaceAll(/[’‘]/g, "'").replaceAll(/\s+/g, ' ')
}
