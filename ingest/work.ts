// One document's work, in whichever process does it: examined, chunked, embedded, saved.
import { isDeepStrictEqual } from 'node:util'
import { SourceError } from '../core/errors.ts'
import type { DocumentToSave } from '../core/ports.ts'
import type { IngestOutcome } from '../core/types.ts'
import { chunk } from './chunk.ts'
import type { WorkDeps } from './ingest.ts'
import { type DocumentTask, examine, LEARNED_WITH, noteOf } from './look.ts'
import { embedChunks, saveEmbedded } from './vectors.ts'

type Learned = Extract<IngestOutcome, { type: 'learned' | 'changed' }>

/** A document that is ready to be saved, or what became of it without that. */
export type Prepared = { readonly document: DocumentToSave; readonly outcome: Learned } | IngestOutcome

/** A bad file is an outcome; what fails otherwise is thrown. */
export async function prepareDocument(task: DocumentTask, deps: WorkDeps, signal: AbortSignal): Promise<Prepared> {
  return await orReport(async () => await prepared(task, deps, signal))
}

export async function saveDocument(prepared: Prepared, deps: WorkDeps, signal: AbortSignal): Promise<IngestOutcome> {
  if (!('document' in prepared)) return prepared
  const { document, outcome } = prepared
  const { fence } = deps
  return await orReport(async () => {
    const type = await saveEmbedded({ ...document, ...(fence && { job: { fence, outcome } }) }, deps, signal)
    return type === 'unchanged' ? { type, source: outcome.source, bytes: outcome.bytes } : { ...outcome, type }
  })
}

export async function orReport<Result>(work: () => Promise<Result>): Promise<Result | IngestOutcome> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return { type: 'failed', source: error.source, code: error.code, message: error.message }
  }
}

async function prepared(task: DocumentTask, deps: WorkDeps, signal: AbortSignal): Promise<Prepared> {
  const { source, root, stored, seen, upload } = task
  const { library, sync } = deps
  const bytes = task.bytes.length
  const { parsed, revision, isKnown } = await examine(task, deps, signal)
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
