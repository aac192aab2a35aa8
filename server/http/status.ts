// What there is in the store that this server alone may open, for `npm run status` and `npm run doctor`.
import { Hono } from 'hono'
import type { ReportStore } from '../../core/reports.ts'
import { requireToken } from './principal.ts'
import { toWire } from './wire.ts'

export type StatusRouteDeps = {
  readonly reports: ReportStore
  readonly library: string
  readonly token: string
}

export function statusRoutes({ reports, library, token }: StatusRouteDeps): Hono {
  return new Hono()
    .get('/v1/status', async (c) => {
      requireToken(c, token, 'the status')
      return c.json(toWire(await reports.status(library)))
    })
    .get('/v1/status/index', async (c) => {
      requireToken(c, token, 'the status')
      return c.json(toWire(await reports.index(library)))
    })
}
