// The chunks of documents: in the table, in the two narrow tables of their vectors, in the index of words and in the
// counts, always together.
import { StoreError } from '../core/errors.ts'
import type { ChunkToSave } from '../core/ports.ts'
import { integersParameter, jsonsParameter, realsParameter, textsParameter } from './binary.ts'
import { type Query, toJson } from './database.ts'
import { replacePostings } from './postings.ts'
import type { Space } from './spaces.ts'

/** Whose chunks these are. */
type Owner = { readonly id: string; readonly revision: string; readonly chunks: readonly ChunkToSave[] }

/** In place of those that the documents had; with none, which are of no space, nothing finds them any more. */
export async function replaceChunks(
  query: Query,
  space: Space | null,
  library: string,
  owners: readonly Owner[],
): Promise<void> {
  const old = await deleteChunks(
    query,
    library,
    owners.map(({ id }) => id),
  )
  const owned = owners.flatMap(({ id, revision, chunks }) => chunks.map((chunk) => ({ ...chunk, id, revision })))
  const saved: SavedChunk[] = []
  for (let start = 0; start < owned.length; start += CHUNKS_AT_ONCE) {
    const batch = await insertChunks(query, library, owned.slice(start, start + CHUNKS_AT_ONCE))
    if (space) await insertVectors(query, space, library, batch)
    saved.push(...batch)
  }
  await countChange(query, space, library, saved.length - old.length)
  await replacePostings(query, library, old, saved)
}

/** The ids of the chunks there were. Their vectors go with them. */
async function deleteChunks(query: Query, library: string, ids: readonly string[]): Promise<number[]> {
  const rows = await query<{ chunk_id: number }>(
    'delete from chunks where library_id = $1 and document_id = any($2) returning chunk_id',
    [library, ids],
  )
  return rows.map((row) => row.chunk_id)
}

/** From here on the library's row is locked until the end of the transaction. */
async function countChange(query: Query, space: Space | null, library: string, added: number): Promise<void> {
  const [counted] = await query(
    `update libraries set chunk_count = chunk_count + $2, changes = changes + 1
     where library_id = $1 and ($3::int is null or space_id = $3) returning 1`,
    [library, added, space?.id ?? null],
  )
  // It was switched, or opened with another embedder while it was empty: these vectors would never be read.
  if (!counted) throw switchedMeanwhile()
}

export function switchedMeanwhile(): StoreError {
  const message = 'The library is searched in another embedding space by now: nothing was saved.'
  return new StoreError('other-space', message, { retryable: true })
}

type OwnedChunk = ChunkToSave & Pick<Owner, 'id' | 'revision'>
type SavedChunk = ChunkToSave & { readonly chunkId: number }

// What is sent in one message. The embedded database's socket copies a message anew for every 64 kB of it that
// arrive: a book of 18 MB took 133 s in one piece.
const CHUNKS_AT_ONCE = 500

async function insertChunks(query: Query, library: string, chunks: readonly OwnedChunk[]): Promise<SavedChunk[]> {
  const integers = (of: (chunk: OwnedChunk) => number) => integersParameter(chunks.map(of))
  const texts = (of: (chunk: OwnedChunk) => string) => textsParameter(chunks.map(of))
  const rows = await query<{ chunk_id: number; document_id: string; ordinal: number }>(
    `insert into chunks (library_id, document_id, revision, ordinal, start_offset, end_offset, headings, text, content_hash)
     select $1, c.* from
       unnest($2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::jsonb[], $8::text[], $9::text[]) as c
     returning chunk_id, document_id, ordinal`,
    [
      library,
      texts(({ id }) => id),
      texts(({ revision }) => revision),
      integers(({ ordinal }) => ordinal),
      integers(({ span }) => span.start),
      integers(({ span }) => span.end),
      jsonsParameter(chunks.map(({ headings }) => toJson(headings))),
      texts(({ text }) => text),
      texts(({ contentHash }) => contentHash),
    ],
  )
  const byPlace = new Map(rows.map((row) => [`${row.document_id} ${row.ordinal}`, row.chunk_id]))
  return chunks.map((chunk) => ({ ...chunk, chunkId: byPlace.get(`${chunk.id} ${chunk.ordinal}`) ?? -1 }))
}

async function insertVectors(
  query: Query,
  space: Space,
  library: string,
  chunks: readonly SavedChunk[],
): Promise<void> {
  // A text without any feature the embedder knows has no direction: it is found by its words alone.
  const rows = chunks.filter(({ vector }) => vector.some((value) => value !== 0))
  await query(
    `with v as (
       insert into vectors_${space.id}
       select $1, v.id, ($3::real[])[(v.n - 1) * $4 + 1 : v.n * $4]::vector
       from unnest($2::int[]) with ordinality as v(id, n)
       returning chunk_id, embedding)
     insert into signs_${space.id}
     select $1, chunk_id, binary_quantize(embedding)::bit(${space.dimensions}) from v`,
    [
      library,
      integersParameter(rows.map(({ chunkId }) => chunkId)),
      realsParameter(rows.map(({ vector }) => vector)),
      space.dimensions,
    ],
  )
}
