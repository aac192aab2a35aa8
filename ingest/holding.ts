// Who reads a source: one sync at a time, in this process and in all others of the same database.
import { randomUUID } from 'node:crypto'
import type { OriginStore } from '../core/origins.ts'

export type Holding = {
  /** False: somebody else reads it. */
  take(name: string): Promise<boolean>
  /** One of these that is due and that nobody reads: it is taken for the sync that begins now. Null: there is none. */
  takeDue(names: readonly string[]): Promise<string | null>
  renew(): Promise<void>
  /** `nextAt` null: as it was. */
  release(name: string, nextAt: Date | null): Promise<void>
  /** What was taken because it was due, and was not begun to be read. */
  waive(name: string): Promise<void>
}

/** `leaseMs`: how long a holder that says nothing is believed; 0 where there is no other process. */
export function openHolding(
  library: string,
  origins: OriginStore,
  clock: () => Promise<Date>,
  leaseMs: number,
): Holding {
  const holder = randomUUID()
  const reading = new Set<string>()
  // Taken because it was due, and not yet begun to be read.
  const promised = new Set<string>()
  const holding = async () => ({ holder, now: await clock(), leaseMs })
  return {
    take: async (name) => {
      if (reading.has(name)) return false
      reading.add(name)
      if (promised.delete(name) || (await origins.take(library, name, await holding()))) return true
      reading.delete(name)
      return false
    },
    takeDue: async (names) => {
      const free = names.filter((name) => !reading.has(name) && !promised.has(name))
      const name = await origins.takeDue(library, free, await holding())
      if (name !== null) promised.add(name)
      return name
    },
    renew: async () => {
      if (reading.size > 0) await origins.renew(library, await holding())
    },
    release: async (name, nextAt) => {
      reading.delete(name)
      await origins.release(library, name, holder, nextAt)
    },
    waive: async (name) => {
      if (promised.delete(name)) await origins.release(library, name, holder, null)
    },
  }
}
