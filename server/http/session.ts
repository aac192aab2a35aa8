// Logging in and out: a browser shows a key once and gets a session, whose cookie no script can read.
import { Hono } from 'hono'
import type { AuditStore, KeyStore, SessionStore } from '../../core/access.ts'
import { idOfKey } from '../../core/keys.ts'
import { hashOfSession, holderOf, invalid, malformed } from './authenticate.ts'
import { parseShape, readBody } from './body.ts'
import type { LookUp } from './look-ups.ts'
import { actorOf, principalOf } from './principal.ts'
import { sessionBody } from './schemas-keys.ts'
import { noQuery } from './schemas.ts'
import { giveSessionCookie, takeSessionCookie } from './session-cookie.ts'

export type SessionRouteDeps = {
  readonly keys: KeyStore
  readonly sessions: SessionStore
  readonly audit: AuditStore
  readonly lookUp: LookUp
  readonly secret: string | null
  readonly publicUrl: string | null
}

export function sessionRoutes(deps: SessionRouteDeps): Hono {
  const { sessions, audit, publicUrl } = deps
  return new Hono()
    .get('/v1/session', (c) => {
      parseShape(noQuery, c.req.query(), 'query')
      const principal = principalOf(c)
      c.header('cache-control', 'no-store')
      if (principal.type === 'stranger') throw principal.fault
      if (principal.type === 'local') return c.json({ type: 'local', name: null, scopes: [] })
      return c.json({ type: principal.type, name: principal.name, scopes: principal.scopes })
    })
    .post('/v1/session', async (c) => {
      const { key } = await readBody(c, sessionBody)
      if (idOfKey(key.trim()) === null) throw malformed()
      const holder = await holderOf(key.trim(), c.req.raw, deps)
      // One that stands in pages of other sites opens none of ours.
      if (!holder || holder.origins.length > 0) throw invalid()
      await audit.note(holder.library, { act: 'login', actor: `session:${holder.id}`, subject: null })
      await sessions.begin({
        hash: hashOfSession(giveSessionCookie(c, publicUrl)),
        library: holder.library,
        key: holder.id,
      })
      c.header('cache-control', 'no-store')
      return c.json({ type: 'session', name: holder.name, scopes: holder.scopes }, 201)
    })
    .delete('/v1/session', async (c) => {
      parseShape(noQuery, c.req.query(), 'query')
      const principal = principalOf(c)
      takeSessionCookie(c, publicUrl)
      if (principal.type === 'session') {
        await audit.note(principal.library, { act: 'logout', actor: actorOf(c), subject: null })
        await sessions.end(principal.library, principal.session)
      }
      return c.body(null, 204)
    })
}
