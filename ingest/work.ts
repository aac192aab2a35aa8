// One document's work, in whichever process does it: examined, chunked, embedded, saved.
import { isDeepStrictEqual } from 'node:util'
import { SourceError } from '../core/errors.ts'
import type { DocumentToSave } from '../core/ports.ts'
import type { IngestOutcome } from '../core/types.ts'
import { chunk } from './chunk.ts'
import type { Gate, Hold } from './gate.ts'
import type { WorkDeps } from './ingest.ts'
import { type DocumentTask, examine, LEARNED_WITH, noteOf } from './look.ts'
import { embedChunks, saveEmbedded } from './vectors.ts'

type Learned = Extract<IngestOutcome, { type: 'learned' | 'changed' }>

/** A document that is ready to be saved, or what became of it without that. */
type Prepared = { readonly document: DocumentToSave; readonly outcome: Learned } | IngestOutcome

type Done = {
  readonly outcome: IngestOutcome
  /** what was saved was settled with it, where it was a job */
  readonly isSaved: boolean
}

/** Parsed when the gate lets it in, which is open for others when it is saved. What fails by no fault of its own is thrown. */
export async function learnDocument(
  task: DocumentTask,
  deps: WorkDeps,
  gate: Gate,
  signal: AbortSignal,
): Promise<Done> {
  return await gate(async (hold) => {
    const ready: Prepared = await orReport(async () => await prepared(task, deps, hold, signal))
    signal.throwIfAborted()
    if (!('document' in ready)) return { outcome: ready, isSaved: false }
    const outcome = await orReport(async () => await saved(ready.document, ready.outcome, deps, signal))
    return { outcome, isSaved: outcome.type !== 'failed' }
  }, signal)
}

async function saved(
  document: DocumentToSave,
  outcome: Learned,
  deps: WorkDeps,
  signal: AbortSignal,
): Promise<IngestOutcome> {
  const { fence } = deps
  const type = await saveEmbedded({ ...document, ...(fence && { job: { fence, outcome } }) }, deps, signal)
  return type === 'unchanged' ? { type, source: outcome.source, bytes: outcome.bytes } : { ...outcome, type }
}

export async function orReport<Result>(work: () => Promise<Result>): Promise<Result | IngestOutcome> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return { type: 'failed', source: error.source, code: error.code, message: error.message }
  }
}

async function prepared(task: DocumentTask, deps: WorkDeps, hold: Hold, signal: AbortSignal): Promise<Prepared> {
  const { source, root, stored, seen, upload } = task
  const { library, sync } = deps
  const bytes = task.bytes.length
  const { parsed, revision, isKnown } = await examine(task, deps, signal)
  hold(parsed.text.length)
  if (isKnown) {
    if (stored && seen && (stored.root !== root || !isDeepStrictEqual(stored.seen, seen)))
      await deps.documents.see(library, stored.id, stored.revision, { seen, root })
    return { type: 'unchanged', source, bytes }
  }
  const { chunks, space, embedded, tokens } = await embedChunks(await chunk(parsed, deps.chunkSize), deps, signal)
  const document = { library, source, parsed, revision, chunks, space, root }
  return {
    document: {
      ...document,
      ...(seen && { seen }),
      ...(sync !== undefined && { sync }),
      ...(upload && { upload: { ...upload, bytes: task.bytes, learnedWith: LEARNED_WITH } }),
    },
    outcome: {
      type: 'learned',
      source,
      bytes,
      chunks: chunks.length,
      embedded,
      tokens,
      ...noteOf(parsed, chunks.length),
    },
  }
}
