// A search without an answer: the numbered passages that the answer to this question would be made from.
import type { PageStarts } from '../../core/pages.ts'
import { wholeWords } from '../../core/terms.ts'
import type { Passage } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'
import { namesIn } from './features.ts'
import { fuse, type Scored } from './fuse.ts'
import { partsOf } from './parts.ts'
import { choosePassages, pagesOf } from './passages.ts'
import { type Found, retrieve, type RetrieveDeps } from './retrieve.ts'

/** `audiences`: for whom is searched; what is for others alone is not looked at. */
export type SearchDeps = RetrieveDeps & Pick<AnswerDeps, 'texts'>

type Result = { readonly found: Found; readonly passages: Passage[]; readonly pages: PageStarts }

/**
 * What was found for a stand-alone query, and the passages chosen from it, best first; of a query of several parts, in
 * turns from each. Throws StoreError.
 */
export async function search(query: string, library: string, deps: SearchDeps, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted()
  // Every wait in it at once: a client that has left must not hold its place while the database is stuck. A statement
  // that is under way ends on its own within its timeout.
  return await new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    searchThrough(wholeWords(query), library, deps, signal)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}

async function searchThrough(query: string, library: string, deps: SearchDeps, signal: AbortSignal): Promise<Result> {
  const found = await retrieve(query, library, deps, signal)
  const parts = await Promise.all(
    partsOf(query, () => namesFound(found)).map((part) => retrieve(part, library, deps, signal)),
  )
  const rankings = (parts.length > 0 ? parts : [found]).map((each) => deps.steps.rerank(each, fuse(each.candidates)))
  const passages = await choosePassages(interleaved(rankings), library, deps, signal)
  const wordsOnly = [found, ...parts].some((each) => each.wordsOnly)
  return {
    found: { ...found, parts, ...(wordsOnly && { wordsOnly }) },
    passages,
    pages: await pagesOf(passages, library, deps),
  }
}

function namesFound({ concepts, candidates }: Found): ReadonlySet<string> {
  return new Set(namesIn(concepts, candidates).flatMap(({ senses }) => senses[0]?.words ?? []))
}

/** The best of each, then the second of each, and so on; among those the better first, so that the first is the best. */
function interleaved(rankings: readonly (readonly Scored[])[]): Scored[] {
  const longest = Math.max(...rankings.map(({ length }) => length))
  return Array.from({ length: longest }, (_, rank) =>
    rankings.flatMap((each) => each[rank] ?? []).toSorted((a, b) => b.score - a.score),
  ).flat()
}
