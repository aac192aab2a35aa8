// A sync: one run of an ingest as a stored thing, with what it did to each source, and what can be asked of it.
import type { OriginState } from './origins.ts'
import type { IngestEvent, IngestReport } from './types.ts'

export type SyncTrigger = 'start' | 'command' | 'upload' | 'schedule' | 'undo'

/** interrupted: its process ended before it did */
type SyncState = 'running' | 'finished' | 'interrupted' | 'cancelled' | 'failed'

export type Sync = {
  readonly id: string
  readonly trigger: SyncTrigger
  /** what was asked for: folders and files, `source:` and the name of one of sources.yaml, or the names of uploads */
  readonly roots: readonly string[]
  readonly state: SyncState
  readonly beganAt: string
  readonly endedAt: string | null
  /** sources that were found, and those that are done with */
  readonly total: number
  readonly done: number
  /** the name of the source that is read; null: it runs no more, or reads files */
  readonly reading: string | null
  readonly report: IngestReport
  /** why it failed */
  readonly fault: { readonly code: string; readonly message: string } | null
  /** the sync that took back what this one changed */
  readonly undoneBy: string | null
}

/** What a sync did to one source. kept: it is gone, and too many were for the document to be removed. */
export type SyncOutcome = {
  readonly type: 'learned' | 'changed' | 'restored' | 'removed' | 'kept' | 'failed' | 'skipped'
  readonly source: string
  /** id of the document; null: there is none */
  readonly document: string | null
  readonly code: string | null
  readonly message: string | null
}

/** What a sync did to a document: `before` is null where it was not there, or was removed. */
export type SyncChange = {
  /** restored: what an undo learns or changes */
  readonly type: 'learned' | 'changed' | 'restored' | 'removed'
  readonly source: string
  readonly document: string
  readonly before: string | null
  readonly after: string | null
  /** whom it was for before */
  readonly audience: readonly string[]
}

export type SourceFailure = { readonly source: string; readonly code: string; readonly message: string }

export type SyncToBegin = { readonly id: string; readonly trigger: SyncTrigger; readonly roots: readonly string[] }
export type SyncProgress = Pick<Sync, 'total' | 'done' | 'reading' | 'report'>
export type SyncEnd = Omit<SyncProgress, 'reading'> &
  Pick<Sync, 'fault'> & { readonly state: Exclude<SyncState, 'running'> }

export type SyncStore = {
  begin(library: string, sync: SyncToBegin): Promise<void>
  /** Says that it still runs, and how far it is; hears whether somebody wants it to end, or took it for dead. */
  renew(library: string, id: string, progress: SyncProgress): Promise<'running' | 'to-cancel' | 'over'>
  /** Asks whichever process runs it to end it; from now on it changes nothing. False: it does not run. */
  cancel(library: string, id: string): Promise<boolean>
  /** Of one that runs. Its jobs go with it. */
  end(library: string, id: string, end: SyncEnd): Promise<void>
  /** What became of sources that changed nothing in the library. */
  note(library: string, id: string, outcomes: readonly Omit<SyncOutcome, 'document'>[]): Promise<void>
  /** Calls interrupted what says that it runs, is none of these, and has said nothing for so long. */
  closeDead(library: string, running: readonly string[], silentMs: number): Promise<void>
  find(library: string, id: string): Promise<Sync | null>
  /** The newest first, after the given one. */
  list(library: string, limit: number, after?: string): Promise<Sync[]>
  /** What it did, in order. */
  outcomes(library: string, id: string, limit: number): Promise<SyncOutcome[]>
  changes(library: string, id: string): Promise<SyncChange[]>
  /** Says that one sync was undone by another. */
  markUndone(library: string, id: string, by: string): Promise<void>
  /** Sources that cannot be learned as they are at present, by name. */
  failures(library: string, limit: number): Promise<SourceFailure[]>
  /** Adds failures, and takes back those of sources that are fine or gone, and all others of these roots. */
  settle(
    library: string,
    failed: readonly (SourceFailure & { readonly root?: string | null })[],
    fine: readonly string[],
    roots?: readonly string[],
  ): Promise<void>
}

