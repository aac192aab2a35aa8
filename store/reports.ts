// What there is in a database, and whether the parts of its index agree. Reads, and never changes anything.
import { StoreError } from '../core/errors.ts'
import type { IndexReport, Lacking, LibraryReport, ReportStore, StoreStatus, Unanswered } from '../core/reports.ts'
import type { Database, Query } from './database.ts'
import { schemaOf } from './migrate.ts'
import { indexedChunks } from './postings.ts'

// Enough to tell a damaged index from texts that have nothing to index; the rest is counted.
const SAMPLE = 100

export function reportStore(database: Database): ReportStore {
  return {
    status: async (library) => await statusOf(database, library),
    index: async (library) => await indexOf(database, library),
    unanswered: async (library, hours, limit) => await listUnanswered(database.query, library, hours, limit),
    waiting: async (library) => {
      const [row] = await database.query<{ waiting: number }>(
        `select count(*)::int as waiting from slack_tasks
         where library_id = $1 and ended_at is null and due_at <= clock_timestamp()
           and (leased_until is null or leased_until <= clock_timestamp())`,
        [library],
      )
      return row?.waiting ?? 0
    },
  }
}

async function listUnanswered(query: Query, library: string, hours: number, limit: number): Promise<Unanswered[]> {
  const rows = await query<Omit<Unanswered, 'askedAt'> & { created_at: Date }>(
    `select a.question, a.answer ->> 'query' as query, a.created_at, a.answer ->> 'status' = 'abstained' as "isRefused",
            coalesce(a.feedback ->> 'rating' = 'down', false) as "isDisliked",
            case when d.document_id is not null then
              jsonb_build_object('id', d.document_id, 'title', r.title, 'source', d.source) end as nearest
     from answers a left join documents d on d.library_id = a.library_id and d.removed_at is null
       and d.document_id = coalesce(a.answer #>> '{nearest,0,document,id}', a.answer #>> '{citations,0,document,id}')
     left join revisions r on (r.library_id, r.document_id, r.revision) = (d.library_id, d.document_id, d.revision)
     where a.library_id = $1 and a.created_at > now() - make_interval(hours => $2)
       and (a.answer ->> 'status' = 'abstained' or a.feedback ->> 'rating' = 'down')
     order by a.created_at desc, a.answer_id limit $3`,
    [library, hours, limit],
  )
  return rows.map(({ created_at: asked, ...row }) => ({ ...row, askedAt: asked.toISOString() }))
}

async function statusOf({ query, owner }: Database, library: string): Promise<StoreStatus> {
  // Of a database that is not migrated, too, where the server would have nobody to work as.
  const schema = await schemaOf(owner.query)
  const [size] = await owner.query<{ bytes: string }>('select pg_database_size(current_database())::text as bytes')
  const isOurs = schema.missing.length === 0 && schema.unknown.length === 0
  return { schema, bytes: Number(size?.bytes ?? 0), library: isOurs ? await libraryOf(query, library) : null }
}

async function libraryOf(query: Query, library: string): Promise<LibraryReport> {
  // Aggregates without groups: one row each, also of a library that there is not.
  const [counts] = await query<{ documents: number; chunks: number; changedAt: Date | null; space: string | null }>(
    `select d.*, coalesce(l.chunks, 0) as chunks, l.space
     from (select count(*) filter (where removed_at is null)::int as documents,
             max(greatest(updated_at, removed_at)) as "changedAt" from documents where library_id = $1) as d,
       (select max(chunk_count) as chunks, max(s.name) as space
        from libraries left join spaces s using (space_id) where library_id = $1) as l`,
    [library],
  )
  const [answers] = await query<LibraryReport['answers'] & LibraryReport['ratings']>(
    `select count(*) filter (where answer ->> 'status' = 'answered')::int as answered,
            count(*) filter (where answer ->> 'status' = 'abstained')::int as abstained,
            count(*) filter (where answer ->> 'status' = 'stopped')::int as stopped,
            count(*) filter (where feedback ->> 'rating' = 'up')::int as up,
            count(*) filter (where feedback ->> 'rating' = 'down')::int as down
     from answers where library_id = $1 and finished_at is not null`,
    [library],
  )
  const [today] = await query<LibraryReport['today']>(
    `select coalesce(max(calls), 0) as calls, coalesce(max(spent_usd), 0)::float8 as "spentUsd",
            coalesce(max(reserved_usd), 0)::float8 as "reservedUsd"
     from spending where library_id = $1 and day = (now() at time zone 'utc')::date`,
    [library],
  )
  if (!counts || !answers || !today) throw new StoreError('store-failed', 'The database counted without a result.')
  const { up, down, ...statuses } = answers
  return {
    ...counts,
    changedAt: counts.changedAt?.toISOString() ?? null,
    answers: statuses,
    ratings: { up, down },
    today,
  }
}

