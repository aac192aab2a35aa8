// Documents that are gone: out of the index in one transaction, their texts kept for the citations that point at them.
import { replaceChunks } from './chunks.ts'
import type { Database, Query } from './database.ts'
import { requireRunning } from './jobs.ts'
import { noteChanges } from './syncs.ts'

type Removal = {
  readonly library: string
  readonly id: string
  readonly revision: string
  readonly sync: string | null
}

/** False, and nothing happens, when the document is in another revision by now, or was removed before. */
export async function removeDocument(query: Query, removal: Removal): Promise<boolean> {
  const { library, id, revision, sync } = removal
  const [removed] = await query<{ source: string; audience: string[] }>(
    `update documents set removed_at = now()
     where library_id = $1 and document_id = $2 and revision = $3 and removed_at is null returning source, audience`,
    [library, id, revision],
  )
  if (!removed) return false
  await replaceChunks(query, null, library, [{ id, revision, chunks: [] }])
  // What the library holds no more is not in its current text either.
  await query('update citations set stale = true where library_id = $1 and document_id = $2 and not stale', [
    library,
    id,
  ])
  const { source, audience } = removed
  if (sync !== null)
    await noteChanges(query, library, sync, [
      { type: 'removed', source, document: id, before: revision, after: null, audience },
    ])
  if (sync !== null) await requireRunning(query, library, sync)
  return true
}

/** Removed so many days ago, and no citation points at any of its revisions. */
export async function purgeRemoved(database: Database, library: string, afterDays: number): Promise<number> {
  return await database.transaction(async (query) => {
    const rows = await query<{ document_id: string }>(
      `select document_id from documents d
       where library_id = $1 and removed_at < now() - $2 * interval '1 day'
         and not exists (select from citations c where c.library_id = $1 and c.document_id = d.document_id)
       for update`,
      [library, afterDays],
    )
    const ids = rows.map((row) => row.document_id)
    if (ids.length === 0) return 0
    await query('delete from revisions where library_id = $1 and document_id = any($2)', [library, ids])
    await query('delete from documents where library_id = $1 and document_id = any($2)', [library, ids])
    return ids.length
  })
}
