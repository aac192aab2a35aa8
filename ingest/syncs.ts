// Every sync of this process: begun, followed, cancelled, and stored so that it can be read when it is over.
import { resolve as absolute } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError, InputError, NotFoundError } from '../core/errors.ts'
import type { OriginStore } from '../core/origins.ts'
import type { Sync, Syncing, SyncPlan, SyncRequest, SyncStore, SyncTrigger } from '../core/syncs.ts'
import type { IngestEvent } from '../core/types.ts'
import { type Book, noBook } from './book.ts'
import { originRoot, type Removals, UPLOADS } from './changes.ts'
import { type Holding, openHolding } from './holding.ts'
import { ingest, type IngestDeps, learnUploads, uploadSource } from './ingest.ts'
import { LEARNED_WITH } from './look.ts'
import { patient } from './patience.ts'
import { planSync } from './plan.ts'
import { openRepeated, type PurgingDeps } from './purging.ts'
import {
  cancelled,
  progressOf,
  type RecordDeps,
  type Running,
  runRecorded,
  SILENT_MS,
  shuttingDown,
  type Work,
} from './recorded.ts'
import { originStates, type Repeat, type Scheduler } from './scheduler.ts'
import { sourceName } from './source/folder.ts'
import { nextAt } from './source/schedule.ts'
import type { Origin } from './source/source.ts'
import { syncToUndo, undo } from './undo.ts'

export type SyncsDeps = Pick<IngestDeps, 'documents' | 'embedder' | 'library' | 'tokenPrice'> &
  Pick<RecordDeps, 'queue'> &
  Pick<PurgingDeps, 'purgeRepeat'> & {
    readonly syncs: SyncStore
    /**
     * A sync that does not run in this process, and of which its own has not said for so long that it runs, is taken for
     * dead. 0 where no other process can have it.
     */
    readonly silentMs?: number
    readonly origins: OriginStore
    /** left out: there is no sources.yaml */
    readonly book?: Book
    /** left out: that of the database, so that servers need not agree on theirs */
    readonly clock?: () => Promise<Date>
    readonly repeat?: Repeat
    /** hears of what nobody asked for */
    readonly report?: (message: string, error: unknown) => void
  }

// People see five steps in a second as motion.
const FOLLOW_MS = 200

export function openSyncs(given: SyncsDeps): Syncing {
  const { library, origins, book = noBook, report = () => {} } = given
  const clock = given.clock ?? (async () => await origins.clock())
  const holding = openHolding(library, origins, clock, given.silentMs ?? SILENT_MS)
  const deps: Opened = { ...given, book, holding, clock }
  const running = new Map<string, Running>()
  let draining = false
  const record = async function* (trigger: SyncTrigger, roots: readonly string[], work: Work, signal: AbortSignal) {
    if (draining) throw shuttingDown()
    yield* runRecorded({ trigger, roots, work, signal }, running, deps)
    await scheduler.afterSync()
  }
  const run: Syncing['run'] = async function* (request, signal) {
    const asked = request.sources ? await described(request.sources, deps) : []
    const roots = [
      ...request.paths.map((path) => sourceName(absolute(path))),
      ...asked.map(({ name }) => originRoot(name)),
    ]
    const work = learning(request, asked, deps, () => draining)
    yield* record(request.trigger, roots, work, signal)
  }
  const scheduler = openRepeated({ ...deps, run, report })
  return {
    ...readers(running, deps),
    ...sending(deps, record),
    run,
    undo: async function* (id, signal) {
      await deps.syncs.closeDead(library, [...running.keys()], deps.silentMs ?? SILENT_MS)
      const sync = await syncToUndo(id, deps)
      yield* record('undo', [sync.id], (own, signal) => undo(sync, { ...own, syncs: deps.syncs }, signal), signal)
    },
    plan: async (request, signal) => await planned(request, deps, signal),
    origins: async () => await originStates(library, origins, book),
    cancel: async (id) => {
      running.get(id)?.controller.abort(cancelled())
      return running.has(id) || (await deps.syncs.cancel(library, id))
    },
    begin: () => begin(scheduler, deps),
    drain: async (deadlineMs) => {
      draining = true
      scheduler.stop()
      for (const { controller } of running.values()) controller.abort(new DOMException('shutting down', 'AbortError'))
      const all = Promise.all([...running.values()].map(({ finished }) => finished))
      await Promise.race([all, wait(deadlineMs, undefined, { ref: false })])
    },
  }
}

function begin(scheduler: Scheduler, deps: Opened): void {
  scheduler.begin()
  // A database that is away hears of it with the next sync.
  void forgetFormerFiles(deps).catch(() => {})
}

