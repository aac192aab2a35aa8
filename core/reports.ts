// What a person who runs the program wants to know of its store: counted when it is asked, for `status` and `doctor`.
import type { DocumentRef, Rating } from './types.ts'

export type SchemaReport = {
  /** "17.5" */
  readonly postgres: string
  /** null: not in this database */
  readonly pgvector: string | null
  /** of this program, and not applied here */
  readonly missing: readonly string[]
  /** applied here by a newer program */
  readonly unknown: readonly string[]
}

/** What holds one library off from another. */
export type WallReport = {
  /** whom the address of the database names */
  readonly user: string
  /** that which the walls hold when the server works: the role it steps down to, that user, or nobody */
  readonly held: 'role' | 'owner' | 'nobody'
  /** tables without a whole wall */
  readonly damaged: readonly string[]
}

export type LibraryReport = {
  readonly documents: number
  readonly chunks: number
  /** when a document was last learned; null: none was */
  readonly changedAt: string | null
  /** the embedding space of its vectors; null: it has none yet */
  readonly space: string | null
  /** finished ones */
  readonly answers: { readonly answered: number; readonly abstained: number; readonly stopped: number }
  readonly ratings: Readonly<Record<Rating, number>>
  /** of this day (UTC) */
  readonly today: { readonly calls: number; readonly spentUsd: number; readonly reservedUsd: number }
}

export type StoreStatus = {
  readonly schema: SchemaReport
  /** of the whole database, by its own account */
  readonly bytes: number
  /** null: the schema is not that of this program, and its tables need not be there */
  readonly library: LibraryReport | null
}

/** Some chunks of many that lack something, for whoever wants to judge whether they may. */
export type Lacking = {
  readonly count: number
  readonly some: readonly { readonly source: string; readonly headings: readonly string[]; readonly text: string }[]
}

/** Figures that must agree, each counted from the rows themselves. */
export type IndexReport = {
  readonly chunks: number
  /** what searches take for that number */
  readonly recordedChunks: number
  readonly withoutVector: Lacking
  /** signs and vectors are two tables of the same chunks */
  readonly withoutSigns: Lacking
  readonly withoutWords: Lacking
  /** chunks of the word index that there are not */
  readonly strayWords: number
  /** words whose number of chunks is not the recorded one */
  readonly miscountedWords: number
  /** sources of documents that have no chunk, the first few */
  readonly emptyDocuments: { readonly count: number; readonly some: readonly string[] }
  /** chunks of revisions that are not current */
  readonly oldChunks: number
}

/** A finished answer that was a refusal, or that its reader did not like. */
export type Unanswered = {
  readonly question: string
  /** the question as it stands alone */
  readonly query: string
  readonly askedAt: string
  readonly isRefused: boolean
  readonly isDisliked: boolean
  /** the document that came nearest to it, or was cited first, if it is still in the library */
  readonly nearest: Pick<DocumentRef, 'id' | 'title' | 'source'> | null
}

/** `waiting`: for one, which is not there. */
export type Connections = { readonly busy: number; readonly idle: number; readonly waiting: number }

export type ReportStore = {
  /** Cheap, and right on a database that was never migrated as well. Throws StoreError. */
  status(library: string): Promise<StoreStatus>
  /** Tasks of the inbox that are due and that nobody does. Throws StoreError. */
  waiting(library: string): Promise<number>
  /** Of them the last `limit` of so many hours, the newest first. */
  unanswered(library: string, hours: number, limit: number): Promise<Unanswered[]>
  /** Reads the whole index of a library. Throws StoreError. */
  index(library: string): Promise<IndexReport>
}
