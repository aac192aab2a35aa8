// BM25 over the term index. The sums are made here and not in SQL, which took five times as long for them. What the index
// has of a term stays in memory until the library changes: sending it was most of what a search cost Postgres.
import type { LibraryWords, SearchRequest } from '../core/ports.ts'
import { idf } from '../core/terms.ts'
import { audienceParameter, hiddenSql } from './audiences.ts'
import type { Database } from './database.ts'
import { ENTRY, SEGMENT, segmentOf, viewOf, without } from './postings.ts'

/** What is asked of the index, and for whom. */
type Asked = Pick<SearchRequest, 'library' | 'terms' | 'audiences' | 'changes'>

type ScoredChunk = { readonly chunkId: number; readonly words: number }

type WordScores = {
  /** the library's count of changes that the index was read at; null: there is no such library */
  readonly changes: number | null
  /** The best `limit` chunks, best first; ties by chunk. */
  readonly best: (limit: number) => ScoredChunk[]
  /** 0 for a chunk that holds none of the terms */
  readonly of: (chunkId: number) => number
}

export type WordIndex = {
  /** BM25 over the whole library, or over a library that holds only what these audiences may read. */
  readonly score: (asked: Asked) => Promise<WordScores>
  /** How many chunks hold each term. */
  readonly count: (asked: Asked) => Promise<LibraryWords>
}

export function openWordIndex(database: Database): WordIndex {
  const readKept = keepHoldings(database)
  // What is kept does not tell what is for whom.
  const read = async (asked: Asked) => await (asked.audiences ? readHoldings(database, asked) : readKept(asked))
  return {
    score: async (asked) => {
      const { changes, chunks, holdings } = await read(asked)
      const scores: Scores = new Map()
      for (const [term, boost] of asked.terms) {
        const holding = holdings.get(term)
        if (holding) addScores(scores, holding, boost * idf(chunks, holding.chunkIds.length))
      }
      return {
        changes,
        best: (limit) => best(scores, limit),
        of: (chunkId) => scores.get(segmentOf(chunkId))?.[chunkId % SEGMENT] ?? 0,
      }
    },
    count: async (asked) => {
      const { chunks, holdings } = await read(asked)
      const counts = [...holdings].map(([term, { chunkIds }]): [string, number] => [term, chunkIds.length])
      return { chunks, vocabulary: new Map(counts.filter(([, holding]) => holding > 0)) }
    },
  }
}

/** The chunks that hold a term, and its weight in each, idf not applied. */
type Holding = { readonly chunkIds: Int32Array; readonly weights: Float32Array }
type Holdings = {
  readonly changes: number | null
  readonly chunks: number
  /** of every term that was asked for, also of one that no chunk holds */
  readonly holdings: ReadonlyMap<string, Holding>
}

// Of a chunk and its weight, 8 bytes: 32 MB.
const MOST_KEPT = 4_000_000

type Kept = Omit<Holdings, 'holdings'> & { readonly library: string; readonly holdings: Map<string, Holding> }

/** Who names the library's count of changes is served from memory; others, and of what is not there, from the index. */
function keepHoldings(database: Database): (asked: Asked) => Promise<Holdings> {
  let kept: Kept | null = null
  return async ({ library, terms, changes }) => {
    const known = kept?.library === library && kept.changes === changes ? kept.holdings : new Map<string, Holding>()
    const missing = new Map([...terms].filter(([term]) => !known.has(term)))
    if (kept && terms.size > 0 && missing.size === 0) return keep(kept, new Map(pick(known, terms.keys())))
    let found = await readHoldings(database, { library, terms: missing })
    // It has changed since it was kept: all of it is read at one moment, or none.
    if (missing.size < terms.size && found.changes !== changes) found = await readHoldings(database, { library, terms })
    if (kept?.library !== library || kept.changes !== found.changes)
      kept = { library, changes: found.changes, chunks: found.chunks, holdings: new Map() }
    return keep(kept, new Map([...pick(known, terms.keys()), ...found.holdings]))
  }
}

function pick(holdings: Holdings['holdings'], terms: Iterable<string>): [string, Holding][] {
  return [...terms].flatMap((term): [string, Holding][] => {
    const holding = holdings.get(term)
    return holding ? [[term, holding]] : []
  })
}

