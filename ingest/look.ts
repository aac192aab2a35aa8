// What a source is now: loaded where it can be reached; then, in whichever process, parsed, completed by what is known of
// it elsewhere, and compared with what is stored.
import { createHash } from 'node:crypto'
import { narrowAudience } from '../core/audience.ts'
import { SourceError } from '../core/errors.ts'
import type { KeptSeen } from '../core/origins.ts'
import type { KnownDocument } from '../core/ports.ts'
import type { Upload } from '../core/syncs.ts'
import type { ParsedDocument } from '../core/types.ts'
import { originOf, UPLOADS } from './changes.ts'
import type { IngestDeps, WorkDeps } from './ingest.ts'
import { cleanLine } from './parse/blocks.ts'
import { firstNamed, readableName, toAuthors } from './parse/metadata.ts'
import { parse } from './parse/parse.ts'
import type { Hints, Loaded, SourceEntry } from './source/source.ts'

/** Something to learn. `root` is where it comes from, `upload` what is kept of it beside its text. */
export type Learnable = SourceEntry & {
  readonly root: string
  readonly upload?: Upload
  /** of a source of sources.yaml: whom that is for */
  readonly audience?: readonly string[]
}

export type Known = ReadonlyMap<string, KnownDocument>

/** One document's work, as plain data: any process that has the store can do it. `bytes` are those of an upload, too. */
export type DocumentTask = Pick<Loaded, 'bytes' | 'mediaType' | 'hints'> & {
  readonly source: string
  readonly root: string
  /** as it is stored */
  readonly stored: KnownDocument | null
  /** what is to be given to its source the next time; null: nothing */
  readonly seen: KeptSeen | null
  readonly upload: Omit<Upload, 'bytes'> | null
  /** a process that would learn it otherwise leaves it to others */
  readonly learning: string
}

/** What its bytes say. */
export type Examined = {
  readonly parsed: ParsedDocument
  readonly revision: string
  /** that is what is stored */
  readonly isKnown: boolean
}

// Part of every revision's hash: raise it when parsing, chunking or term weights change, and the next ingest of an
// unchanged file learns it anew. Vectors have no part in it: they belong to the library, not to a document.
const INGEST_VERSION = 6

/** What an upload, or a page, has to be learned with to be left alone. */
export const LEARNED_WITH = String(INGEST_VERSION)

/** Null: it has not changed, and nothing of it is left to be done. Throws SourceError. */
export async function arrive(
  source: Learnable,
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): Promise<DocumentTask | null> {
  const stored = known.get(source.source) ?? null
  const root = stored ? rootFor(source, stored, deps) : source.root
  // Another audience of the source or another parser makes another document of the same bytes.
  const learnedWith = `${LEARNED_WITH} ${JSON.stringify(source.audience ?? [])}`
  const kept = deps.prepare ? null : seenOf(stored, learnedWith)
  const loaded = await guarded(source.source, deps, async () => await source.load(kept?.seen ?? null, signal))
  if (loaded === 'unchanged') {
    if (stored && kept && stored.root !== root)
      await deps.documents.see(deps.library, stored.id, stored.revision, { seen: kept, root })
    return null
  }
  const { bytes, mediaType, hints, seen } = loaded
  return {
    source: source.source,
    root,
    stored,
    bytes,
    mediaType,
    hints,
    // Of an upload nothing is seen: it is learned anew when it is asked for.
    seen: Object.keys(seen).length > 0 ? { seen, learnedWith } : null,
    upload: source.upload ? { name: source.upload.name, said: source.upload.said } : null,
    learning: LEARNED_WITH,
  }
}

/** Null: it is to be loaded whatever its source says. */
function seenOf(stored: KnownDocument | null, learnedWith: string): KeptSeen | null {
  return stored?.seen?.learnedWith === learnedWith && !stored.isClosed ? stored.seen : null
}

