// A second embedding space beside the one that is searched: filled in the background, switched to in one transaction.
import { InputError, StoreError } from '../core/errors.ts'
import { embeddedText } from '../core/embedding.ts'
import type { ChunkToEmbed, ChunkVector, Embed, RecordedQuestion, SpaceReport, SpaceStore } from '../core/spaces.ts'
import type { Span } from '../core/types.ts'
import { realsParameter } from './binary.ts'
import type { Database, Query } from './database.ts'
import { findOrMakeSpace, findSpace, type Space } from './spaces.ts'

export function spaceStore(database: Database): SpaceStore {
  const { query } = database
  return {
    list: async (library) => await listSpaces(query, library),
    make: async (name, dimensions) => {
      if ((await findSpace(query, name))?.dimensions === dimensions) return
      await database.transaction(async (own) => await findOrMakeSpace(own, name, dimensions))
    },
    count: async (library, name) => {
      const space = await findSpace(query, name)
      const [row] = await query<{ chunks: number; missing: number }>(
        `select count(*)::int as chunks, (count(*) filter (where v.chunk_id is null))::int as missing
         from chunks c left join lateral (${space ? foundSql(space) : nothingSql}) v on true where c.library_id = $1`,
        [library],
      )
      return row ?? { chunks: 0, missing: 0 }
    },
    missing: async (library, name, after, limit) => {
      const space = await findSpace(query, name)
      return await missingChunks(query, space, { library, after, limit, but: [] })
    },
    fill: async (library, name, vectors) =>
      await database.transaction(async (own) => await insertFound(own, await expectSpace(own, name), library, vectors)),
    switch: async (library, name, blank, embed) =>
      await database.transaction(async (own) => await switchTo(own, library, name, [...blank], embed)),
    drop: async (library, name) => await drop(database, library, name),
    recorded: async (library, limit) => await recordedQuestions(query, library, limit),
  }
}

async function expectSpace(query: Query, name: string): Promise<Space> {
  const space = await findSpace(query, name)
  if (!space) throw new StoreError('unknown-space', `The space ${name} was dropped meanwhile: run the same again.`)
  return space
}

async function listSpaces(query: Query, library: string): Promise<SpaceReport[]> {
  const spaces = await query<{ id: number; name: string; active: boolean; former: boolean }>(
    `select s.space_id as id, s.name, s.space_id is not distinct from l.space_id as active,
            s.space_id is not distinct from l.former_space_id as former
     from spaces s join libraries l on l.library_id = $1 order by s.space_id`,
    [library],
  )
  const reports: SpaceReport[] = []
  for (const { id, name, active, former } of spaces) {
    const [row] = await query<{ chunks: number }>(
      `select count(*)::int as chunks from vectors_${id} where library_id = $1`,
      [library],
    )
    const chunks = row?.chunks ?? 0
    if (active || former || chunks > 0) reports.push({ space: name, chunks, active, former })
  }
  return reports
}

// One step in an index for each chunk, as in store/search.ts: a join was planned as two scans of whole tables.
function foundSql({ id }: Space): string {
  return `select chunk_id from vectors_${id} where library_id = $1 and chunk_id = c.chunk_id offset 0`
}

const nothingSql = 'select null::int as chunk_id'

type Wanted = {
  readonly library: string
  readonly after: number
  readonly limit: number
  readonly but: readonly number[]
}

async function missingChunks(query: Query, space: Space | null, wanted: Wanted): Promise<ChunkToEmbed[]> {
  return await query<ChunkToEmbed>(
    `select c.chunk_id as "chunkId", c.headings, c.text
     from chunks c left join lateral (${space ? foundSql(space) : nothingSql}) v on true
     where c.library_id = $1 and c.chunk_id > $2 and v.chunk_id is null and c.chunk_id <> all($4::int[])
     order by c.chunk_id limit $3`,
    [wanted.library, wanted.after, wanted.limit, wanted.but],
  )
}

/**
 * Of those chunks that there still are. One that is being replaced at this moment is skipped: waiting for it could be
 * waiting for whoever waits for the chunks that are held here.
 */
