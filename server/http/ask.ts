// POST /v1/ask: a question in, an answer out, as one JSON object or as a stream of events.
import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import { AppError, InputError, StoreError } from '../../core/errors.ts'
import type { AnswerStore } from '../../core/ports.ts'
import { type AnswerEvent, isTerminal, type Question, type StoredEvent } from '../../core/types.ts'
import { newAnswerId } from '../answer/answer.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { readBody } from './body.ts'
import { sseResponse } from './events.ts'
import { libraryOf } from './library.ts'
import { askBody } from './schemas.ts'
import { toWire } from './wire.ts'

export type AskDeps = {
  readonly live: LiveAnswers
  readonly answers: AnswerStore
  readonly library: string
  readonly hasModel: boolean
}

// Follow-ups rarely point back further, and the model's budget is for passages.
const REMEMBERED_TURNS = 5

export function askRoutes(deps: AskDeps): Hono {
  return new Hono().post('/v1/ask', async (c) => {
    const body = await readBody(c, askBody)
    const question = await toQuestion(body, deps)
    deps.live.start(question)
    const events = await deps.live.follow(question.library, question.id, 0)
    if (!events) throw new StoreError('store-failed', `The answer ${question.id} vanished.`)
    const leave = () => deps.live.stop(question.library, question.id)
    const wantsStream = body.stream ?? c.req.header('accept')?.includes('text/event-stream') ?? false
    return wantsStream ? sseResponse(events, leave) : await whole(c, events, leave)
  })
}

async function toQuestion(body: z.output<typeof askBody>, deps: AskDeps): Promise<Question> {
  const library = libraryOf(body.library, deps.library)
  if (body.mode === 'generative' && !deps.hasModel)
    throw new InputError('no-model', 'mode: "generative" needs a model; set OPENAI_API_KEY, or use "auto".', 'mode')
  const conversationId = body.conversation_id ?? `con_${randomUUID().replaceAll('-', '')}`
  const history =
    body.history ??
    (body.conversation_id ? await deps.answers.turns(library, body.conversation_id, REMEMBERED_TURNS) : [])
  return { id: newAnswerId(), text: body.question.trim(), library, conversationId, history, mode: body.mode }
}

async function whole(c: Context, events: AsyncIterable<StoredEvent>, leave: () => void): Promise<Response> {
  const { signal } = c.req.raw
  signal.addEventListener('abort', leave, { once: true })
  const last = await lastOf(events)
  signal.removeEventListener('abort', leave)
  if ('answer' in last) return c.json(toWire(last.answer))
  throw toError(last)
}

async function lastOf(events: AsyncIterable<StoredEvent>): Promise<AnswerEvent> {
  for await (const { event } of events) if (isTerminal(event)) return event
  throw new AppError('internal', 'An answer ended without a terminal event.')
}

function toError(event: AnswerEvent): AppError {
  const code = event.type === 'error' ? event.code : 'internal'
  return code.startsWith('store-') ? new StoreError(code, code, { retryable: true }) : new AppError(code, code)
}
