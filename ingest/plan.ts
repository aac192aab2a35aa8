// What a sync would do: everything is read, parsed and compared, and nothing is written.
import type { KnownDocument } from '../core/ports.ts'
import type { SourceFailure, SyncPlan, SyncStore } from '../core/syncs.ts'
import { goneOf, rootOf, rootsOf } from './changes.ts'
import { chunk } from './chunk.ts'
import { type IngestDeps, look, lookUpVectors, orReport } from './ingest.ts'
import { findFiles, readSource, type SourceFile } from './source/folder.ts'
import { usdOf } from './tally.ts'

const NAMED = 12
// Enough to level out one that waited for a slow disk or a busy provider.
const COMPARED_SYNCS = 20

type PlanDeps = IngestDeps & { readonly syncs: SyncStore }

export async function planSync(paths: readonly string[], deps: PlanDeps, signal: AbortSignal): Promise<SyncPlan> {
  const found = await findFiles(paths, signal)
  const known = await deps.documents.known(deps.library)
  const roots = await rootsOf(paths, found)
  const gone = goneOf(roots, found, known, 'keep')
  const failed: SourceFailure[] = found.faults.map(({ source, code, message }) => ({ source, code, message }))
  const names = { added: [] as string[], changed: [] as string[] }
  const sums = { unchanged: 0, bytes: 0, chunks: 0, embedded: 0, tokens: 0 }
  for (const file of found.files) {
    signal.throwIfAborted()
    const looked = await lookAt(file, rootOf(file.path, roots), known, deps, signal)
    if ('type' in looked) failed.push(looked)
    else if (looked.isKnown) sums.unchanged++
    else {
      names[looked.isNew ? 'added' : 'changed'].push(file.source)
      for (const key of ['bytes', 'chunks', 'embedded', 'tokens'] as const) sums[key] += looked[key]
    }
  }
  const removed = [...gone.documents.map(({ source }) => source), ...gone.kept.flatMap(({ sources }) => sources)]
  return {
    added: some(names.added),
    changed: some(names.changed),
    removed: some(removed),
    failed: {
      count: failed.length,
      some: failed.slice(0, NAMED).map(({ source, code, message }) => ({ source, code, message })),
    },
    ...sums,
    skipped: found.skipped.length,
    usd: usdOf(sums.tokens, deps.tokenPrice),
    ms: await timeFor(sums.chunks, deps),
    refused: gone.kept[0]?.message ?? null,
  }
}

type Planned = { isKnown: boolean; isNew: boolean; bytes: number; chunks: number; embedded: number; tokens: number }
type Failed = SourceFailure & { readonly type: 'failed' }

async function lookAt(
  file: SourceFile,
  root: string,
  known: ReadonlyMap<string, KnownDocument>,
  deps: PlanDeps,
  signal: AbortSignal,
): Promise<Planned | Failed> {
  // A bad audience closes the copy that was learned before, when it is learned. Not when it is only looked at.
  const documents = { ...deps.documents, keepFromAll: async () => {} }
  const source = { source: file.source, root, read: async (signal: AbortSignal) => await readSource(file, signal) }
  const looked = await orReport(async (): Promise<Planned> => {
    const { parsed, ...rest } = await look(source, known, { ...deps, documents }, signal)
    if (rest.isKnown) return { ...rest, chunks: 0, embedded: 0, tokens: 0 }
    const chunks = await chunk(parsed, deps.chunkSize)
    const { missing, tokens } = await lookUpVectors(chunks, deps)
    return { ...rest, chunks: chunks.length, embedded: missing.length, tokens }
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
