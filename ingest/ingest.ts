// Files → documents: read, parse, chunk, embed, save, in order; then what is gone is removed. Each document is saved or
// removed whole or not at all, so an ingest that was cut is resumed by running it again; what is unchanged costs one look
// at its hash.
import { createHash } from 'node:crypto'
import { SourceError } from '../core/errors.ts'
import type { ChunkToSave, DocumentStore, DocumentToSave, Embedder, KnownDocument } from '../core/ports.ts'
import type { Upload } from '../core/syncs.ts'
import { termWeights } from '../core/terms.ts'
import { countTokens } from '../core/tokens.ts'
import type { Chunk, IngestEvent, IngestOutcome, ParsedDocument } from '../core/types.ts'
import { goneOf, isOf, type Removals, rootOf, rootsOf, UPLOADS } from './changes.ts'
import { chunk } from './chunk.ts'
import { parse } from './parse/parse.ts'
import { findFiles, readSource } from './source/folder.ts'
import { openTally, type TokenPrice } from './tally.ts'

export type IngestDeps = {
  readonly documents: DocumentStore
  readonly embedder: Embedder
  readonly library: string
  readonly tokenPrice?: TokenPrice
  /** the stored sync whose changes these are */
  readonly sync?: string
  /** left out: what is gone stays */
  readonly removals?: Removals
  /** ids of uploads that are learned anew as well */
  readonly uploads?: readonly string[]
  /** for measuring: the revision does not know of it, so only for a database that is new */
  readonly chunkSize?: number
  /** for measuring: what to learn instead of what was parsed */
  readonly prepare?: (parsed: ParsedDocument) => ParsedDocument
}

/** Something to learn. `root` is where it comes from, `upload` what is kept of it beside its text. */
export type Learnable = {
  readonly source: string
  readonly root: string
  readonly read: (signal: AbortSignal) => Promise<Uint8Array>
  readonly upload?: Upload
}

type Known = ReadonlyMap<string, KnownDocument>

// Part of every revision's hash: raise it when parsing, chunking or term weights change, and the next ingest of an
// unchanged file learns it anew.
const INGEST_VERSION = 3

export async function* ingest(
  paths: readonly string[],
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
  const { documents, library } = deps
  const tally = openTally(deps.tokenPrice)
  const told = (event: IngestEvent) => (tally.add(event), event)
  const found = await findFiles(paths, signal)
  const known = await documents.known(library)
  const roots = await rootsOf(paths, found)
  const gone = deps.removals ? goneOf(roots, found, known, deps.removals) : { documents: [], kept: [] }
  const uploads = await keptUploads(deps)
  const { files, skipped, faults } = found
  const total = files.length + faults.length + uploads.length
  yield told({ type: 'found', files: total, gone: gone.documents.length, skipped })
  for (const each of gone.kept) yield told({ type: 'kept', ...each })
  for (const fault of faults) yield told(toFailure(fault))
  const sources = files.map((file): Learnable => ({
    source: file.source,
    root: rootOf(file.path, roots),
    read: async (signal) => await readSource(file, signal),
  }))
  for await (const outcome of learn([...sources, ...uploads], known, deps, signal)) yield told(outcome)
  // Last, so that a file that was only moved finds the vectors it had under its old name.
  for (const each of gone.documents) {
    signal.throwIfAborted()
    if (await documents.remove(library, each.id, each.revision, deps.sync))
      yield told({ type: 'removed', source: each.source })
  }
  for (const root of roots) {
    const homeless = [...known.values()].filter((each) => each.root === null && isOf(each, root))
    if (homeless.length > 0)
      await documents.adopt(
        library,
        root.name,
        homeless.map(({ id }) => id),
      )
  }
  yield { type: 'finished', report: tally.report() }
}

/** Learns what was sent, and nothing else. */
export async function* learnUploads(
  uploads: readonly Upload[],
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
  const tally = openTally(deps.tokenPrice)
  const sources = uploads.map((upload) => toLearnable(uploadSource(upload.name), upload))
  const known = await deps.documents.known(
    deps.library,
    sources.map(({ source }) => source),
  )
  const found: IngestEvent = { type: 'found', files: sources.length, gone: 0, skipped: [] }
  tally.add(found)
  yield found
  for await (const outcome of learn(sources, known, deps, signal)) {
    tally.add(outcome)
    yield outcome
  }
  yield { type: 'finished', report: tally.report() }
}

/** What an upload has to be learned with to be left alone. */
export function learningOf({ space }: Embedder): string {
  return `${INGEST_VERSION} ${space}`
}

export function uploadSource(name: string): string {
  return `upload/${name}`
}

function toLearnable(source: string, upload: Upload): Learnable {
  return { source, root: UPLOADS, read: async () => upload.bytes, upload }
}

async function keptUploads({ documents, library, uploads = [] }: IngestDeps): Promise<Learnable[]> {
  const kept = await Promise.all(uploads.map(async (id) => await documents.upload(library, id)))
  return kept.flatMap((upload) => (upload ? [toLearnable(upload.source, upload)] : []))
}

