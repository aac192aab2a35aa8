// One sync as it runs: begun in the store, said to be alive, noted, and ended however it is left.
import { randomUUID } from 'node:crypto'
import { AppError, StoreError } from '../core/errors.ts'
import type { Urgency } from '../core/jobs.ts'
import type { Sync, SyncEnd, SyncProgress, SyncStore, SyncToBegin, SyncTrigger } from '../core/syncs.ts'
import type { IngestEvent } from '../core/types.ts'
import type { Holding } from './holding.ts'
import { handsOf, type Sharing } from './hands.ts'
import type { IngestDeps } from './ingest.ts'
import { openNotes } from './notes.ts'
import { patient } from './patience.ts'
import { openTally, type Tally } from './tally.ts'

export type RecordDeps = Pick<IngestDeps, 'documents' | 'embedder' | 'library' | 'tokenPrice'> & {
  readonly syncs: SyncStore
  readonly holding: Holding
  readonly silentMs?: number
  /** other processes learn documents as well; left out: there are none */
  readonly queue?: Sharing
  /** hears that nobody learns what is waiting */
  readonly report?: (message: string, error: unknown) => void
}

/** What this process knows of a sync that it runs. */
export type Running = {
  readonly sync: Sync
  readonly controller: AbortController
  readonly tally: Tally
  readonly finished: Promise<void>
}

export type Work = (deps: IngestDeps, signal: AbortSignal) => AsyncIterable<IngestEvent>

// Said every 2 s, which also tells readers in other processes how far it is. One statement of the store may take 30.
const BEAT_MS = 2_000
export const SILENT_MS = 90_000

type Asked = {
  readonly trigger: SyncTrigger
  readonly roots: readonly string[]
  readonly work: Work
  readonly signal: AbortSignal
}

/** Those of this process, by their ids. */
type Runs = Map<string, Running>

/** Its events, while it is kept what they say. However this generator is left, the sync is ended. */
export async function* runRecorded(asked: Asked, running: Runs, deps: RecordDeps): AsyncGenerator<IngestEvent> {
  const { trigger, roots, work, signal } = asked
  const { syncs, library, silentMs = SILENT_MS, holding } = deps
  const id = `syn_${randomUUID().replaceAll('-', '')}`
  await syncs.closeDead(library, [...running.keys()], silentMs)
  const controller = new AbortController()
  const { promise: finished, resolve } = Promise.withResolvers<void>()
  const tally = openTally(deps.tokenPrice)
  // Known here before it stands in the store: else whoever looks for dead ones between the two would take it for one.
  running.set(id, { sync: begun({ id, trigger, roots }), controller, tally, finished })
  const renew = async () => {
    const state = await syncs.renew(library, id, progressOf(tally))
    if (state !== 'running') controller.abort(state === 'to-cancel' ? cancelled() : takenForDead())
    await holding.renew()
  }
  let beat: NodeJS.Timeout | undefined
  const either = AbortSignal.any([signal, controller.signal])
  const lasting = { ...deps, sync: id, documents: patient(deps.documents, either), syncs: patient(syncs, either) }
  const notes = openNotes(library, id, lasting)
  let end: Pick<SyncEnd, 'state' | 'fault'> = { state: 'cancelled', fault: null }
  try {
    await syncs.begin(library, { id, trigger, roots })
    beat = beating(renew)
    yield { type: 'began', sync: id }
    const hands = handsOf(lasting, deps.queue, { library, sync: id, urgency: urgencyOf(trigger), report: deps.report })
    for await (const event of work({ ...lasting, hands }, either)) {
      tally.add(event)
      await notes.add(event)
      yield event
    }
    if (trigger !== 'upload') await notes.settle(roots)
    end = { state: 'finished', fault: null }
  } catch (error) {
    if (isRefused(error)) await renew().catch(() => {})
    end = endOf(error, signal, controller.signal)
    throw controller.signal.aborted ? stopped(controller.signal.reason) : error
  } finally {
    clearInterval(beat)
    // The store may be what failed: it is waited for no more, and the next one to look finds a sync that says nothing.
    controller.abort()
    await notes.flush().catch(() => {})
    await syncs.end(library, id, { ...end, ...progressOf(tally) }).catch(() => {})
    running.delete(id)
    resolve()
  }
}

/** One at a time: behind a slow database they would queue in front of the questions. */
function beating(renew: () => Promise<void>): NodeJS.Timeout {
  let renewing: Promise<void> | null = null
  const settle = async () => {
    await renew().catch(() => {})
    renewing = null
  }
  return setInterval(() => void (renewing ??= settle()), BEAT_MS).unref()
}

/** A save was, because the sync is to end, or was taken for dead: which of the two, the store knows. */
function isRefused(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'lease-lost'
}

function urgencyOf(trigger: SyncTrigger): Urgency {
  return trigger === 'upload' || trigger === 'command' ? trigger : 'rest'
}

function endOf(error: unknown, ...[asking, own]: readonly AbortSignal[]): Pick<SyncEnd, 'state' | 'fault'> {
  if (asking?.aborted) return { state: 'cancelled', fault: null }
  if (own?.aborted) return { state: isCancelled(own.reason) ? 'cancelled' : 'interrupted', fault: null }
  const known = error instanceof AppError
  const message = known ? error.message : 'The log of the server has the details.'
  return { state: 'failed', fault: { code: known ? error.code : 'internal', message } }
}

const CANCELLED = 'cancelled by a person'
export const cancelled = () => new DOMException(CANCELLED, 'AbortError')
const isCancelled = (reason: unknown) => reason instanceof DOMException && reason.message === CANCELLED

/** It was silent for so long that another process ended it in the store. */
const DEAD = 'taken for dead'
const takenForDead = () => new DOMException(DEAD, 'AbortError')

/** What is told to whoever waits for the sync. */
function stopped(reason: unknown): AppError {
  if (isCancelled(reason))
    return new AppError('cancelled', 'The sync was cancelled; what was done stays. Run it again to go on.')
  if (!(reason instanceof DOMException && reason.message === DEAD)) return shuttingDown()
  const seconds = SILENT_MS / 1000
  return new AppError(
    'taken-for-dead',
    `The sync could not say for ${seconds} s that it goes on, and was ended. What was done stays: run it again to go on.`,
    { retryable: true },
  )
}

export function shuttingDown(): AppError {
  return new AppError('shutting-down', 'The server is shutting down; what was done stays.', { retryable: true })
}

/** As it stands in the store before anything is found. */
function begun(sync: SyncToBegin): Sync {
  const { report } = progressOf(openTally(undefined))
  const beganAt = new Date().toISOString()
  const nothing = { endedAt: null, total: 0, done: 0, reading: null, fault: null, undoneBy: null }
  return { ...sync, state: 'running', beganAt, report, ...nothing }
}

export function progressOf(tally: Tally): SyncProgress {
  return { total: tally.total(), done: tally.done(), reading: tally.reading(), report: tally.report() }
}
