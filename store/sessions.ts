// Sessions of browsers: each ends after a week without use, after a month in any case, and with its key.
import type { Holder, SessionStore } from '../core/access.ts'
import type { Database } from './database.ts'

// As the doors of 0019-walls.sql have it.
const sessionHolds = `s.seen_at > now() - interval '7 days' and s.began_at > now() - interval '30 days'`
// Being used is a write: not with every request.
const SEEN_EVERY_MS = 5 * 60_000

/** Of any library, as keys are. */
export function sessionStore({ query, of }: Database): SessionStore {
  return {
    begin: async ({ hash, library, key }) => {
      const own = of(library).query
      await own(`delete from sessions s where s.library_id = $1 and not (${sessionHolds})`, [library])
      await own('insert into sessions (library_id, session_hash, key_id) values ($1, $2, $3)', [library, hash, key])
    },
    find: async (hash) => {
      const [row] = await query<Holder & { seen_ms: number }>(
        `select id, library, name, scopes, origins, (extract(epoch from now() - seen_at) * 1000)::float8 as seen_ms
         from footnote_session($1)`,
        [hash],
      )
      if (!row) return null
      const { seen_ms: seenMs, ...holder } = row
      if (seenMs > SEEN_EVERY_MS)
        await of(holder.library).query(
          'update sessions set seen_at = now() where library_id = $1 and session_hash = $2',
          [holder.library, hash],
        )
      return holder
    },
    end: async (library, hash) => {
      await of(library).query('delete from sessions where library_id = $1 and session_hash = $2', [library, hash])
    },
    holding: async (hashes) => {
      const rows = await query<{ hash: string }>('select hash from footnote_sessions_holding($1) as hash', [hashes])
      return new Set(rows.map(({ hash }) => hash))
    },
  }
}
