// GET /metrics: what Prometheus reads.
import { Hono } from 'hono'
import { requireOperator, type Operators } from './principal.ts'

export type MetricsRouteDeps = Operators & { readonly text: () => Promise<string> }

export function metricsRoutes(deps: MetricsRouteDeps): Hono {
  return new Hono().get('/metrics', async (c) => {
    requireOperator(c, deps, 'the metrics are')
    return c.text(await deps.text(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  })
}
