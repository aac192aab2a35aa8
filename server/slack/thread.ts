// What was said before in a thread: the conversation that a question stands in, and the messages that are ours.
import type { AnswerStore } from '../../core/ports.ts'
import type { Turn } from '../../core/types.ts'
import { REMEMBERED_TURNS } from '../answer/answer.ts'
import { type Self, type SlackApi, SlackError } from './api.ts'
import { storable, toPlainText } from './text.ts'

export type Said = {
  readonly ts: string
  readonly user?: string
  readonly bot_id?: string
  readonly text?: string
  readonly metadata?: { readonly event_type?: string; readonly event_payload?: { readonly id?: unknown } }
}

export const EVENT_TYPE = 'footnote_answer'

// 1,000 messages of a thread: of a longer one the conversation is what stands in those.
const PAGES = 5

/** Messages of a thread, or of the channel where there is none; oldest first. Those we may not read are not there. */
export async function messagesOf(
  api: SlackApi,
  { channel, thread }: { readonly channel: string; readonly thread: string | null },
  range: { readonly oldest?: string; readonly latest?: string },
  signal: AbortSignal,
): Promise<Said[]> {
  const [method, where] = thread === null ? ['conversations.history', {}] : ['conversations.replies', { ts: thread }]
  const asked = { channel, ...where, ...range, include_all_metadata: true, limit: 200 }
  const messages: Said[] = []
  let cursor = ''
  for (let page = 0; page < PAGES; page++) {
    const found = await api
      .call<{ messages?: Said[]; response_metadata?: { next_cursor?: string } }>(
        method,
        { ...asked, ...(cursor !== '' && { cursor }) },
        signal,
      )
      .catch((error: unknown) => {
        if (error instanceof SlackError && error.reason === 'missing_scope') return { messages: [] }
        throw error
      })
    messages.push(...(found.messages ?? []))
    cursor = ('response_metadata' in found && found.response_metadata?.next_cursor) || ''
    if (cursor === '' || thread === null) break
  }
  return messages.toSorted((a, b) => Number(a.ts) - Number(b.ts))
}

export function isOurs({ user, bot_id }: Said, self: Self): boolean {
  return user === self.user_id || (bot_id !== undefined && bot_id === self.bot_id)
}

/** The answer that a message of ours is a part of. */
export function answerIdOf({ metadata }: Said): string | null {
  const id = metadata?.event_type === EVENT_TYPE ? metadata.event_payload?.id : null
  return typeof id === 'string' ? id : null
}

type Reading = {
  readonly self: Self
  readonly find: (id: string) => ReturnType<AnswerStore['find']>
  /** the answer before which the conversation ends: it is asked again */
  readonly until?: string
}

/** The last exchanges before a question. What was said since the last answer is one without an answer. */
export async function turnsOf(messages: readonly Said[], { self, find, until }: Reading): Promise<Turn[]> {
  const turns: { question: string; answer: string; id: string | null }[] = []
  let asked: string[] = []
  for (const message of messages) {
    const isOwn = isOurs(message, self)
    const id = isOwn ? answerIdOf(message) : null
    if (id !== null && id === until) return await told(turns, find)
    const text = toPlainText(message.text ?? '', self.user_id)
    const last = turns.at(-1)
    if (!isOwn) asked.push(text)
    // The rest of an answer that took several messages.
    else if (asked.length === 0 && last && last.id === id) last.answer += `\n\n${text}`
    else if (asked.length > 0) {
      turns.push({ question: asked.join('\n'), answer: text, id })
      asked = []
    }
  }
  if (asked.length > 0 && until === undefined) turns.push({ question: asked.join('\n'), answer: '', id: null })
  return await told(turns, find)
}

/** Of our answers the text as it was stored, without what stands around it in a message. */
async function told(turns: readonly (Turn & { readonly id: string | null })[], find: Reading['find']): Promise<Turn[]> {
  const last = turns.filter(({ question }) => question.trim() !== '').slice(-REMEMBERED_TURNS)
  return await Promise.all(
    last.map(async ({ question, answer, id }) => {
      const stored = id === null ? null : await find(id)
      return { question: storable(question), answer: storable(stored?.answer ?? answer) }
    }),
  )
}
