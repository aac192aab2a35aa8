// What the pipeline needs from the outside. The store, the providers and the tests' fakes implement these.
import type { AccessStores } from './access.ts'
import type { AnswerOwners, ConversationStore, RatedAnswer } from './conversations.ts'
import type { HostStore } from './hosts.ts'
import type { InboxStore } from './inbox.ts'
import type { Fence, JobStore } from './jobs.ts'
import type { KeptSeen, OriginStore, SeenStore } from './origins.ts'
import type { RepeatStore } from './repeats.ts'
import type { Connections, ReportStore } from './reports.ts'
import type { KnownVectors, SpaceStore } from './spaces.ts'
import type { SpendingStore } from './spending.ts'
import type { SyncStore, Upload } from './syncs.ts'
import type {
  Answer,
  AnswerEvent,
  Candidate,
  Chunk,
  DocumentRef,
  Feedback,
  Heading,
  IngestOutcome,
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
  /** Whether people write this word: then it is no slip of the fingers. Left out where the embedder has no list of words. */
  knows?(word: string): boolean
  /** The embedder of another space, opened when it is first asked for; left out where there is no other. Throws ModelError. */
  inSpace?(space: string, signal: AbortSignal): Promise<Embedder>
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
  /** of the vectors */
  readonly space: string
  /** the folder, file or upload that it came from; missing: it is left as it was */
  readonly root?: string
  /** what its source was; missing: it is loaded again whatever it says */
  readonly seen?: KeptSeen
  /** the sync whose change this is */
  readonly sync?: string
  /** the bytes that it was made of, to be kept; missing: none are, and none that are kept are touched */
  readonly upload?: Upload & { readonly learnedWith: string }
  /** the job that this is done for, which is over with it; the outcome as it is if the document is new */
  readonly job?: { readonly fence: Fence; readonly outcome: Extract<IngestOutcome, { type: 'learned' | 'changed' }> }
}

/** What is known of a document before its source is looked at. */
export type KnownDocument = {
  readonly id: string
  readonly source: string
  readonly revision: string
  /** it was kept from everyone since it was saved, and has to be saved again */
  readonly isClosed: boolean
  /** null: learned before this was kept */
  readonly root: string | null
  readonly seen: KeptSeen | null
}

/** An uploaded document, and the bytes that it was made of. */
export type KeptUpload = Upload & { readonly id: string; readonly source: string }

export type DocumentSummary = DocumentRef & {
  /** none: it does not say */
  readonly authors: readonly string[]
  /** none: it is for everyone */
  readonly audience: readonly string[]
  readonly chunks: number
  readonly characters: number
  readonly ingestedAt: string
}
export type DocumentText = DocumentRef & {
  /** of this revision; none: it does not say */
  readonly authors: readonly string[]
  readonly text: string
  readonly outline: readonly Heading[]
  /** places that are never evidence */
  readonly boilerplate: readonly Span[]
  /** where each page begins in the text; none: it has no pages, or was learned before they were kept */
  readonly pages: readonly number[]
  readonly current: boolean
  /** of the document as it is now, whichever revision this is */
  readonly audience: readonly string[]
  /** when the document was removed, which only its citations survive; null: it is in the library */
  readonly removedAt: string | null
}

export type DocumentStore = SeenStore & {
  /** By source: all documents that are not removed, or those of them that have one of these sources. */
  known(library: string, sources?: readonly string[]): Promise<Map<string, KnownDocument>>
  /** The active space, and its vectors already stored for chunks with these content hashes. */
  knownVectors(library: string, hashes: readonly string[]): Promise<KnownVectors>
  /**
   * Makes this revision the current one, whole or not at all. Older revisions stay readable. Throws a StoreError
   * `other-space` that passes when the library is searched in another space by now: the chunks are to be embedded anew;
   * and StoreError `lease-lost` when its sync does not run any more, or its job is not held.
   */
  save(document: DocumentToSave): Promise<'learned' | 'changed' | 'unchanged'>
  /**
   * Takes a document out of the library, whole or not at all: nothing finds it any more, and its revisions stay readable.
   * False when it is not in this revision, or was removed before. `sync` is whose change this is.
   */
  remove(library: string, id: string, revision: string, sync?: string): Promise<boolean>
  /**
   * Forgets documents that were removed, and revisions that others took the place of, so many days ago: those that no
   * stored answer points at and, of revisions, no undo needs. Returns how many.
   */
  purge(library: string, afterDays: number): Promise<number>
  /** Uploaded documents that were learned with anything else than this. */
  uploadsToLearn(library: string, learnedWith: string): Promise<string[]>
  /** Null: there are no bytes of its current revision. */
  upload(library: string, id: string): Promise<KeptUpload | null>
  /**
   * Until it is saved again, nobody who is limited to audiences finds the document of this source, if there is one.
   * Nothing happens where the fence does not hold.
   */
  keepFromAll(library: string, source: string, fence?: Fence): Promise<void>
  /** The text of one revision (the current one by default), null when unknown. */
  find(library: string, id: string, revision?: string): Promise<DocumentText | null>
  /** How many there are. */
  count(library: string): Promise<number>
  /** Documents by id, after the given one; with `words` those that have them in their title or source. */
  list(library: string, limit: number, after?: string, words?: string): Promise<DocumentSummary[]>
}

