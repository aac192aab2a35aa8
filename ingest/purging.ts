// What is gone, or was replaced, long ago is forgotten: by itself in every process that reads sources by a schedule, and
// after a sync by one that came for that alone. Nobody's upload waits for it: it may have to read all answers.
import type { DocumentStore } from '../core/ports.ts'
import { openScheduler, type Repeat, type Scheduler, type SchedulerDeps } from './scheduler.ts'

export type PurgingDeps = {
  readonly documents: Pick<DocumentStore, 'purge'>
  readonly library: string
  /** hears of what nobody waits for */
  readonly report?: (message: string, error: unknown) => void
  /** left out: a minute after the start, and every six hours */
  readonly purgeRepeat?: Repeat
}

// As long as somebody may come back from holidays and find that a folder was missing.
const KEPT_DAYS = 30
// After what a start has to do.
const FIRST_MS = 60_000
const EVERY_MS = 6 * 3_600_000

/** Never throws: what cannot be forgotten now is forgotten the next time. */
async function purge({ documents, library, report = () => {} }: PurgingDeps): Promise<void> {
  try {
    const count = await documents.purge(library, KEPT_DAYS)
    if (count > 0)
      report(`${count} removed documents and earlier revisions are forgotten, of ${KEPT_DAYS} days ago`, null)
  } catch (error) {
    report('old documents could not be forgotten, and are tried again', error)
  }
}

type Repeated = Scheduler & {
  /** A process that came for one sync alone has no other time to forget. */
  readonly afterSync: () => Promise<void>
}

/** All that is done again and again: whoever looks for what is due forgets, too. */
export function openRepeated(deps: SchedulerDeps & PurgingDeps): Repeated {
  const scheduler = openScheduler(deps)
  const { purgeRepeat = everyFewHours } = deps
  let end: (() => void) | null = null
  return {
    begin: () => {
      scheduler.begin()
      end ??= purgeRepeat(async () => await purge(deps))
    },
    stop: () => {
      scheduler.stop()
      end?.()
    },
    afterSync: async () => {
      if (end === null) await purge(deps)
    },
  }
}

function everyFewHours(work: () => Promise<void>): () => void {
  let timer = setTimeout(again, FIRST_MS).unref()
  function again() {
    void work()
    timer = setTimeout(again, EVERY_MS).unref()
  }
  return () => clearTimeout(timer)
}
