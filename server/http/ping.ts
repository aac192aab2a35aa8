// GET /v1/ping/events: a few timed events without a search or a model, to see what a proxy makes of a stream.
import { setTimeout as pause } from 'node:timers/promises'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { parseShape } from './body.ts'
import { sseResponse } from './events.ts'

// Whoever asks for it holds a connection and a timer for so long, and nothing else.
const MOST_EVENTS = 10
const MOST_MS = 5_000

const countFault = `must be a whole number from 1 to ${MOST_EVENTS}`
const everyFault = `must be a whole number from 0 to ${MOST_MS}`

export const pingQuery = z
  .strictObject({
    count: z.coerce.number(countFault).int(countFault).min(1, countFault).max(MOST_EVENTS, countFault).default(5),
    every_ms: z.coerce.number(everyFault).int(everyFault).min(0, everyFault).max(MOST_MS, everyFault).default(200),
  })
  .refine(({ count, every_ms: everyMs }) => (count - 1) * everyMs <= MOST_MS, {
    error: `must be so small that the events end within ${MOST_MS} ms`,
    path: ['every_ms'],
  })

export function pingRoutes(): Hono {
  return new Hono().get('/v1/ping/events', (c) => {
    const { count, every_ms: everyMs } = parseShape(pingQuery, c.req.query(), 'query')
    const leaving = new AbortController()
    return sseResponse(pings(c, count, everyMs, leaving.signal), () => leaving.abort())
  })
}

/** The first says under which name the request came: a proxy that rewrites it makes every POST of the page a stranger's. */
async function* pings(c: Context, count: number, everyMs: number, signal: AbortSignal): AsyncGenerator<string> {
  const began = performance.now()
  const host = c.req.header('host') ?? new URL(c.req.url).host
  for (let n = 1; n <= count; n++) {
    // A reader who has left ends the loop; nobody is there to hear of it.
    if (n > 1) await pause(everyMs, null, { signal }).catch(() => {})
    if (signal.aborted) return
    const sent = { n, of: count, ms: Math.round(performance.now() - began), ...(n === 1 && { host }) }
    yield `event: ping\ndata: ${JSON.stringify(sent)}\n\n`
  }
}
