// Tiny documents for the store: chunks as `cut` says, vectors of four numbers that a reader can check by hand.
import { createHash } from 'node:crypto'
import type { DocumentToSave, SearchRequest, Store } from '../../core/ports.ts'
import { queryTerms, termWeights } from '../../core/terms.ts'
import type { Candidate } from '../../core/types.ts'

export const space = { space: 'test/hand-made/4/1', dimensions: 4 }
export const never = new AbortController().signal

export type TinyChunk = {
  readonly text: string
  readonly headings?: readonly string[]
  readonly vector?: readonly number[]
}

/** One paragraph per chunk. The revision is the hash of the text, as an ingest makes it. */
export function tinyDocument(
  source: string,
  chunks: readonly TinyChunk[],
  more: {
    readonly library?: string
    readonly title?: string
    readonly space?: string
    readonly revision?: string
    readonly audience?: readonly string[]
  } = {},
): DocumentToSave {
  const text = chunks.map((chunk) => chunk.text).join('\n\n')
  const { title = source, audience = [] } = more
  let end = -2
  return {
    library: more.library ?? 'main',
    source,
    space: more.space ?? space.space,
    revision: more.revision ?? hash(JSON.stringify([title, chunks, audience])),
    parsed: { title, text, outline: [], boilerplate: [], url: null, publishedAt: null, authors: [], audience },
    chunks: chunks.map((chunk, ordinal) => {
      const start = end + 2
      end = start + chunk.text.length
      const headings = chunk.headings ?? [title]
      return {
        ordinal,
        headings,
        span: { start, end },
        text: chunk.text,
        contentHash: hash(chunk.text),
        terms: termWeights(headings, chunk.text),
        vector: Float32Array.from(chunk.vector ?? [1, 0, 0, 0]),
      }
    }),
  }
}

/** The texts found, best words first. */
export async function search(
  store: Store,
  question: string,
  { vector: values = null, ...more }: Partial<Omit<SearchRequest, 'vector'>> & { vector?: Float32Array | null } = {},
): Promise<Candidate[]> {
  const terms = new Map(queryTerms(question).map((term) => [term, 1]))
  const vector = values && { space: space.space, values }
  return await store.search.candidates({ library: 'main', terms, limit: 10, ...more, vector }, never)
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