export type SyncRequest = {
  readonly trigger: SyncTrigger
  readonly paths: readonly string[]
  /** of sources.yaml, by name; none: all of them. Left out: none is read */
  readonly sources?: readonly string[]
  /** removals are done however many they are */
  readonly allowDeletes?: boolean
}

/** What a sync would do. Names are bounded, counts are whole. */
export type SyncPlan = {
  readonly added: PlannedSources
  readonly changed: PlannedSources
  readonly removed: PlannedSources
  readonly failed: { readonly count: number; readonly some: readonly SourceFailure[] }
  readonly unchanged: number
  readonly skipped: number
  /** of what would be learned */
  readonly bytes: number
  readonly chunks: number
  /** chunks without a known vector, and about how many tokens they have; 0 for the built-in embedder */
  readonly embedded: number
  readonly tokens: number
  /** null: the model has no price */
  readonly usd: number | null
  /** by the speed of the last syncs; null: there was none to go by */
  readonly ms: number | null
  /** why such a sync would stop before it changed anything, or keep what is gone; null: it would not */
  readonly refused: string | null
  /** of which these are those of the sources of sources.yaml that were asked for */
  readonly sources: readonly PlannedOrigin[]
}

/** Counts. `complete`: all that there is was named, so that what was not is gone. */
export type PlannedOrigin = Omit<OriginState, 'nextAt'> & {
  readonly added: number
  readonly changed: number
  readonly removed: number
  readonly failed: number
  readonly unchanged: number
  readonly skipped: number
  readonly complete: boolean
}

type PlannedSources = { readonly count: number; readonly some: readonly string[] }

/** Bytes under a name, as somebody sent them. */
export type Upload = {
  /** without a folder */
  readonly name: string
  readonly bytes: Uint8Array
  readonly said: UploadSaid
}

/** What an upload says of itself, in place of what its text says. */
export type UploadSaid = {
  readonly title?: string
  readonly url?: string
  readonly authors?: readonly string[]
  readonly audience?: readonly string[]
}

/** Every sync of this process, under way and stored. */
export type Syncing = {
  /** Learns as it is read; `began` first, `finished` last. Throws InputError, StoreError or ModelError. */
  readonly run: (request: SyncRequest, signal: AbortSignal) => AsyncIterable<IngestEvent>
  readonly upload: (uploads: readonly Upload[], signal: AbortSignal) => AsyncIterable<IngestEvent>
  /** Removes an uploaded document. Throws NotFoundError, or InputError `not-uploaded`. Returns the sync's id. */
  readonly remove: (document: string, signal: AbortSignal) => Promise<string>
  /** Takes back what a sync changed; null: the last one that changed something. Throws InputError with the reason why it cannot. */
  readonly undo: (id: string | null, signal: AbortSignal) => AsyncIterable<IngestEvent>
  /** Writes nothing. Throws ConfigError or InputError. */
  readonly plan: (request: Pick<SyncRequest, 'paths' | 'sources'>, signal: AbortSignal) => Promise<SyncPlan>
  /** Sources of sources.yaml, as they stand there. */
  readonly origins: () => Promise<OriginState[]>
  /** A page of the web as something to upload. Throws SourceError with the reason why it is not. */
  readonly fetchPage: (url: string, signal: AbortSignal) => Promise<Upload>
  /** Syncs with how far they are now, the newest first. */
  readonly list: (limit: number, after?: string) => Promise<Sync[]>
  readonly find: (id: string) => Promise<Sync | null>
  /** Its state again and again, whenever it has changed, until the last one, which is not `running`. Null: unknown. */
  readonly follow: (id: string, signal: AbortSignal) => Promise<AsyncIterable<Sync> | null>
  /** In whichever process it runs. False: it runs in none. */
  readonly cancel: (id: string) => Promise<boolean>
  /** From now on sources are read when their schedules say so. */
  readonly begin: () => void
  /** Stops what runs; nothing begins from now on. */
  readonly drain: (deadlineMs: number) => Promise<void>
}
