// Answers read again: the list, the finished object, the events from any point on, the stop button, and what readers thought.
import { type Context, Hono } from 'hono'
import { type AppError, InputError, NotFoundError } from '../../core/errors.ts'
import type { ConversationStore } from '../../core/conversations.ts'
import type { AnswerStore } from '../../core/ports.ts'
import { type Feedback, isTerminal, type StoredEvent } from '../../core/types.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { parseShape, readBody } from './body.ts'
import { sseResponse, toSse } from './events.ts'
import { ownerOf, seesAll } from './principal.ts'
import { readerOf } from './reader-cookie.ts'
import { lastWord, untilRevoked } from './revocation.ts'
import { answersQuery, eventsQuery, feedbackBody, noQuery, pathId } from './schemas.ts'
import { toWire } from './wire.ts'

export type AnswersDeps = {
  readonly live: LiveAnswers
  readonly answers: AnswerStore
  readonly conversations: ConversationStore
  readonly library: string
}

export function answersRoutes(deps: AnswersDeps): Hono {
  const { live, answers, library } = deps
  return new Hono()
    .get('/v1/answers', async (c) => c.json(await list(deps, c)))
    .get('/v1/answers/:id', async (c) => {
      parseShape(noQuery, c.req.query(), 'query')
      const id = pathId(c.req.param('id'), 'answer')
      const answer = await answers.find(library, id)
      if (answer) return c.json(toWire(answer))
      throw await missingAnswer(deps, id)
    })
    .get('/v1/answers/:id/events', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      const asked = parseShape(eventsQuery, c.req.query(), 'query')
      const resumed = c.req.header('last-event-id')
      const [field, text] = resumed === undefined ? ['after', asked.after] : ['Last-Event-ID', resumed]
      const after = parseCursor(field, text)
      const last = after > 0 ? (await answers.events(library, id, 0))?.at(-1) : undefined
      // Else the reader would wait for the end of an answer that has ended, and get none.
      if (last && isTerminal(last.event) && after > last.seq) throw noEvent(field, text)
      // A second reader who leaves or loses the right is no reason to stop the answer, only to stop looking for its events.
      const leaving = new AbortController()
      const events = await live.follow(library, id, after, leaving.signal)
      if (!events) throw unknownAnswer(id)
      const leave = () => leaving.abort()
      return sseResponse(untilRevoked(c, toSse(events), leave, lastWord(c)), leave)
    })
    .post('/v1/answers/:id/stop', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      if (live.stop(library, id)) return c.json({ id, stopped: true }, 202)
      if (await answers.events(library, id, 0)) return c.json({ id, stopped: false })
      throw unknownAnswer(id)
    })
    .post('/v1/answers/:id/feedback', async (c) => {
      const id = pathId(c.req.param('id'), 'answer')
      const { rating, reason, comment } = await readBody(c, feedbackBody)
      return c.json(await rate(deps, id, { rating, reason: reason ?? null, comment: comment?.trim() || null }))
    })
    .delete('/v1/answers/:id/feedback', async (c) =>
      c.json(await rate(deps, pathId(c.req.param('id'), 'answer'), null)),
    )
}

async function list({ answers, conversations, library }: AnswersDeps, c: Context): Promise<object> {
  const {
    stale,
    rating,
    conversation_id: conversationId = null,
    limit,
    after,
  } = parseShape(answersQuery, c.req.query(), 'query')
  const owner = seesAll(c) ? null : ownerOf(c)
  const isPlace = async (id: string) =>
    (await answers.find(library, id)) !== null &&
    (owner === null || (await answers.owner(library, id))?.owner === owner)
  const isOpen = async (id: string) =>
    (ownerOf(c) !== null && owner === null) || (await conversations.isOpenTo(library, id, readerOf(c)))
  const only = { stale: stale === 'true', rating: rating ?? null, conversationId, owner }
  if (after !== undefined && !(await isPlace(after))) throw noPlace(after)
  // Somebody else's conversation is like one that does not exist.
  if (conversationId !== null && !(await isOpen(conversationId))) return { answers: [], next: null }
  // One more than asked for tells whether there is a next page.
  const found = await answers.list(library, only, limit + 1, after)
  const page = found.slice(0, limit)
  const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
  return toWire({ answers: page, next })
}

async function rate(deps: AnswersDeps, id: string, feedback: Feedback | null): Promise<object> {
  const answer = await deps.answers.rate(deps.library, id, feedback)
  if (!answer) throw await missingAnswer(deps, id)
  return toWire({ id, feedback: answer.feedback })
}

/** There may be an answer of this id that never came to an end: it can be followed, but not read or judged. */
async function missingAnswer({ live, library }: AnswersDeps, id: string): Promise<AppError> {
  const log = await live.log(library, id)
  return log ? withoutForm(id, log) : unknownAnswer(id)
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

function noPlace(after: string): InputError {
  return new InputError('bad-field', `after: ${JSON.stringify(after)} is no finished answer of this list.`, 'after')
}

/** Under way, or ended in a fault: then there never will be one. */
function withoutForm(id: string, log: readonly StoredEvent[]): AppError {
  const last = log.at(-1)?.event
  const rest = `what was said stands in /v1/answers/${id}/events.`
  if (last?.type !== 'error')
    return new NotFoundError('not-finished', `The answer ${id} has no final form yet; ${rest}`)
  return new NotFoundError(last.code, `The answer ${id} ended in a fault (${last.code}): ask again; ${rest}`)
}

export function unknownAnswer(id: string): NotFoundError {
  return new NotFoundError('unknown-answer', `There is no answer ${JSON.stringify(id.slice(0, 80))}.`)
}
