// The messages of a chat that a client keeps → a question with its conversation.
import { InputError } from '../../core/errors.ts'
import type { Turn } from '../../core/types.ts'
import { REMEMBERED_TURNS } from '../answer/answer.ts'
import { questionText } from './schemas.ts'

// Conversations of such clients come whole, and may be long.
export const CONVERSATION_LIMIT_BYTES = 2 * 1024 * 1024

export type Said = { readonly role: string; readonly text: string }

export type Conversation = { readonly text: string; readonly history: readonly Turn[] }

/** The last message is the question, those before it the conversation. Throws InputError. */
export function readConversation(said: readonly Said[]): Conversation {
  const last = said.at(-1)
  if (last?.role !== 'user')
    throw new InputError('bad-field', 'messages: the last one must be of the user: it is the question.', 'messages')
  const question = questionText.safeParse(last.text)
  if (!question.success)
    throw new InputError(
      'bad-field',
      `messages: the last one ${question.error.issues[0]?.message ?? 'is not valid'}.`,
      'messages',
    )
  return { text: question.data.trim(), history: turnsOf(said.slice(0, -1)) }
}

/** Left out, nobody is limited; there is no other way to say so. */
export function readersOf({ audiences }: { readonly audiences?: readonly string[] | undefined }) {
  return audiences === undefined ? {} : { audiences }
}

// No part of an earlier answer that is behind this is looked at, and a question cannot be longer.
const LONGEST = 4_000

/** Each answer with what was asked before it. Instructions of the client are for other models: how to answer is ours. */
function turnsOf(said: readonly Said[]): Turn[] {
  const turns: Turn[] = []
  let asked: string[] = []
  for (const { role, text } of said) {
    if (role === 'user') asked.push(text)
    if (role !== 'assistant' || asked.length === 0) continue
    turns.push({ question: storable(asked.join('\n')), answer: storable(text) })
    asked = []
  }
  return turns.filter(({ question }) => question.trim() !== '').slice(-REMEMBERED_TURNS)
}

function storable(text: string): string {
  return text.slice(0, LONGEST).toWellFormed().replaceAll('\0', ' ')
}
