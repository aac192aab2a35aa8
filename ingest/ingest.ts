// Files and sources → documents: read, parse, chunk, embed, save, in order; then what is gone is removed. Each document is
// saved or removed whole or not at all, so an ingest that was cut is resumed by running it again; what is unchanged costs
// one look at its hash.
import { isDeepStrictEqual } from 'node:util'
import { SourceError } from '../core/errors.ts'
import type { OriginStore } from '../core/origins.ts'
import type { DocumentStore, Embedder, KnownDocument } from '../core/ports.ts'
import type { Upload } from '../core/syncs.ts'
import type { IngestEvent, IngestOutcome, ParsedDocument } from '../core/types.ts'
import { type Gone, goneOf, isOf, type Owners, type Removals, type Root, rootOf, rootsOf, UPLOADS } from './changes.ts'
import { chunk } from './chunk.ts'
import { type Known, type Learnable, learningOf, look, type Looked } from './look.ts'
import { openOriginRead } from './origin-read.ts'
import { findFiles, readSource, type SourceFile } from './source/folder.ts'
import type { Loaded, Origin } from './source/source.ts'
import { openTally, type TokenPrice } from './tally.ts'
import { embedChunks } from './vectors.ts'

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
  /** sources of sources.yaml that are read, and what is remembered of them */
  readonly reading?: readonly Origin[]
  /** what was asked for and is left out */
  readonly skipped?: readonly { readonly source: string; readonly reason: string }[]
  readonly memories?: Pick<OriginStore, 'memory' | 'remember'>
  /** all sources that are described; left out: none is */
  readonly owners?: Owners
  /** for measuring: the revision does not know of it, so only for a database that is new */
  readonly chunkSize?: number
  /** for measuring: what to learn instead of what was parsed */
  readonly prepare?: (parsed: ParsedDocument) => ParsedDocument
}

export async function* ingest(
  paths: readonly string[],
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
  yield* summed(steps(paths, deps, signal), deps)
}

async function* steps(paths: readonly string[], deps: IngestDeps, signal: AbortSignal): AsyncGenerator<IngestEvent> {
  const { documents, library } = deps
  const found = await findFiles(paths, signal)
  const known = await documents.known(library)
  const roots = await rootsOf(paths, found)
  const gone = deps.removals ? goneOf(roots, found, known, deps.removals) : nothingGone
  const uploads = await keptUploads(deps)
  const { files, faults } = found
  const skipped = [...found.skipped, ...(deps.skipped ?? [])]
  const total = files.length + faults.length + uploads.length
  yield { type: 'found', files: total, gone: gone.documents.length, skipped }
  for (const each of gone.kept) yield { type: 'kept', ...each }
  for (const fault of faults) yield toFailure(fault)
  const sources = files.map((file) => fileLearnable(file, rootOf(file.path, roots)))
  yield* learn([...sources, ...uploads], known, deps, signal)
  const read = yield* learnOrigins(deps, signal)
  // Last, so that a file that was only moved finds the vectors it had under its old name.
  yield* remove([...gone.documents, ...read.gone], deps, signal)
  // What was named is remembered only now: who comes to nothing asks for everything again.
  for (const [name, memory] of read.memories) await deps.memories?.remember(library, name, memory)
  await adoptHomeless(roots, known, deps)
}

const nothingGone: Gone = { documents: [], kept: [] }

/** The events, and their sum as the last one. */
async function* summed(events: AsyncIterable<IngestEvent>, deps: IngestDeps): AsyncGenerator<IngestEvent> {
  const tally = openTally(deps.tokenPrice)
  for await (const event of events) {
    tally.add(event)
    yield event
  }
  yield { type: 'finished', report: tally.report() }
}

type ReadOrigins = {
  readonly gone: readonly KnownDocument[]
  readonly memories: ReadonlyMap<string, unknown>
}

/** One after the other. What one of them still names is not gone because another one does not name it any more. */
async function* learnOrigins(deps: IngestDeps, signal: AbortSignal): AsyncGenerator<IngestEvent, ReadOrigins> {
  const { documents, library, reading = [], memories } = deps
  const gone: KnownDocument[] = []
  const kept = new Map<string, unknown>()
  const named = new Set<string>()
  for (const origin of reading) {
    yield { type: 'reading', name: origin.name, kind: origin.kind }
    const known = await documents.known(library)
    const read = openOriginRead(origin, await memories?.memory(library, origin.name))
    for await (const outcome of learn(read.entries(signal), known, deps, signal)) {
      yield* read.beside()
      if (!read.isGone(outcome, known)) yield outcome
    }
    yield* read.beside()
    const judged = deps.removals ? read.judge(known, deps.removals) : nothingGone
    for (const each of judged.kept) yield { type: 'kept', ...each }
    gone.push(...judged.documents)
    for (const source of read.named) named.add(source)
    if (read.memory() !== undefined) kept.set(origin.name, read.memory())
  }
  const really = gone.filter(({ source }) => !named.has(source))
  if (really.length > 0) yield { type: 'found', files: 0, gone: really.length, skipped: [] }
  return { gone: really, memories: kept }
}

async function* remove(
  gone: readonly KnownDocument[],
  { documents, library, sync }: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
  for (const { id, revision, source } of gone) {
    signal.throwIfAborted()
    if (await documents.remove(library, id, revision, sync)) yield { type: 'removed', source }
  }
}

