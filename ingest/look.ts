// What a source is now: loaded, parsed, completed by what is known of it elsewhere, and compared with what is stored.
import { createHash } from 'node:crypto'
import { narrowAudience } from '../core/audience.ts'
import { SourceError } from '../core/errors.ts'
import type { KeptSeen } from '../core/origins.ts'
import type { KnownDocument } from '../core/ports.ts'
import type { Upload } from '../core/syncs.ts'
import type { ParsedDocument } from '../core/types.ts'
import { originOf, UPLOADS } from './changes.ts'
import type { IngestDeps } from './ingest.ts'
import { cleanLine } from './parse/blocks.ts'
import { readableName } from './parse/metadata.ts'
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

export type Looked = {
  /** null, and no revision: nothing was loaded, because nothing has changed */
  readonly parsed: ParsedDocument | null
  readonly revision: string
  readonly bytes: number
  /** that is what is stored */
  readonly isKnown: boolean
  readonly isNew: boolean
  /** where it belongs, and what is to be given to it the next time */
  readonly root: string
  readonly seen: KeptSeen | null
}

// Part of every revision's hash: raise it when parsing, chunking or term weights change, and the next ingest of an
// unchanged file learns it anew. Vectors have no part in it: they belong to the library, not to a document.
const INGEST_VERSION = 4

/** What an upload, or a page, has to be learned with to be left alone. */
export const LEARNED_WITH = String(INGEST_VERSION)

/** Throws SourceError. */
export async function look(source: Learnable, known: Known, deps: IngestDeps, signal: AbortSignal): Promise<Looked> {
  const stored = known.get(source.source)
  const root = stored ? rootFor(source, stored, deps) : source.root
  // Another audience of the source or another parser makes another document of the same bytes.
  const learnedWith = `${LEARNED_WITH} ${JSON.stringify(source.audience ?? [])}`
  const kept = stored?.seen?.learnedWith === learnedWith && !stored.isClosed ? stored.seen : null
  const read = await readGuarded(source, kept, deps, signal)
  if (read === 'unchanged') return { ...nothingNew, root, seen: kept }
  const parsed = deps.prepare?.(read.parsed) ?? read.parsed
  const revision = revisionOf(parsed)
  // An upload that is learned anew is saved also when it comes out the same: with what it was learned is kept with it.
  const isKnown = stored?.revision === revision && !stored.isClosed && !source.upload
  const { bytes, seen } = read.loaded
  return {
    parsed,
    revision,
    bytes: bytes.length,
    isKnown,
    isNew: !stored,
    root,
    seen: source.audience ? { seen, learnedWith } : null,
  }
}

const nothingNew = { parsed: null, revision: '', bytes: 0, isKnown: true, isNew: false } as const

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

type Read = { readonly loaded: Loaded; readonly parsed: ParsedDocument } | 'unchanged'

/** Whoever wrote an audience, however badly, no longer wants the copy that was learned before to be found by everyone. */
async function readGuarded(
  learnable: Learnable,
  kept: KeptSeen | null,
  { documents, library }: IngestDeps,
  signal: AbortSignal,
): Promise<Read> {
  const { source, upload } = learnable
  try {
    const loaded = await learnable.load(kept?.seen ?? null, signal)
    if (loaded === 'unchanged') return loaded
    const { bytes, mediaType, hints } = loaded
    const fileName = hints.fileName === undefined ? {} : { fileName: hints.fileName }
    const parsed = await parse(source, bytes, signal, { ...fileName, mediaType })
    return { loaded, parsed: { ...withHints(source, parsed, hints), ...upload?.said } }
  } catch (error) {
    if (error instanceof SourceError && error.code === 'bad-audience') await documents.keepFromAll(library, source)
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
  const { stands = false } = hints
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
    audience,
  }
}

/** The first where it stands above the second, and the other one where that is missing. */
function either(hint: string | null, own: string | null, stands: boolean): string | null {
  return stands ? (hint ?? own) : (own ?? hint)
}

function revisionOf(parsed: ParsedDocument): string {
  // Left out where there is none, so that a document for everyone has the revision it had before audiences were read.
  const { audience, ...rest } = parsed
  const written = JSON.stringify([INGEST_VERSION, audience.length > 0 ? parsed : rest])
  return createHash('sha256').update(written).digest('hex')
}
