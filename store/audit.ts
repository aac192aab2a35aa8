// The audit log: administrative acts, one row each, never changed.
import type { AuditEntry, AuditStore } from '../core/access.ts'
import type { Database } from './database.ts'

/** Of any library: who logs in belongs to none before. */
export function auditStore({ of }: Database): AuditStore {
  return {
    note: async (library, { act, actor, subject }) => {
      await of(library).query('insert into audit_log (library_id, act, actor, subject) values ($1, $2, $3, $4)', [
        library,
        act,
        actor,
        subject,
      ])
    },
    list: async (library, limit, after) => {
      const rows = await of(library).query<Omit<AuditEntry, 'at'> & { at: Date }>(
        `select entry_id::text as id, at, act, actor, subject from audit_log
         where library_id = $1 and ($3::bigint is null or entry_id < $3::bigint) order by entry_id desc limit $2`,
        [library, limit, after ?? null],
      )
      return rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() }))
    },
  }
}
