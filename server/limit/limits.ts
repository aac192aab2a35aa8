// The four limiters of every request, in the order that Stripe's have: how often a key asks, how much of it is under way,
// what is kept for questions, and what this process can still do. The first two are somebody's quota, the others our load.
import { LimitError } from '../../core/errors.ts'
import type { Limiter, QuotaStore, Traffic } from '../../core/limits.ts'
import { type Load, openLoad } from './load.ts'
import { openRates } from './rate.ts'

export type LimitsDeps = {
  readonly quotas: QuotaStore
  /** requests a minute of one key, on all servers of a database */
  readonly perMinute: number
  /** requests of one key at once, on this server */
  readonly atOnce: number
  /** null: however much there is to do */
  readonly probe: (() => Promise<void>) | null
}

type Asking = {
  readonly library: string
  /** null: whoever needs none has no quota */
  readonly key: string | null
  readonly traffic: Traffic
}

type Admitted = {
  /** What it has to do is done, or is somebody else's now. */
  readonly worked: () => void
  /** It is over. */
  readonly over: () => void
}

export type Limits = {
  /**
   * Perhaps after a wait at the door. Throws LimitError, after `refused` was told which limiter it was, or the reason of
   * the signal.
   */
  readonly admit: (asking: Asking, refused: (limiter: Limiter) => void, signal: AbortSignal) => Promise<Admitted>
}

export function openLimits({ quotas, perMinute, atOnce, probe }: LimitsDeps): Limits {
  const rates = openRates(quotas, perMinute)
  const load = probe && openLoad({ probe })
  const underWay = new Map<string, number>()
  return {
    admit: async ({ library, key, traffic }, refused, signal) => {
      const waitMs = key === null ? 0 : await rates.ask(library, key)
      if (waitMs > 0) {
        refused('rate')
        throw tooOften(perMinute, waitMs)
      }
      const name = `${library}/${key}`
      const count = key === null ? 0 : (underWay.get(name) ?? 0)
      if (count >= atOnce) {
        refused('concurrency')
        throw tooManyAtOnce(atOnce)
      }
      // Whoever waits at the door is under way for their key.
      if (key !== null) underWay.set(name, count + 1)
      const end = () => key !== null && leave(underWay, name)
      try {
        const worked = await enter(load, traffic, refused, signal)
        return { worked, over: () => (worked(), end()) }
      } catch (error) {
        end()
        throw error
      }
    },
  }
}

async function enter(
  load: Load | null,
  traffic: Traffic,
  refused: (limiter: Limiter) => void,
  signal: AbortSignal,
): Promise<() => void> {
  const entered = (await load?.enter(traffic, signal)) ?? (() => {})
  if (typeof entered !== 'string') return entered
  refused(entered)
  throw overloaded(traffic)
}

function leave(underWay: Map<string, number>, name: string): void {
  const left = (underWay.get(name) ?? 0) - 1
  if (left > 0) underWay.set(name, left)
  else underWay.delete(name)
}

// Whoever was refused together does not come back together.
const SPREAD_MS = 2_000
const spread = () => Math.random() * SPREAD_MS

function tooOften(perMinute: number, waitMs: number): LimitError {
  return new LimitError(
    'rate-limited',
    `Authorization: this key may ask ${perMinute} times a minute, and has. Ask again after the seconds of Retry-After.`,
    { isQuota: true, retryAfterMs: waitMs + spread() },
  )
}

function tooManyAtOnce(atOnce: number): LimitError {
  return new LimitError(
    'too-many-at-once',
    `Authorization: ${atOnce} requests of this key are under way, as many as may be. Wait until some have ended.`,
    { isQuota: true, retryAfterMs: spread() },
  )
}

function overloaded(traffic: Traffic): LimitError {
  return new LimitError('overloaded', `${shedWords[traffic]} Ask again after the seconds of Retry-After.`, {
    isQuota: false,
    // Questions wait for a place, everything else until the queue is gone.
    retryAfterMs: spread() + (traffic === 'question' ? 0 : 3_000),
  })
}

const busy = 'The server has more to do than it can'
const shedWords: Readonly<Record<Traffic, string>> = {
  evaluation: `${busy}, and work that can wait has to.`,
  ingest: `${busy}, and questions come before documents.`,
  search: `${busy}, and questions come before searches.`,
  history: `${busy}, and questions come before lists and histories.`,
  question: `${busy}.`,
}
