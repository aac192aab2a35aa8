// The bytes of uploaded documents, so that a later parser can learn them anew.
import type { DocumentToSave, KeptUpload } from '../core/ports.ts'
import type { UploadSaid } from '../core/syncs.ts'
import { type Database, type Query, toJson } from './database.ts'

// What is sent in one message: of 20 MB in one piece the embedded database's socket would copy 3 GB.
const PIECE_BYTES = 1_000_000

/** In place of the bytes of an earlier revision: those are not needed, its text is kept. */
export async function saveUpload(
  query: Query,
  library: string,
  id: string,
  revision: string,
  { name, said, bytes, learnedWith }: NonNullable<DocumentToSave['upload']>,
): Promise<void> {
  await query('delete from uploads where library_id = $1 and document_id = $2', [library, id])
  await query(
    `insert into uploads (library_id, document_id, revision, name, said, learned_with) values ($1, $2, $3, $4, $5, $6)`,
    [library, id, revision, name, toJson(said), learnedWith],
  )
  for (let seq = 0; seq * PIECE_BYTES < bytes.length; seq++)
    await query('insert into upload_pieces (library_id, document_id, seq, bytes) values ($1, $2, $3, $4)', [
      library,
      id,
      seq,
      Buffer.from(bytes.subarray(seq * PIECE_BYTES, (seq + 1) * PIECE_BYTES)),
    ])
}

/** Null where the bytes belong to another revision: an earlier one was restored. */
export async function readUpload(database: Database, library: string, id: string): Promise<KeptUpload | null> {
  const [row] = await database.query<{ source: string; name: string; said: UploadSaid }>(
    `select d.source, u.name, u.said from uploads u join documents d using (library_id, document_id, revision)
     where library_id = $1 and document_id = $2 and d.removed_at is null`,
    [library, id],
  )
  if (!row) return null
  const pieces = await database.query<{ bytes: Buffer }>(
    'select bytes from upload_pieces where library_id = $1 and document_id = $2 order by seq',
    [library, id],
  )
  return { id, ...row, bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)) }
}

export async function uploadsLearnedOtherwise(database: Database, library: string, how: string): Promise<string[]> {
  const rows = await database.query<{ document_id: string }>(
    `select document_id from uploads u join documents d using (library_id, document_id, revision)
     where library_id = $1 and u.learned_with <> $2 and d.removed_at is null order by document_id`,
    [library, how],
  )
  return rows.map((row) => row.document_id)
}
