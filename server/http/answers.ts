// Answers read again: the list, the finished object, the events from any point on, and the stop button.
import { Hono } from 'hono'
import { InputError, NotFoundError } from '../../core/errors.ts'
import type { AnswerStore } from '../../core/ports.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { parseShape } from './body.ts'
import { sseResponse } from './events.ts'
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
      if (await answers.events(library, id, 0))
        throw new NotFoundError('not-finished', `The answer ${id} has no final form; read /v1/answers/${id}/events.`)
      throw unknown(id)
    })
    .get('/v1/answers/:id/events', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      const after = parseCursor(c.req.header('last-event-id') ?? c.req.query('after') ?? '0')
      // A second reader leaving is no reason to stop the answer, only to stop looking for its events.
      const leaving = new AbortController()
      const events = await live.follow(library, id, after, leaving.signal)
      if (!events) throw unknown(id)
      return sseResponse(events, () => leaving.abort())
    })
    .post('/v1/answers/:id/stop', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      if (live.stop(library, id)) return c.json({ id, stopped: true }, 202)
      if (await answers.events(library, id, 0)) return c.json({ id, stopped: false })
      throw unknown(id)
    })
}

function parseCursor(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InputError(
      'bad-field',
      `Last-Event-ID: ${JSON.stringify(text.slice(0, 40))} is not an event number.`,
      'Last-Event-ID',
    )
  return Number(text)
}

function unknown(id: string): NotFoundError {
  return new NotFoundError('unknown-answer', `There is no answer ${JSON.stringify(id.slice(0, 80))}.`)
}