/** Throws SourceError. */
export async function examine(task: DocumentTask, deps: WorkDeps, signal: AbortSignal): Promise<Examined> {
  const { source, stored, bytes, mediaType, hints, upload } = task
  const read = await guarded(source, deps, async () => {
    const fileName = hints.fileName === undefined ? {} : { fileName: hints.fileName }
    const parsed = await parse(source, bytes, signal, { ...fileName, mediaType })
    const said = upload?.said
    const authors = said?.authors && { authors: toAuthors(said.authors) }
    return { ...withHints(source, parsed, hints), ...said, ...authors }
  })
  const parsed = deps.prepare?.(read) ?? read
  const revision = revisionOf(parsed)
  // An upload that is learned anew is saved also when it comes out the same: with what it was learned is kept with it.
  return { parsed, revision, isKnown: stored?.revision === revision && !stored.isClosed && !upload }
}

/**
 * A document stays with the source that learned it first, for as long as that is described; others may bring it up to
 * date. Throws SourceError where they would change whom it is for.
 */
function rootFor(source: Learnable, stored: KnownDocument, { owners = new Map() }: IngestDeps): string {
  const { root } = stored
  if ((root === UPLOADS) !== (source.root === UPLOADS)) throw nameTaken(source)
  const owner = root === null || root === source.root ? null : originOf(root)
  if (root === null || owner === null) return source.root
  const audience = owners === 'unknown' ? null : owners.get(owner)
  if (audience === undefined) return source.root
  if (audience !== null && isSame(audience, source.audience ?? [])) return root
  const message = `${source.source} belongs to the source ${owner}, which may be for others: npm run ingest -- ${owner} learns it`
  throw new SourceError('name-taken', source.source, message)
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name))
}

function nameTaken({ source, root }: Learnable): SourceError {
  const [here, there] = root === UPLOADS ? ['upload it under another name', 'a file'] : ['rename the file', 'an upload']
  return new SourceError('name-taken', source, `${source} is the name of ${there} in the library already: ${here}`)
}

/** Whoever wrote an audience, however badly, no longer wants the copy that was learned before to be found by everyone. */
async function guarded<Result>(
  source: string,
  { documents, library, fence }: Pick<WorkDeps, 'documents' | 'library' | 'fence'>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SourceError && error.code === 'bad-audience')
      await documents.keepFromAll(library, source, fence)
    throw error
  }
}

/** What the document does not say of itself; of a page, where it lives. Throws SourceError when it would be for nobody. */
function withHints(source: string, parsed: ParsedDocument, hints: Hints): ParsedDocument {
  const audience = narrowAudience(parsed.audience, hints.audience ?? [])
  if (audience === null) {
    const [own, its] = [parsed.audience.join(', '), hints.audience?.join(', ')]
    const message = `${source} is for ${own}, its source only for ${its}: name a group in both, or nobody may read it`
    throw new SourceError('bad-audience', source, message)
  }
  const { stands = false, authors: given = [] } = hints
  const [title, url, publishedAt] = [hints.title ?? null, hints.url ?? null, hints.publishedAt ?? null]
  // The name of a file or of a page is no title that anybody gave.
  const own = parsed.title === readableName(source) ? null : parsed.title
  // A page's own word for its address was checked where it was read: it may not speak for other sites.
  const isPage = /^https?:\/\//.test(source)
  return {
    ...parsed,
    title: cleanLine(either(title, own, stands) ?? '') || parsed.title,
    url: either(url, parsed.url, stands || isPage),
    publishedAt: either(publishedAt, parsed.publishedAt, stands),
    authors: stands ? firstNamed(given, parsed.authors) : firstNamed(parsed.authors, given),
    audience,
  }
}

/** The first where it stands above the second, and the other one where that is missing. */
function either(hint: string | null, own: string | null, stands: boolean): string | null {
  return stands ? (hint ?? own) : (own ?? hint)
}

export function noteOf({ note }: ParsedDocument, chunks: number): { readonly note?: string } {
  const bare = chunks === 0 ? 'it has headings and no words below them: nothing of it can be found' : null
  const notes = [note, bare].filter((each) => each != null).join('; ')
  return notes === '' ? {} : { note: notes }
}

function revisionOf(parsed: ParsedDocument): string {
  // A note is told and not learned.
  const learned = { ...parsed, note: undefined }
  // Left out where there is none, so that a document for everyone has the revision it had before audiences were read.
  const { audience, ...rest } = learned
  const written = JSON.stringify([INGEST_VERSION, audience.length > 0 ? learned : rest])
  return createHash('sha256').update(written).digest('hex')
}
