// Embedding spaces: which vectors a library compares, and the two narrow tables that hold them.
import pg from 'pg'
import pgvector from 'pgvector'
import { StoreError } from '../core/errors.ts'
import type { Embedder } from '../core/ports.ts'
import type { Database, Query } from './database.ts'

export type Space = { readonly id: number; readonly dimensions: number }
export type NamedSpace = Space & { readonly name: string }

/**
 * Makes the library, and gives it this embedder's space while it is empty. A library that holds chunks keeps its space:
 * an embedder that can open no other is refused, because its vectors would be compared with strangers.
 */
export async function openSpace(
  database: Database,
  library: string,
  embedder: Pick<Embedder, 'space' | 'dimensions' | 'inSpace'>,
): Promise<void> {
  const isOther = (active: string | null) => active !== null && active !== embedder.space
  if (embedder.inSpace && isOther(await filledSpace(database.query, library))) return
  await database.transaction(async (query) => {
    await query('insert into libraries (library_id) values ($1) on conflict do nothing', [library])
    const space = await findOrMakeSpace(query, embedder.space, embedder.dimensions)
    // Locked only now: whoever saves a chunk is waited for to make the tables, and waits for this row itself.
    await query('select from libraries where library_id = $1 for no key update', [library])
    const active = await filledSpace(query, library)
    if (active === null) await query('update libraries set space_id = $2 where library_id = $1', [library, space.id])
    else if (isOther(active) && !embedder.inSpace)
      throw otherSpace(active, `the configured embedder is ${embedder.space}`)
  })
}

/** The refusal of a library whose vectors cannot be compared with anything. */
export function otherSpace(active: string, why: string): StoreError {
  return new StoreError(
    'other-space',
    `The library was embedded with ${active}: ${why}. ` +
      'Set EMBEDDING_MODEL (and OPENAI_BASE_URL) back, or change it: npm run reembed -- --model <model or built-in>',
  )
}

/** In which a library with chunks is searched, whatever embedder opens it; null: any may be. */
export async function filledSpace(query: Query, library: string): Promise<string | null> {
  const [row] = await query<{ name: string }>(
    'select s.name from libraries l join spaces s using (space_id) where l.library_id = $1 and l.chunk_count > 0',
    [library],
  )
  return row?.name ?? null
}

export async function activeSpace(query: Query, library: string): Promise<NamedSpace> {
  const [row] = await query<NamedSpace>(
    'select space_id as id, dimensions, name from libraries join spaces using (space_id) where library_id = $1',
    [library],
  )
  if (!row) throw new StoreError('store-failed', `The library ${library} was never opened.`)
  return row
}

/** The spaces of a database by their names, each read once. */
export type Shelf = {
  /** null: there is none of this name */
  readonly find: (name: string) => Promise<Space | null>
  /** Whether the error says that the tables of this space are gone, which then is read anew. */
  readonly isGone: (error: unknown, name: string) => boolean
}

export function openShelf({ query }: Database): Shelf {
  const known = new Map<string, Space>()
  return {
    find: async (name) => {
      const found = known.get(name) ?? (await findSpace(query, name))
      if (found) known.set(name, found)
      return found
    },
    isGone: (error, name) => {
      const cause = error instanceof StoreError ? error.cause : null
      if (!(cause instanceof pg.DatabaseError && cause.code === UNDEFINED_TABLE)) return false
      return known.delete(name)
    },
  }
}

const UNDEFINED_TABLE = '42P01'

/** pgvector's text as numbers. */
export function fromVectorText(text: string): Float32Array {
  return Float32Array.from(pgvector.fromSql(text) as number[])
}

export async function findSpace(query: Query, name: string): Promise<Space | null> {
  const [row] = await query<Space>('select space_id as id, dimensions from spaces where name = $1', [name])
  return row ?? null
}

/** Throws StoreError `wrong-dimensions`. */
export async function findOrMakeSpace(query: Query, name: string, dimensions: number): Promise<Space> {
  // Two first starts at once must not make the tables twice.
  await lockSpaces(query)
  const known = await findSpace(query, name)
  if (known && known.dimensions !== dimensions)
    throw new StoreError(
      'wrong-dimensions',
      `The space ${name} holds vectors of ${known.dimensions} numbers, the embedder gives ${dimensions}.`,
    )
  if (known) return known
  const [made] = await query<{ space_id: number }>(
    'insert into spaces (name, dimensions) values ($1, $2) returning space_id',
    [name, dimensions],
  )
  if (!made) throw new StoreError('store-failed', `The space ${name} could not be made.`)
  await makeTables(query, made.space_id, dimensions)
  return { id: made.space_id, dimensions }
}

/** Until the end of the transaction no space is made or dropped. */
export async function lockSpaces(query: Query): Promise<void> {
  await query('lock table spaces in share row exclusive mode')
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