/** In one transaction, so that a document that is saved meanwhile is no contradiction. */
async function indexOf(database: Database, library: string): Promise<IndexReport> {
  return await database.transaction(async (query) => {
    await query('set transaction isolation level repeatable read, read only')
    const [known] = await query<{ chunk_count: number; space_id: number | null }>(
      'select chunk_count, space_id from libraries where library_id = $1',
      [library],
    )
    const chunks = await query<{ chunk_id: number }>('select chunk_id from chunks where library_id = $1', [library])
    const ids = new Set(chunks.map((row) => row.chunk_id))
    const indexed = await indexedChunks(query, library)
    const without = async (table: string) =>
      await lacking(
        query,
        library,
        `not exists (select from ${table} v where (v.library_id, v.chunk_id) = (c.library_id, c.chunk_id))`,
      )
    const space = known?.space_id ?? null
    return {
      chunks: ids.size,
      recordedChunks: known?.chunk_count ?? 0,
      withoutVector: space === null ? NONE : await without(`vectors_${space}`),
      withoutSigns: space === null ? NONE : await without(`signs_${space}`),
      withoutWords: await lacking(query, library, 'c.chunk_id = any($2)', [[...ids.difference(indexed)]]),
      strayWords: indexed.difference(ids).size,
      ...(await rowFaults(query, library)),
    }
  })
}

const NONE: Lacking = { count: 0, some: [] }

async function lacking(
  query: Query,
  library: string,
  where: string,
  values: readonly unknown[] = [],
): Promise<Lacking> {
  const rows = await query<Lacking['some'][number] & { whole: number }>(
    `select d.source, c.headings, c.text, (count(*) over ())::int as whole
     from chunks c join documents d using (library_id, document_id)
     where c.library_id = $1 and ${where} order by c.chunk_id limit ${SAMPLE}`,
    [library, ...values],
  )
  return { count: rows[0]?.whole ?? 0, some: rows.map(({ source, headings, text }) => ({ source, headings, text })) }
}

async function rowFaults(
  query: Query,
  library: string,
): Promise<Pick<IndexReport, 'miscountedWords' | 'emptyDocuments' | 'oldChunks'>> {
  const [words] = await query<{ count: number }>(
    `select count(*)::int as count
     from (select term, sum(length(entries)) / 8 as holding from postings where library_id = $1 group by term) as p
     full join (select term, holding from terms where library_id = $1) as t using (term)
     where p.holding is distinct from t.holding`,
    [library],
  )
  const [old] = await query<{ count: number }>(
    `select count(*)::int as count from chunks c join documents d using (library_id, document_id)
     where c.library_id = $1 and c.revision <> d.revision`,
    [library],
  )
  const empty = await query<{ source: string; whole: number }>(
    `select source, (count(*) over ())::int as whole from documents d
     where library_id = $1 and removed_at is null
       and not exists (select from chunks c where (c.library_id, c.document_id) = (d.library_id, d.document_id))
     order by source limit ${SAMPLE}`,
    [library],
  )
  return {
    miscountedWords: words?.count ?? 0,
    oldChunks: old?.count ?? 0,
    emptyDocuments: { count: empty[0]?.whole ?? 0, some: empty.map(({ source }) => source) },
  }
}