async function insertFound(
  query: Query,
  { id, dimensions }: Space,
  library: string,
  vectors: readonly ChunkVector[],
): Promise<void> {
  const rows = vectors.filter(({ vector }) => vector.some((value) => value !== 0))
  const ids = rows.map(({ chunkId }) => chunkId)
  const odd = rows.find(({ vector }) => vector.length !== dimensions)
  if (odd)
    throw new StoreError(
      'wrong-dimensions',
      `A vector of ${odd.vector.length} numbers came for a space of ${dimensions}.`,
    )
  await query(
    `with held as materialized (
       select chunk_id from chunks where library_id = $1 and chunk_id = any($2::int[]) for key share skip locked)
     insert into vectors_${id}
     select $1, v.id, ($3::real[])[(v.n - 1) * $4 + 1 : v.n * $4]::vector
     from unnest($2::int[]) with ordinality as v(id, n) where v.id in (select chunk_id from held)
     on conflict do nothing`,
    [library, ids, realsParameter(rows.map(({ vector }) => vector)), dimensions],
  )
  await query(
    `insert into signs_${id}
     select library_id, chunk_id, binary_quantize(embedding)::bit(${dimensions})
     from vectors_${id} where library_id = $1 and chunk_id = any($2::int[]) on conflict do nothing`,
    [library, ids],
  )
}

// Embedded while every save waits: one small call to a provider.
const LAST_FEW = 32

async function switchTo(
  query: Query,
  library: string,
  name: string,
  blank: readonly number[],
  embed: Embed,
): Promise<boolean> {
  // From here on no chunk is saved or removed: saves wait for this row, and then find that their space is not searched.
  await query('select from libraries where library_id = $1 for no key update', [library])
  const space = await expectSpace(query, name)
  const last = await missingChunks(query, space, { library, after: 0, limit: LAST_FEW + 1, but: blank })
  if (last.length > LAST_FEW) return false
  if (last.length > 0) {
    const ids = last.map(({ chunkId }) => chunkId)
    const held = await query(
      'select from chunks where library_id = $1 and chunk_id = any($2) for key share skip locked',
      [library, ids],
    )
    // Somebody replaces one of them and waits for the library: they come first.
    if (held.length < last.length) return false
    const vectors = await embed(last.map(embeddedText))
    const rows = ids.map((chunkId, index) => ({ chunkId, vector: vectors[index] ?? new Float32Array() }))
    await insertFound(query, space, library, rows)
  }
  await query(
    `update libraries set space_id = $2, changes = changes + 1, former_space_id = case when space_id = $2 then former_space_id else space_id end
     where library_id = $1`,
    [library, space.id],
  )
  return true
}

async function drop(database: Database, library: string, name: string): Promise<void> {
  const space = await findSpace(database.query, name)
  if (!space) throw new InputError('unknown-space', `There is no space ${name}: npm run reembed -- --list`)
  const [forgotten] = await database.query(
    `update libraries set former_space_id = nullif(former_space_id, $2) where library_id = $1 and space_id <> $2 returning 1`,
    [library, space.id],
  )
  if (!forgotten) throw isSearched(name)
  // In a transaction of its own: the tables are dropped when nobody saves, and whoever saves waits for the library's row.
  await database.transaction(async (query) => {
    await query('set local statement_timeout = 0')
    const [dropped] = await query<{ end: string }>('select footnote_drop_space($1) as end', [space.id])
    if (dropped?.end === 'searched') throw isSearched(name)
    if (dropped?.end === 'shared')
      for (const table of ['signs', 'vectors'])
        await query(`delete from ${table}_${space.id} where library_id = $1`, [library])
  }, DROP_MS)
}

const DROP_MS = 10 * 60_000

function isSearched(name: string): InputError {
  return new InputError('space-active', `The library is searched in ${name}: switch to another one first.`)
}

// Readers ask the same things again: so many answers hold enough different ones.
const LOOKED_THROUGH = 2_000

async function recordedQuestions(query: Query, library: string, limit: number): Promise<RecordedQuestion[]> {
  const rows = await query<{ question: string; document: string; span: Span; current: boolean }>(
    `with last as (
       select answer, created_at from answers
       where library_id = $1 and answer ->> 'status' = 'answered' order by created_at desc limit ${LOOKED_THROUGH}),
     asked as (
       select * from (select distinct on (answer ->> 'query') answer ->> 'query' as question, answer, created_at
                      from last order by answer ->> 'query', created_at desc) a
       order by created_at desc limit $2)
     select question, document_id as document, c -> 'span' as span, revision = c #>> '{document,revision}' as current
     from asked cross join jsonb_array_elements(answer -> 'citations') as c
     join documents on library_id = $1 and document_id = c #>> '{document,id}' and removed_at is null
     order by created_at desc, question, (c ->> 'n')::int`,
    [library, limit],
  )
  const byQuestion = Map.groupBy(rows, ({ question }) => question)
  return [...byQuestion].map(([question, cited]) => ({
    question,
    cited: [...Map.groupBy(cited, ({ document }) => document)].map(([document, places]) => ({
      document,
      // Of another revision they are places in another text.
      spans: places.flatMap(({ span, current }) => (current ? [span] : [])),
    })),
  }))
}
