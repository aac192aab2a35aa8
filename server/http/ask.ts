// POST /v1/ask: a question in, an answer out, as one JSON object or as a stream of events.
import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import type { z } from 'zod'
import { InputError } from '../../core/errors.ts'
import type { ConversationStore } from '../../core/conversations.ts'
import type { AnswerStore } from '../../core/ports.ts'
import type { RepeatStore } from '../../core/repeats.ts'
import type { Question } from '../../core/types.ts'
import { newAnswerId, REMEMBERED_TURNS } from '../answer/answer.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { begun, finished } from './asking.ts'
import { readBody } from './body.ts'
import { unknownConversation } from './conversations.ts'
import { sseResponse, toSse } from './events.ts'
import { libraryOf } from './library.ts'
import { askOnce, onceOf } from './once.ts'
import { readerOf } from './reader-cookie.ts'
import { lastWord, untilRevoked } from './revocation.ts'
import { askBody } from './schemas.ts'
import { toWire } from './wire.ts'

export type AskDeps = {
  readonly live: LiveAnswers
  readonly answers: AnswerStore
  readonly conversations: ConversationStore
  readonly repeats: RepeatStore
  readonly library: string
  readonly hasModel: boolean
}

export function askRoutes(deps: AskDeps): Hono {
  return new Hono().post('/v1/ask', async (c) => {
    const body = await readBody(c, askBody)
    const owner = readerOf(c)
    const { conversation_id: continued } = body
    if (continued !== undefined && !(await deps.conversations.isOpenTo(deps.library, continued, owner)))
      throw unknownConversation(continued)
    const question = { ...(await toQuestion(body, deps)), owner }
    const { stream, ...asked } = body
    const once = onceOf(c, deps.library, asked)
    const { events, leave, stay } = await askOnce(c, question, once, deps)
    const wantsStream = stream ?? c.req.header('accept')?.includes('text/event-stream') ?? false
    if (wantsStream)
      return sseResponse(
        untilRevoked(c, toSse(await begun(events)), () => {}, lastWord(c)),
        leave,
        stay,
      )
    return c.json(toWire((await finished(events)).answer))
  })
}

export async function toQuestion(
  body: z.output<typeof askBody>,
  deps: Pick<AskDeps, 'answers' | 'library' | 'hasModel'>,
): Promise<Question> {
  const library = libraryOf(body.library, deps.library)
  if (body.mode === 'generative' && !deps.hasModel)
    throw new InputError('no-model', 'mode: "generative" needs a model; set OPENAI_API_KEY, or use "auto".', 'mode')
  const conversationId = body.conversation_id ?? newConversationId()
  const { mode, fresh, resumable, audiences } = body
  const history =
    body.history ??
    (body.conversation_id ? await deps.answers.turns(library, body.conversation_id, REMEMBERED_TURNS, audiences) : [])
  const question = {
    id: newAnswerId(),
    text: body.question.trim(),
    library,
    conversationId,
    history,
    mode,
    fresh,
    resumable,
  }
  return { ...question, ...(audiences && { audiences }) }
}

export function newConversationId(): string {
  return `con_${randomUUID().replaceAll('-', '')}`
}
