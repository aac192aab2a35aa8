// Saving documents: each whole or not at all, and those that come at once together.
import { createHash } from 'node:crypto'
import { SourceError, StoreError } from '../core/errors.ts'
import type { DocumentStore, DocumentToSave } from '../core/ports.ts'
import type { SyncChange } from '../core/syncs.ts'
import { integersParameter, jsonsParameter, textsParameter } from './binary.ts'
import { replaceChunks, switchedMeanwhile } from './chunks.ts'
import { type Database, type Query, toJson } from './database.ts'
import { gather } from './gather.ts'
import { requireRunning, settleJobs } from './jobs.ts'
import type { Shelf, Space } from './spaces.ts'
import { noteChanges } from './syncs.ts'
import { saveUpload } from './uploads.ts'

/** Stable for a (library, source): a source that is ingested again is the same document. */
export function documentId(library: string, source: string): string {
  return `doc_${createHash('sha256').update(`${library}\0${source}`).digest('hex').slice(0, 20)}`
}

// Documents that are saved together write a row of the index of words once instead of once each. A million characters
// are about two segments of it: Postgres needs 0.34 s a MB, and 0.37 with half as many. The embedded database answers no
// question meanwhile, so it is given half as many.
const MOST_CHARACTERS = 1_000_000
const MOST_CHARACTERS_SINGLE = 500_000
const LINGER_MS = 20

/** Each document whole or not at all, those that come at once in one transaction. */
export function openSaving(database: Database, shelf: Shelf): DocumentStore['save'] {
  const inOneTransaction = async (documents: readonly DocumentToSave[]) => {
    const name = documents[0]?.space ?? ''
    const space = await shelf.find(name)
    if (!space) throw switchedMeanwhile()
    try {
      await database.checkRoom?.()
      return await database.transaction(async (query) => await saveDocuments(query, space, documents))
    } catch (error) {
      throw shelf.isGone(error, name) ? switchedMeanwhile() : error
    }
  }
  const most = database.isSingle ? MOST_CHARACTERS_SINGLE : MOST_CHARACTERS
  const fits = (batch: readonly DocumentToSave[], next: DocumentToSave) => fitsOneTransaction(batch, next, most)
  const save = gather(inOneTransaction, { fits, lingerMs: LINGER_MS, isOfAll: isSyncOver })
  return async (document) => {
    const space = await shelf.find(document.space)
    if (!space) throw switchedMeanwhile()
    refuseUnstorable(document, space)
    return await save(document)
  }
}

function fitsOneTransaction(batch: readonly DocumentToSave[], next: DocumentToSave, most: number): boolean {
  const characters = batch.reduce((sum, { parsed }) => sum + parsed.text.length, next.parsed.text.length)
  return characters <= most && batch.every((each) => isSameRun(each, next) && each.source !== next.source)
}

/** Of jobs it is not known whether it is that, or that one of them is somebody else's by now. */
function isSyncOver(error: unknown, documents: readonly DocumentToSave[]): boolean {
  return error instanceof StoreError && error.code === 'lease-lost' && documents.every(({ job }) => !job)
}

function isSameRun(one: DocumentToSave, other: DocumentToSave): boolean {
  return one.library === other.library && one.sync === other.sync && one.space === other.space
}

