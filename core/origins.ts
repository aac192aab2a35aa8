// What is remembered of the sources of sources.yaml and of what was read of them.

/** What a source was when it was last read: given back to it, so that what is unchanged is not sent again. */
export type Seen = {
  readonly etag?: string
  readonly lastModified?: string
  /** the address that both are of, when it was sent on to that */
  readonly at?: string
  /** of the bytes that were loaded */
  readonly hash?: string
  /** of the file in git */
  readonly commit?: string
}

/** It says something only to who would learn it in the same way. */
export type KeptSeen = { readonly seen: Seen; readonly learnedWith: string }

/** What documents remember of where they came from. */
export type SeenStore = {
  /** Keeps of a document in this revision what its source was and where it belongs; nothing else of it changes. */
  see(
    library: string,
    id: string,
    revision: string,
    kept: { readonly seen: KeptSeen; readonly root: string },
  ): Promise<void>
  /** Says of documents that were learned before roots were kept where they came from. */
  adopt(library: string, root: string, ids: readonly string[]): Promise<void>
}

/** Who reads a source, since when, and how long that is believed without a word. */
type Holding = { readonly holder: string; readonly now: Date; readonly leaseMs: number }

/** What is remembered of the sources of sources.yaml, by name. `now` comes from `clock`, which is that of the database. */
export type OriginStore = {
  /** What the listing kept; null: nothing. */
  memory(library: string, name: string): Promise<unknown>
  remember(library: string, name: string, memory: unknown): Promise<void>
  /** False: another holder reads it. */
  take(library: string, name: string, holding: Holding): Promise<boolean>
  /** One of these that is due and that nobody reads; null: there is none. */
  takeDue(library: string, names: readonly string[], holding: Holding): Promise<string | null>
  /** All that the holder reads. */
  renew(library: string, holding: Holding): Promise<void>
  /** `nextAt` null: as it was. */
  release(library: string, name: string, holder: string, nextAt: Date | null): Promise<void>
  /** A schedule that is new, or another one than before, begins with this time. */
  schedule(
    library: string,
    all: readonly { readonly name: string; readonly schedule: string | null; readonly nextAt: Date | null }[],
  ): Promise<void>
  list(library: string): Promise<{ readonly name: string; readonly nextAt: string | null }[]>
  clock(): Promise<Date>
}

/** A source as it is described, and when it is read again. */
export type OriginState = {
  readonly name: string
  readonly kind: string
  /** null: only when asked, and when the server starts */
  readonly schedule: string | null
  readonly nextAt: string | null
}
