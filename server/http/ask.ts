// POST /v1/ask: a question in, an answer out, as one JSON object or as a stream of events.
import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import { AppError, InputError, StoreError } from '../../core/errors.ts'
import type { AnswerStore } from '../../core/ports.ts'
import { type AnswerEvent, isTerminal, type Question, type StoredEvent } from '../../core/types.ts'
import { newAnswerId, REMEMBERED_TURNS } from '../answer/answer.ts'
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

export function askRoutes(deps: AskDeps): Hono {
  return new Hono().post('/v1/ask', async (c) => {
    const body = await readBody(c, askBody)
    const question = await toQuestion(body, deps)
    const { signal } = c.req.raw
    // Who has left while the body was read must not start a model.
    signal.throwIfAborted()
    deps.live.start(question)
    const leave = () => deps.live.stop(question.library, question.id)
    signal.addEventListener('abort', leave, { once: true })
    const events = await deps.live.follow(question.library, question.id, 0, signal)
    if (!events) throw new StoreError('store-failed', `The answer ${question.id} vanished.`)
    const wantsStream = body.stream ?? c.req.header('accept')?.includes('text/event-stream') ?? false
    return wantsStream ? await stream(events, leave) : await whole(c, events)
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
  const { mode, fresh } = body
  return { id: newAnswerId(), text: body.question.trim(), library, conversationId, history, mode, fresh }
}

/** An answer that fails before its first event still has a status to say so with; after it, the stream must. */
async function stream(events: AsyncIterable<StoredEvent>, leave: () => void): Promise<Response> {
  const iterator = events[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (!first.done && first.value.event.type === 'error') throw toError(first.value.event)
  return sseResponse(startingWith(first, iterator), leave)
}

async function* startingWith(
  first: IteratorResult<StoredEvent>,
  rest: AsyncIterator<StoredEvent>,
): AsyncGenerator<StoredEvent> {
  for (let step = first; !step.done; step = await rest.next()) yield step.value
}

async function whole(c: Context, events: AsyncIterable<StoredEvent>): Promise<Response> {
  for await (const { event } of events) {
    if ('answer' in event) return c.json(toWire(event.answer))
    if (isTerminal(event)) throw toError(event)
  }
  throw new AppError('internal', 'An answer ended without a terminal event.')
}

/** The error was told apart when it was thrown; of it, only what may be public went into the event. */
function toError(event: AnswerEvent): AppError {
  const { code, retryable } = event.type === 'error' ? event : { code: 'internal', retryable: false }
  return code.startsWith('store-') ? new StoreError(code, code, { retryable }) : new AppError(code, code, { retryable })
}
