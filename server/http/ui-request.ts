// What a client of the AI SDK sends → a question with its conversation.
import { z } from 'zod'
import { InputError } from '../../core/errors.ts'
import { type Conversation, readConversation } from './conversation.ts'
import { audiences } from './schemas.ts'

const part = z.looseObject({ type: z.string('must be a string'), text: z.string('must be a string').optional() })
const message = z.looseObject({
  role: z.enum(['system', 'user', 'assistant'], 'is not a role'),
  parts: z.array(part, 'must be an array of parts'),
})

/** Loose: applications add fields of their own to the body, to messages and to parts. `audiences` is ours. */
export const uiChatBody = z.looseObject({
  messages: z.array(message, 'must be an array').min(1, 'is empty').max(1_000, 'holds more than 1,000 messages'),
  id: z.string('must be a string').optional(),
  trigger: z.enum(['submit-message', 'regenerate-message'], 'must be submit-message or regenerate-message').optional(),
  audiences,
})
type UiChatBody = z.output<typeof uiChatBody>

/** Throws InputError. */
export function readUiChat({ messages }: UiChatBody): Conversation {
  refuseFiles(messages)
  return readConversation(messages.map(({ role, parts }) => ({ role, text: textOf(parts) })))
}

/**
 * Of the question only: a chat keeps a message that was refused and sends it again with every later one, and would be
 * refused for ever.
 */
function refuseFiles(messages: UiChatBody['messages']): void {
  const at = messages.length - 1
  const foreign = messages[at]?.parts.findIndex(({ type }) => type !== 'text' && !type.startsWith('data-')) ?? -1
  if (foreign < 0) return
  const field = `messages.${at}.parts.${foreign}`
  const type = messages[at]?.parts[foreign]?.type.slice(0, 40)
  throw new InputError('bad-field', `${field}: ${JSON.stringify(type)} is not supported; send text.`, field)
}

/** What was said. Sources, data and the like in earlier answers are what we added to it. */
function textOf(parts: UiChatBody['messages'][number]['parts']): string {
  return parts.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : [])).join('\n')
}
