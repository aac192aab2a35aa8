// Administrative acts, written down before they are done, and GET /v1/audit, which lists them.
import { type Context, Hono } from 'hono'
import type { Act, AuditStore } from '../../core/access.ts'
import { parseShape } from './body.ts'
import { actorOf, requireToken } from './principal.ts'
import { auditQuery } from './schemas-keys.ts'
import { toWire } from './wire.ts'

/** Throws StoreError: then the act must not be done. */
export type Note = (c: Context, act: Act, subject: string | null) => Promise<void>

export function noting(audit: AuditStore, library: string): Note {
  return async (c, act, subject) => await audit.note(library, { act, actor: actorOf(c), subject })
}

export type AuditRouteDeps = { readonly audit: AuditStore; readonly library: string; readonly token: string }

export function auditRoutes({ audit, library, token }: AuditRouteDeps): Hono {
  return new Hono().get('/v1/audit', async (c) => {
    requireToken(c, token, 'the audit log')
    const { limit, after } = parseShape(auditQuery, c.req.query(), 'query')
    // One more than asked for tells whether there is a next page.
    const found = await audit.list(library, limit + 1, after)
    const page = found.slice(0, limit)
    const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
    return c.json(toWire({ entries: page, next }))
  })
}
