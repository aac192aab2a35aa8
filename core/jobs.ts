// Jobs: documents that wait in the store for a process to learn them. A job belongs to a sync and ends with it.
import type { IngestOutcome } from './types.ts'

export type JobRef = { readonly library: string; readonly sync: string; readonly job: number }

/**
 * The right to write what became of a job. `token` counts its takers: the last one's is the one that holds, for as long
 * as the sync runs and nobody has written an outcome.
 */
export type Fence = JobRef & { readonly token: number }

/** `task` is plain data that can be written as JSON. */
export type JobToSend = {
  readonly library: string
  readonly sync: string
  readonly task: { readonly source: string }
  readonly bytes: Uint8Array
}

type TakenJob = { readonly fence: Fence; readonly task: unknown; readonly bytes: Uint8Array }

/** fault: neither this document nor any other can be learned, and the sync ends with it. */
export type JobOutcome =
  | IngestOutcome
  | { readonly type: 'fault'; readonly by: 'store' | 'model' | 'us'; readonly code: string; readonly message: string }

export type JobStore = {
  /** What became of jobs of this sync. Those that were heard of are forgotten, the others told again: a reply may be lost. */
  collect(
    library: string,
    sync: string,
    heard: readonly number[],
  ): Promise<{ readonly job: number; readonly outcome: JobOutcome }[]>
  /** Null: it is over, or nobody waits for it any more. Who took it before can write nothing from now on. */
  take(ref: JobRef): Promise<TakenJob | null>
  /** Throws StoreError `lease-lost`. */
  settle(fence: Fence, outcome: JobOutcome): Promise<void>
  /** Says why an attempt failed, should it have been the last one. */
  blame(fence: Fence, fault: string): Promise<void>
  /** After the last attempt: its document has failed, with the reason of that attempt. */
  giveUp(ref: JobRef): Promise<void>
  /** Processes that learn documents, and how many documents wait or are under way. */
  waiting(library: string): Promise<{ readonly workers: number; readonly documents: number }>
}

/** What is sent first is not always what is done first. */
export type Urgency = 'upload' | 'command' | 'rest'

/** One attempt at a job. Throws what failed: it is tried again later, so many times and no more. */
export type Attempt = (ref: JobRef, signal: AbortSignal) => Promise<void>

export type Queue = JobStore & {
  /** Durable, and on its way to a worker, when it resolves. */
  send(job: JobToSend, urgency: Urgency): Promise<number>
  /** From now on this process takes jobs, so many at once. */
  work(library: string, atOnce: number, attempt: Attempt): Promise<void>
  /** Gives back what is under way, and takes nothing more. */
  close(): Promise<void>
}
