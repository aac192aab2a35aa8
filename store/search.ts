// Finding chunks: BM25 over the term index, and an exact scan over quantised vectors.
import type { LibraryState, SearchRequest, SearchStore } from '../core/ports.ts'
import type { Candidate } from '../core/types.ts'
import { audienceParameter, hiddenSql, isReadable } from './audiences.ts'
import { vectorParameter } from './binary.ts'
import type { Database } from './database.ts'
import { type RevisionRow, toRef } from './documents.ts'
import { countHolding, scoreWords } from './postings.ts'
import { keepSigns, type KeptSigns } from './signs.ts'
import type { Shelf, Space } from './spaces.ts'

// The signs of a vector order its neighbours roughly; the exact cosine of the best 200 brings recall back to
// 0.96–1.0 at 10–50 k chunks (design §6).
const RESCORED = 200
// For a document that is saved while it is being found. That takes milliseconds: twice is rare already.
const RETRIES = 3

export function searchStore(database: Database, shelf: Shelf): SearchStore {
  const signs = signsBySpace(database)
  return {
    candidates: async (request, signal) => {
      signal.throwIfAborted()
      return await untilAborted(findCandidates(database, shelf, signs, request), signal)
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
      await countHolding(database, { library, audiences, terms: new Map(terms.map((term) => [term, 1])) }),
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
  words: number
  cosine: number | null
}

/** A query's vector and the space of the tables that it is compared in. */
type Compared = { readonly space: Space; readonly values: Float32Array }

/** A space that was dropped since the query was embedded compares nothing any more: then the words decide alone. */
async function findCandidates(
  database: Database,
  shelf: Shelf,
  signs: (space: Space) => KeptSigns,
  request: SearchRequest,
  retries = RETRIES,
): Promise<Candidate[]> {
  const { vector } = request
  // A vector of zeros has no direction: its cosine with anything would be NaN.
  const space = vector?.values.some((value) => value !== 0) ? await shelf.find(vector.space) : null
  try {
    const compared = vector && space ? { space, values: vector.values } : null
    const { candidates, isWhole } = await findOnce(database, request, compared, signs)
    // A document was replaced since its chunks were found: the new ones must not be missed.
    if (isWhole || retries === 0) return candidates
  } catch (error) {
    if (!vector || retries === 0 || !shelf.isGone(error, vector.space)) throw error
  }
  return await findCandidates(database, shelf, signs, request, retries - 1)
}

async function findOnce(
  database: Database,
  request: SearchRequest,
  compared: Compared | null,
  signs: (space: Space) => KeptSigns,
): Promise<{ readonly candidates: Candidate[]; readonly isWhole: boolean }> {
  const { library, limit, audiences } = request
  const [words, byVector] = await Promise.all([
    scoreWords(database, request),
    compared ? bestByVector(database, compared, signs(compared.space), request) : [],
  ])
  const found = [...new Set([...words.best(limit).map(({ chunkId }) => chunkId), ...byVector])]
  const parameters: unknown[] = [library, found, found.map(words.of)]
  const place = (parameter: unknown) => `$${parameters.push(parameter)}`
  const cosine = compared ? cosineSql(compared.space, place(vectorParameter(compared.values))) : noCosineSql
  // Asked once more of the rows that are shown: a document may have been limited since its chunks were found.
  const condition = audiences ? isReadable(place(audienceParameter(audiences))) : 'true'
  const rows = await database.prepared<CandidateRow>(shownSql(cosine, condition), parameters)
  return { candidates: rows.map(toCandidate), isWhole: rows.length >= found.length }
}

async function bestByVector(
  database: Database,
  compared: Compared,
  signs: KeptSigns,
  { library, limit, audiences }: SearchRequest,
): Promise<number[]> {
  const { space, values } = compared
  // What is kept does not tell what is for whom.
  const kept = audiences ? null : await bestOfKept(database, compared, signs, { library, limit })
  if (kept) return kept
  const rows = await database.prepared<{ chunk_id: number }>(
    `with f as materialized (
       select chunk_id from signs_${space.id} where library_id = $1
       ${audiences ? `and chunk_id not in (${hiddenSql('$4')})` : ''}
       order by signs <~> binary_quantize($2::vector)::bit(${space.dimensions}), chunk_id limit ${RESCORED})
     select chunk_id from f cross join lateral (${cosineSql(space, '$2')}) v
     order by cosine desc, chunk_id limit $3`,
    [library, vectorParameter(values), limit, ...(audiences ? [audienceParameter(audiences)] : [])],
  )
  return rows.map((row) => row.chunk_id)
}

/** Null when no signs are kept, or the library has changed since they were read. */
async function bestOfKept(
  database: Database,
  { space, values }: Compared,
  signs: KeptSigns,
  { library, limit }: Pick<SearchRequest, 'library' | 'limit'>,
): Promise<number[] | null> {
  const nearest = signs.nearest(library, values, RESCORED)
  const rows =
    nearest &&
    (await database.prepared<{ chunk_id: number }>(
      `select v.chunk_id from libraries l cross join lateral (
         select f.chunk_id, c.cosine from unnest($4::int[]) as f(chunk_id) cross join lateral (${cosineSql(space, '$2')}) c
         order by c.cosine desc, f.chunk_id limit $3) v
       where l.library_id = $1 and l.changes = $5 order by v.cosine desc, v.chunk_id`,
      [library, vectorParameter(values), limit, nearest.chunkIds, nearest.changes],
    ))
  if (rows && rows.length > 0) return rows.map((row) => row.chunk_id)
  signs.refresh(library)
  return null
}

// Rows are looked up in lateral subqueries with `offset 0`, which Postgres never turns into another kind of join: each
// is one step in an index. Left to itself, it scanned whole tables wherever it knew nothing about them yet (a fresh
// library; on the embedded database every library): 1,150 ms instead of 13 ms at 10,000 chunks.

function shownSql(cosine: string, condition: string): string {
  return `
  select c.chunk_id, c.ordinal, c.start_offset, c.end_offset, c.headings, c.text,
         d.document_id, d.source, d.revision, r.title, r.url, r.published_at, f.words, v.cosine
  from unnest($2::int[], $3::real[]) as f(chunk_id, words)
  cross join lateral (select * from chunks where library_id = $1 and chunk_id = f.chunk_id offset 0) c
  cross join lateral (
    select * from documents where library_id = $1 and document_id = c.document_id and ${condition} offset 0) d
  cross join lateral (
    select title, url, published_at from revisions
    where library_id = $1 and document_id = d.document_id and revision = d.revision offset 0) r
  left join lateral (${cosine}) v on true
  order by f.words desc, c.chunk_id`
}

const noCosineSql = 'select null::real as cosine'

function cosineSql(space: Space, vector: string): string {
  return `
    select (1 - (embedding <=> ${vector}::vector))::real as cosine from vectors_${space.id}
    where library_id = $1 and chunk_id = f.chunk_id offset 0`
}

function toCandidate(row: CandidateRow): Candidate {
  return {
    chunkId: row.chunk_id,
    ordinal: row.ordinal,
    document: toRef(row),
    headings: row.headings,
    span: { start: row.start_offset, end: row.end_offset },
    text: row.text,
    words: row.words,
    cosine: row.cosine,
  }
}

/** The caller stops waiting at once; the statement itself ends on its own within its timeout. */
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return await new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