/** Puts what was asked for last behind all others, and drops the first of these when there is too much. */
function keep({ changes, chunks, holdings }: Kept, asked: Holdings['holdings']): Holdings {
  for (const [term, holding] of asked) {
    holdings.delete(term)
    holdings.set(term, holding)
  }
  let size = 0
  for (const { chunkIds } of holdings.values()) size += chunkIds.length
  for (const [term, { chunkIds }] of holdings) {
    if (size <= MOST_KEPT) break
    holdings.delete(term)
    size -= chunkIds.length
  }
  return { changes, chunks, holdings: asked }
}

/** Without those of hidden chunks, which `chunks` does not count either. */
async function readHoldings(database: Database, { library, terms, audiences }: Asked): Promise<Holdings> {
  const read = await database.prepared<{
    term: string | null
    chunks: number
    changes: number
    entries: Buffer | null
  }>(audiences ? `${entriesSql} union all ${packedHiddenSql}` : entriesSql, [
    library,
    [...terms.keys()],
    ...(audiences ? [audienceParameter(audiences)] : []),
  ])
  const hidden = chunkIdsOf(read.find(({ term }) => term === '')?.entries)
  const holdings = new Map<string, Holding>()
  for (const { term, entries } of read) {
    if (term === null || term === '') continue
    holdings.set(term, unpacked(entries && hidden.size > 0 ? without(entries, hidden) : entries))
  }
  const [{ chunks, changes } = { chunks: 0, changes: null }] = read
  return { changes, chunks: chunks - hidden.size, holdings }
}

// One row at least: it tells what the library counts.
const entriesSql = `
  select q.term, l.chunk_count as chunks, l.changes, p.entries
  from libraries l
  left join unnest($2::text[]) as q(term) on true
  left join lateral (
    select string_agg(entries, '') as entries from postings where library_id = $1 and term = q.term offset 0) p on true
  where l.library_id = $1`

// In one statement with the entries, so that both are of one moment: a chunk that is limited in between is in neither,
// or in both. Its row has a term that no text holds.
const packedHiddenSql = `
  select '', l.chunk_count, l.changes, (select string_agg(int4send(chunk_id), '') from (${hiddenSql('$3')}) h)
  from libraries l where l.library_id = $1`

function chunkIdsOf(packed: Buffer | null | undefined): ReadonlySet<number> {
  const ids = new Set<number>()
  if (!packed) return ids
  const view = viewOf(packed)
  for (let at = 0; at < packed.length; at += 4) ids.add(view.getInt32(at))
  return ids
}

function unpacked(entries: Buffer | null): Holding {
  const count = (entries?.length ?? 0) / ENTRY
  const holding = { chunkIds: new Int32Array(count), weights: new Float32Array(count) }
  if (!entries) return holding
  const view = viewOf(entries)
  for (let at = 0; at < count; at++) {
    holding.chunkIds[at] = view.getInt32(ENTRY * at)
    holding.weights[at] = view.getFloat32(ENTRY * at + 4)
  }
  return holding
}

/** Sums by segment and place in it: ids may lie far apart, where documents were replaced again and again. */
type Scores = Map<number, Float64Array>

function addScores(scores: Scores, { chunkIds, weights }: Holding, rarity: number): void {
  let segment = -1
  let sums: Float64Array = new Float64Array(0)
  for (let at = 0; at < chunkIds.length; at++) {
    const chunkId = chunkIds[at] ?? 0
    // Those of one segment follow each other.
    if (segmentOf(chunkId) !== segment) {
      segment = segmentOf(chunkId)
      sums = scores.get(segment) ?? new Float64Array(SEGMENT)
      scores.set(segment, sums)
    }
    const place = chunkId % SEGMENT
    sums[place] = (sums[place] ?? 0) + rarity * (weights[at] ?? 0)
  }
}

function best(scores: Scores, limit: number): ScoredChunk[] {
  const found: ScoredChunk[] = []
  let least = 0
  const segments = [...scores].sort(([a], [b]) => a - b)
  for (const [segment, sums] of segments)
    for (let place = 0; place < SEGMENT; place++) {
      const words = sums[place] ?? 0
      if (words <= least) continue
      insert(found, { chunkId: segment * SEGMENT + place, words })
      if (found.length > limit) found.pop()
      if (found.length === limit) least = found.at(-1)?.words ?? 0
    }
  return found
}

/** Chunks come in the order of their ids: of two that are alike the first one stays before. */
function insert(found: ScoredChunk[], chunk: ScoredChunk): void {
  const rank = found.findLastIndex(({ words }) => words >= chunk.words) + 1
  found.splice(rank, 0, chunk)
}
