// What models wrote, for who asks the same again: so many of a library, the oldest go first, and none is kept for ever.
import type { ReplyStore } from '../core/ports.ts'
import type { Database } from './database.ts'

// 20,000 characters are the longest answer, so a library never holds more than 120 MB of them; a usual one is 1 kB.
const MOST = 2_000
// A name of a model stands for other weights after a while.
const KEPT_DAYS = 30

export function replyStore(database: Database): ReplyStore {
  return {
    find: async (library, key) => {
      const [row] = await database.query<{ reply: string }>(
        `select reply from replies
         where library_id = $1 and key = $2 and kept_at > now() - make_interval(days => $3)`,
        [library, key, KEPT_DAYS],
      )
      return row?.reply ?? null
    },
    keep: async (library, key, reply) => {
      // The dropped are chosen before the new one is in: for a moment there may be one more. The new one is not among them,
      // because of two changes of one row in one statement Postgres leaves open which counts.
      await database.query(
        `with dropped as (
           delete from replies where library_id = $1 and key <> $2 and kept_at <= (
             select kept_at from replies where library_id = $1 order by kept_at desc offset $4 limit 1))
         insert into replies (library_id, key, reply) values ($1, $2, $3)
         on conflict (library_id, key) do update set reply = excluded.reply, kept_at = now()`,
        // As store/database.ts writes JSON: what Postgres cannot hold becomes U+FFFD.
        [library, key, reply.toWellFormed().replaceAll('\0', '\ufffd'), MOST],
      )
    },
  }
}
