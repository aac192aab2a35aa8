// A search without an answer: the numbered passages that the answer to this question would be made from.
import type { Passage } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'
import { fuse } from './fuse.ts'
import { choosePassages } from './passages.ts'
import { type Found, retrieve } from './retrieve.ts'

export type SearchDeps = Pick<AnswerDeps, 'search' | 'texts' | 'words' | 'embedder' | 'steps' | 'report'>

type Result = { readonly found: Found; readonly passages: Passage[] }

/** What was found for a stand-alone query, and the passages chosen from it, best first. Throws StoreError. */
export async function search(query: string, library: string, deps: SearchDeps, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted()
  // Every wait in it at once: a client that has left must not hold its place while the database is stuck. A statement
  // that is under way ends on its own within its timeout.
  return await new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    searchThrough(query, library, deps, signal)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}

async function searchThrough(query: string, library: string, deps: SearchDeps, signal: AbortSignal): Promise<Result> {
  const found = await retrieve(query, library, deps, signal)
  const passages = await choosePassages(deps.steps.rerank(found, fuse(found.candidates)), library, deps, signal)
  return { found, passages }
}