/** Of one library, one sync and one space, and no two of one source. */
async function saveDocuments(query: Query, space: Space, documents: readonly DocumentToSave[]): Promise<Saved[]> {
  const [first] = documents
  if (!first) return []
  const { library, sync } = first
  // Two processes that save some of the same documents lock them in the same order.
  const asked = documents.map((document) => ({ ...document, id: documentId(library, document.source) }))
  asked.sort((a, b) => (a.id < b.id ? -1 : 1))
  const before = await lockDocuments(query, library, asked)
  const overtaken = await overtakenOf(query, library, sync, asked)
  const ordered = asked.filter(({ id }) => !overtaken.has(id))
  const changed = await changeDocuments(query, library, ordered)
  for (const { id, revision, upload } of ordered) if (upload) await saveUpload(query, library, id, revision, upload)
  const anew = ordered.filter(({ id }) => changed.has(id))
  const typeOf = (id: string): Saved => (!changed.has(id) ? 'unchanged' : before.has(id) ? 'changed' : 'learned')
  if (anew.length > 0) {
    await saveRevisions(query, library, anew)
    await replaceChunks(query, space, library, anew)
    await compareQuotes(query, library, anew)
  }
  // In the order in which they are told.
  const told = documents
    .map(({ source }) => anew.find((each) => each.source === source))
    .filter((each) => each !== undefined)
  const changes = told.map(({ id, source, revision }): SyncChange => {
    const was = before.get(id)
    const type = was ? 'changed' : 'learned'
    return { type, source, document: id, before: was?.revision ?? null, after: revision, audience: was?.audience ?? [] }
  })
  if (sync !== undefined) await noteChanges(query, library, sync, changes)
  const types = documents.map(({ source }) => typeOf(documentId(library, source)))
  await holdFences(query, documents, types)
  return types
}

/** Last of all it is asked whether this may be done: until then nothing of it can be seen. */
async function holdFences(query: Query, documents: readonly DocumentToSave[], types: readonly Saved[]): Promise<void> {
  const settled = documents.flatMap(({ job, source }, index) => {
    if (!job) return []
    const [{ fence, outcome }, type] = [job, types[index] ?? 'unchanged']
    return [{ fence, outcome: type === 'unchanged' ? { type, source, bytes: outcome.bytes } : { ...outcome, type } }]
  })
  if (settled.length > 0) return await settleJobs(query, settled)
  const [first] = documents
  if (first?.sync !== undefined) await requireRunning(query, first.library, first.sync)
}

type Saved = Awaited<ReturnType<DocumentStore['save']>>
type Ordered = DocumentToSave & { readonly id: string }

/** Those that are in the library by now. Two that save one new document both find none, and both call it new. */
async function lockDocuments(query: Query, library: string, documents: readonly Ordered[]) {
  const rows = await query<{ document_id: string; revision: string; audience: string[]; removed_at: Date | null }>(
    `select document_id, revision, audience, removed_at from documents
     where library_id = $1 and document_id = any($2) order by document_id for update`,
    [library, documents.map(({ id }) => id)],
  )
  return new Map(rows.filter(({ removed_at }) => removed_at === null).map((row) => [row.document_id, row]))
}

/**
 * What waited in the queue, perhaps for the heartbeat of a process that was killed, and was changed by a later sync
 * meanwhile: that one was told that its words stand, so these are as good as never sent.
 */
async function overtakenOf(
  query: Query,
  library: string,
  sync: string | undefined,
  documents: readonly Ordered[],
): Promise<ReadonlySet<string>> {
  const waited = documents.filter(({ job }) => job)
  if (sync === undefined || waited.length === 0) return new Set()
  const rows = await query<{ document_id: string }>(
    `select distinct c.document_id from syncs own join syncs later on later.library_id = $1 and later.number > own.number
     join sync_outcomes c on c.library_id = $1 and c.sync_id = later.sync_id
     where own.library_id = $1 and own.sync_id = $2 and c.document_id = any($3) and c.type in ('learned', 'changed', 'removed')`,
    [library, sync, waited.map(({ id }) => id)],
  )
  return new Set(rows.map((row) => row.document_id))
}