async function* learn(
  sources: readonly Learnable[],
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestOutcome> {
  let next = prepareAhead(sources[0], known, deps, signal)
  for (const [index] of sources.entries()) {
    signal.throwIfAborted()
    const ready = await next
    // The next file is read while this one is saved: one thread computes as the database writes.
    next = prepareAhead(sources[index + 1], known, deps, signal)
    if (ready) yield await saveOrReport(ready, deps)
  }
}

/** A document that is ready to be saved, or what became of its file without that. */
type Prepared = { readonly document: DocumentToSave; readonly outcome: Learned } | IngestOutcome
type Learned = Extract<IngestOutcome, { type: 'learned' | 'changed' }>

/** Begun at once, awaited later: what fails is told when it is this file's turn, and not at all when none comes. */
function prepareAhead(
  source: Learnable | undefined,
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): Promise<Prepared | null> {
  if (!source) return Promise.resolve(null)
  const preparing = orReport(async () => await prepare(source, known, deps, signal))
  preparing.catch(() => null)
  return preparing
}

async function saveOrReport(prepared: Prepared, { documents }: IngestDeps): Promise<IngestOutcome> {
  if (!('document' in prepared)) return prepared
  const { document, outcome } = prepared
  return await orReport(async () => {
    const type = await documents.save(document)
    return type === 'unchanged' ? { type, source: outcome.source, bytes: outcome.bytes } : { ...outcome, type }
  })
}

/** A bad file is reported and skipped; a store or a provider that fails ends the ingest. */
export async function orReport<Result>(work: () => Promise<Result>): Promise<Result | IngestOutcome> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SourceError) return toFailure(error)
    throw error
  }
}

async function prepare(source: Learnable, known: Known, deps: IngestDeps, signal: AbortSignal): Promise<Prepared> {
  const { source: name, root, upload } = source
  const { parsed, revision, bytes, isKnown } = await look(source, known, deps, signal)
  if (isKnown) return { type: 'unchanged', source: name, bytes }
  const { chunks, embedded, tokens } = await embedChunks(await chunk(parsed, deps.chunkSize), deps, signal)
  return {
    document: {
      library: deps.library,
      source: name,
      parsed,
      revision,
      chunks,
      root,
      ...(deps.sync !== undefined && { sync: deps.sync }),
      ...(upload && { upload: { ...upload, learnedWith: learningOf(deps.embedder) } }),
    },
    outcome: { type: 'learned', source: name, bytes, chunks: chunks.length, embedded, tokens },
  }
}

/** What a source is now, and whether that is what is stored. */
export async function look(source: Learnable, known: Known, deps: IngestDeps, signal: AbortSignal) {
  const stored = known.get(source.source)
  if (stored && (stored.root === UPLOADS) !== (source.root === UPLOADS)) throw nameTaken(source)
  const content = await source.read(signal)
  const read = withSaid(await parseGuarded(source.source, content, deps, signal), source.upload)
  const parsed = deps.prepare?.(read) ?? read
  const revision = revisionOf(parsed, deps.embedder.space)
  // An upload that is learned anew is saved also when it comes out the same: with what it was learned is kept with it.
  const isKnown = stored?.revision === revision && !stored.isClosed && !source.upload
  return { parsed, revision, bytes: content.length, isKnown, isNew: !stored }
}

function nameTaken({ source, root }: Learnable): SourceError {
  const [here, there] = root === UPLOADS ? ['upload it under another name', 'a file'] : ['rename the file', 'an upload']
  return new SourceError('name-taken', source, `${source} is the name of ${there} in the library already: ${here}`)
}

function withSaid(parsed: ParsedDocument, upload: Upload | undefined): ParsedDocument {
  return upload ? { ...parsed, ...upload.said } : parsed
}

/** Whoever wrote an audience, however badly, no longer wants the copy that was learned before to be found by everyone. */
async function parseGuarded(
  source: string,
  content: Uint8Array,
  { documents, library }: IngestDeps,
  signal: AbortSignal,
): Promise<ParsedDocument> {
  try {
    return await parse(source, content, signal)
  } catch (error) {
    if (error instanceof SourceError && error.code === 'bad-audience') await documents.keepFromAll(library, source)
    throw error
  }
}

/** Chunks whose words and headings were embedded before keep their vectors. */
export async function embedChunks(
  chunks: readonly Chunk[],
  deps: IngestDeps,
  signal: AbortSignal,
): Promise<{ chunks: ChunkToSave[]; embedded: number; tokens: number }> {
  const { hashes, known, missing, tokens } = await lookUpVectors(chunks, deps)
  const { embedder } = deps
  const vectors =
    missing.length === 0
      ? []
      : await embedder.embed(
          missing.map(([, text]) => text),
          'document',
          signal,
        )
  for (const [index, [key]] of missing.entries())
    known.set(key, vectors[index] ?? new Float32Array(embedder.dimensions))
  const saved = chunks.map((each, index): ChunkToSave => {
    const contentHash = hashes[index] ?? ''
    const vector = known.get(contentHash) ?? new Float32Array(embedder.dimensions)
    return { ...each, contentHash, vector, terms: termWeights(each.headings, each.text) }
  })
  return { chunks: saved, embedded: missing.length, tokens }
}

/** Which of these chunks have a vector already, and what would have to be embedded for the rest. */
export async function lookUpVectors(
  chunks: readonly Chunk[],
  { documents, embedder, library, tokenPrice }: IngestDeps,
) {
  const texts = chunks.map(({ headings, text }) => `${headings.join('\n')}\n${text}`)
  const hashes = texts.map((text) => hash(`${embedder.space}\0${text}`))
  const known = await documents.knownVectors(library, hashes)
  const missing = [...new Map(texts.map((text, index) => [hashes[index] ?? '', text]))].filter(
    ([key]) => !known.has(key),
  )
  // Counted only where somebody charges for them.
  const tokens = tokenPrice ? missing.reduce((sum, [, text]) => sum + countTokens(text), 0) : 0
  return { hashes, known, missing, tokens }
}

function revisionOf(parsed: ParsedDocument, space: string): string {
  // Left out where there is none, so that a document for everyone has the revision it had before audiences were read.
  const { audience, ...rest } = parsed
  return hash(JSON.stringify([INGEST_VERSION, space, audience.length > 0 ? parsed : rest]))
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function toFailure(error: SourceError): IngestOutcome {
  return { type: 'failed', source: error.source, code: error.code, message: error.message }
}
