// Who may do what: keys, what they may do, the sessions that they open, what was done with them, and the ports to these.
import type { AppError } from './errors.ts'

/**
 * ask: ask, search, read documents, one's own answers and conversations; ingest: documents, syncs; admin: keys, the audit
 * log, everybody's answers. None contains another.
 */
export const scopes = ['ask', 'ingest', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** What a key says of whoever shows it. */
export type Holder = {
  readonly id: string
  readonly library: string
  readonly name: string
  readonly scopes: readonly Scope[]
  /** of the sites whose pages may show it, which makes it public; none: it is secret, and not bound to any */
  readonly origins: readonly string[]
}

export type Principal =
  /** whoever reaches a server that only this machine reaches, and its own command line */
  | { readonly type: 'local' }
  | ({ readonly type: 'key' } & Holder)
  /** a browser that was logged in with this key; `session` is the hash of its cookie */
  | ({ readonly type: 'session'; readonly session: string } & Holder)
  /** nobody known, and what to tell them */
  | { readonly type: 'stranger'; readonly fault: AppError }

export type KeyToCreate = Holder & {
  readonly hash: string
  /** of the secret that it is hashed with (`markOf`); missing: not known */
  readonly mark?: string
  /** null: never */
  readonly expiresAt: string | null
}

/** A key as it is listed: what could open anything with it is not stored. */
export type Key = Holder & {
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  /** who vouches for somebody without a key; null: it is a key */
  readonly issuer: string | null
  /** to a few minutes; null: never */
  readonly lastUsedAt: string | null
}

/** `holds`: it is neither revoked nor over. */
export type FoundKey = { readonly holder: Holder; readonly hash: string; readonly holds: boolean }

export type KeyStore = {
  create(key: KeyToCreate): Promise<Key>
  /** Somebody without a key who may be let in all the same, under an id that opens nothing. False: it was revoked. */
  welcome(holder: Holder, issuer: string): Promise<boolean>
  /** Of any library: it is the key that tells which. */
  find(id: string): Promise<FoundKey | null>
  /** Notes that it was used, and with which secret it is hashed, a few times an hour at most. */
  touch(holder: Holder, mark: string): Promise<void>
  /** The newest first. */
  list(library: string): Promise<Key[]>
  /** From its return on no request with it is let in. False: there is none of this id that was not revoked before. */
  revoke(library: string, id: string): Promise<boolean>
  /** Keys of all libraries: those that were ever made and not revoked, and those of them that hold. */
  count(): Promise<{ readonly made: number; readonly hold: number }>
  /** How many keys of all libraries hold and are hashed with another secret than this one's mark; null: there is none. */
  misfits(mark: string | null): Promise<number>
  /** Those of these ids that hold. */
  holding(ids: readonly string[]): Promise<ReadonlySet<string>>
}

/** Sessions by the hash of what the browser holds. They end with their key. */
export type SessionStore = {
  begin(session: { readonly hash: string; readonly library: string; readonly key: string }): Promise<void>
  /** null: unknown or over. Being asked for keeps it going. */
  find(hash: string): Promise<Holder | null>
  end(library: string, hash: string): Promise<void>
  holding(hashes: readonly string[]): Promise<ReadonlySet<string>>
}

export type Act =
  | 'key-created'
  | 'key-revoked'
  | 'login'
  | 'login-refused'
  | 'logout'
  | 'sync-begun'
  | 'sync-cancelled'
  | 'sync-undone'
  | 'reembedded'
  | 'documents-sent'
  | 'document-removed'

/** One administrative act. `actor` is `local`, or `key:` or `session:` and the id of a key. */
export type AuditEntry = {
  readonly id: string
  readonly at: string
  readonly act: Act
  readonly actor: string
  /** what it was done to, by id or name; null: nothing in particular */
  readonly subject: string | null
}

export type AuditStore = {
  /** Before the act: what cannot be recorded is not done. */
  note(library: string, entry: Pick<AuditEntry, 'act' | 'actor' | 'subject'>): Promise<void>
  /** The newest first, after the given one. */
  list(library: string, limit: number, after?: string): Promise<AuditEntry[]>
}

export type AccessStores = { readonly keys: KeyStore; readonly sessions: SessionStore; readonly audit: AuditStore }
