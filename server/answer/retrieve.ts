// Query → candidates, by words and by meaning at once, of what its readers may read.
import { embedderOf } from '../../core/embedding.ts'
import type { SearchRequest } from '../../core/ports.ts'
import { queryTerms } from '../../core/terms.ts'
import type { Candidate, Question } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'
import { type Concept, readConcepts, searchTerms } from './query.ts'
import { readableWords } from './readable.ts'

/** What a search brought back: what the query asks about, and the candidates. */
export type Found = {
  readonly query: string
  /** in which vectors were compared */
  readonly space: string
  readonly concepts: readonly Concept[]
  /** live chunks of the library, of those that the readers may read */
  readonly chunks: number
  readonly candidates: readonly Candidate[]
  /** the embedder did not answer */
  readonly wordsOnly?: true
  /** of a query of several parts: what each brought back that was searched for by itself */
  readonly parts?: readonly Found[]
}

// Enough for re-ranking: on the development questions the right chunk is outside of the first 60 of either ranking
// only where neither finds it at all.
const LIMIT = 60

export type RetrieveDeps = Pick<AnswerDeps, 'search' | 'words' | 'embedder' | 'steps' | 'report'> &
  Partial<Pick<AnswerDeps, 'sentenceEmbedder'>> &
  Pick<Question, 'audiences'>

export async function retrieve(
  query: string,
  library: string,
  deps: RetrieveDeps,
  signal: AbortSignal,
): Promise<Found> {
  const { audiences } = deps
  const state = await deps.search.state(library)
  const space = state.space ?? deps.embedder.space
  const [embedded, all, synonyms] = await Promise.all([
    embedQuery(query, space, deps, signal),
    deps.words(library, queryTerms(query), state),
    deps.steps.synonyms(),
  ])
  const isWord = (written: string) => deps.sentenceEmbedder?.knows?.(written) ?? false
  const known = audiences ? await readableWords(query, { library, audiences, synonyms, all }, deps.search) : all
  const concepts = readConcepts(query, synonyms, known, isWord)
  const terms = searchTerms(concepts)
  const vector = embedded === 'down' ? null : embedded
  const request = { library, terms, vector, limit: LIMIT, changes: state.changes, ...(audiences && { audiences }) }
  const candidates = await deps.search.candidates(request, signal)
  const found = { query, space, concepts, chunks: known.chunks, candidates }
  return embedded === 'down' ? { ...found, wordsOnly: true } : found
}

/** null when the text has no direction; then, and when the embedder of the space is down, the words decide alone. */
async function embedQuery(
  query: string,
  space: string,
  deps: Pick<AnswerDeps, 'embedder' | 'report'>,
  signal: AbortSignal,
): Promise<SearchRequest['vector'] | 'down'> {
  try {
    const embedder = await embedderOf(deps.embedder, space, signal)
    const [values] = await embedder.embed([query], 'query', signal)
    return values?.some((value) => value !== 0) ? { space, values } : null
  } catch (error) {
    signal.throwIfAborted()
    deps.report('embedding the question failed, searching by words alone', error)
    return 'down'
  }
}
