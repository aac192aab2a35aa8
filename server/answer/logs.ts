// The log of an answer that is not under way here: another process writes it, or died over it.
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '../../core/errors.ts'
import type { AnswerStore } from '../../core/ports.ts'
import { type AnswerEvent, isTerminal, type StoredEvent } from '../../core/types.ts'
import { OUTAGE_MS, outlast } from './outlast.ts'

// A process says every sixth of this time that its answers are under way: five times may be missed, while the database is
// slow or gone, before an answer is given up.
export const SILENT_MS = 90_000
const POLL_MS = 500

type LogDeps = { readonly answers: AnswerStore; readonly silentMs?: number }
type FollowDeps = LogDeps & {
  readonly outageMs?: number
  readonly report: (message: string, error: unknown) => void
}

type Place = { readonly library: string; readonly id: string; readonly after: number }

/**
 * An answer of another process, or of one that died: its log is read again until it ends, or nobody writes it. A store
 * that stays away ends it in an error for this reader alone.
 */
export async function* followStored(
  stored: readonly StoredEvent[],
  { library, id, after }: Place,
  deps: FollowDeps,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  const { answers, report, outageMs = OUTAGE_MS } = deps
  const since = async (seq: number) =>
    await outlast(outageMs, async () => (await answers.events(library, id, seq)) ?? [])
  let batch = stored
  let last = after
  try {
    while (!signal.aborted) {
      for (const event of batch) {
        yield event
        last = event.seq
      }
      if (batch.some(({ event }) => isTerminal(event))) return
      const all = await since(0)
      // The reader already has the terminal event: nothing more will come.
      if (all.some((each) => each.seq <= last && isTerminal(each.event))) return
      const isClosed = await outlast(outageMs, async () => await interruptDead(library, id, all.at(-1)?.seq ?? 0, deps))
      if (!isClosed) await wait(POLL_MS, undefined, { signal }).catch(() => {})
      batch = await since(last)
    }
  } catch (error) {
    report('the log of an answer could not be read', error)
    // It stands in no log, and has no number of its own there: whoever comes back with this one misses nothing.
    yield { seq: last, event: failureOf(error) }
  }
}

/** Closes the log of an answer whose process died, so that every later reader gets the same end. Whether it did. */
export async function interruptDead(
  library: string,
  id: string,
  last: number,
  { answers, silentMs = SILENT_MS }: LogDeps,
): Promise<boolean> {
  const isDead = silentMs === 0 || (await answers.silenceMs(library, id)) >= silentMs
  if (!isDead) return false
  const event: AnswerEvent = { type: 'error', code: 'interrupted', retryable: true }
  // Another reader may have closed it in the same moment: then its event is the one that counts.
  return await answers.append(library, id, [{ seq: last + 1, event }]).then(
    () => true,
    () => false,
  )
}

/** As the last event of an answer has it. */
export function failureOf(error: unknown): AnswerEvent {
  if (error instanceof AppError) return { type: 'error', code: error.code, retryable: error.retryable }
  return { type: 'error', code: 'internal', retryable: false }
}
