// What keys have asked lately, for all servers of a database: one row each, changed by one statement.
import type { QuotaStore } from '../core/limits.ts'
import type { Database } from './database.ts'

/** Of any library: a server has one. */
export function quotaStore({ of }: Database): QuotaStore {
  return {
    take: async (library, key, wanted, { most, everyMs }) => {
      const [row] = await of(library).prepared<{ granted: number; ahead_ms: number }>(takeSql, [
        library,
        key,
        wanted,
        most,
        everyMs,
      ])
      const { granted = 0, ahead_ms: aheadMs = 0 } = row ?? {}
      return { granted, waitMs: granted > 0 ? 0 : Math.max(1, aheadMs + everyMs - most * everyMs) }
    },
  }
}

const aheadMs = `greatest(0, extract(epoch from q.spent_until - now()) * 1000)`
const granted = `least($3::int, greatest(0, floor($4::float8 - ${aheadMs} / $5::float8 + 1e-9)))::int`
// server/limit/rate.ts has the same in JavaScript, and says what it is.
const takeSql = `
  insert into quotas as q (library_id, key_id, spent_until, granted)
  values ($1, $2, now() + make_interval(secs => $3::int * $5::float8 / 1000), $3::int)
  on conflict (library_id, key_id) do update set
    granted = ${granted},
    spent_until = greatest(q.spent_until, now()) + make_interval(secs => ${granted} * $5::float8 / 1000)
  returning granted, (extract(epoch from spent_until - now()) * 1000)::float8 as ahead_ms`
