// A stored answer against the stored texts: every place in which one is not what the other says, as a sentence.

type Span = { readonly start: number; readonly end: number }
type Place = { readonly document: { readonly id: string; readonly revision: string }; readonly span: Span }

/** The parts of the HTTP answer that can be compared (design §4.1). */
export type StoredAnswer = {
  readonly id: string
  readonly answer: string
  readonly statements: readonly (Span & { readonly citations: readonly number[] })[]
  readonly citations: readonly (Place & { readonly n: number; readonly passage: number; readonly quote: string })[]
  readonly passages: readonly (Place & { readonly n: number; readonly text: string })[]
  readonly nearest: readonly (Place & { readonly n: number; readonly text: string })[]
}

/** The text of a revision, null when it is not stored. */
export type TextOf = (document: Place['document']) => Promise<string | null>

export async function faultsOf(answer: StoredAnswer, textOf: TextOf): Promise<string[]> {
  const places = [
    ...answer.citations.map((each) => ({ name: `citation ${each.n}`, words: each.quote, ...each })),
    ...answer.passages.map((each) => ({ name: `passage ${each.n}`, words: each.text, ...each })),
    ...answer.nearest.map((each) => ({ name: `nearest passage ${each.n}`, words: each.text, ...each })),
  ]
  const differences: string[] = []
  for (const { name, words, ...place } of places) {
    const difference = differenceOf(words, place, await textOf(place.document))
    if (difference) differences.push(`${name}: ${difference}`)
  }
  return [...differences, ...citationFaults(answer), ...statementFaults(answer)]
}

/** Where the words first differ from the text at their place. Offsets are UTF-16 code units; the byte is that of UTF-8. */
function differenceOf(words: string, { document, span }: Place, text: string | null): string | null {
  const where = `${document.id} in revision ${document.revision}`
  if (text === null) return `there is no ${where}`
  const stored = text.slice(span.start, span.end)
  if (stored === words) return null
  const at = commonLength(words, stored)
  const byte = Buffer.byteLength(text.slice(0, span.start + at))
  return `differs at character ${span.start + at} (byte ${byte}) of ${where}: ${shown(words, at)}, stored is ${shown(stored, at)}`
}

/** How many characters both begin with; never half of one. */
function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return a.slice(0, length).isWellFormed() ? length : length - 1
}

function shown(text: string, at: number): string {
  return at >= text.length ? 'nothing' : JSON.stringify(text.slice(at, at + 20))
}

function citationFaults({ answer, citations, passages }: StoredAnswer): string[] {
  const outside = citations.filter(({ passage, document, span }) => {
    const read = passages.find(({ n }) => n === passage)
    return (
      read?.document.id !== document.id ||
      read.document.revision !== document.revision ||
      span.start < read.span.start ||
      span.end > read.span.end
    )
  })
  const marked = new Set(Array.from(answer.matchAll(/\[(\d+)\]/g), ([, n]) => Number(n)))
  return [
    ...outside.map(({ n, passage }) => `citation ${n}: does not lie in passage ${passage}`),
    ...missing([...marked], citations).map((n) => `the text: cites ${n}, which there is not`),
  ]
}

function statementFaults({ answer, statements, citations }: StoredAnswer): string[] {
  let before = 0
  return statements.flatMap(({ start, end, citations: cited }, index) => {
    const isIn = start >= before && end > start && end <= answer.length
    before = end
    const name = `statement ${index + 1}`
    return [
      ...(isIn ? [] : [`${name}: [${start}, ${end}) is no place of its own in the answer`]),
      ...missing(cited, citations).map((n) => `${name}: cites ${n}, which there is not`),
    ]
  })
}

function missing(numbers: readonly number[], citations: StoredAnswer['citations']): number[] {
  return numbers.filter((each) => citations.every(({ n }) => n !== each))
}