async function adoptHomeless(roots: readonly Root[], known: Known, { documents, library }: IngestDeps): Promise<void> {
  for (const root of roots) {
    const homeless = [...known.values()].filter((each) => each.root === null && isOf(each, root))
    if (homeless.length > 0)
      await documents.adopt(
        library,
        root.name,
        homeless.map(({ id }) => id),
      )
  }
}

/** Learns what was sent, and nothing else. */
export async function* learnUploads(
  uploads: readonly Upload[],
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
  yield* summed(uploadSteps(uploads, deps, signal), deps)
}

async function* uploadSteps(
  uploads: readonly Upload[],
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
  const sources = uploads.map((upload) => toLearnable(uploadSource(upload.name), upload))
  const known = await deps.documents.known(
    deps.library,
    sources.map(({ source }) => source),
  )
  yield { type: 'found', files: sources.length, gone: 0, skipped: [] }
  yield* learn(sources, known, deps, signal)
}

export function uploadSource(name: string): string {
  return `upload/${name}`
}

function toLearnable(source: string, upload: Upload): Learnable {
  return { source, root: UPLOADS, load: async () => loadedBytes(upload.bytes), upload }
}

export function fileLearnable(file: SourceFile, root: string): Learnable {
  return { source: file.source, root, load: async (_, signal) => loadedBytes(await readSource(file, signal)) }
}

/** Known by nothing but its bytes, which are read every time. */
function loadedBytes(bytes: Uint8Array): Loaded {
  return { bytes, mediaType: null, seen: {}, hints: {} }
}

async function keptUploads({ documents, library, uploads = [] }: IngestDeps): Promise<Learnable[]> {
  const kept = await Promise.all(uploads.map(async (id) => await documents.upload(library, id)))
  return kept.flatMap((upload) => (upload ? [toLearnable(upload.source, upload)] : []))
}

// So many documents, and bytes of them, are under way at once: enough for two of the batches that the store saves them in,
// so that one is computed as another one is written. A provider of vectors is not asked for more than a few at a time.
const MOST_UNDER_WAY = 128
const MOST_UNDER_WAY_WITH_PROVIDER = 8
const MOST_BYTES_UNDER_WAY = 4_000_000

/** Loaded one after the other, and told in that order. */
async function* learn(
  sources: Iterable<Learnable> | AsyncIterable<Learnable>,
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestOutcome> {
  const underWay: UnderWay[] = []
  const most = deps.tokenPrice ? MOST_UNDER_WAY_WITH_PROVIDER : MOST_UNDER_WAY
  const isFull = () => underWay.length >= most || sumOf(underWay) > MOST_BYTES_UNDER_WAY
  try {
    for await (const source of sources) {
      // What is under way may be saved already: it is told before this ends.
      if (signal.aborted) break
      underWay.push(await begin(source, known, deps, signal))
      while (underWay[0] && (isFull() || underWay[0].isOver())) yield await takeFirst(underWay)
    }
    while (underWay[0]) yield await takeFirst(underWay)
    signal.throwIfAborted()
  } finally {
    // However this is left, nothing is written afterwards.
    await Promise.allSettled(underWay.map(({ outcome }) => outcome))
  }
}

type UnderWay = {
  readonly bytes: number
  readonly outcome: Promise<IngestOutcome>
  readonly isOver: () => boolean
}

async function takeFirst(underWay: UnderWay[]): Promise<IngestOutcome> {
  const first = underWay[0]
  if (!first) throw new Error('nothing is under way')
  return await first.outcome.finally(() => underWay.shift())
}

function sumOf(underWay: readonly UnderWay[]): number {
  return underWay.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Loaded and read when this ends; what fails later is told when it is this source's turn. */
async function begin(source: Learnable, known: Known, deps: IngestDeps, signal: AbortSignal): Promise<UnderWay> {
  const looked = await orReport(async () => await look(source, known, deps, signal))
  let over = false
  const finished = async () =>
    'type' in looked ? looked : await orReport(async () => await finish(source, looked, known, deps, signal))
  const outcome = finished().finally(() => (over = true))
  outcome.catch(() => null)
  return { bytes: 'type' in looked ? 0 : looked.bytes, outcome, isOver: () => over }
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

async function finish(
  { source: name, upload }: Learnable,
  { parsed, revision, bytes, isKnown, root, seen }: Looked,
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): Promise<IngestOutcome> {
  const { documents, library, sync } = deps
  if (parsed === null || isKnown) {
    const stored = known.get(name)
    if (stored && seen && (stored.root !== root || !isDeepStrictEqual(stored.seen, seen)))
      await documents.see(library, stored.id, stored.revision, { seen, root })
    return { type: 'unchanged', source: name, bytes }
  }
  const { chunks, embedded, tokens } = await embedChunks(await chunk(parsed, deps.chunkSize), deps, signal)
  signal.throwIfAborted()
  const type = await documents.save({
    library,
    source: name,
    parsed,
    revision,
    chunks,
    root,
    ...(seen && { seen }),
    ...(sync !== undefined && { sync }),
    ...(upload && { upload: { ...upload, learnedWith: learningOf(deps.embedder) } }),
  })
  if (type === 'unchanged') return { type, source: name, bytes }
  return { type, source: name, bytes, chunks: chunks.length, embedded, tokens }
}

function toFailure(error: SourceError): IngestOutcome {
  return { type: 'failed', source: error.source, code: error.code, message: error.message }
}
