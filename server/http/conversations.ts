// A reader's conversations: the list, one of them with its exchanges, its name, and its end.
import { Hono } from 'hono'
import { InputError, NotFoundError } from '../../core/errors.ts'
import type { ConversationStore } from '../../core/conversations.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { parseShape, readBody } from './body.ts'
import { ownerOf, seesAll } from './principal.ts'
import { giveReaderCookie, readerOf } from './reader-cookie.ts'
import { conversationBody, conversationQuery, conversationsQuery, noQuery, pathId } from './schemas.ts'
import { toWire } from './wire.ts'

export type ConversationsDeps = {
  readonly live: LiveAnswers
  readonly conversations: ConversationStore
  readonly library: string
  readonly publicUrl: string | null
}

export function conversationsRoutes(deps: ConversationsDeps): Hono {
  const { live, conversations, library, publicUrl } = deps
  return new Hono()
    .get('/v1/conversations', async (c) => {
      const { limit, after, q = '' } = parseShape(conversationsQuery, c.req.query(), 'query')
      const reader = readerOf(c)
      giveReaderCookie(c, 'request', publicUrl)
      if (reader === null) return c.json({ conversations: [], next: null })
      const words = q.split(/\s+/u).filter((word) => word !== '')
      return c.json(toWire(await conversations.list(library, reader, { limit, after, words })))
    })
    .get('/v1/conversations/:id', async (c) => {
      const { limit, before } = parseShape(conversationQuery, c.req.query(), 'query')
      const id = pathId(c.req.param('id'), 'conversation')
      // Who may read everybody's reads it as its owner does.
      const isOthers = ownerOf(c) !== null && seesAll(c)
      const reader = isOthers ? ((await conversations.owner(library, id))?.owner ?? null) : readerOf(c)
      const found = await findLive(deps, id, reader, { limit, before })
      if (!found) throw unknownConversation(id)
      if (!found.answers) throw noPlace(before ?? '')
      return c.json(toWire(found))
    })
    .patch('/v1/conversations/:id', async (c) => {
      const id = pathId(c.req.param('id'), 'conversation')
      const { title } = await readBody(c, conversationBody)
      const reader = readerOf(c)
      const renamed = reader && (await conversations.rename(library, id, reader, title))
      if (!renamed) throw unknownConversation(id)
      return c.json(toWire(renamed))
    })
    .delete('/v1/conversations/:id', async (c) => {
      parseShape(noQuery, c.req.query(), 'query')
      const id = pathId(c.req.param('id'), 'conversation')
      const reader = readerOf(c)
      if (reader === null || !(await conversations.owns(library, id, reader))) throw unknownConversation(id)
      // First: what is stored of an answer after its conversation is gone would be a fault in its log.
      await live.stopConversation(library, id)
      if (!(await conversations.remove(library, id, reader))) throw unknownConversation(id)
      return c.body(null, 204)
    })
}

/** Looked at once more where an answer is under way: its process may be dead, and asking for its log closes it. */
async function findLive(
  { live, conversations, library }: ConversationsDeps,
  ...[id, reader, wanted]: [string, string | null, { limit: number; before?: string | undefined }]
) {
  const found = await conversations.find(library, id, reader, wanted)
  const running = found?.answers?.filter(({ status }) => status === 'running') ?? []
  if (running.length === 0) return found
  await Promise.all(running.map(async ({ id }) => await live.log(library, id)))
  return await conversations.find(library, id, reader, wanted)
}

/** Whose it is, or whether there is one, is told to nobody else. */
export function unknownConversation(id: string): NotFoundError {
  return new NotFoundError('unknown-conversation', `There is no conversation ${JSON.stringify(id.slice(0, 80))}.`)
}

function noPlace(before: string): InputError {
  return new InputError('bad-field', `before: ${JSON.stringify(before)} is no answer of this conversation.`, 'before')
}
