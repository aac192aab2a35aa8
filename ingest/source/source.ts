// What ingest knows of where documents come from: an origin names its sources, and each can be loaded by itself.
import { createHash } from 'node:crypto'
import type { SourceError } from '../../core/errors.ts'
import type { Seen } from '../../core/origins.ts'
import type { Skipped } from './folder.ts'

/** What the source knows of a document besides its bytes, where that does not say it itself. */
export type Hints = {
  readonly title?: string
  readonly url?: string
  readonly publishedAt?: string
  readonly authors?: readonly string[]
  /** it is the document's own word, as the other columns of a row are, and stands above what its text seems to say */
  readonly stands?: true
  /** as core/audience.ts writes names; it narrows the audience that a document gives itself and never widens it */
  readonly audience?: readonly string[]
  /** a name whose ending tells the format, where the source's own does not */
  readonly fileName?: string
}

export type Loaded = {
  readonly bytes: Uint8Array
  /** With `; charset=utf-8` when the transport named an encoding: the bytes are UTF-8 then, whatever the markup says. */
  readonly mediaType: string | null
  readonly seen: Seen
  readonly hints: Hints
}

/** One thing that can be learned. `source` is its identity: a path or a URL. */
export type SourceEntry = {
  readonly source: string
  /** Throws SourceError; the code `gone` means that it is not there any more. An abort is passed on as it is. */
  load(seen: Seen | null, signal: AbortSignal): Promise<Loaded | 'unchanged'>
}

export type OriginEvent =
  | { readonly type: 'entry'; readonly entry: SourceEntry }
  | ({ readonly type: 'skipped' } & Skipped)
  | { readonly type: 'fault'; readonly error: SourceError }
  /** The last event. `complete`: all that there is was named, so what was not named is gone. Never true after a fault. */
  | { readonly type: 'end'; readonly complete: boolean }

/** JSON that an origin keeps from one listing to the next. Losing it costs transfers and nothing else. */
export type OriginMemory = { get(): unknown; set(value: unknown): void }

export type Origin = {
  readonly name: string
  readonly kind: string
  /** as `parseSchedule` reads it; null: only when asked */
  readonly schedule: string | null
  /** whom its documents are for; none: everyone */
  readonly audience: readonly string[]
  /** Entries may be loaded while the listing goes on. Throws nothing but an abort. */
  list(memory: OriginMemory, signal: AbortSignal): AsyncIterable<OriginEvent>
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
