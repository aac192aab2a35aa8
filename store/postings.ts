// The term index: which chunks hold a term, and how much it weighs in each. Packed, so that a search reads few rows
// (store/scores.ts).
import { byteasParameter, entriesParameter, integersParameter, textsParameter } from './binary.ts'
import type { Query } from './database.ts'

/** term → weight of it in this chunk, idf not applied */
type IndexedChunk = { readonly chunkId: number; readonly terms: ReadonlyMap<string, number> }

// One row holds what a term has in chunks of this many consecutive ids. Fewer cost a search more rows, more cost a save
// more bytes: it writes the rows of its terms anew. 512 entries are half a page.
export const SEGMENT = 512
// An entry is the chunk's id and the weight, 4 bytes each, big-endian.
export const ENTRY = 8

// An index row has 2,704 bytes at most, and a "word" may be a page of Chinese or of base64. Nobody asks for those.
const LONGEST_TERM = 200

/**
 * Takes the words of some chunks out of the index and puts those of others in. Rows are shared by many documents: the
 * caller holds the library's lock, so that two never change one row in turn and wait for each other.
 */
export async function replacePostings(
  query: Query,
  library: string,
  removed: readonly number[],
  added: readonly IndexedChunk[],
): Promise<void> {
  const counts = new Map<string, number>()
  const count = (term: string, by: number) => counts.set(term, (counts.get(term) ?? 0) + by)
  const bySegment = Map.groupBy(removed, segmentOf)
  for (const [segment, chunkIds] of bySegment) await removeFrom(query, library, segment, new Set(chunkIds), count)
  for (const [segment, chunks] of Map.groupBy(added, ({ chunkId }) => segmentOf(chunkId)))
    await add(query, library, segment, chunks, count)
  await countTerms(query, library, counts)
}

/** Every chunk that the index names, one segment at a time: a few hundred kilobytes of a whole that may be forty megabytes. */
export async function indexedChunks(query: Query, library: string): Promise<Set<number>> {
  const segments = await query<{ segment: number }>(
    'select distinct segment from postings where library_id = $1 order by segment',
    [library],
  )
  const found = new Set<number>()
  for (const { segment } of segments) {
    const rows = await query<{ entries: Buffer }>(
      'select entries from postings where library_id = $1 and segment = $2',
      [library, segment],
    )
    for (const { entries } of rows) {
      const view = viewOf(entries)
      for (let at = 0; at < entries.length; at += ENTRY) found.add(view.getInt32(at))
    }
  }
  return found
}

type Row = { readonly term: string; readonly entries: Buffer }

async function removeFrom(
  query: Query,
  library: string,
  segment: number,
  chunkIds: ReadonlySet<number>,
  count: (term: string, by: number) => void,
): Promise<void> {
  const rows = await query<Row>('select term, entries from postings where library_id = $1 and segment = $2', [
    library,
    segment,
  ])
  const left: Row[] = []
  for (const { term, entries } of rows) {
    const kept = without(entries, chunkIds)
    if (kept.length === entries.length) continue
    left.push({ term, entries: kept })
    count(term, (kept.length - entries.length) / ENTRY)
  }
  const [emptied, changed] = [left.filter(isEmpty), left.filter((row) => !isEmpty(row))]
  await query('delete from postings where library_id = $1 and segment = $2 and term = any($3)', [
    library,
    segment,
    emptied.map(({ term }) => term),
  ])
  await query(
    `update postings p set entries = c.entries from unnest($3::text[], $4::bytea[]) as c(term, entries)
     where p.library_id = $1 and p.segment = $2 and p.term = c.term`,
    [library, segment, changed.map(({ term }) => term), byteasParameter(changed.map(({ entries }) => entries))],
  )
}

const isEmpty = ({ entries }: Row) => entries.length === 0

export function without(entries: Buffer, chunkIds: ReadonlySet<number>): Buffer {
  const view = viewOf(entries)
  const kept = Buffer.alloc(entries.length)
  let length = 0
  for (let at = 0; at < entries.length; at += ENTRY)
    if (!chunkIds.has(view.getInt32(at))) length += entries.copy(kept, length, at, at + ENTRY)
  return kept.subarray(0, length)
}

// One segment in one message, so that none of its rows is written twice. The embedded database's socket copies a message
// anew for every 64 kB of it that arrive: it gets none that is larger.
async function add(
  query: Query,
  library: string,
  segment: number,
  chunks: readonly IndexedChunk[],
  count: (term: string, by: number) => void,
): Promise<void> {
  // In the order of the index: neighbours are found where the last one was.
  const rows = [...placesOf(chunks)].sort(([a], [b]) => compare(a, b))
  for (const [term, places] of rows) count(term, places.length / 2)
  await query(
    `insert into postings (library_id, term, segment, entries)
     select $1, term, $2, entries from unnest($3::text[], $4::bytea[]) as p(term, entries)
     on conflict (library_id, term, segment) do update set entries = postings.entries || excluded.entries`,
    [library, segment, textsParameter(rows.map(([term]) => term)), entriesParameter(rows.map(([, places]) => places))],
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** By term: a chunk's id, the term's weight in it, the next chunk's id … */
function placesOf(chunks: readonly IndexedChunk[]): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (const { chunkId, terms } of chunks)
    for (const [term, weight] of terms) {
      if (term.length > LONGEST_TERM) continue
      const known = places.get(term)
      if (known) known.push(chunkId, weight)
      else places.set(term, [chunkId, weight])
    }
  return places
}

async function countTerms(query: Query, library: string, counts: ReadonlyMap<string, number>): Promise<void> {
  const changed = [...counts].filter(([, by]) => by !== 0).sort(([a], [b]) => compare(a, b))
  await query(
    `insert into terms (library_id, term, holding) select $1, * from unnest($2::text[], $3::int[])
     on conflict (library_id, term) do update set holding = terms.holding + excluded.holding`,
    [library, textsParameter(changed.map(([term]) => term)), integersParameter(changed.map(([, by]) => by))],
  )
  const fewer = changed.filter(([, by]) => by < 0)
  if (fewer.length === 0) return
  await query('delete from terms where library_id = $1 and term = any($2) and holding = 0', [
    library,
    fewer.map(([term]) => term),
  ])
}

export function segmentOf(chunkId: number): number {
  return Math.floor(chunkId / SEGMENT)
}

export function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
