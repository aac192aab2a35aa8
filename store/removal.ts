// Documents that are gone: out of the index in one transaction, their texts kept for the answers that point at them. What
// nobody points at any more is forgotten in time: removed documents, and revisions that others have taken the place of.
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

/** Returns how many removed documents and earlier revisions were forgotten. */
export async function purge(database: Database, library: string, afterDays: number): Promise<number> {
  const gone = (await database.query<{ id: string }>(goneSql, [library, afterDays])).map(({ id }) => id)
  const old = await database.query<Old>(oldSql, [library, afterDays])
  if (gone.length + old.length === 0) return 0
  const shown = await shownBy(database, library, [...new Set([...gone, ...old.map(({ id }) => id)])])
  const shownIds = new Set(shown.map(({ id }) => id))
  const shownRevisions = new Set(shown.map(keyOf))
  return await database.transaction(async (query) => {
    // Looked at once more under the locks: since then somebody may have brought one of them back.
    const documents = await query<{ id: string }>(
      `${goneSql} and d.document_id = any($3) for update of d skip locked`,
      [library, afterDays, gone.filter((id) => !shownIds.has(id))],
    )
    const ids = documents.map(({ id }) => id)
    await query('delete from revisions where library_id = $1 and document_id = any($2)', [library, ids])
    await query('delete from documents where library_id = $1 and document_id = any($2)', [library, ids])
    const still = await query<Old>(`${oldSql} and d.document_id = any($3) for update of d skip locked`, [
      library,
      afterDays,
      old.map(({ id }) => id),
    ])
    const revisions = still.filter((each) => !shownRevisions.has(keyOf(each)))
    await query(
      `delete from revisions r using unnest($2::text[], $3::text[]) as o(id, revision)
       where r.library_id = $1 and r.document_id = o.id and r.revision = o.revision`,
      [library, revisions.map(({ id }) => id), revisions.map(({ revision }) => revision)],
    )
    return ids.length + revisions.length
  })
}

type Old = { readonly id: string; readonly revision: string }

const keyOf = ({ id, revision }: Old) => `${id} ${revision}`

/** Removed so many days ago, and no citation points at any of its revisions. */
const goneSql = `
  select d.document_id as id from documents d
  where d.library_id = $1 and d.removed_at < now() - $2 * interval '1 day'
    and not exists (select from citations c where c.library_id = $1 and c.document_id = d.document_id)`

/**
 * Another one took its place so many days ago, which is when the next one was saved; no citation points at it, and no sync
 * that could still be undone would bring it back.
 */
const oldSql = `
  select d.document_id as id, r.revision from revisions r join documents d using (library_id, document_id)
  where r.library_id = $1 and r.revision <> d.revision
    and (select min(n.ingested_at) from revisions n where n.library_id = $1 and n.document_id = r.document_id
           and n.ingested_at > r.ingested_at) < now() - $2 * interval '1 day'
    and not exists (select from citations c
          where c.library_id = $1 and c.document_id = r.document_id and c.revision = r.revision)
    and not exists (select from sync_outcomes o join syncs s using (library_id, sync_id)
          where o.library_id = $1 and o.document_id = r.document_id and o.before = r.revision and s.undone_by is null)`

// Some 6 MB, read in a tenth of a second: the embedded database answers no question meanwhile.
const ANSWERS_AT_ONCE = 500

/**
 * What readers of stored answers can open although it is not cited. All answers are read, and only where there is something
 * to forget. One that is stored meanwhile shows nothing that is gone.
 */
async function shownBy({ query }: Database, library: string, ids: readonly string[]): Promise<Old[]> {
  const shown: Old[] = []
  for (let after = ''; ;) {
    const rows = await query<Old & { answer: string }>(shownSql, [library, ids, after, ANSWERS_AT_ONCE])
    const last = rows.at(-1)
    if (!last) return shown
    after = last.answer
    shown.push(...rows.filter(({ id }) => id !== null))
  }
}

const shownSql = `
  with page as (
    select answer_id, answer from answers where library_id = $1 and answer_id > $3 order by answer_id limit $4)
  select page.answer_id as answer, shown.id, shown.revision from page left join lateral (
    select distinct p #>> '{document,id}' as id, p #>> '{document,revision}' as revision
    from jsonb_array_elements(
      coalesce(page.answer -> 'passages', '[]') || coalesce(page.answer -> 'nearest', '[]')) as p
    where p #>> '{document,id}' = any($2)) as shown on true
  order by page.answer_id`
