// Every sync of this process: begun, followed, cancelled, and stored so that it can be read when it is over.
import { randomUUID } from 'node:crypto'
import { resolve as absolute } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { AppError, InputError, NotFoundError } from '../core/errors.ts'
import type { Sync, SyncEnd, Syncing, SyncProgress, SyncStore, SyncToBegin, SyncTrigger } from '../core/syncs.ts'
import type { IngestEvent } from '../core/types.ts'
import { type Removals, UPLOADS } from './changes.ts'
import { ingest, type IngestDeps, learningOf, learnUploads, uploadSource } from './ingest.ts'
import { openNotes } from './notes.ts'
import { planSync } from './plan.ts'
import { sourceName } from './source/folder.ts'
import { openTally, type Tally } from './tally.ts'
import { syncToUndo, undo } from './undo.ts'

export type SyncsDeps = Pick<IngestDeps, 'documents' | 'embedder' | 'library' | 'tokenPrice'> & {
  readonly syncs: SyncStore
  /**
   * A sync that does not run in this process, and of which its own has not said for so long that it runs, is taken for
   * dead. 0 where no other process can have it.
   */
  readonly silentMs?: number
}

/** What this process knows of a sync that it runs. */
type Running = {
  readonly sync: Sync
  readonly controller: AbortController
  readonly tally: Tally
  readonly finished: Promise<void>
}

type Work = (deps: IngestDeps, signal: AbortSignal) => AsyncIterable<IngestEvent>

// Said every 2 s, which also tells readers in other processes how far it is. One statement of the store may take 30.
const BEAT_MS = 2_000
const SILENT_MS = 90_000
// People see five steps in a second as motion.
const FOLLOW_MS = 200
const KEPT_REMOVED_DAYS = 30

export function openSyncs(deps: SyncsDeps): Syncing {
  const running = new Map<string, Running>()
  let draining = false
  const record = async function* (trigger: SyncTrigger, roots: readonly string[], work: Work, signal: AbortSignal) {
    if (draining) throw stopped('interrupted')
    yield* runRecorded({ trigger, roots, work, signal }, running, deps)
  }
  return {
    ...readers(running, deps),
    run: ({ trigger, paths, allowDeletes = false }, signal) =>
      record(
        trigger,
        paths.map((path) => sourceName(absolute(path))),
        learning(trigger, paths, allowDeletes),
        signal,
      ),
    upload: (uploads, signal) =>
      record(
        'upload',
        uploads.map(({ name }) => uploadSource(name)),
        (own, signal) => learnUploads(uploads, own, signal),
        signal,
      ),
    remove: async (id, signal) => {
      const source = await uploadedSource(id, deps)
      const [began] = await Array.fromAsync(record('upload', [source], (own) => removing(id, own), signal))
      return began?.type === 'began' ? began.sync : ''
    },
    undo: async function* (id, signal) {
      await deps.syncs.closeDead(deps.library, [...running.keys()], deps.silentMs ?? SILENT_MS)
      const sync = await syncToUndo(id, deps)
      yield* record('undo', [sync.id], (own, signal) => undo(sync, { ...own, syncs: deps.syncs }, signal), signal)
    },
    plan: async (paths, signal) => await planSync(paths, deps, signal),
    cancel: (id) => {
      running.get(id)?.controller.abort(cancelled())
      return running.has(id)
    },
    drain: async (deadlineMs) => {
      draining = true
      for (const { controller } of running.values()) controller.abort(new DOMException('shutting down', 'AbortError'))
      const all = Promise.all([...running.values()].map(({ finished }) => finished))
      await Promise.race([all, wait(deadlineMs, undefined, { ref: false })])
    },
  }
}

/** What is asked of syncs that run here comes from memory, so that it is of this moment; the rest from the store. */
function readers(
  running: ReadonlyMap<string, Running>,
  { syncs, library, silentMs = SILENT_MS }: SyncsDeps,
): Pick<Syncing, 'list' | 'find' | 'follow'> {
  const shown = (id: string): Sync | null => {
    const live = running.get(id)
    return live ? { ...live.sync, ...progressOf(live.tally) } : null
  }
  const find = async (id: string) => {
    const live = shown(id)
    if (live) return live
    await syncs.closeDead(library, [...running.keys()], silentMs)
    return await syncs.find(library, id)
  }
  return {
    find,
    list: async (limit, after) => {
      await syncs.closeDead(library, [...running.keys()], silentMs)
      return (await syncs.list(library, limit, after)).map((sync) => shown(sync.id) ?? sync)
    },
    follow: async (id, signal) => ((await find(id)) ? following(id, find, signal) : null),
  }
}

/** A start goes on whatever is missing; who asked for it by hand is told. */
function learning(trigger: SyncTrigger, paths: readonly string[], allowDeletes: boolean): Work {
  const removals: Removals = allowDeletes ? 'allow' : trigger === 'command' ? 'stop' : 'keep'
  return async function* (deps, signal) {
    const uploads = await deps.documents.uploadsToLearn(deps.library, learningOf(deps.embedder))
    yield* ingest(paths, { ...deps, removals, uploads }, signal)
  }
}

