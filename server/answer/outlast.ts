// Events of an answer outlast a database that fails over: its reader sees a pause, not an end.
import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '../../core/errors.ts'
import type { AnswerStore } from '../../core/ports.ts'
import type { StoredEvent } from '../../core/types.ts'

// A standby takes over in seconds; a reader who waits longer wants to hear that something is wrong.
export const OUTAGE_MS = 5_000
const AGAIN_MS = 250

/** Tried again while the store is away. Throws StoreError. */
export async function outlast<Result>(
  outageMs: number,
  attempt: (isFirst: boolean) => Promise<Result>,
): Promise<Result> {
  let until = Infinity
  for (;;) {
    try {
      return await attempt(until === Infinity)
    } catch (error) {
      until = Math.min(until, performance.now() + outageMs)
      const isPassing = error instanceof StoreError && error.retryable
      if (!isPassing || performance.now() >= until) throw error
      await wait(AGAIN_MS)
    }
  }
}

/**
 * An append that outlasts the store, and that stores a batch once. Also for an answer that was stopped: its end has to
 * stand in the log. Throws StoreError.
 */
export function outlasting(answers: AnswerStore, outageMs: number): AnswerStore['append'] {
  return async (library, id, batch) =>
    await outlast(outageMs, async (isFirst) => {
      // What was stored, and whose acknowledgement was lost, stands in the log: whole, or not at all.
      if (isFirst || !(await isStored(answers, library, id, batch))) await answers.append(library, id, batch)
    })
}

/** Else the store has nothing after what came before, or the end that another process gave the answer: appending tells. */
async function isStored(
  answers: Pick<AnswerStore, 'events'>,
  library: string,
  id: string,
  batch: readonly StoredEvent[],
): Promise<boolean> {
  const [first] = batch
  const stored = first && (await answers.events(library, id, first.seq - 1))
  const [theirs] = stored ?? []
  return theirs !== undefined && theirs.event.type === first?.event.type
}
