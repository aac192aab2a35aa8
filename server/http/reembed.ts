// POST /v1/reembed: lets the command line of the same user change the embedding model through a running server, which
// alone may touch the embedded store.
import { Hono } from 'hono'
import type { Reembed, ReembedStep } from '../../core/spaces.ts'
import type { Note } from './audit.ts'
import { readBody } from './body.ts'
import { linesResponse, type Report } from './ingest.ts'
import { reembedBody } from './shapes-reembed.ts'
import { requireToken } from './principal.ts'

// Questions to compare on.
const LIMIT_BYTES = 4 * 1024 * 1024

export type ReembedRouteDeps = {
  readonly reembed: Reembed
  readonly token: string
  readonly report: Report
  readonly note: Note
}

const changing: readonly string[] = ['fill', 'switch', 'back', 'drop'] satisfies readonly ReembedStep['step'][]

/** One event as a line of JSON each. Who leaves ends the fill, and what was filled stays. */
export function reembedRoutes({ reembed, token, report, note }: ReembedRouteDeps): Hono {
  return new Hono().post('/v1/reembed', async (c) => {
    requireToken(c, token, 'changing the embedding model')
    // The shape has made sure that a step has the model that it needs.
    const step = (await readBody(c, reembedBody, LIMIT_BYTES)) as ReembedStep
    const subject = 'model' in step ? `${step.step} ${step.model}` : step.step
    if (changing.includes(step.step)) await note(c, 'reembedded', subject)
    return linesResponse(c, (signal) => reembed(step, signal), report)
  })
}