async function* removing(id: string, deps: IngestDeps): AsyncGenerator<IngestEvent> {
  const { documents, library, sync } = deps
  const found = await documents.find(library, id)
  if (found && (await documents.remove(library, id, found.revision, sync)))
    yield { type: 'removed', source: found.source }
}

async function uploadedSource(id: string, { documents, library }: SyncsDeps): Promise<string> {
  const found = await documents.find(library, id)
  if (!found || found.removedAt !== null)
    throw new NotFoundError('unknown-document', `There is no document ${JSON.stringify(id.slice(0, 80))}.`)
  const known = (await documents.known(library, [found.source])).get(found.source)
  if (known?.root === UPLOADS) return found.source
  throw new InputError(
    'not-uploaded',
    `id: ${found.source} was not uploaded: it would come back with the next sync. Remove it where it comes from, and ingest that again.`,
    'id',
  )
}

type Asked = {
  readonly trigger: SyncTrigger
  readonly roots: readonly string[]
  readonly work: Work
  readonly signal: AbortSignal
}

/** Its events, while it is kept what they say. However this generator is left, the sync is ended. */
async function* runRecorded(
  { trigger, roots, work, signal }: Asked,
  running: Map<string, Running>,
  deps: SyncsDeps,
): AsyncGenerator<IngestEvent> {
  const { syncs, library, silentMs = SILENT_MS } = deps
  const id = `syn_${randomUUID().replaceAll('-', '')}`
  await syncs.closeDead(library, [...running.keys()], silentMs)
  await syncs.begin(library, { id, trigger, roots })
  const controller = new AbortController()
  const { promise: finished, resolve } = Promise.withResolvers<void>()
  const tally = openTally(deps.tokenPrice)
  running.set(id, { sync: begun({ id, trigger, roots }), controller, tally, finished })
  const beat = setInterval(() => void syncs.renew(library, id, progressOf(tally)).catch(() => {}), BEAT_MS).unref()
  const notes = openNotes(library, id, syncs)
  let end: Pick<SyncEnd, 'state' | 'fault'> = { state: 'cancelled', fault: null }
  try {
    yield { type: 'began', sync: id }
    for await (const event of work({ ...deps, sync: id }, AbortSignal.any([signal, controller.signal]))) {
      tally.add(event)
      await notes.add(event)
      yield event
    }
    if (trigger !== 'upload') await notes.settle(roots)
    await deps.documents.purge(library, KEPT_REMOVED_DAYS)
    end = { state: 'finished', fault: null }
  } catch (error) {
    end = endOf(error, signal, controller.signal)
    throw controller.signal.aborted ? stopped(end.state) : error
  } finally {
    clearInterval(beat)
    // The store may be what failed: then the next one to look finds a sync that says nothing any more.
    await notes.flush().catch(() => {})
    await syncs.end(library, id, { ...end, ...progressOf(tally) }).catch(() => {})
    running.delete(id)
    resolve()
  }
}

function endOf(error: unknown, ...[asking, own]: readonly AbortSignal[]): Pick<SyncEnd, 'state' | 'fault'> {
  if (asking?.aborted) return { state: 'cancelled', fault: null }
  if (own?.aborted) return { state: isCancelled(own.reason) ? 'cancelled' : 'interrupted', fault: null }
  const known = error instanceof AppError
  const message = known ? error.message : 'The log of the server has the details.'
  return { state: 'failed', fault: { code: known ? error.code : 'internal', message } }
}

function stopped(state: SyncEnd['state']): AppError {
  if (state === 'cancelled')
    return new AppError('cancelled', 'The sync was cancelled; what was done stays. Run it again to go on.')
  return new AppError('shutting-down', 'The server is shutting down; what was done stays.', { retryable: true })
}

const CANCELLED = 'cancelled by a person'
const cancelled = () => new DOMException(CANCELLED, 'AbortError')
const isCancelled = (reason: unknown) => reason instanceof DOMException && reason.message === CANCELLED

/** As it stands in the store before anything is found. */
function begun(sync: SyncToBegin): Sync {
  const { report } = progressOf(openTally(undefined))
  const beganAt = new Date().toISOString()
  return { ...sync, state: 'running', beganAt, endedAt: null, total: 0, done: 0, report, fault: null, undoneBy: null }
}

function progressOf(tally: Tally): SyncProgress {
  return { total: tally.total(), done: tally.done(), report: tally.report() }
}

async function* following(
  id: string,
  find: (id: string) => Promise<Sync | null>,
  signal: AbortSignal,
): AsyncGenerator<Sync> {
  while (!signal.aborted) {
    const sync = await find(id)
    if (!sync) return
    yield sync
    if (sync.state !== 'running') return
    await wait(FOLLOW_MS, undefined, { signal }).catch(() => {})
  }
}