async function planned(
  { paths, sources }: Parameters<Syncing['plan']>[0],
  deps: Opened,
  signal: AbortSignal,
): Promise<SyncPlan> {
  const { book, origins: memories } = deps
  const origins = sources ? await book.origins(sources) : []
  return await planSync({ paths, origins }, { ...deps, memories, owners: await book.owners() }, signal)
}

// Far more than there were ever files of sources.
const MOST_FAILURES = 10_000

/** What kept another file of sources from being read is nobody's concern, nor what was wrong with one that is gone. */
async function forgetFormerFiles({ book, syncs, library }: Opened): Promise<void> {
  const isThere = await book.specs().then(
    (specs) => specs !== null,
    () => true,
  )
  const former = (await syncs.failures(library, MOST_FAILURES)).filter(
    ({ source, code }) => code === BAD_CONFIGURATION && !(isThere && source === book.path),
  )
  const names = former.map(({ source }) => source)
  if (names.length > 0) await syncs.settle(library, [], names)
}

// ConfigError's: no document fails with it.
const BAD_CONFIGURATION = 'bad-configuration'

/** Says among the failures that the file cannot be read, for as long as it cannot. */
async function described(names: readonly string[], deps: Opened): Promise<readonly Origin[]> {
  const { book, syncs, library } = deps
  await forgetFormerFiles(deps)
  try {
    const origins = await book.origins(names)
    const owners = await book.owners()
    // What a source could not learn that is described no more is nobody's concern.
    const former = (await deps.origins.list(library)).filter(({ name }) => owners !== 'unknown' && !owners.has(name))
    await syncs.settle(
      library,
      [],
      [book.path],
      former.map(({ name }) => originRoot(name)),
    )
    return origins
  } catch (error) {
    if (error instanceof ConfigError) {
      const { code, faults } = error
      await syncs.settle(library, [{ source: book.path, code, message: faults.join('\n') }], [])
    }
    throw error
  }
}

type Opened = SyncsDeps & Required<Pick<SyncsDeps, 'book' | 'clock'>> & { readonly holding: Holding }
type Record = (
  trigger: SyncTrigger,
  roots: readonly string[],
  work: Work,
  signal: AbortSignal,
) => AsyncGenerator<IngestEvent>

/** What comes by itself, instead of being looked for. */
function sending(deps: Opened, record: Record): Pick<Syncing, 'upload' | 'remove' | 'fetchPage'> {
  return {
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
    // Loaded on first use: most libraries read nothing from the web.
    fetchPage: async (url, signal) =>
      await (await import('./fetched.ts')).fetchUpload(url, await deps.book.fetcher(), signal),
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
function learning(
  { trigger, paths, allowDeletes = false }: SyncRequest,
  asked: readonly Origin[],
  { origins: memories, book, clock, holding }: Opened,
  isDraining: () => boolean,
): Work {
  const removals: Removals = allowDeletes ? 'allow' : trigger === 'command' ? 'stop' : 'keep'
  return async function* (own, signal) {
    const taken: Origin[] = []
    const skipped: { source: string; reason: string }[] = []
    try {
      for (const origin of asked) {
        if (await holding.take(origin.name)) taken.push(origin)
        else skipped.push({ source: origin.name, reason: BUSY })
      }
      const uploads = trigger === 'schedule' ? [] : await own.documents.uploadsToLearn(own.library, LEARNED_WITH)
      const owners = await book.owners()
      const lasting = patient(memories, signal)
      yield* ingest(paths, { ...own, removals, uploads, reading: taken, skipped, memories: lasting, owners }, signal)
    } finally {
      // What was cut short by the end of this process is due as before; the rest had its turn, whatever came of it.
      const now = await clock().catch(() => new Date())
      for (const { name, schedule } of taken)
        await holding.release(name, schedule === null || isDraining() ? null : nextAt(schedule, now)).catch(() => {})
    }
  }
}

const BUSY = 'is read by another sync at this moment'

async function* removing(id: string, deps: IngestDeps): AsyncGenerator<IngestEvent> {
  const { documents, library, sync } = deps
  // Between the two a save that waited in the queue may make it another revision: whoever is told that it is removed is
  // told so of whatever it is by then.
  let found = await documents.find(library, id)
  while (found?.removedAt === null && !(await documents.remove(library, id, found.revision, sync)))
    found = await documents.find(library, id)
  if (found?.removedAt === null) yield { type: 'removed', source: found.source }
}

async function uploadedSource(id: string, { documents, library }: Opened): Promise<string> {
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
