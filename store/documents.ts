// Documents, their revisions and chunks: saved whole or not at all.
import { createHash } from 'node:crypto'
import { nobody } from '../core/audience.ts'
import { SourceError, StoreError } from '../core/errors.ts'
import type { SeenStore } from '../core/origins.ts'
import type { DocumentStore, DocumentSummary, DocumentText, DocumentToSave, KnownDocument } from '../core/ports.ts'
import type { DocumentRef } from '../core/types.ts'
import { replaceChunks, switchedMeanwhile } from './chunks.ts'
import { type Database, type Query, toJson } from './database.ts'
import { purgeRemoved, removeDocument } from './removal.ts'
import { isHeld, requireRunning, settleJob } from './jobs.ts'
import { activeSpace, fromVectorText, type Shelf, type Space } from './spaces.ts'
import { noteChange } from './syncs.ts'
import { readUpload, saveUpload, uploadsLearnedOtherwise } from './uploads.ts'

export function documentStore(database: Database, shelf: Shelf): DocumentStore {
  return {
    known: async (library, sources) => await knownDocuments(database, library, sources),
    knownVectors: async (library, hashes) => await knownVectors(database, library, hashes),
    save: async (document) => await save(database, shelf, document),
    remove: async (library, id, revision, sync) =>
      await database.transaction(
        async (query) => await removeDocument(query, { library, id, revision, sync: sync ?? null }),
      ),
    ...seenStore(database),
    purge: async (library, afterDays) => await purgeRemoved(database, library, afterDays),
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

async function knownVectors(
  { query }: Database,
  library: string,
  hashes: readonly string[],
): ReturnType<DocumentStore['knownVectors']> {
  const space = await activeSpace(query, library)
  const rows = await query<{ content_hash: string; embedding: string }>(
    `select distinct on (c.content_hash) c.content_hash, v.embedding::text as embedding
     from chunks c join vectors_${space.id} v using (library_id, chunk_id)
     where c.library_id = $1 and c.content_hash = any($2)`,
    [library, hashes],
  )
  const vectors = new Map(rows.map((row) => [row.content_hash, fromVectorText(row.embedding)]))
  return { space: space.name, vectors }
}

/** Stable for a (library, source): a source that is ingested again is the same document. */
export function documentId(library: string, source: string): string {
  return `doc_${createHash('sha256').update(`${library}\0${source}`).digest('hex').slice(0, 20)}`
}

/** What the database would refuse half-way, or store as something else than was given. */
function refuseUnstorable({ source, parsed, chunks }: DocumentToSave, space: Space): void {
  const odd = chunks.find(({ vector }) => vector.length !== space.dimensions)
  if (odd)
    throw new StoreError(
      'wrong-dimensions',
      `A vector of ${odd.vector.length} numbers came for ${source}, the library's vectors have ${space.dimensions}.`,
    )
  // Half a surrogate pair has no UTF-8: the driver would write another character in its place.
  const texts = [source, parsed.title, parsed.text, ...parsed.audience, ...chunks.map(({ text }) => text)]
  if (texts.some((text) => text.includes('\0') || !text.isWellFormed()))
    throw new SourceError(
      'unstorable-text',
      source,
      `${source} holds a NUL character or half a surrogate pair: remove it and ingest again`,
    )
}

async function save(database: Database, shelf: Shelf, document: DocumentToSave): Promise<Saved> {
  const space = await shelf.find(document.space)
  if (!space) throw switchedMeanwhile()
  refuseUnstorable(document, space)
  try {
    return await database.transaction(async (query) => await saveFenced(query, space, document))
  } catch (error) {
    throw shelf.isGone(error, document.space) ? switchedMeanwhile() : error
  }
}

/** Last of all it is asked whether this may be done: until then nothing of it can be seen. */
async function saveFenced(query: Query, space: Space, document: DocumentToSave): Promise<Saved> {
  const { library, source, sync, job } = document
  const type = await saveDocument(query, space, document)
  if (job) {
    const { fence, outcome } = job
    const { bytes } = outcome
    await settleJob(query, fence, type === 'unchanged' ? { type, source, bytes } : { ...outcome, type })
  } else if (sync !== undefined) await requireRunning(query, library, sync)
  return type
}

async function saveDocument(query: Query, space: Space, document: DocumentToSave): Promise<Saved> {
  const { library, source, revision, parsed, root = null, seen, sync } = document
  const id = documentId(library, source)
  // Two that save one new document both find nothing here: the second one waits at its insert, and calls it new as well.
  const [before] = await query<{ revision: string; audience: string[]; removed: boolean }>(
    `select revision, audience, removed_at is not null as removed from documents
     where library_id = $1 and document_id = $2 for update`,
    [library, id],
  )
  const [changed] = await query(
    `insert into documents (library_id, document_id, source, revision, audience, root, seen)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (library_id, document_id) do update set revision = excluded.revision, audience = excluded.audience,
       root = coalesce(excluded.root, documents.root), seen = excluded.seen, removed_at = null, updated_at = now()
     where documents.revision <> excluded.revision or documents.audience <> excluded.audience
       or documents.removed_at is not null returning 1`,
    [library, id, source, revision, parsed.audience, root, seen ? toJson(seen) : null],
  )
  if (document.upload) await saveUpload(query, library, id, revision, document.upload)
  if (!changed) return 'unchanged'
  await saveRevision(query, id, document)
  await replaceChunks(query, space, { library, id, revision }, document.chunks)
  await compareQuotes(query, library, id, parsed.text)
  const type = before && !before.removed ? 'changed' : 'learned'
  const was = type === 'changed' ? before : undefined
  if (sync !== undefined)
    await noteChange(query, library, sync, {
      type,
      source,
      document: id,
      before: was?.revision ?? null,
      after: revision,
      audience: was?.audience ?? [],
    })
  return type
}

type Saved = Awaited<ReturnType<DocumentStore['save']>>

async function saveRevision(query: Query, id: string, { library, revision, parsed }: DocumentToSave): Promise<void> {
  await query(
    `insert into revisions (library_id, document_id, revision, title, url, published_at, text, characters, outline, boilerplate, pages)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (library_id, document_id, revision) do update set
       title = excluded.title, url = excluded.url, published_at = excluded.published_at,
       outline = excluded.outline, boilerplate = excluded.boilerplate, pages = excluded.pages, ingested_at = now()`,
    [
      library,
      id,
      revision,
      parsed.title,
      parsed.url,
      parsed.publishedAt,
      parsed.text,
      parsed.text.length,
      toJson(parsed.outline),
      toJson(parsed.boilerplate),
      parsed.pages ?? [],
    ],
  )
}

/** Past answers whose quotes do not stand in this text are stale, and those whose quotes came back no longer are. */
async function compareQuotes(query: Query, library: string, id: string, text: string): Promise<void> {
  await query(
    `update citations set stale = not stale
     where library_id = $1 and document_id = $2 and stale <> (position(quote in $3) = 0)`,
    [library, id, text],
  )
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
      Pick<DocumentText, 'text' | 'outline' | 'boilerplate' | 'pages' | 'current' | 'audience'> & {
        removed_at: Date | null
      }
  >(
    `select r.document_id, d.source, r.revision, r.title, r.url, r.published_at, r.text, r.outline, r.boilerplate,
            r.pages, r.revision = d.revision as current, d.audience, d.removed_at
     from revisions r join documents d using (library_id, document_id)
     where r.library_id = $1 and r.document_id = $2 and r.revision = coalesce($3, d.revision)`,
    [library, id, revision ?? null],
  )
  if (!row) return null
  const { text, outline, boilerplate, pages, current, audience } = row
  const removedAt = row.removed_at?.toISOString() ?? null
  return { ...toRef(row), text, outline, boilerplate, pages, current, audience, removedAt }
}

async function listDocuments(
  database: Database,
  library: string,
  limit: number,
  after?: string,
  words?: string,
): Promise<DocumentSummary[]> {
  const rows = await database.query<
    RevisionRow & Pick<DocumentSummary, 'audience' | 'chunks' | 'characters'> & { ingested_at: Date }
  >(
    `select d.document_id, d.source, r.revision, r.title, r.url, r.published_at, d.audience, r.characters,
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