export type SearchRequest = {
  readonly library: string
  /** stemmed query term → weight */
  readonly terms: ReadonlyMap<string, number>
  /** of the query, and the space that it is compared in: that of the embedder which made it */
  readonly vector: { readonly space: string; readonly values: Float32Array } | null
  readonly limit: number
  /** as `Question.audiences`, in any writing: nothing else is looked at; missing: everything is */
  readonly audiences?: readonly string[]
  /** those of the state that the query was read in: what is in memory of that state need not be read again */
  readonly changes?: number
}

/** `space`: in which it is searched; null: it was never opened. */
export type LibraryState = { readonly chunks: number; readonly changes: number; readonly space: string | null }

/** Live chunks of a library, and term → number of chunks that hold it. */
export type LibraryWords = { readonly chunks: number; readonly vocabulary: ReadonlyMap<string, number> }

export type SearchStore = {
  /** The union of the best `limit` by BM25 and the best `limit` by cosine, each with both figures. */
  candidates(request: SearchRequest, signal: AbortSignal): Promise<Candidate[]>
  /** Live chunks of the library, a number that every save raises, and its space. Costs one row: asked with every question. */
  state(library: string): Promise<LibraryState>
  /** Every term of the library with the number of chunks that hold it. */
  vocabulary(library: string): Promise<ReadonlyMap<string, number>>
  /** Of the chunks for these audiences: how many there are, and how many hold each of these terms. One held by none is left out. */
  readable(library: string, audiences: readonly string[], terms: readonly string[]): Promise<LibraryWords>
}

export type AnswerRecord = {
  readonly id: string
  readonly library: string
  readonly conversationId: string
  readonly question: string
  readonly mode: Mode
  readonly audiences?: readonly string[]
  /** whose a conversation becomes that begins with it; null or left out: nobody's */
  readonly owner?: string | null
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

/** Which finished answers a list holds: all that fulfil each condition that is not null, and is there. */
export type AnswerFilter = {
  /** with a stale citation */
  readonly stale: boolean
  readonly rating: Rating | null
  readonly conversationId: string | null
  readonly owner?: string | null
}

export type AnswerStore = AnswerOwners & {
  /** Throws StoreError `store-not-yours` when its conversation has another owner. */
  begin(record: AnswerRecord): Promise<void>
  /** Appends to the log; a terminal event also stores the answer. Acknowledged events survive a crash. */
  append(library: string, id: string, events: readonly StoredEvent[]): Promise<void>
  /** Events after `seq`, in order; null when the answer is unknown. */
  events(library: string, id: string, after: number): Promise<StoredEvent[] | null>
  find(library: string, id: string): Promise<RatedAnswer | null>
  /** Whom it was asked for, as `Question.audiences`; null: without a limit, or it is unknown. */
  audiences(library: string, id: string): Promise<readonly string[] | null>
  /** Keeps what a reader says of a finished answer, in place of what was said before; null takes it back. */
  rate(library: string, id: string, feedback: Feedback | null): Promise<RatedAnswer | null>
  /** Says of answers that they are still under way. */
  renew(running: readonly { readonly library: string; readonly id: string }[]): Promise<void>
  /** How long ago that was said last of an answer, or that it begins; by the clock of the store. */
  silenceMs(library: string, id: string): Promise<number>
  /**
   * The last `limit` finished exchanges of a conversation, oldest first. With audiences only those that were asked for
   * some of the same, and for no others: the rest may say what these may not read.
   */
  turns(library: string, conversationId: string, limit: number, audiences?: readonly string[]): Promise<Turn[]>
  /** Finished answers, the newest first by when they were asked, after the given one. */
  list(library: string, only: AnswerFilter, limit: number, after?: string): Promise<AnswerSummary[]>
}

/** What a model wrote, by the hash of all that it was sent. Holds so many, and none for ever. */
export type ReplyStore = {
  find(library: string, key: string): Promise<string | null>
  keep(library: string, key: string, reply: string): Promise<void>
}

export type Store = AccessStores & {
  readonly documents: DocumentStore
  readonly search: SearchStore
  readonly answers: AnswerStore
  readonly conversations: ConversationStore
  readonly replies: ReplyStore
  readonly repeats: RepeatStore
  readonly spending: SpendingStore
  readonly reports: ReportStore
  readonly inbox: InboxStore
  readonly syncs: SyncStore
  readonly jobs: JobStore
  readonly hosts: HostStore
  readonly origins: OriginStore
  readonly spaces: SpaceStore
  /** Of this process to the database, now. */
  connections(): Connections
  /** Throws StoreError when the database does not answer. */
  ping(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** One answer under way: what `server/answer` gives to every surface. */
export type Answering = (question: Question, signal: AbortSignal) => AsyncIterable<AnswerEvent>
