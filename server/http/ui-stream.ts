// POST /api/chat: the same answers for `useChat` and other clients of the AI SDK, as its UI message stream.
import { type Context, Hono } from 'hono'
import type { ConversationStore } from '../../core/conversations.ts'
import { notesOf, refusalOf } from '../../core/refusal.ts'
import type { Answer, AnswerEvent, Citation, Statement, StoredEvent } from '../../core/types.ts'
import { newAnswerId } from '../answer/answer.ts'
import { titleOf } from '../answer/footnoted.ts'
import { newConversationId } from './ask.ts'
import { ask, begun, finishReason, toError } from './asking.ts'
import { readBody } from './body.ts'
import type { ChatDeps } from './chat-completions.ts'
import { CONVERSATION_LIMIT_BYTES, readersOf } from './conversation.ts'
import { unknownConversation } from './conversations.ts'
import { DONE, frame, sseResponse } from './events.ts'
import { publicTitle } from './failure.ts'
import { leavingOf, ownerOf } from './principal.ts'
import { readerOf } from './reader-cookie.ts'
import { lastWord, untilRevoked } from './revocation.ts'
import { identifier } from './schemas.ts'
import { readUiChat, uiChatBody } from './ui-request.ts'
import { toWire } from './wire.ts'

/**
 * What nothing supports is withheld here, although the verdicts come along and could mark it: most applications draw
 * the text and nothing else, and theirs would show it as if it were backed. Nor is anything ever taken back: the
 * protocol could (`reset-step`), but what was read stays read. So text waits for the verdict on it, which costs no
 * time where each sentence is kept back for its verdict anyway.
 *
 * A chat that lost its connection, or is open elsewhere, hears the answer under way from its beginning. What has ended
 * the chat holds already: there is nothing to take up (204).
 */
export function uiStreamRoutes(deps: ChatDeps & { readonly conversations: ConversationStore }): Hono {
  const { live, conversations, library } = deps
  const underWay = new Map<string, string>()
  return new Hono()
    .post('/api/chat', async (c) => {
      const body = await readBody(c, uiChatBody, CONVERSATION_LIMIT_BYTES)
      const conversation = readUiChat(body)
      const { data: conversationId = newConversationId() } = identifier.safeParse(body.id)
      if (!(await conversations.isOpenTo(library, conversationId, readerOf(c))))
        throw unknownConversation(conversationId)
      // Who asks for another answer does not want the same again.
      const fresh = body.trigger === 'regenerate-message'
      const id = newAnswerId()
      const question = { ...conversation, ...readersOf(body), id, library, conversationId, fresh, owner: ownerOf(c) }
      const { events, leave, stay } = await ask({ ...question, mode: 'auto', withholds: true }, live, leavingOf(c))
      const told = await begun(events)
      underWay.set(conversationId, id)
      const end = () => void (underWay.get(conversationId) === id && underWay.delete(conversationId))
      return uiResponse(until(told, end), deps, c, () => (end(), leave()), stay)
    })
    .get('/api/chat/:id/stream', async (c) => {
      const conversationId = c.req.param('id')
      const isOpen = await conversations.isOpenTo(library, conversationId, readerOf(c))
      const id = isOpen ? underWay.get(conversationId) : undefined
      // Another reader's leaving stops nothing: only whoever asked can.
      const leaving = new AbortController()
      const events = id === undefined ? null : await live.follow(library, id, 0, leaving.signal)
      return events ? uiResponse(events, deps, c, () => leaving.abort()) : c.body(null, 204)
    })
}

async function* until(events: AsyncIterable<StoredEvent>, end: () => void): AsyncGenerator<StoredEvent> {
  try {
    yield* events
  } finally {
    end()
  }
}

function uiResponse(
  events: AsyncIterable<StoredEvent>,
  { publicUrl }: ChatDeps,
  c: Context,
  onLeave: () => void,
  onSlow: () => void = () => {},
): Response {
  const response = sseResponse(
    untilRevoked(c, frames(events, createWriter(publicUrl ?? new URL(c.req.url).origin)), onLeave, lastWord(c)),
    onLeave,
    onSlow,
  )
  response.headers.set('x-vercel-ai-ui-message-stream', 'v1')
  return response
}

async function* frames(events: AsyncIterable<StoredEvent>, write: Writer): AsyncGenerator<string> {
  for await (const { event } of events) for (const chunk of write(event)) yield frame(chunk)
  yield DONE
}

/** A chunk as `uiMessageChunkSchema` of the package `ai` has it. */
type Chunk = { readonly type: string; readonly [field: string]: unknown }

type Writer = (event: AnswerEvent) => readonly Chunk[]

/** The first text part is the field `answer` to the letter, so that the spans of statements index it. */
function createWriter(origin: string): Writer {
  let waiting = ''
  let isOpen = false
  const text = (): Chunk[] => {
    if (waiting === '') return []
    const chunks = [...(isOpen ? [] : [{ type: 'text-start', id: 'answer' }]), delta('answer', waiting)]
    waiting = ''
    isOpen = true
    return chunks
  }
  const ending = (answer: Answer): Chunk[] => {
    if (answer.status === 'abstained') waiting = ''
    return [...text(), ...(isOpen ? [{ type: 'text-end', id: 'answer' }] : []), ...closing(answer)]
  }
  return (event) => {
    if ('answer' in event) return ending(event.answer)
    if (event.type === 'verdict') return [...text(), statement(event)]
    if (event.type !== 'text') return [single(event, origin)]
    waiting += event.delta
    return []
  }
}

type Single = Extract<AnswerEvent, { type: 'started' | 'passages' | 'citation' | 'error' }>

function single(event: Single, origin: string): Chunk {
  if (event.type === 'started') return { type: 'start', messageId: event.id }
  if (event.type === 'citation') return source(event.citation, origin)
  if (event.type === 'error') return { type: 'error', errorText: publicTitle(toError(event)) }
  // Not kept in the message: the answer brings them again, and clients send all they keep with every question.
  return { type: 'data-passages', data: toWire(event.passages), transient: true }
}

function statement({ start, end, verdict, citations }: Statement): Chunk {
  return { type: 'data-statement', data: { start, end, verdict, citations } }
}

/** `sourceId` is the number in the marker; the page behind the address marks the words. */
function source(citation: Citation, origin: string): Chunk {
  return {
    type: 'source-url',
    sourceId: String(citation.n),
    url: origin + citation.link,
    title: titleOf(citation),
    providerMetadata: { footnote: toWire(citation) },
  }
}

/** What a reader must know of an answer that is not the one that was asked for, the whole object, and the end. */
function closing(answer: Answer): Chunk[] {
  const note = answer.status === 'abstained' ? refusalOf(answer) : notesOf(answer).join(' ')
  const noted = [{ type: 'text-start', id: 'note' }, delta('note', note), { type: 'text-end', id: 'note' }]
  const end = answer.status === 'stopped' ? { type: 'abort' } : { type: 'finish', finishReason: finishReason(answer) }
  return [...(note === '' ? [] : noted), { type: 'data-answer', data: toWire(answer) }, end]
}

function delta(id: string, text: string): Chunk {
  return { type: 'text-delta', id, delta: text }
}