/** The ids of those that were not what they are to be. */
async function changeDocuments(query: Query, library: string, documents: readonly Ordered[]): Promise<Set<string>> {
  const rows = await query<{ document_id: string }>(
    `insert into documents (library_id, document_id, source, revision, audience, root, seen)
     select $1, d.id, d.source, d.revision, array(select jsonb_array_elements_text(d.audience)), d.root, d.seen
     from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::jsonb[])
       as d(id, source, revision, audience, root, seen)
     on conflict (library_id, document_id) do update set revision = excluded.revision, audience = excluded.audience,
       root = coalesce(excluded.root, documents.root), seen = excluded.seen, removed_at = null, updated_at = now()
     where documents.revision <> excluded.revision or documents.audience <> excluded.audience
       or documents.removed_at is not null
     returning document_id`,
    [
      library,
      documents.map(({ id }) => id),
      documents.map(({ source }) => source),
      documents.map(({ revision }) => revision),
      documents.map(({ parsed }) => toJson(parsed.audience)),
      documents.map(({ root }) => root ?? null),
      documents.map(({ seen }) => (seen ? toJson(seen) : null)),
    ],
  )
  return new Set(rows.map((row) => row.document_id))
}

async function saveRevisions(query: Query, library: string, documents: readonly Ordered[]): Promise<void> {
  const texts = (of: (document: Ordered) => string) => textsParameter(documents.map(of))
  await query(
    `insert into revisions (library_id, document_id, revision, title, url, published_at, authors, text, characters,
       outline, boilerplate, pages)
     select $1, r.id, r.revision, r.title, r.url, r.published_at, array(select jsonb_array_elements_text(r.authors)),
       r.text, r.characters, r.outline, r.boilerplate, array(select jsonb_array_elements(r.pages)::int)
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::jsonb[], $10::jsonb[],
       $11::jsonb[], $12::jsonb[])
       as r(id, revision, title, url, published_at, text, characters, outline, boilerplate, pages, authors)
     on conflict (library_id, document_id, revision) do update set
       title = excluded.title, url = excluded.url, published_at = excluded.published_at, authors = excluded.authors,
       outline = excluded.outline, boilerplate = excluded.boilerplate, pages = excluded.pages,
       ingested_at = now()`,
    [
      library,
      texts(({ id }) => id),
      texts(({ revision }) => revision),
      texts(({ parsed }) => parsed.title),
      documents.map(({ parsed }) => parsed.url),
      documents.map(({ parsed }) => parsed.publishedAt),
      texts(({ parsed }) => parsed.text),
      integersParameter(documents.map(({ parsed }) => parsed.text.length)),
      jsonsParameter(documents.map(({ parsed }) => toJson(parsed.outline))),
      jsonsParameter(documents.map(({ parsed }) => toJson(parsed.boilerplate))),
      jsonsParameter(documents.map(({ parsed }) => toJson(parsed.pages ?? []))),
      jsonsParameter(documents.map(({ parsed }) => toJson(parsed.authors))),
    ],
  )
}

/** Past answers whose quotes do not stand in these texts are stale, and those whose quotes came back no longer are. */
async function compareQuotes(query: Query, library: string, documents: readonly Ordered[]): Promise<void> {
  await query(
    `update citations c set stale = not stale
     from unnest($2::text[], $3::text[]) as d(id, revision)
     join revisions r on r.library_id = $1 and r.document_id = d.id and r.revision = d.revision
     where c.library_id = $1 and c.document_id = d.id and c.stale <> (position(c.quote in r.text) = 0)`,
    [library, textsParameter(documents.map(({ id }) => id)), textsParameter(documents.map(({ revision }) => revision))],
  )
}

/** What the database would refuse half-way, or store as something else than was given. */
function refuseUnstorable({ source, parsed, chunks }: DocumentToSave, space: Space): void {
  const odd = chunks.find(({ vector }) => vector.length !== space.dimensions)
  if (odd)
    throw new StoreError(
      'wrong-dimensions',
      `A vector of ${odd.vector.length} numbers came for ${source}, the library's vectors have ${space.dimensions}.`,
    )
  // Half a surrogate pair has no UTF-8: the driver would write another character in its place.
  const texts = [
    source,
    parsed.title,
    parsed.text,
    ...parsed.authors,
    ...parsed.audience,
    ...chunks.map(({ text }) => text),
  ]
  if (texts.some((text) => text.includes('\0') || !text.isWellFormed()))
    throw new SourceError(
      'unstorable-text',
      source,
      `${source} holds a NUL character or half a surrogate pair: remove it and ingest again`,
    )
}
