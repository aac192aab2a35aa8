// Reads each source when its schedule says so: looked at every few seconds, taken by one server of all, caught up once
// when it was missed.
import { ConfigError } from '../core/errors.ts'
import type { OriginState, OriginStore } from '../core/origins.ts'
import type { Syncing } from '../core/syncs.ts'
import type { Book } from './book.ts'
import type { Holding } from './holding.ts'
import { nextAt } from './source/schedule.ts'

export type Scheduler = {
  /** Looks from now on. */
  readonly begin: () => void
  readonly stop: () => void
}

/** Does this again and again, until what is returned is called. The work ends when what it has begun is over. */
export type Repeat = (work: () => Promise<void>) => () => void

export type SchedulerDeps = {
  readonly library: string
  readonly origins: OriginStore
  readonly book: Book
  readonly holding: Holding
  readonly clock: () => Promise<Date>
  readonly run: Syncing['run']
  readonly report: (message: string, error: unknown) => void
  /** left out: every 15 s */
  readonly repeat?: Repeat | undefined
}

const LOOK_MS = 15_000
// Beside the answers; what is due besides waits, or is taken by another server.
const AT_ONCE = 2

export function openScheduler(deps: SchedulerDeps): Scheduler {
  const { library, origins, book, holding, clock, run, report, repeat = everyFewSeconds } = deps
  const stopping = new AbortController()
  let end: (() => void) | null = null
  let running = 0
  const look = async () => {
    if (running >= AT_ONCE || stopping.signal.aborted) return
    const names = await plan(library, origins, book, clock)
    const name = names.length > 0 ? await holding.takeDue(names) : null
    if (name === null) return
    running++
    try {
      for await (const event of run({ trigger: 'schedule', paths: [], sources: [name] }, stopping.signal))
        if (event.type === 'kept') report(`${name}: ${event.message}`, null)
    } finally {
      running--
      await holding.waive(name)
    }
  }
  let told = ''
  const work = async () => {
    try {
      await look()
      told = ''
    } catch (error) {
      // Said when the server started, and wherever the library is shown: not again every few seconds.
      if (stopping.signal.aborted || error instanceof ConfigError) return
      const message = error instanceof Error ? error.message : ''
      // Nor is what goes on, such as a database that is away.
      if (message !== told) report('a scheduled sync failed', error)
      told = message
    }
  }
  return {
    begin: () => {
      end ??= repeat(work)
    },
    stop: () => {
      end?.()
      stopping.abort(new DOMException('shutting down', 'AbortError'))
    },
  }
}

function everyFewSeconds(work: () => Promise<void>): () => void {
  void work()
  const timer = setInterval(() => void work(), LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** Says what is described to the store, so that new schedules begin, and gives the names of those that have one. */
async function plan(library: string, origins: OriginStore, book: Book, clock: () => Promise<Date>): Promise<string[]> {
  const specs = (await book.specs()) ?? []
  if (specs.length === 0) return []
  const now = await clock()
  const all = specs.map(({ name, schedule }) => ({
    name,
    schedule,
    nextAt: schedule === null ? null : nextAt(schedule, now),
  }))
  await origins.schedule(library, all)
  return all.flatMap(({ name, schedule }) => (schedule === null ? [] : [name]))
}

/** What is described, with the time when each is read again. Nothing while the file cannot be read. */
export async function originStates(library: string, origins: OriginStore, book: Book): Promise<OriginState[]> {
  const specs = await book.specs().catch((error: unknown) => {
    if (error instanceof ConfigError) return null
    throw error
  })
  if (!specs) return []
  const times = new Map((await origins.list(library)).map(({ name, nextAt }) => [name, nextAt]))
  return specs.map(({ name, kind, schedule }) => ({
    name,
    kind,
    schedule,
    nextAt: schedule === null ? null : (times.get(name) ?? null),
  }))
}
