// What a library holds, without the ids and times that no two runs share: each document with all that belongs to it, and
// the rest.
import type { Query } from '../../store/database.ts'

export type Holdings = {
  /** by source: revision, text, chunks with their vectors, signs and words, what was uploaded */
  readonly documents: ReadonlyMap<string, string>
  /** counts, terms, kept texts, failures, memories of sources, citations */
  readonly rest: unknown
}

export async function holdingsOf(query: Query): Promise<Holdings> {
  const documents = await query<{ source: string; held: unknown }>(documentsSql)
  const [rest] = await query<{ rest: unknown }>(restSql)
  return { documents: new Map(documents.map(({ source, held }) => [source, JSON.stringify(held)])), rest: rest?.rest }
}

/** type, source and revisions of each change that a sync has noted */
export async function changesOf(query: Query): Promise<string[]> {
  const rows = await query<{ change: string }>(
    `select concat_ws(' ', type, source, before, '→', after) as change from sync_outcomes
     where type in ('learned', 'changed', 'restored', 'removed')`,
  )
  return rows.map(({ change }) => change).sort()
}

const documentsSql = `
  with words as (
    select ('x' || encode(substr(entries, at + 1, 4), 'hex'))::bit(32)::int as chunk_id,
      jsonb_object_agg(term, encode(substr(entries, at + 5, 4), 'hex')) as words
    from postings, generate_series(0, length(entries) - 1, 8) as at group by 1)
  select d.source, jsonb_build_object(
    'document', jsonb_build_array(d.revision, d.audience, d.root, d.seen, d.removed_at is not null),
    'text', jsonb_build_array(r.title, r.url, r.text, r.outline, r.boilerplate),
    'chunks', (select jsonb_agg(jsonb_build_array(c.revision, c.ordinal, c.start_offset, c.end_offset, c.headings, c.text,
        c.content_hash, v.embedding::text, to_jsonb(s) - 'chunk_id', w.words) order by c.ordinal)
      from chunks c left join vectors_1 v using (library_id, chunk_id) left join signs_1 s using (library_id, chunk_id)
        left join words w using (chunk_id)
      where (c.library_id, c.document_id) = (d.library_id, d.document_id)),
    'upload', (select jsonb_build_array(u.name, u.revision, u.said, u.learned_with,
        (select string_agg(md5(p.bytes), ' ' order by seq) from upload_pieces p
         where (p.library_id, p.document_id) = (u.library_id, u.document_id)))
      from uploads u where (u.library_id, u.document_id) = (d.library_id, d.document_id))) as held
  from documents d join revisions r using (library_id, document_id, revision)`

const restSql = `
  select jsonb_build_object(
    'counted', (select jsonb_agg(chunk_count) from libraries),
    'terms', (select jsonb_object_agg(term, holding) from terms),
    'texts', (select jsonb_agg(jsonb_build_array(source, r.revision, r.text) order by source, r.revision)
      from revisions r join documents d using (library_id, document_id)),
    'failures', (select jsonb_agg(to_jsonb(f) order by source) from failures f),
    'memories', (select jsonb_agg(jsonb_build_array(name, memory, holder is null) order by name) from origins),
    'citations', (select jsonb_agg(jsonb_build_array(n, revision, quote, stale) order by n) from citations)) as rest`
