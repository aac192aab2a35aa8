// Syncs: the list, one with what it did to each source, how far it is as it runs, the button that stops it, the way back.
import { Hono } from 'hono'
import { InputError, NotFoundError } from '../../core/errors.ts'
import type { Sync, Syncing, SyncOutcome, SyncStore } from '../../core/syncs.ts'
import type { Note } from './audit.ts'
import { parseShape } from './body.ts'
import { sseResponse } from './events.ts'
import { linesResponse } from './ingest.ts'
import { requireToken } from './principal.ts'
import { lastWord, untilRevoked } from './revocation.ts'
import { noQuery, pathId, syncsQuery } from './schemas.ts'
import { toWire } from './wire.ts'

// A first sync of a large library has one for each file: enough to see what they are, and those that failed are few.
const MOST_OUTCOMES = 1_000

export type SyncsRouteDeps = {
  readonly syncing: Syncing
  readonly syncs: SyncStore
  readonly library: string
  readonly token: string
  readonly report: (message: string, error: unknown) => void
  readonly note: Note
}

export function syncsRoutes({ syncing, syncs, library, token, report, note }: SyncsRouteDeps): Hono {
  return new Hono()
    .get('/v1/syncs', async (c) => {
      const { limit, after } = parseShape(syncsQuery, c.req.query(), 'query')
      if (after !== undefined && !(await syncing.find(after))) throw noPlace(after)
      // One more than asked for tells whether there is a next page.
      const found = await syncing.list(limit + 1, after)
      const page = found.slice(0, limit)
      const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
      return c.json(toWire({ syncs: page, next }))
    })
    .get('/v1/syncs/:id', async (c) => {
      parseShape(noQuery, c.req.query(), 'query')
      const sync = await findSync(c.req.param('id'), syncing)
      const outcomes = await syncs.outcomes(library, sync.id, MOST_OUTCOMES)
      return c.json(toWire({ ...sync, outcomes, failures: failuresOf(outcomes) }))
    })
    .get('/v1/syncs/:id/events', async (c) => {
      parseShape(noQuery, c.req.query(), 'query')
      const id = pathId(c.req.param('id'), 'sync')
      const leaving = new AbortController()
      const states = await syncing.follow(id, leaving.signal)
      if (!states) throw unknown(id)
      const leave = () => leaving.abort()
      return sseResponse(untilRevoked(c, eventsOf(states), leave, lastWord(c)), leave)
    })
    .post('/v1/syncs/:id/cancel', async (c) => {
      requireToken(c, token, 'cancelling')
      const { id } = await findSync(c.req.param('id'), syncing)
      await note(c, 'sync-cancelled', id)
      return c.json({ id, cancelled: await syncing.cancel(id) })
    })
    .post('/v1/syncs/:id/undo', async (c) => {
      requireToken(c, token, 'undoing')
      const asked = pathId(c.req.param('id'), 'sync')
      await note(c, 'sync-undone', asked)
      return linesResponse(c, (signal) => syncing.undo(asked === 'last' ? null : asked, signal), report)
    })
}

/** Each is the whole state: who comes late, or again, has missed nothing. */
async function* eventsOf(states: AsyncIterable<Sync>): AsyncGenerator<string> {
  let n = 0
  for await (const sync of states) {
    const name = sync.state === 'running' ? 'progress' : 'ended'
    yield `id: ${++n}\nevent: ${name}\ndata: ${JSON.stringify(toWire(sync))}\n\n`
  }
}

function failuresOf(outcomes: readonly SyncOutcome[]) {
  const failed = outcomes.filter(({ type }) => type === 'failed')
  return Array.from(
    Map.groupBy(failed, ({ code }) => code ?? ''),
    ([code, each]) => ({ code, sources: each.map(({ source, message }) => ({ source, message: message ?? '' })) }),
  )
}

async function findSync(text: string, syncing: Syncing): Promise<Sync> {
  const id = pathId(text, 'sync')
  const found = await syncing.find(id)
  if (!found) throw unknown(id)
  return found
}

function noPlace(after: string): InputError {
  return new InputError('bad-field', `after: ${JSON.stringify(after)} is no sync of this list.`, 'after')
}

function unknown(id: string): NotFoundError {
  return new NotFoundError('unknown-sync', `There is no sync ${JSON.stringify(id.slice(0, 80))}.`)
}
