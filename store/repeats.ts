// What was made for which Idempotency-Key: of all servers, whoever writes the row first makes it.
import type { Repeat, RepeatStore } from '../core/repeats.ts'
import { type Database, toJson } from './database.ts'

const KEPT = "interval '24 hours'"
// As many as a key may ask in a day at one a minute; the oldest go first.
const MOST = 1_440

export function repeatStore({ query }: Database): RepeatStore {
  return {
    claim: async ({ library, holder, key }, { fingerprint, id }, instead) => {
      const claimed = await query(claimSql, [library, holder, key, fingerprint, id, instead, MOST])
      if (claimed.length > 0) return null
      const [found] = await query<Repeat>(
        `select fingerprint, made_id as id, reply from repeats where library_id = $1 and holder = $2 and key = $3`,
        [library, holder, key],
      )
      // Forgotten in between: it is asked for once more, with an id that is nobody's.
      return found ?? { fingerprint, id: '', reply: null }
    },
    keep: async ({ library, holder, key }, id, reply) => {
      await query(
        'update repeats set reply = $5::jsonb where library_id = $1 and holder = $2 and key = $3 and made_id = $4',
        [library, holder, key, id, toJson(reply)],
      )
    },
    forget: async ({ library, holder, key }, id) => {
      await query('delete from repeats where library_id = $1 and holder = $2 and key = $3 and made_id = $4', [
        library,
        holder,
        key,
        id,
      ])
    },
  }
}

// Of two changes of one row in one statement Postgres leaves open which counts: the row itself is not among the dropped.
const claimSql = `
  with dropped as (
    delete from repeats where library_id = $1 and (holder, key) <> ($2, $3) and (
      made_at < now() - ${KEPT} or holder = $2 and made_at <= (
        select made_at from repeats where library_id = $1 and holder = $2 order by made_at desc offset $7 limit 1)))
  insert into repeats as r (library_id, holder, key, fingerprint, made_id) values ($1, $2, $3, $4, $5)
  on conflict (library_id, holder, key) do update set
    fingerprint = excluded.fingerprint, made_id = excluded.made_id, reply = null, made_at = now()
    where r.made_at < now() - ${KEPT} or (r.made_id = $6 and r.fingerprint = excluded.fingerprint)
  returning 1`
