// Documents, their revisions and chunks: saved whole or not at all.
import { createHash } from 'node:crypto'
import { nobody } from '../core/audience.ts'
import { SourceError, StoreError } from '../core/errors.ts'
import type { ChunkToSave, DocumentStore, DocumentSummary, DocumentText, DocumentToSave } from '../core/ports.ts'
import type { DocumentRef } from '../core/types.ts'
import { realsParameter } from './binary.ts'
import { type Database, type Query, toJson } from './database.ts'
import { replacePostings } from './postings.ts'
import { fromVectorText, type Space } from './spaces.ts'

export function documentStore(database: Database, space: Space): DocumentStore {
  return {
    currentRevision: async (library, source) => {
      const [row] = await database.query<{ revision: string }>(
        'select revision from documents where library_id = $1 and source = $2 and audience <> $3',
        [library, source, keptFromAll],
      )
      return row?.revision ?? null
    },
    knownVectors: async (library, hashes) => {
      const rows = await database.query<{ content_hash: string; embedding: string }>(
        `select distinct on (c.content_hash) c.content_hash, v.embedding::text as embedding
         from chunks c join vectors_${space.id} v using (library_id, chunk_id)
         where c.library_id = $1 and c.content_hash = any($2)`,
        [library, hashes],
      )
      return new Map(rows.map((row) => [row.content_hash, fromVectorText(row.embedding)]))
    },
    save: async (document) => {
      refuseUnstorable(document, space)
      await database.transaction(async (query) => await saveDocument(query, space, document))
    },
    keepFromAll: async (library, source) => {
      await database.query('update documents set audience = $3 where library_id = $1 and source = $2', [
        library,
        source,
        keptFromAll,
      ])
    },
    find: async (library, id, revision) => await findDocument(database, library, id, revision),
    list: async (library, limit, after) => await listDocuments(database, library, limit, after),
  }
}

const keptFromAll = [nobody]

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

async function saveDocument(query: Query, space: Space, document: DocumentToSave): Promise<void> {
  const { library, source, revision, parsed } = document
  const id = documentId(library, source)
  // Also locks the row, so that writers of one document go one after the other.
  const [changed] = await query(
    `insert into documents (library_id, document_id, source, revision, audience) values ($1, $2, $3, $4, $5)
     on conflict (library_id, document_id) do update set
       revision = excluded.revision, audience = excluded.audience, updated_at = now()
     where documents.revision <> excluded.revision or documents.audience <> excluded.audience returning 1`,
    [library, id, source, revision, parsed.audience],
  )
  if (!changed) return
  await query(
    `insert into revisions (library_id, document_id, revision, title, url, published_at, text, characters, outline, boilerplate)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (library_id, document_id, revision) do update set
       title = excluded.title, url = excluded.url, published_at = excluded.published_at,
       outline = excluded.outline, boilerplate = excluded.boilerplate, ingested_at = now()`,
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
    ],
  )
  const old = await query<{ chunk_id: number }>(
    'delete from chunks where library_id = $1 and document_id = $2 returning chunk_id',
    [library, id],
  )
  const saved: SavedChunk[] = []
  for (let start = 0; start < document.chunks.length; start += CHUNKS_AT_ONCE) {
    const batch = await insertChunks(query, id, document, document.chunks.slice(start, start + CHUNKS_AT_ONCE))
    await insertVectors(query, space, library, batch)
    saved.push(...batch)
  }
  await countChange(query, space, library, saved.length - old.length)
  await replacePostings(
    query,
    library,
    old.map((row) => row.chunk_id),
    saved,
  )
  await compareQuotes(query, library, id, parsed.text)
}

/** Past answers whose quotes do not stand in this text are stale, and those whose quotes came back no longer are. */
async function compareQuotes(query: Query, library: string, id: string, text: string): Promise<void> {
  await query(
    `update citations set stale = not stale
     where library_id = $1 and document_id = $2 and stale <> (position(quote in $3) = 0)`,
    [library, id, text],
  )
}

