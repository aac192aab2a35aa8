// The steps of an answer that judge, in one place: whoever measures what one of them brings puts another in its place.
import { weigh } from './evidence.ts'
import { chooseSentences } from './extract.ts'
import { createGrounds } from './ground.ts'
import { rerank } from './rerank.ts'
import { loadSynonyms } from './synonyms.ts'

/** The words to look for beside those of the question, the order of what was found, enough or not, what is quoted, what backs a sentence. */
export type Steps = {
  readonly synonyms: typeof loadSynonyms
  readonly rerank: (...found: Parameters<typeof rerank>) => ReturnType<typeof rerank>
  readonly weigh: typeof weigh
  readonly choose: typeof chooseSentences
  readonly ground: typeof createGrounds
}

export const shipped: Steps = { synonyms: loadSynonyms, rerank, weigh, choose: chooseSentences, ground: createGrounds }
