// Answers read again: the list, the finished object, the events from any point on, and the stop button.
import { Hono } from 'hono'
import { type AppError, InputError, NotFoundError } from '../../core/errors.ts'
import type { AnswerStore } from '../../core/ports.ts'
import { isTerminal, type StoredEvent } from '../../core/types.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { parseShape } from './body.ts'
import { sseResponse, toSse } from './events.ts'
import { answersQuery, pathId } from './schemas.ts'
import { toWire } from './wire.ts'

export type AnswersDeps = { readonly live: LiveAnswers; readonly answers: AnswerStore; readonly library: string }

export function answersRoutes(deps: AnswersDeps): Hono {
  const { live, answers, library } = deps
  return new Hono()
    .get('/v1/answers', async (c) => {
      const { stale, limit, after } = parseShape(answersQuery, c.req.query(), 'query')
      // One more than asked for tells whether there is a next page.
      const found = await answers.list(library, stale === 'true' ? 'stale' : 'all', limit + 1, after)
      const page = found.slice(0, limit)
      const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
      return c.json(toWire({ answers: page, next }) as object)
    })
    .get('/v1/answers/:id', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      const answer = await answers.find(library, id)
      if (answer) return c.json(toWire(answer))
      const log = await answers.events(library, id, 0)
      throw log ? withoutForm(id, log) : unknown(id)
    })
    .get('/v1/answers/:id/events', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      const resumed = c.req.header('last-event-id')
      const [field, text] = resumed === undefined ? ['after', c.req.query('after') ?? '0'] : ['Last-Event-ID', resumed]
      const after = parseCursor(field, text)
      const last = after > 0 ? (await answers.events(library, id, 0))?.at(-1) : undefined
      // Else the reader would wait for the end of an answer that has ended, and get none.
      if (last && isTerminal(last.event) && after > last.seq) throw noEvent(field, text)
      // A second reader leaving is no reason to stop the answer, only to stop looking for its events.
      const leaving = new AbortController()
      const events = await live.follow(library, id, after, leaving.signal)
      if (!events) throw unknown(id)
      return sseResponse(toSse(events), () => leaving.abort())
    })
    .post('/v1/answers/:id/stop', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      if (live.stop(library, id)) return c.json({ id, stopped: true }, 202)
      if (await answers.events(library, id, 0)) return c.json({ id, stopped: false })
      throw unknown(id)
    })
}

function parseCursor(field: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw noEvent(field, text)
  return Number(text)
}

function noEvent(field: string, text: string): InputError {
  return new InputError(
    'bad-field',
    `${field}: ${JSON.stringify(text.slice(0, 40))} is no event of this answer.`,
    field,
  )
}

/** Under way, or ended in a fault: then there never will be one. */
function withoutForm(id: string, log: readonly StoredEvent[]): AppError {
  const last = log.at(-1)?.event
  const rest = `what was said stands in /v1/answers/${id}/events.`
  if (last?.type !== 'error')
    return new NotFoundError('not-finished', `The answer ${id} has no final form yet; ${rest}`)
  return new NotFoundError(last.code, `The answer ${id} ended in a fault (${last.code}): ask again; ${rest}`)
}

function unknown(id: string): NotFoundError {
  return new NotFoundError('unknown-answer', `There is no answer ${JSON.stringify(id.slice(0, 80))}.`)
}
