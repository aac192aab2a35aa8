// Two embedding spaces on the same questions: what a search finds in each, and how much of it both find.
import type { Passage, Span } from '../../core/types.ts'
import type { RecordedQuestion, SpaceComparison, SpaceFigures } from '../../core/spaces.ts'
import type { AnswerDeps } from './answer.ts'
import { search } from './search.ts'

// As many as a reader looks at, and as the quality bars count.
const FIRST = 5

type Asked = { readonly first: readonly Passage[]; readonly ms: number }

export async function compareSpaces(
  questions: readonly RecordedQuestion[],
  spaces: { readonly from: string; readonly to: string },
  library: string,
  deps: AnswerDeps,
  signal: AbortSignal,
): Promise<SpaceComparison> {
  const [from, to] = [inSpace(deps, spaces.from), inSpace(deps, spaces.to)]
  const rows: { readonly recorded: RecordedQuestion; readonly from: Asked; readonly to: Asked }[] = []
  // In turns, so that a busy moment slows both; the first one, which loads what is loaded once, is asked before.
  const [warming] = questions
  if (warming) await Promise.all([from, to].map(async (each) => await ask(warming, library, each, signal)))
  for (const recorded of questions)
    rows.push({
      recorded,
      from: await ask(recorded, library, from, signal),
      to: await ask(recorded, library, to, signal),
    })
  const figures = (space: string, which: 'from' | 'to'): SpaceFigures => ({
    space,
    documents: rows.filter((row) => findsDocument(row.recorded, row[which].first)).length,
    places: rows.filter((row) => findsPlace(row.recorded, row[which].first)).length,
    medianMs: median(rows.map((row) => row[which].ms)),
  })
  const shares = rows.map((row) => shared(row.from.first, row.to.first))
  return {
    questions: rows.length,
    withPlaces: questions.filter(({ cited }) => cited.some(({ spans }) => spans.length > 0)).length,
    from: figures(spaces.from, 'from'),
    to: figures(spaces.to, 'to'),
    overlap: shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length,
  }
}

/** The same library, searched in this space whichever is active. Where it cannot be embedded, the comparison says so. */
function inSpace(deps: AnswerDeps, space: string): AnswerDeps {
  const { search: store } = deps
  const report = (message: string, error: unknown) => {
    deps.report(message, error)
    if (error !== null) throw error
  }
  return {
    ...deps,
    report,
    search: { ...store, state: async (library) => ({ ...(await store.state(library)), space }) },
  }
}

async function ask(
  { question }: RecordedQuestion,
  library: string,
  deps: AnswerDeps,
  signal: AbortSignal,
): Promise<Asked> {
  const began = performance.now()
  const { passages } = await search(question, library, deps, signal)
  return { first: passages.slice(0, FIRST), ms: Math.round((performance.now() - began) * 10) / 10 }
}

function findsDocument({ cited }: RecordedQuestion, first: readonly Passage[]): boolean {
  return first.some((passage) => cited.some(({ document }) => isOf(passage, document)))
}

function findsPlace({ cited }: RecordedQuestion, first: readonly Passage[]): boolean {
  return first.some((passage) =>
    cited.some(({ document, spans }) => isOf(passage, document) && spans.some((span) => touch(passage.span, span))),
  )
}

/** By its id, or by the end of its source: whoever writes questions knows files. */
function isOf({ document: { id, source } }: Passage, named: string): boolean {
  return id === named || source === named || source.endsWith(`/${named}`)
}

function touch(one: Span, other: Span): boolean {
  return one.start < other.end && other.start < one.end
}

/** Of the passages of both, those that the other one has as well. */
function shared(one: readonly Passage[], other: readonly Passage[]): number {
  const longest = Math.max(one.length, other.length)
  const both = one.filter((passage) =>
    other.some(({ document, span }) => document.id === passage.document.id && touch(span, passage.span)),
  )
  return longest === 0 ? 1 : both.length / longest
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
