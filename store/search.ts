// Finding chunks: BM25 over the term index, and an exact scan over quantised vectors.
import type { LibraryState, SearchRequest, SearchStore } from '../core/ports.ts'
import type { Candidate } from '../core/types.ts'
import { audienceParameter, hiddenSql, isReadable } from './audiences.ts'
import { vectorParameter } from './binary.ts'
import type { Database } from './database.ts'
import { type RevisionRow, toRef } from './documents.ts'
import { openWordIndex, type WordIndex } from './scores.ts'
import { keepSigns, type KeptSigns } from './signs.ts'
import type { Shelf, Space } from './spaces.ts'

// The signs of a vector order its neighbours roughly; the exact cosine of the best 200 brings recall back to
// 0.96–1.0 at 10–50 k chunks (design §6).
const RESCORED = 200
// For a document that is saved while it is being found. That takes milliseconds: twice is rare already.
const RETRIES = 3

type Parts = {
  readonly database: Database
  readonly shelf: Shelf
  readonly index: WordIndex
  readonly signs: (space: Space) => KeptSigns
}

export function searchStore(database: Database, shelf: Shelf): SearchStore {
  const index = openWordIndex(database)
  const parts = { database, shelf, index, signs: signsBySpace(database) }
  return {
    candidates: async (request, signal) => {
      signal.throwIfAborted()
      return await untilAborted(findCandidates(request, parts), signal)
    },
    state: async (library) => {
      const [row] = await database.prepared<LibraryState>(
        `select chunk_count as chunks, changes, s.name as space from libraries left join spaces s using (space_id)
         where library_id = $1`,
        [library],
      )
      return row ?? { chunks: 0, changes: 0, space: null }
    },
    vocabulary: async (library) => {
      const rows = await database.prepared<{ term: string; holding: number }>(
        'select term, holding from terms where library_id = $1',
        [library],
      )
      return new Map(rows.map((row) => [row.term, row.holding]))
    },
    readable: async (library, audiences, terms) =>
      await index.count({ library, audiences, terms: new Map(terms.map((term) => [term, 1])) }),
  }
}

function signsBySpace(database: Database): (space: Space) => KeptSigns {
  const kept = new Map<number, KeptSigns>()
  return (space) => {
    const signs = kept.get(space.id) ?? keepSigns(database, space)
    kept.set(space.id, signs)
    return signs
  }
}

type CandidateRow = RevisionRow & {
  chunk_id: number
  ordinal: number
  start_offset: number
  end_offset: number
  headings: string[]
  text: string
  cosine: number | null
}

/** `document_id` null: the chunk is gone, or not for these audiences any more. */
type Row = { changes: number } & (CandidateRow | { chunk_id: number | null; document_id: null })

/** A query's vector and the space of the tables that it is compared in. */
type Compared = { readonly space: Space; readonly values: Float32Array }

/** A space that was dropped since the query was embedded compares nothing any more: then the words decide alone. */
async function findCandidates(request: SearchRequest, parts: Parts, retries = RETRIES): Promise<Candidate[]> {
  const { vector } = request
  const { shelf } = parts
  // A vector of zeros has no direction: its cosine with anything would be NaN.
  const space = vector?.values.some((value) => value !== 0) ? await shelf.find(vector.space) : null
  try {
    const compared = vector && space && { space, values: vector.values }
    const { candidates, isWhole } = await findOnce(request, compared, parts, retries === RETRIES)
    // A document was replaced since its chunks were found: the new ones must not be missed.
    if (isWhole || retries === 0) return candidates
  } catch (error) {
    if (!vector || retries === 0 || !shelf.isGone(error, vector.space)) throw error
  }
  return await findCandidates(request, parts, retries - 1)
}

type Once = { readonly candidates: Candidate[]; readonly isWhole: boolean }

/**
 * What was found in memory is shown only if the library is still the one that was kept. While it changes all the time that
 * may be so never, so what is in memory is tried once (`remembers`).
 */
async function findOnce(
  request: SearchRequest,
  compared: Compared | null,
  { database, index, signs }: Parts,
  remembers: boolean,
): Promise<Once> {
  const { library, limit, audiences, terms, changes } = request
  const words = await index.score(remembers ? request : { library, terms, ...(audiences && { audiences }) })
  const near = compared && remembers ? nearest(signs(compared.space), compared, words.changes, request) : null
  const parameters: unknown[] = [library, words.best(limit).map(({ chunkId }) => chunkId)]
  const place = (parameter: unknown) => `$${parameters.push(parameter)}`
  const readers = audiences ? place(audienceParameter(audiences)) : null
  const rows = await database.prepared<Row>(shownSql({ compared, near, limit, readers, place }), parameters)
  const isOfMemory = near !== null || (remembers && changes !== undefined && changes === words.changes)
  if (isOfMemory && rows[0]?.changes !== words.changes) return { candidates: [], isWhole: false }
  const shown = rows.filter((row): row is CandidateRow & Row => row.document_id !== null)
  return {
    candidates: shown.map((row) => toCandidate(row, words.of(row.chunk_id))).sort(byWords),
    isWhole: shown.length === rows.filter(({ chunk_id }) => chunk_id !== null).length,
  }
}

