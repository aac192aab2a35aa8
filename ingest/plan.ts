// What a sync would do: everything is read, parsed and compared, and nothing is written.
import type { PlannedOrigin, SourceFailure, SyncPlan, SyncStore } from '../core/syncs.ts'
import { goneOf, rootOf, rootsOf } from './changes.ts'
import { chunk } from './chunk.ts'
import { fileLearnable, type IngestDeps } from './ingest.ts'
import { orReport } from './work.ts'
import { arrive, examine, type Known, type Learnable } from './look.ts'
import { openOriginRead } from './origin-read.ts'
import { findFiles } from './source/folder.ts'
import type { Origin } from './source/source.ts'
import { usdOf } from './tally.ts'
import { lookUpVectors } from './vectors.ts'

const NAMED = 12
// Enough to level out one that waited for a slow disk or a busy provider.
const COMPARED_SYNCS = 20

type PlanDeps = IngestDeps & { readonly syncs: SyncStore }

type Asked = { readonly paths: readonly string[]; readonly origins: readonly Origin[] }

export async function planSync({ paths, origins }: Asked, deps: PlanDeps, signal: AbortSignal): Promise<SyncPlan> {
  const found = await findFiles(paths, signal)
  const known = await deps.documents.known(deps.library)
  const roots = await rootsOf(paths, found)
  const gone = goneOf(roots, found, known, 'stop')
  const files = emptyPart()
  files.failed.push(...found.faults.map(({ source, code, message }) => ({ source, code, message })))
  for (const file of found.files) {
    signal.throwIfAborted()
    add(files, file.source, await lookAt(fileLearnable(file, rootOf(file.path, roots)), known, deps, signal))
  }
  files.skipped += found.skipped.length
  files.removed.push(...gone.documents.map(({ source }) => source), ...gone.kept.flatMap(({ sources }) => sources))
  const parts: Part[] = [files]
  const sources: PlannedOrigin[] = []
  const refused = [...gone.kept]
  for (const origin of origins) {
    const { part, isComplete, kept } = await planOrigin(origin, known, deps, signal)
    parts.push(part)
    refused.push(...kept)
    sources.push(countsOf(origin, part, isComplete))
  }
  return { ...(await summed(parts, deps)), refused: refused[0]?.message ?? null, sources }
}

/** What became of the documents of one source, or of all files. */
type Part = {
  readonly added: string[]
  readonly changed: string[]
  readonly removed: string[]
  readonly failed: SourceFailure[]
  unchanged: number
  skipped: number
  bytes: number
  chunks: number
  embedded: number
  tokens: number
}

function emptyPart(): Part {
  const names = { added: [], changed: [], removed: [], failed: [] }
  return { ...names, unchanged: 0, skipped: 0, bytes: 0, chunks: 0, embedded: 0, tokens: 0 }
}

function add(part: Part, source: string, looked: Planned | Failed): void {
  if ('type' in looked) part.failed.push({ source, code: looked.code, message: looked.message })
  else if (looked.isKnown) part.unchanged++
  else {
    part[looked.isNew ? 'added' : 'changed'].push(source)
    for (const key of ['bytes', 'chunks', 'embedded', 'tokens'] as const) part[key] += looked[key]
  }
}

async function planOrigin(origin: Origin, known: Known, deps: PlanDeps, signal: AbortSignal) {
  const part = emptyPart()
  const read = openOriginRead(origin, await deps.memories?.memory(deps.library, origin.name))
  for await (const entry of read.entries(signal)) {
    const looked = await lookAt(entry, known, deps, signal)
    if (!('type' in looked) || !read.isGone(looked, known)) add(part, entry.source, looked)
  }
  for (const event of read.beside()) {
    if (event.type === 'failed') part.failed.push({ source: event.source, code: event.code, message: event.message })
    else part.skipped++
  }
  const { documents, kept } = read.judge(known, 'keep')
  part.removed.push(...documents.map(({ source }) => source), ...kept.flatMap(({ sources }) => sources))
  return { part, kept, isComplete: read.isWhole() }
}

function countsOf({ name, kind, schedule }: Origin, part: Part, complete: boolean): PlannedOrigin {
  const { unchanged, skipped } = part
  const [added, changed, removed, failed] = [part.added, part.changed, part.removed, part.failed].map(
    ({ length }) => length,
  ) as [number, number, number, number]
  return { name, kind, schedule, added, changed, removed, failed, unchanged, skipped, complete }
}

async function summed(parts: readonly Part[], deps: PlanDeps): Promise<Omit<SyncPlan, 'refused' | 'sources'>> {
  const names = (key: 'added' | 'changed' | 'removed') => some(parts.flatMap((part) => part[key]))
  const sum = (key: 'unchanged' | 'skipped' | 'bytes' | 'chunks' | 'embedded' | 'tokens') =>
    parts.reduce((total, part) => total + part[key], 0)
  const failed = parts.flatMap((part) => part.failed)
  const [chunks, tokens] = [sum('chunks'), sum('tokens')]
  return {
    added: names('added'),
    changed: names('changed'),
    removed: names('removed'),
    failed: { count: failed.length, some: failed.slice(0, NAMED) },
    unchanged: sum('unchanged'),
    skipped: sum('skipped'),
    bytes: sum('bytes'),
    chunks,
    embedded: sum('embedded'),
    tokens,
    usd: usdOf(tokens, deps.tokenPrice ? deps.tokenPrice.usdPerMillion : 0),
    ms: await timeFor(chunks, deps),
  }
}

type Planned = { isKnown: boolean; isNew: boolean; bytes: number; chunks: number; embedded: number; tokens: number }
type Failed = SourceFailure & { readonly type: 'failed' }

async function lookAt(source: Learnable, known: Known, deps: PlanDeps, signal: AbortSignal): Promise<Planned | Failed> {
  // A bad audience closes the copy that was learned before, when it is learned. Not when it is only looked at.
  const documents = { ...deps.documents, keepFromAll: async () => {} }
  const looked = await orReport(async (): Promise<Planned> => {
    const only = { ...deps, documents }
    const task = await arrive(source, known, only, signal)
    const nothing = { isKnown: true, isNew: false, bytes: 0, chunks: 0, embedded: 0, tokens: 0 }
    if (!task) return nothing
    const { parsed, isKnown } = await examine(task, only, signal)
    if (isKnown) return nothing
    const chunks = await chunk(parsed, deps.chunkSize)
    const { missing, tokens } = await lookUpVectors(chunks, deps, signal)
    const { stored, bytes } = task
    const sums = { bytes: bytes.length, chunks: chunks.length, embedded: missing.length, tokens }
    return { isKnown, isNew: !stored, ...sums }
  })
  if (!('type' in looked)) return looked
  if (looked.type === 'failed') return looked
  throw new Error(`A source that was only looked at is ${looked.type}.`)
}

function some(sources: readonly string[]): { readonly count: number; readonly some: readonly string[] } {
  return { count: sources.length, some: sources.slice(0, NAMED) }
}

async function timeFor(chunks: number, { syncs, library }: PlanDeps): Promise<number | null> {
  if (chunks === 0) return 0
  const reports = (await syncs.list(library, COMPARED_SYNCS)).map(({ report }) => report)
  const before = reports.filter((report) => report.chunks > 0)
  const sum = (key: 'chunks' | 'ms') => before.reduce((total, report) => total + report[key], 0)
  return before.length === 0 ? null : Math.round((chunks * sum('ms')) / sum('chunks'))
}
