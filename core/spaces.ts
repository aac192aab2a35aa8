// Embedding spaces of a library, and the change from one to another: what is stored of them, and what a step of it tells.
import type { Span } from './types.ts'

/** A space that holds vectors of a library, or is searched. */
export type SpaceReport = {
  readonly space: string
  /** chunks that have a vector in it */
  readonly chunks: number
  /** the library is searched in it */
  readonly active: boolean
  /** it was searched before the active one */
  readonly former: boolean
}

/** Of one space, by the hashes of what was embedded. */
export type KnownVectors = { readonly space: string; readonly vectors: Map<string, Float32Array> }

export type ChunkToEmbed = { readonly chunkId: number; readonly headings: readonly string[]; readonly text: string }
export type ChunkVector = { readonly chunkId: number; readonly vector: Float32Array }

/** A question that was answered, or is known to be answered by certain documents. */
export type RecordedQuestion = {
  readonly question: string
  /** what backs its answer: the documents by id or by the end of their source, and the places in them where they are known */
  readonly cited: readonly { readonly document: string; readonly spans: readonly Span[] }[]
}

export type SpaceStore = {
  list(library: string): Promise<SpaceReport[]>
  /** Makes the space when it is new. Throws StoreError `wrong-dimensions`. */
  make(space: string, dimensions: number): Promise<void>
  /** How many chunks there are, and how many of them have no vector in this space. */
  count(library: string, space: string): Promise<{ readonly chunks: number; readonly missing: number }>
  /** Up to `limit` chunks without a vector in this space, by id, after the given one. */
  missing(library: string, space: string, after: number, limit: number): Promise<ChunkToEmbed[]>
  /** Keeps vectors of chunks that there still are. One of zeros is not kept: it has no direction. */
  fill(library: string, space: string, vectors: readonly ChunkVector[]): Promise<void>
  /**
   * From now on the library is searched in this space, and nothing is saved in between. The last few chunks without a
   * vector are embedded here; false, and nothing is changed, when there are more. `blank` are known to have none.
   */
  switch(library: string, space: string, blank: ReadonlySet<number>, embed: Embed): Promise<boolean>
  /** Forgets the vectors of a space that is not searched. Throws InputError. */
  drop(library: string, space: string): Promise<void>
  /** The last answered questions with what their answers cite, each question once. */
  recorded(library: string, limit: number): Promise<RecordedQuestion[]>
}

export type Embed = (texts: readonly string[]) => Promise<Float32Array[]>

export type ReembedPlan = {
  readonly from: string
  readonly to: string
  /** of the library, and those of them to embed */
  readonly chunks: number
  readonly missing: number
  /** about; 0 for the built-in embedder */
  readonly tokens: number
  /** null: nobody knows the price */
  readonly usd: number | null
  /** about */
  readonly ms: number
}

/** What a space finds for the recorded questions. */
export type SpaceFigures = {
  readonly space: string
  /** questions of which a cited document, and a cited place, is among the first five passages */
  readonly documents: number
  readonly places: number
  /** of one search, the embedding of its question included */
  readonly medianMs: number
}

export type SpaceComparison = {
  readonly questions: number
  /** those of them of which places are known */
  readonly withPlaces: number
  readonly from: SpaceFigures
  readonly to: SpaceFigures
  /** share of the first five passages that both find, on average; null: nothing was asked */
  readonly overlap: number | null
}

export type ReembedStep =
  | { readonly step: 'list' }
  | { readonly step: 'back' }
  | { readonly step: 'plan' | 'fill' | 'switch' | 'drop'; readonly model: string }
  | { readonly step: 'compare'; readonly model: string; readonly questions?: readonly RecordedQuestion[] | undefined }

export type ReembedEvent =
  | { readonly type: 'spaces'; readonly spaces: readonly SpaceReport[] }
  | ({ readonly type: 'planned' } & ReembedPlan)
  /** so far, of all that there is to embed at this moment */
  | {
      readonly type: 'filled'
      readonly done: number
      readonly total: number
      readonly tokens: number
      readonly usd: number | null
    }
  | ({ readonly type: 'compared' } & SpaceComparison)
  | { readonly type: 'switched'; readonly from: string; readonly to: string }
  | { readonly type: 'dropped'; readonly space: string }

/** One step of changing the embedding model. Throws InputError, StoreError and ModelError. */
export type Reembed = (step: ReembedStep, signal: AbortSignal) => AsyncIterable<ReembedEvent>