/** The nearest by their signs in memory; null when none are kept, or they are of another count of changes. */
function nearest(
  signs: KeptSigns,
  { values }: Compared,
  changes: number | null,
  { library, audiences }: SearchRequest,
): readonly number[] | null {
  // What is kept does not tell what is for whom.
  if (audiences) return null
  const kept = signs.nearest(library, values, RESCORED)
  if (kept?.changes === changes) return kept.chunkIds
  signs.refresh(library)
  return null
}

// Rows are looked up in lateral subqueries with `offset 0`, which Postgres never turns into another kind of join: each
// is one step in an index. Left to itself, it scanned whole tables wherever it knew nothing about them yet (a fresh
// library; on the embedded database every library): 1,150 ms instead of 13 ms at 10,000 chunks.

type Shown = {
  readonly compared: Compared | null
  /** from memory; null: they are looked for in the table */
  readonly near: readonly number[] | null
  readonly limit: number
  /** placeholder of the audiences; null: everything is shown */
  readonly readers: string | null
  /** a parameter's placeholder */
  readonly place: (parameter: unknown) => string
}

/** Of the best by words ($2) and by vector what is shown, and of what count of changes; one row at least. */
function shownSql({ compared, near, limit, readers, place }: Shown): string {
  const vector = compared ? place(vectorParameter(compared.values)) : ''
  const cosine = compared ? cosineSql(compared.space, vector) : noCosineSql
  const roughly =
    compared &&
    (near ? `select unnest(${place(near)}::int[]) as chunk_id` : bySignsSql(compared.space, vector, readers))
  const byVector = roughly
    ? `union (
         select f.chunk_id from (${roughly}) f cross join lateral (${cosine}) v
         order by v.cosine desc, f.chunk_id limit ${place(limit)})`
    : ''
  // Asked once more of the rows that are shown: a document may have been limited since its chunks were found.
  const condition = readers ? isReadable(readers) : 'true'
  return `
  select l.changes, s.* from libraries l left join lateral (
    select f.chunk_id, c.ordinal, c.start_offset, c.end_offset, c.headings, c.text,
           d.document_id, d.source, d.revision, r.title, r.url, r.published_at, v.cosine
    from (select unnest($2::int[]) as chunk_id ${byVector}) f
    left join lateral (select * from chunks where library_id = $1 and chunk_id = f.chunk_id offset 0) c on true
    left join lateral (
      select * from documents where library_id = $1 and document_id = c.document_id and ${condition} offset 0) d on true
    left join lateral (
      select title, url, published_at from revisions
      where library_id = $1 and document_id = d.document_id and revision = d.revision offset 0) r on true
    left join lateral (${cosine}) v on true) s on true
  where l.library_id = $1`
}

function bySignsSql({ id, dimensions }: Space, vector: string, readers: string | null): string {
  return `
    select chunk_id from signs_${id} where library_id = $1
    ${readers ? `and chunk_id not in (${hiddenSql(readers)})` : ''}
    order by signs <~> binary_quantize(${vector}::vector)::bit(${dimensions}), chunk_id limit ${RESCORED}`
}

const noCosineSql = 'select null::real as cosine'

function cosineSql(space: Space, vector: string): string {
  return `
    select (1 - (embedding <=> ${vector}::vector))::real as cosine from vectors_${space.id}
    where library_id = $1 and chunk_id = f.chunk_id offset 0`
}

function toCandidate(row: CandidateRow, words: number): Candidate {
  return {
    chunkId: row.chunk_id,
    ordinal: row.ordinal,
    document: toRef(row),
    headings: row.headings,
    span: { start: row.start_offset, end: row.end_offset },
    text: row.text,
    // Sums of the same numbers in another order must not differ.
    words: Math.fround(words),
    cosine: row.cosine,
  }
}

function byWords(a: Candidate, b: Candidate): number {
  return b.words - a.words || a.chunkId - b.chunkId
}

/** The caller stops waiting at once; the statement itself ends on its own within its timeout. */
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return await new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
