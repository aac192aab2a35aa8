// GET /v1/gaps: what the library could not answer, for whoever runs the server.
import { Hono } from 'hono'
import type { Embedder, Store } from '../../core/ports.ts'
import { gapsOf } from '../answer/gaps.ts'
import { parseShape } from './body.ts'
import { gapsQuery } from './schemas.ts'
import { type Operators, requireOperator } from './principal.ts'
import { toWire } from './wire.ts'

export type GapsDeps = Operators & {
  readonly store: Pick<Store, 'reports'>
  /** the built-in one: it costs nothing, and what is alike was measured with it */
  readonly sentenceEmbedder: Embedder
  readonly library: string
}

// The newest of them: of more, most are about what these are about.
const MOST = 2_000
const MOST_GAPS = 100

const hoursIn: Readonly<Record<string, number>> = { h: 1, d: 24, w: 168 }

export function gapsRoutes(deps: GapsDeps): Hono {
  return new Hono().get('/v1/gaps', async (c) => {
    requireOperator(c, deps, 'what others asked is')
    const { since } = parseShape(gapsQuery, c.req.query(), 'query')
    const hours = Number(since.slice(0, -1)) * (hoursIn[since.slice(-1)] ?? 1)
    const unanswered = await deps.store.reports.unanswered(deps.library, hours, MOST)
    const gaps = await gapsOf(unanswered, deps.sentenceEmbedder, c.req.raw.signal)
    return c.json(toWire({ since, questions: unanswered.length, gaps: gaps.slice(0, MOST_GAPS) }))
  })
}