/** From here on the library's row is locked until the end of the save. */
async function countChange(query: Query, space: Space, library: string, added: number): Promise<void> {
  const [counted] = await query(
    `update libraries set chunk_count = chunk_count + $2, changes = changes + 1
     where library_id = $1 and space_id = $3 returning 1`,
    [library, added, space.id],
  )
  // While it was empty, another process may have opened it with another embedder: these vectors would never be read.
  if (!counted)
    throw new StoreError('other-space', 'The library was opened with another embedder meanwhile: nothing was saved.')
}

type SavedChunk = ChunkToSave & { readonly chunkId: number }

// What is sent in one message. The embedded database's socket copies a message anew for every 64 kB of it that
// arrive: a book of 18 MB took 133 s in one piece.
const CHUNKS_AT_ONCE = 500

async function insertChunks(
  query: Query,
  id: string,
  { library, revision }: DocumentToSave,
  chunks: readonly ChunkToSave[],
): Promise<SavedChunk[]> {
  const rows = await query<{ chunk_id: number; ordinal: number }>(
    `insert into chunks (library_id, document_id, revision, ordinal, start_offset, end_offset, headings, text, content_hash)
     select $1, $2, $3, c.* from unnest($4::int[], $5::int[], $6::int[], $7::jsonb[], $8::text[], $9::text[]) as c
     returning chunk_id, ordinal`,
    [
      library,
      id,
      revision,
      chunks.map((chunk) => chunk.ordinal),
      chunks.map((chunk) => chunk.span.start),
      chunks.map((chunk) => chunk.span.end),
      chunks.map((chunk) => toJson(chunk.headings)),
      chunks.map((chunk) => chunk.text),
      chunks.map((chunk) => chunk.contentHash),
    ],
  )
  const byOrdinal = new Map(rows.map((row) => [row.ordinal, row.chunk_id]))
  return chunks.map((chunk) => ({ ...chunk, chunkId: byOrdinal.get(chunk.ordinal) ?? -1 }))
}

async function insertVectors(
  query: Query,
  space: Space,
  library: string,
  chunks: readonly SavedChunk[],
): Promise<void> {
  // A text without any feature the embedder knows has no direction: it is found by its words alone.
  const rows = chunks.filter(({ vector }) => vector.some((value) => value !== 0))
  const ids = rows.map(({ chunkId }) => chunkId)
  await query(
    `insert into vectors_${space.id}
     select $1, v.id, ($3::real[])[(v.n - 1) * $4 + 1 : v.n * $4]::vector
     from unnest($2::int[]) with ordinality as v(id, n)`,
    [library, ids, realsParameter(rows.map(({ vector }) => vector)), space.dimensions],
  )
  await query(
    `insert into signs_${space.id}
     select library_id, chunk_id, binary_quantize(embedding)::bit(${space.dimensions})
     from vectors_${space.id} where library_id = $1 and chunk_id = any($2::int[])`,
    [library, ids],
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
    RevisionRow & Pick<DocumentText, 'text' | 'outline' | 'boilerplate' | 'current' | 'audience'>
  >(
    `select r.document_id, d.source, r.revision, r.title, r.url, r.published_at, r.text, r.outline, r.boilerplate,
            r.revision = d.revision as current, d.audience
     from revisions r join documents d using (library_id, document_id)
     where r.library_id = $1 and r.document_id = $2 and r.revision = coalesce($3, d.revision)`,
    [library, id, revision ?? null],
  )
  if (!row) return null
  const { text, outline, boilerplate, current, audience } = row
  return { ...toRef(row), text, outline, boilerplate, current, audience }
}

async function listDocuments(
  database: Database,
  library: string,
  limit: number,
  after?: string,
): Promise<DocumentSummary[]> {
  const rows = await database.query<
    RevisionRow & Pick<DocumentSummary, 'audience' | 'chunks' | 'characters'> & { ingested_at: Date }
  >(
    `select d.document_id, d.source, r.revision, r.title, r.url, r.published_at, d.audience, r.characters,
            (select count(*)::int from chunks c where c.library_id = d.library_id and c.document_id = d.document_id) as chunks,
            r.ingested_at
     from documents d join revisions r using (library_id, document_id, revision)
     where d.library_id = $1 and ($3::text is null or d.document_id > $3)
     order by d.document_id limit $2`,
    [library, limit, after ?? null],
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
