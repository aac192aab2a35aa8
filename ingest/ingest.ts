// Files → documents: read, parse, chunk, embed, save, in order. Each is saved whole or not at all, so an ingest
// that was cut is resumed by running it again; what is unchanged costs one look at its hash.
import { createHash } from 'node:crypto'
import { SourceError } from '../core/errors.ts'
import type { ChunkToSave, DocumentStore, DocumentToSave, Embedder } from '../core/ports.ts'
import { termWeights } from '../core/terms.ts'
import type { Chunk, IngestEvent, IngestOutcome, IngestReport, ParsedDocument } from '../core/types.ts'
import { chunk } from './chunk.ts'
import { parse } from './parse/parse.ts'
import { findFiles, readSource, type SourceFile } from './source/folder.ts'

export type IngestDeps = {
  readonly documents: DocumentStore
  readonly embedder: Embedder
  readonly library: string
  /** for measuring: the revision does not know of it, so only for a database that is new */
  readonly chunkSize?: number
  /** for measuring: what to learn instead of what was parsed */
  readonly prepare?: (parsed: ParsedDocument) => ParsedDocument
}

// Part of every revision's hash: raise it when parsing, chunking or term weights change, and the next ingest of an
// unchanged file learns it anew.
const INGEST_VERSION = 3

export async function* ingest(
  paths: readonly string[],
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
  const began = performance.now()
  const { files, skipped, faults } = await findFiles(paths, signal)
  yield { type: 'found', files: files.length + faults.length, skipped }
  const outcomes: IngestOutcome[] = faults.map(toFailure)
  yield* outcomes
  let next = prepareAhead(files[0], deps, signal)
  for (const [index] of files.entries()) {
    signal.throwIfAborted()
    const ready = await next
    // The next file is read while this one is saved: one thread computes as the database writes.
    next = prepareAhead(files[index + 1], deps, signal)
    const outcome = ready && (await saveOrReport(ready, deps))
    if (!outcome) continue
    outcomes.push(outcome)
    yield outcome
  }
  yield { type: 'finished', report: reportOf(outcomes, skipped.length, performance.now() - began) }
}

/** A document that is ready to be saved, or what became of its file without that. */
type Prepared = { readonly document: DocumentToSave; readonly outcome: IngestOutcome } | IngestOutcome

/** Begun at once, awaited later: what fails is told when it is this file's turn, and not at all when none comes. */
function prepareAhead(file: SourceFile | undefined, deps: IngestDeps, signal: AbortSignal): Promise<Prepared | null> {
  if (!file) return Promise.resolve(null)
  const preparing = orReport(async () => await prepare(file, deps, signal))
  preparing.catch(() => null)
  return preparing
}

async function saveOrReport(prepared: Prepared, { documents }: IngestDeps): Promise<IngestOutcome> {
  if (!('document' in prepared)) return prepared
  const { document, outcome } = prepared
  return await orReport(async () => {
    await documents.save(document)
    return outcome
  })
}

/** A bad file is reported and skipped; a store or a provider that fails ends the ingest. */
async function orReport<Result>(work: () => Promise<Result>): Promise<Result | IngestOutcome> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SourceError) return toFailure(error)
    throw error
  }
}

async function prepare(file: SourceFile, deps: IngestDeps, signal: AbortSignal): Promise<Prepared> {
  const { documents, library } = deps
  const { source } = file
  const content = await readSource(file, signal)
  const read = await parseGuarded(source, content, deps, signal)
  const parsed = deps.prepare?.(read) ?? read
  const revision = revisionOf(parsed, deps.embedder.space)
  if ((await documents.currentRevision(library, source)) === revision)
    return { type: 'unchanged', source, bytes: content.length }
  const { chunks, embedded } = await embedChunks(await chunk(parsed, deps.chunkSize), deps, signal)
  return {
    document: { library, source, parsed, revision, chunks },
    outcome: { type: 'learned', source, bytes: content.length, chunks: chunks.length, embedded },
  }
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
async function embedChunks(
  chunks: readonly Chunk[],
  { documents, embedder, library }: IngestDeps,
  signal: AbortSignal,
): Promise<{ chunks: ChunkToSave[]; embedded: number }> {
  const texts = chunks.map(({ headings, text }) => `${headings.join('\n')}\n${text}`)
  const hashes = texts.map((text) => hash(`${embedder.space}\0${text}`))
  const known = await documents.knownVectors(library, hashes)
  const missing = [...new Map(texts.map((text, index) => [hashes[index] ?? '', text]))].filter(
    ([key]) => !known.has(key),
  )
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
  return { chunks: saved, embedded: missing.length }
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

function reportOf(outcomes: readonly IngestOutcome[], skipped: number, ms: number): IngestReport {
  const count = (type: IngestOutcome['type']) => outcomes.filter((outcome) => outcome.type === type).length
  const sum = (key: 'bytes' | 'chunks' | 'embedded') =>
    outcomes.reduce((total, outcome) => total + (key in outcome ? Number(outcome[key as keyof IngestOutcome]) : 0), 0)
  return {
    learned: count('learned'),
    unchanged: count('unchanged'),
    failed: count('failed'),
    skipped,
    chunks: sum('chunks'),
    embedded: sum('embedded'),
    bytes: sum('bytes'),
    ms: Math.round(ms),
  }
}
