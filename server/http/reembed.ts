// POST /v1/reembed: lets the command line of the same user change the embedding model through a running server, which
// alone may touch the embedded store.
import { Hono } from 'hono'
import type { Reembed, ReembedStep } from '../../core/spaces.ts'
import { readBody } from './body.ts'
import { linesResponse, type Report } from './ingest.ts'
import { reembedBody } from './shapes-reembed.ts'
import { requireToken } from './token.ts'

// Questions to compare on.
const LIMIT_BYTES = 4 * 1024 * 1024

export type ReembedRouteDeps = { readonly reembed: Reembed; readonly token: string; readonly report: Report }

/** One event as a line of JSON each. Who leaves ends the fill, and what was filled stays. */
export function reembedRoutes({ reembed, token, report }: ReembedRouteDeps): Hono {
  return new Hono().post('/v1/reembed', async (c) => {
    requireToken(c, token, 'changing the embedding model')
    // The shape has made sure that a step has the model that it needs.
    const step = (await readBody(c, reembedBody, LIMIT_BYTES)) as ReembedStep
    return linesResponse((signal) => reembed(step, signal), report)
  })
}
