// Query → candidates, by words and by meaning at once.
import { idf, queryTerms } from '../../core/terms.ts'
import type { Candidate } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'

/** What a search brought back: the query's terms with their rarity in this library, and the candidates. */
export type Found = {
  readonly query: string
  /** term → idf, rarest words weigh most; words the library does not hold included */
  readonly terms: ReadonlyMap<string, number>
  /** terms that no chunk of the library holds */
  readonly unknown: readonly string[]
  readonly candidates: readonly Candidate[]
}

// Enough for re-ranking: on the development questions the right chunk is outside of the first 50 of either ranking
// only where neither finds it at all.
const LIMIT = 60

export async function retrieve(
  query: string,
  library: string,
  deps: Pick<AnswerDeps, 'search' | 'embedder' | 'report'>,
  signal: AbortSignal,
): Promise<Found> {
  const terms = queryTerms(query)
  const [vector, frequencies] = await Promise.all([
    embedQuery(query, deps, signal),
    deps.search.frequencies(library, terms),
  ])
  const rarity = new Map(terms.map((term) => [term, idf(frequencies.chunks, frequencies.holding.get(term) ?? 0)]))
  const weights = new Map(terms.map((term) => [term, 1]))
  const candidates = await deps.search.candidates({ library, terms: weights, vector, limit: LIMIT }, signal)
  return { query, terms: rarity, unknown: terms.filter((term) => !frequencies.holding.has(term)), candidates }
}

/** null when the text has no direction, or the embedder is down: then the words decide alone. */
async function embedQuery(
  query: string,
  deps: Pick<AnswerDeps, 'embedder' | 'report'>,
  signal: AbortSignal,
): Promise<Float32Array | null> {
  try {
    const [vector] = await deps.embedder.embed([query], 'query', signal)
    return vector?.some((value) => value !== 0) ? vector : null
  } catch (error) {
    signal.throwIfAborted()
    deps.report('embedding the question failed, searching by words alone', error)
    return null
  }
}
