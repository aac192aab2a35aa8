// How often a key may ask: a bucket of requests for each, shared by all servers of a database. A server takes a few from
// it at a time and gives them out by itself, so that most requests cost no statement.
import type { Lot, Quota, QuotaStore } from '../../core/limits.ts'

// What a bucket holds when nothing was asked for a while: a page opens with a dozen requests.
const BURST_SECONDS = 10
// Each server may give out as many more than the quota, once, as it has taken and not used.
const LOT_SECONDS = 1

export function quotaOf(perMinute: number): Quota {
  return { most: Math.max(1, Math.floor((perMinute / 60) * BURST_SECONDS)), everyMs: 60_000 / perMinute }
}

/**
 * The generic cell rate algorithm (ITU-T I.371; a token bucket that is one number): `spentUntil` is when all that was
 * taken is paid for, at one request every `everyMs`; it may be as far ahead as the bucket holds.
 */
export function take(spentUntil: number, now: number, wanted: number, { most, everyMs }: Quota) {
  const from = Math.max(spentUntil, now)
  const free = most - (from - now) / everyMs
  const granted = Math.max(0, Math.min(wanted, Math.floor(free + 1e-9)))
  const lot: Lot = { granted, waitMs: granted > 0 ? 0 : Math.max(1, (1 - free) * everyMs) }
  return { spentUntil: from + granted * everyMs, lot }
}

/** Where there is one server. */
export function ownQuotas(now: () => number = () => performance.now()): QuotaStore {
  const spent = new Map<string, number>()
  return {
    take: async (library, key, wanted, quota) => {
      const name = `${library}/${key}`
      const { spentUntil, lot } = take(spent.get(name) ?? 0, now(), wanted, quota)
      spent.set(name, spentUntil)
      return lot
    },
  }
}

type Holding = { left: number; emptyUntil: number; taking: Promise<void> | null }

export type Rates = {
  /** How long to wait before it is asked again, in milliseconds; 0: it may be done. */
  readonly ask: (library: string, key: string) => Promise<number>
}

export function openRates(quotas: QuotaStore, perMinute: number, now: () => number = () => performance.now()): Rates {
  const quota = quotaOf(perMinute)
  const wanted = Math.min(quota.most, Math.max(1, Math.floor((perMinute / 60) * LOT_SECONDS)))
  // As many as there are keys that were shown and held.
  const holdings = new Map<string, Holding>()
  const refill = async (library: string, key: string, holding: Holding) => {
    // A database that is away has other ways to say so: it is not this that keeps anybody out.
    const lot = await quotas.take(library, key, wanted, quota).catch((): Lot => ({ granted: wanted, waitMs: 0 }))
    holding.left += lot.granted
    holding.emptyUntil = now() + lot.waitMs
    holding.taking = null
  }
  return {
    ask: async (library, key) => {
      const name = `${library}/${key}`
      const holding = holdings.get(name) ?? { left: 0, emptyUntil: 0, taking: null }
      holdings.set(name, holding)
      while (holding.left === 0) {
        const waitMs = holding.emptyUntil - now()
        if (waitMs > 0) return waitMs
        await (holding.taking ??= refill(library, key, holding))
      }
      holding.left--
      return 0
    },
  }
}
