// Files and sources → documents: each is loaded and given to hands that learn it; then what is gone is removed. Each
// document is saved or removed whole or not at all, so an ingest that was cut is resumed by running it again; what is
// unchanged costs one look at its hash.
import { InputError } from '../core/errors.ts'
import type { Fence } from '../core/jobs.ts'
import type { OriginStore } from '../core/origins.ts'
import type { DocumentStore, Embedder, KnownDocument } from '../core/ports.ts'
import type { Upload } from '../core/syncs.ts'
import type { IngestEvent, ParsedDocument } from '../core/types.ts'
import { type Gone, goneOf, isOf, type Owners, type Removals, type Root, rootOf, rootsOf, UPLOADS } from './changes.ts'
import { learn } from './flight.ts'
import type { Hands } from './hands.ts'
import type { Known, Learnable } from './look.ts'
import { openOriginRead } from './origin-read.ts'
import { findFiles, readSource, type SourceFile } from './source/folder.ts'
import { hashOf, type Loaded, type Origin } from './source/source.ts'
import { openTally, type TokenPrice } from './tally.ts'

/** What the work on one document needs. */
export type WorkDeps = {
  readonly documents: DocumentStore
  readonly embedder: Embedder
  readonly library: string
  readonly tokenPrice?: TokenPrice
  /** the stored sync whose changes these are */
  readonly sync?: string
  /** the job that the work is done for; left out: it is done where it was asked for */
  readonly fence?: Fence
  /** for measuring: the revision does not know of it, so only for a database that is new */
  readonly chunkSize?: number
  /** for measuring: what to learn instead of what was parsed */
  readonly prepare?: (parsed: ParsedDocument) => ParsedDocument
}

export type IngestDeps = Omit<WorkDeps, 'fence'> & {
  /** left out: those of this process */
  readonly hands?: Hands
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
  const skipped = [...found.skipped, ...(deps.skipped ?? [])].map(({ source, reason }) => ({ source, reason }))
  const total = files.length + faults.length + uploads.length
  yield { type: 'found', files: total, gone: gone.documents.length, skipped }
  if (deps.removals === 'stop' && gone.kept[0]) throw new InputError('too-many-removals', gone.kept[0].message, 'paths')
  for (const each of gone.kept) yield { type: 'kept', ...each }
  for (const { source, code, message } of faults) yield { type: 'failed', source, code, message }
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
  return {
    source: file.source,
    root,
    // Read every time, because a time of change can lie; what it says then is compared.
    async load(seen, signal) {
      const bytes = await readSource(file, signal)
      const hash = hashOf(bytes)
      return seen?.hash === hash ? 'unchanged' : { ...loadedBytes(bytes), seen: { hash } }
    },
  }
}

function loadedBytes(bytes: Uint8Array): Loaded {
  return { bytes, mediaType: null, seen: {}, hints: {} }
}

async function keptUploads({ documents, library, uploads = [] }: IngestDeps): Promise<Learnable[]> {
  const kept = await Promise.all(uploads.map(async (id) => await documents.upload(library, id)))
  return kept.flatMap((upload) => (upload ? [toLearnable(upload.source, upload)] : []))
}
