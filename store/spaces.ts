// Embedding spaces: which vectors a library compares, and the two narrow tables that hold them.
import pgvector from 'pgvector'
import { StoreError } from '../core/errors.ts'
import type { Database, Query } from './database.ts'

export type Space = { readonly id: number; readonly dimensions: number }

/**
 * Makes the library and its space when they are new. A library has one active space: opening it with another
 * embedder is refused, because its vectors would be compared with strangers.
 */
export async function openSpace(
  database: Database,
  library: string,
  embedder: { readonly space: string; readonly dimensions: number },
): Promise<Space> {
  return await database.transaction(async (query) => {
    await query('insert into libraries (library_id) values ($1) on conflict do nothing', [library])
    const space = await findOrMakeSpace(query, embedder.space, embedder.dimensions)
    const [active] = await query<{ name: string | null; chunks: number }>(
      `select s.name, l.chunk_count as chunks from libraries l left join spaces s using (space_id)
       where l.library_id = $1 for no key update of l`,
      [library],
    )
    if (active?.name && active.name !== embedder.space && active.chunks > 0)
      throw new StoreError(
        'other-space',
        `The library was embedded with ${active.name}, the configured embedder is ${embedder.space}. ` +
          'Set EMBEDDING_MODEL back, or ingest into an empty database.',
      )
    await query('update libraries set space_id = $2 where library_id = $1', [library, space.id])
    return space
  })
}

/** pgvector's text as numbers. */
export function fromVectorText(text: string): Float32Array {
  return Float32Array.from(pgvector.fromSql(text) as number[])
}

async function findOrMakeSpace(query: Query, name: string, dimensions: number): Promise<Space> {
  // Two first starts at once must not make the tables twice.
  await query('lock table spaces in share row exclusive mode')
  const [known] = await query<{ space_id: number; dimensions: number }>(
    'select space_id, dimensions from spaces where name = $1',
    [name],
  )
  if (known && known.dimensions !== dimensions)
    throw new StoreError(
      'wrong-dimensions',
      `The space ${name} holds vectors of ${known.dimensions} numbers, the embedder gives ${dimensions}.`,
    )
  if (known) return { id: known.space_id, dimensions }
  const [made] = await query<{ space_id: number }>(
    'insert into spaces (name, dimensions) values ($1, $2) returning space_id',
    [name, dimensions],
  )
  if (!made) throw new StoreError('store-failed', `The space ${name} could not be made.`)
  await makeTables(query, made.space_id, dimensions)
  return { id: made.space_id, dimensions }
}

// The signs stand in a table of their own: a scan over 32-byte rows instead of 1-kilobyte ones is what makes the
// exact scan cheap. Full vectors are read only for the best few hundred.
async function makeTables(query: Query, id: number, dimensions: number): Promise<void> {
  await query(`
    create table vectors_${id} (
      library_id text not null, chunk_id int not null, embedding vector(${dimensions}) not null,
      primary key (library_id, chunk_id),
      foreign key (library_id, chunk_id) references chunks on delete cascade);
    create table signs_${id} (
      library_id text not null, chunk_id int not null, signs bit(${dimensions}) not null,
      primary key (library_id, chunk_id),
      foreign key (library_id, chunk_id) references chunks on delete cascade)`)
}
