// POST /v1/chat/completions and GET /v1/models: the same answers for clients of the OpenAI chat API, citations as its
// `url_citation` annotations, and the whole answer object beside them as `footnote`.
import { Hono } from 'hono'
import { NotFoundError } from '../../core/errors.ts'
import type { RepeatStore } from '../../core/repeats.ts'
import type { Answer, StoredEvent } from '../../core/types.ts'
import { newAnswerId } from '../answer/answer.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { newConversationId } from './ask.ts'
import { begun, finished, finishReason, toError } from './asking.ts'
import { readBody } from './body.ts'
import { chatBody, models, readChat } from './chat-request.ts'
import { CONVERSATION_LIMIT_BYTES, readersOf } from './conversation.ts'
import { DONE, frame, sseResponse } from './events.ts'
import { openAiError } from './failure.ts'
import { askOnce, onceOf } from './once.ts'
import { ownerOf } from './principal.ts'
import { lastWord, untilRevoked } from './revocation.ts'
import { createMarkdownWriter, type MarkdownWriter } from './markdown.ts'
import { toWire } from './wire.ts'

export type ChatDeps = {
  readonly live: LiveAnswers
  readonly library: string
  /** under which links lead back here; null: as the request names it */
  readonly publicUrl: string | null
}

export function chatRoutes(deps: ChatDeps & { readonly repeats: RepeatStore }): Hono {
  return new Hono()
    .get('/v1/models', (c) => c.json({ object: 'list', data: Object.keys(models).map(modelOf) }))
    .get('/v1/models/:id', (c) => {
      const id = c.req.param('id')
      if (id in models) return c.json(modelOf(id))
      throw new NotFoundError('model_not_found', `The model ${JSON.stringify(id.slice(0, 80))} does not exist here.`)
    })
    .post('/v1/chat/completions', async (c) => {
      const body = await readBody(c, chatBody, CONVERSATION_LIMIT_BYTES)
      const { model, text, history } = readChat(body)
      const { library } = deps
      const [conversationId, mode] = [newConversationId(), models[model]]
      // Nothing marks a doubtful sentence in a chat that we do not draw.
      const asked = { id: newAnswerId(), text, library, conversationId, history, mode, owner: ownerOf(c) }
      const question = { ...asked, withholds: true, ...readersOf(body) }
      const { stream, stream_options: options, ...words } = body
      const once = onceOf(c, library, words)
      const { id, events, leave, stay } = await askOnce(c, question, once, deps)
      const reply = { id, created: Math.floor(Date.now() / 1000), model }
      const writer = createMarkdownWriter(deps.publicUrl ?? new URL(c.req.url).origin)
      if (!stream) return c.json(await whole(reply, events, writer))
      const includesUsage = options?.include_usage ?? false
      const parts = chunks(reply, await begun(events), writer, includesUsage)
      return sseResponse(
        untilRevoked(c, parts, () => {}, lastWord(c)),
        leave,
        stay,
      )
    })
}

function modelOf(id: string) {
  return { id, object: 'model', created: 0, owned_by: 'footnote' }
}

type Reply = { readonly id: string; readonly created: number; readonly model: string }

async function whole(reply: Reply, events: AsyncIterable<StoredEvent>, writer: MarkdownWriter): Promise<object> {
  let content = ''
  const { answer } = await finished(events, (event) => (content += writer.push(event)))
  content += writer.end(answer)
  const message = { role: 'assistant', content, refusal: null, annotations: writer.annotations() }
  return {
    ...reply,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(answer) }],
    usage: usageOf(answer),
    footnote: toWire(answer),
  }
}

async function* chunks(
  reply: Reply,
  events: AsyncIterable<StoredEvent>,
  writer: MarkdownWriter,
  includesUsage: boolean,
): AsyncGenerator<string> {
  const rest = includesUsage ? { usage: null } : {}
  const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
    frame({
      ...reply,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      ...rest,
      ...more,
    })
  yield chunk({ role: 'assistant', content: '' })
  for await (const { event } of events) {
    if (event.type === 'error') yield frame(openAiError(toError(event)).body)
    const content = writer.push(event)
    if (content !== '') yield chunk({ content })
    if (!('answer' in event)) continue
    const last = writer.end(event.answer)
    if (last !== '') yield chunk({ content: last })
    // All in one: clients take the last value of a field they do not know how to add up.
    yield chunk({ annotations: writer.annotations() })
    yield chunk({}, finishReason(event.answer), { footnote: toWire(event.answer) })
    if (includesUsage)
      yield frame({ ...reply, object: 'chat.completion.chunk', choices: [], usage: usageOf(event.answer) })
    yield DONE
  }
}

function usageOf({ usage: { inputTokens, outputTokens } }: Answer) {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens }
}
