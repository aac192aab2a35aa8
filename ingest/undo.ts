// Takes back what a sync changed: what it added is removed, what it changed or removed is restored from the stored texts.
// Chunks and terms are made anew; so are the vectors of words that no document holds any more.
import { InputError } from '../core/errors.ts'
import type { Sync, SyncChange, SyncStore } from '../core/syncs.ts'
import type { IngestEvent, ParsedDocument } from '../core/types.ts'
import { namesOf } from './changes.ts'
import { chunk } from './chunk.ts'
import type { IngestDeps } from './ingest.ts'
import { openTally } from './tally.ts'
import { embedChunks, saveEmbedded } from './vectors.ts'

export type UndoDeps = IngestDeps & { readonly syncs: SyncStore }

// Far back, a later sync will have changed the same documents anyway.
const LOOKED_BACK = 100

/** The sync of this id, or the last one that changed something. Throws InputError when it cannot be undone. */
export async function syncToUndo(id: string | null, { syncs, library }: UndoDeps): Promise<Sync> {
  const found = id === null ? await lastChanging(await syncs.list(library, LOOKED_BACK)) : await syncs.find(library, id)
  if (!found) {
    const what = id === null ? 'There is no sync that changed anything' : `There is no sync ${JSON.stringify(id)}`
    throw refused(`${what}: nothing was undone. GET /v1/syncs lists them.`)
  }
  if (found.state === 'running') throw refused(`The sync ${found.id} still runs: cancel it, or wait for its end.`)
  if (found.undoneBy !== null) throw refused(`The sync ${found.id} was undone already, by ${found.undoneBy}.`)
  return found
}

async function lastChanging(all: readonly Sync[]): Promise<Sync | undefined> {
  return all.find(
    ({ state, trigger, undoneBy, report }) =>
      state !== 'running' &&
      trigger !== 'undo' &&
      undoneBy === null &&
      report.learned + report.changed + report.removed > 0,
  )
}

export async function* undo(sync: Sync, deps: UndoDeps, signal: AbortSignal): AsyncGenerator<IngestEvent> {
  const { documents, library, syncs } = deps
  const tally = openTally(deps.tokenPrice)
  const told = (event: IngestEvent) => (tally.add(event), event)
  const changes = netOf(await syncs.changes(library, sync.id))
  await refuseLater(sync, changes, deps)
  const [added, others] = [
    changes.filter(({ before }) => before === null),
    changes.filter(({ before }) => before !== null),
  ]
  yield told({ type: 'found', files: others.length, gone: added.length, skipped: [] })
  for (const change of others) {
    signal.throwIfAborted()
    yield told(await restore(change, deps, signal))
  }
  for (const { document, source, after } of added) {
    signal.throwIfAborted()
    if (await documents.remove(library, document, after ?? '', deps.sync)) yield told({ type: 'removed', source })
  }
  if (deps.sync !== undefined) await syncs.markUndone(library, sync.id, deps.sync)
  yield { type: 'finished', report: tally.report() }
}

/** Of one that was changed more than once in a sync, the first state before and the last state after. */
function netOf(changes: readonly SyncChange[]): SyncChange[] {
  const net = new Map<string, SyncChange>()
  for (const change of changes) {
    const first = net.get(change.document)
    net.set(change.document, first ? { ...change, before: first.before, audience: first.audience } : change)
  }
  return [...net.values()]
}

/** Before anything is changed: all of it can be taken back, or none is. */
async function refuseLater(sync: Sync, changes: readonly SyncChange[], { documents, library }: UndoDeps) {
  const known = await documents.known(
    library,
    changes.map(({ source }) => source),
  )
  // What stands as before was taken back already, by an undo that was cut: this one goes on where that ended.
  const later = changes.filter(({ source, before, after }) => {
    const current = known.get(source)?.revision ?? null
    return current !== after && current !== before
  })
  if (later.length > 0)
    throw refused(
      `A later sync changed what ${sync.id} had changed (${namesOf(later.map(({ source }) => source))}): undo the later one first.`,
    )
  const lost: string[] = []
  for (const { document, source, before } of changes)
    if (before !== null && !(await documents.find(library, document, before))) lost.push(source)
  if (lost.length > 0) throw refused(`The texts before ${sync.id} are not stored any more (${namesOf(lost)}).`)
}

async function restore(change: SyncChange, deps: UndoDeps, signal: AbortSignal): Promise<IngestEvent> {
  const { documents, library } = deps
  const { document, source, before } = change
  const found = await documents.find(library, document, before ?? undefined)
  if (!found || before === null) throw refused(`The text of ${source} before is not stored any more.`)
  const { title, text, outline, boilerplate, url, publishedAt, authors, pages } = found
  const { audience } = change
  const parsed: ParsedDocument = { title, text, outline, boilerplate, url, publishedAt, authors, audience, pages }
  const { chunks, space, embedded, tokens } = await embedChunks(await chunk(parsed, deps.chunkSize), deps, signal)
  const saved = {
    library,
    source,
    parsed,
    revision: before,
    chunks,
    space,
    ...(deps.sync !== undefined && { sync: deps.sync }),
  }
  const type = await saveEmbedded(saved, deps, signal)
  const bytes = Buffer.byteLength(text)
  return type === 'unchanged'
    ? { type, source, bytes }
    : { type: 'restored', source, bytes, chunks: chunks.length, embedded, tokens }
}

function refused(message: string): InputError {
  return new InputError('cannot-undo', message, 'id')
}
