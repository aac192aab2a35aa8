// What the pipeline needs from the outside. The store, the providers and the tests' fakes implement these.
import type {
  Answer,
  AnswerEvent,
  Candidate,
  Chunk,
  DocumentRef,
  Feedback,
  Heading,
  IngestEvent,
  Mode,
  ParsedDocument,
  Question,
  Rating,
  Span,
  StoredEvent,
  Turn,
  Usage,
} from './types.ts'

/** Texts to unit vectors. Vectors of two spaces are never compared. */
export type Embedder = {
  /** provider/model/dimensions/version: a change of any of them is another space */
  readonly space: string
  readonly dimensions: number
  /** One vector per text, same order, each of `dimensions` finite numbers. Throws ModelError. */
  embed(texts: readonly string[], kind: 'document' | 'query', signal: AbortSignal): Promise<Float32Array[]>
}

export type Message = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }

export type GeneratorEvent =
  | { readonly type: 'text'; readonly delta: string }
  | {
      readonly type: 'finish'
      readonly reason: 'stop' | 'length' | 'content-filter'
      readonly inputTokens: number
      readonly outputTokens: number
      /** left out where nobody knows what a token costs */
      readonly costUsd?: number
    }
  /** What a call that failed has cost all the same. Comes before its error, or before the text of the call after it. */
  | ({ readonly type: 'spent' } & Usage)

export type Generator = {
  readonly model: string
  /** Text as it is written, then one `finish`. Throws ModelError; leaving the loop cancels the call. */
  stream(messages: readonly Message[], signal: AbortSignal): AsyncIterable<GeneratorEvent>
}

export type ChunkToSave = Chunk & {
  readonly contentHash: string
  /** term → BM25 term weight of this chunk, idf not yet applied */
  readonly terms: ReadonlyMap<string, number>
  readonly vector: Float32Array
}

export type DocumentToSave = {
  readonly library: string
  readonly source: string
  readonly parsed: ParsedDocument
  readonly revision: string
  readonly chunks: readonly ChunkToSave[]
}

export type DocumentSummary = DocumentRef & {
  readonly chunks: number
  readonly characters: number
  readonly ingestedAt: string
}
export type DocumentText = DocumentRef & {
  readonly text: string
  readonly outline: readonly Heading[]
  /** places that are never evidence */
  readonly boilerplate: readonly Span[]
  readonly current: boolean
}

export type DocumentStore = {
  /** The revision an ingest of this source last saved, null when there is none. */
  currentRevision(library: string, source: string): Promise<string | null>
  /** Vectors of the active space already stored for chunks with these content hashes. */
  knownVectors(library: string, hashes: readonly string[]): Promise<Map<string, Float32Array>>
  /** Makes this revision the current one, whole or not at all. Older revisions stay readable. */
  save(document: DocumentToSave): Promise<void>
  /** The text of one revision (the current one by default), null when unknown. */
  find(library: string, id: string, revision?: string): Promise<DocumentText | null>
  /** Documents by id, after the given one. */
  list(library: string, limit: number, after?: string): Promise<DocumentSummary[]>
}

export type SearchRequest = {
  readonly library: string
  /** stemmed query term → weight */
  readonly terms: ReadonlyMap<string, number>
  readonly vector: Float32Array | null
  readonly limit: number
}

export type LibraryState = { readonly chunks: number; readonly changes: number }

export type SearchStore = {
  /** The union of the best `limit` by BM25 and the best `limit` by cosine, each with both figures. */
  candidates(request: SearchRequest, signal: AbortSignal): Promise<Candidate[]>
  /** Live chunks of the library, and a number that every save raises. Costs one row: asked with every question. */
  state(library: string): Promise<LibraryState>
  /** Every term of the library with the number of chunks that hold it. */
  vocabulary(library: string): Promise<ReadonlyMap<string, number>>
}

export type AnswerRecord = {
  readonly id: string
  readonly library: string
  readonly conversationId: string
  readonly question: string
  readonly mode: Mode
}

/** A finished answer in a list. `stale` names its citations whose quotes do not stand in their document's current text. */
export type AnswerSummary = {
  readonly id: string
  readonly conversationId: string
  readonly question: string
  readonly status: Answer['status']
  readonly askedAt: string
  readonly stale: readonly number[]
  readonly rating: Rating | null
}

/** Which finished answers a list holds: all that fulfil each condition that is not null. */
export type AnswerFilter = {
  /** with a stale citation */
  readonly stale: boolean
  readonly rating: Rating | null
  readonly conversationId: string | null
}

/** A finished answer, and what its reader thought of it; null: nothing was said. */
export type RatedAnswer = Answer & { readonly feedback: (Feedback & { readonly givenAt: string }) | null }

export type AnswerStore = {
  begin(record: AnswerRecord): Promise<void>
  /** Appends to the log; a terminal event also stores the answer. Acknowledged events survive a crash. */
  append(library: string, id: string, events: readonly StoredEvent[]): Promise<void>
  /** Events after `seq`, in order; null when the answer is unknown. */
  events(library: string, id: string, after: number): Promise<StoredEvent[] | null>
  find(library: string, id: string): Promise<RatedAnswer | null>
  /** Keeps what a reader says of a finished answer, in place of what was said before; null takes it back. */
  rate(library: string, id: string, feedback: Feedback | null): Promise<RatedAnswer | null>
  /** Says of answers that they are still under way. */
  renew(running: readonly { readonly library: string; readonly id: string }[]): Promise<void>
  /** How long ago that was said last of an answer, or that it begins; by the clock of the store. */
  silenceMs(library: string, id: string): Promise<number>
  /** The last `limit` finished exchanges of a conversation, oldest first. */
  turns(library: string, conversationId: string, limit: number): Promise<Turn[]>
  /** Finished answers, the newest first by when they were asked, after the given one. */
  list(library: string, only: AnswerFilter, limit: number, after?: string): Promise<AnswerSummary[]>
}

/** What a model wrote, by the hash of all that it was sent. Holds so many, and none for ever. */
export type ReplyStore = {
  find(library: string, key: string): Promise<string | null>
  keep(library: string, key: string, reply: string): Promise<void>
}

/** Money set aside for a call that is being made; it belongs to a day even when the call ends on the next. */
export type Reservation = { readonly day: string; readonly usd: number }

export type SpendingStore = {
  /** Sets `usd` aside, unless the day would then exceed `limitUsd`: null, and nothing is set aside. Throws StoreError. */
  reserve(library: string, usd: number, limitUsd: number): Promise<Reservation | null>
  /** Adds what a call has cost to its day's totals, in place of what was set aside for it. */
  settle(library: string, usage: Usage, reserved: Reservation | null): Promise<void>
}

export type Store = {
  readonly documents: DocumentStore
  readonly search: SearchStore
  readonly answers: AnswerStore
  readonly replies: ReplyStore
  readonly spending: SpendingStore
  /** Throws StoreError when the database does not answer. */
  ping(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** One answer under way: what `server/answer` gives to every surface. */
export type Answering = (question: Question, signal: AbortSignal) => AsyncIterable<AnswerEvent>

/** Learns files and folders, one document at a time; one event per source, `finished` last. Throws StoreError or ModelError. */
export type Ingesting = (paths: readonly string[], signal: AbortSignal) => AsyncIterable<IngestEvent>
