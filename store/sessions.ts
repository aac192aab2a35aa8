// Sessions of browsers: each ends after a week without use, after a month in any case, and with its key.
import type { SessionStore } from '../core/access.ts'
import type { Database } from './database.ts'
import { holderColumns, type HolderRow, keyHolds } from './keys.ts'

const sessionHolds = `s.seen_at > now() - interval '7 days' and s.began_at > now() - interval '30 days'`
const heldSql = `from sessions s join api_keys k on k.library_id = s.library_id and k.key_id = s.key_id
  where ${sessionHolds} and ${keyHolds}`
// Being used is a write: not with every request.
const SEEN_EVERY = "interval '5 minutes'"

export function sessionStore({ query }: Database): SessionStore {
  return {
    begin: async ({ hash, library, key }) => {
      await query(`delete from sessions s where s.library_id = $1 and not (${sessionHolds})`, [library])
      await query('insert into sessions (library_id, session_hash, key_id) values ($1, $2, $3)', [library, hash, key])
    },
    find: async (hash) => {
      const [row] = await query<HolderRow & { is_due: boolean }>(
        `select ${holderColumns}, s.seen_at < now() - ${SEEN_EVERY} as is_due ${heldSql} and s.session_hash = $1`,
        [hash],
      )
      if (!row) return null
      const { is_due: isDue, ...holder } = row
      if (isDue) await query('update sessions set seen_at = now() where session_hash = $1', [hash])
      return holder
    },
    end: async (hash) => void (await query('delete from sessions where session_hash = $1', [hash])),
    holding: async (hashes) => {
      const rows = await query<{ hash: string }>(
        `select s.session_hash as hash ${heldSql} and s.session_hash = any($1)`,
        [hashes],
      )
      return new Set(rows.map(({ hash }) => hash))
    },
  }
}
