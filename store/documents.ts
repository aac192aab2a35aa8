// Documents as they are stored: what is known of them, their texts, their list. They are saved by saving.ts.
import { nobody } from '../core/audience.ts'
import type { SeenStore } from '../core/origins.ts'
import type { DocumentStore, DocumentSummary, DocumentText, KnownDocument } from '../core/ports.ts'
import type { KnownVectors } from '../core/spaces.ts'
import type { DocumentRef } from '../core/types.ts'
import { textsParameter } from './binary.ts'
import { type Database, toJson } from './database.ts'
import { gather } from './gather.ts'
import { isHeld } from './jobs.ts'
import { purge, removeDocument } from './removal.ts'
import { openSaving } from './saving.ts'
import { activeSpace, fromVectorText, type Shelf } from './spaces.ts'
import { readUpload, uploadsLearnedOtherwise } from './uploads.ts'

export function documentStore(database: Database, shelf: Shelf): DocumentStore {
  const lookUp = gather(async (asked: readonly AskedVectors[]) => await knownVectors(database, asked), {
    fits: fitsOneLookUp,
    lingerMs: LOOK_UP_LINGER_MS,
  })
  return {
    known: async (library, sources) => await knownDocuments(database, library, sources),
    knownVectors: async (library, hashes) => await lookUp({ library, hashes }),
    save: openSaving(database, shelf),
    remove: async (library, id, revision, sync) =>
      await database.transaction(
        async (query) => await removeDocument(query, { library, id, revision, sync: sync ?? null }),
      ),
    ...seenStore(database),
    purge: async (library, afterDays) => await purge(database, library, afterDays),
    uploadsToLearn: async (library, learnedWith) => await uploadsLearnedOtherwise(database, library, learnedWith),
    upload: async (library, id) => await readUpload(database, library, id),
    keepFromAll: async (library, source, fence) => {
      await database.query(
        `update documents set audience = $3 where library_id = $1 and source = $2 and ($4::text is null or ${isHeld})`,
        [library, source, keptFromAll, fence?.sync ?? null, fence?.job ?? null, fence?.token ?? null],
      )
    },
    find: async (library, id, revision) => await findDocument(database, library, id, revision),
    count: async (library) => {
      const [row] = await database.query<{ count: number }>(
        'select count(*)::int as count from documents where library_id = $1 and removed_at is null',
        [library],
      )
      return row?.count ?? 0
    },
    list: async (library, limit, after, words) => await listDocuments(database, library, limit, after, words),
  }
}

function seenStore({ query }: Database): SeenStore {
  return {
    adopt: async (library, root, ids) => {
      await query('update documents set root = $2 where library_id = $1 and document_id = any($3) and root is null', [
        library,
        root,
        ids,
      ])
    },
    see: async (library, id, revision, { seen, root }) => {
      await query(
        `update documents set seen = $4, root = $5
         where library_id = $1 and document_id = $2 and revision = $3 and removed_at is null`,
        [library, id, revision, toJson(seen), root],
      )
    },
  }
}

const keptFromAll = [nobody]

async function knownDocuments(
  database: Database,
  library: string,
  sources?: readonly string[],
): Promise<Map<string, KnownDocument>> {
  const rows = await database.query<KnownDocument>(
    `select document_id as id, source, revision, audience = $3 as "isClosed", root, seen from documents
     where library_id = $1 and removed_at is null and ($2::text[] is null or source = any($2))`,
    [library, sources ?? null, keptFromAll],
  )
  return new Map(rows.map((row) => [row.source, row]))
}

type AskedVectors = { readonly library: string; readonly hashes: readonly string[] }

const MOST_HASHES = 2_000
// Of documents that are learned side by side; the first of them does not wait.
const LOOK_UP_LINGER_MS = 20

function fitsOneLookUp(batch: readonly AskedVectors[], { library, hashes }: AskedVectors): boolean {
  const count = batch.reduce((sum, each) => sum + each.hashes.length, hashes.length)
  return count <= MOST_HASHES && batch.every((each) => each.library === library)
}

async function knownVectors({ query }: Database, asked: readonly AskedVectors[]): Promise<KnownVectors[]> {
  const [first] = asked
  if (!first) return []
  const space = await activeSpace(query, first.library)
  const rows = await query<{ content_hash: string; embedding: string }>(
    `select distinct on (c.content_hash) c.content_hash, v.embedding::text as embedding
     from chunks c join vectors_${space.id} v using (library_id, chunk_id)
     where c.library_id = $1 and c.content_hash = any($2)`,
    [first.library, textsParameter(asked.flatMap(({ hashes }) => hashes))],
  )
  const found = new Map(rows.map((row) => [row.content_hash, fromVectorText(row.embedding)]))
  return asked.map(({ hashes }) => {
    const own = hashes.flatMap((hash): [string, Float32Array][] => {
      const vector = found.get(hash)
      return vector ? [[hash, vector]] : []
    })
    return { space: space.name, vectors: new Map(own) }
  })
}

/** What every query of a document selects of it. */
export type RevisionRow = {
  document_id: string
  source: string
  revision: string
  title: string
  url: string | null
  published_at: string | null
}

async function findDocument(
  database: Database,
  library: string,
  id: string,
  revision?: string,
): Promise<DocumentText | null> {
  const [row] = await database.query<
    RevisionRow &
      Pick<DocumentText, 'authors' | 'text' | 'outline' | 'boilerplate' | 'pages' | 'current' | 'audience'> & {
        removed_at: Date | null
      }
  >(
    `select r.document_id, d.source, r.revision, r.title, r.url, r.published_at, r.authors, r.text, r.outline,
            r.boilerplate, r.pages, r.revision = d.revision as current, d.audience, d.removed_at
     from revisions r join documents d using (library_id, document_id)
     where r.library_id = $1 and r.document_id = $2 and r.revision = coalesce($3, d.revision)`,
    [library, id, revision ?? null],
  )
  if (!row) return null
  const { authors, text, outline, boilerplate, pages, current, audience } = row
  const removedAt = row.removed_at?.toISOString() ?? null
  return { ...toRef(row), authors, text, outline, boilerplate, pages, current, audience, removedAt }
}

async function listDocuments(
  database: Database,
  library: string,
  limit: number,
  after?: string,
  words?: string,
): Promise<DocumentSummary[]> {
  const rows = await database.query<
    RevisionRow & Pick<DocumentSummary, 'authors' | 'audience' | 'chunks' | 'characters'> & { ingested_at: Date }
  >(
    `select d.document_id, d.source, r.revision, r.title, r.url, r.published_at, r.authors, d.audience,
            r.characters,
            (select count(*)::int from chunks c where c.library_id = d.library_id and c.document_id = d.document_id) as chunks,
            r.ingested_at
     from documents d join revisions r using (library_id, document_id, revision)
     where d.library_id = $1 and d.removed_at is null and ($3::text is null or d.document_id > $3)
       and ($4::text is null or position(lower($4) in lower(r.title)) > 0 or position(lower($4) in lower(d.source)) > 0)
     order by d.document_id limit $2`,
    [library, limit, after ?? null, words ?? null],
  )
  return rows.map((row) => ({
    ...toRef(row),
    authors: row.authors,
    audience: row.audience,
    chunks: row.chunks,
    characters: row.characters,
    ingestedAt: row.ingested_at.toISOString(),
  }))
}

export function toRef(row: RevisionRow): DocumentRef {
  return {
    id: row.document_id,
    title: row.title,
    source: row.source,
    url: row.url,
    revision: row.revision,
    publishedAt: row.published_at,
  }
}
