// What a client of the OpenAI chat API sends → a question with its conversation.
import { z } from 'zod'
import { InputError, NotFoundError } from '../../core/errors.ts'
import { type Conversation, readConversation } from './conversation.ts'
import { audiences } from './schemas.ts'

/** The names under which the server answers, and what each of them does. */
export const models = { footnote: 'auto', 'footnote-extracts': 'extractive' } as const

const part = z.looseObject({ type: z.string('must be a string'), text: z.string('must be a string').optional() })
const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function'], 'is not a role'),
  content: z.union([z.string(), z.array(part), z.null()], 'must be text or an array of parts').optional(),
})

/** Loose: clients send many parameters for models of other kinds, and those that change nothing here are ignored. `audiences` is ours. */
export const chatBody = z.looseObject({
  model: z.string('must be a string').min(1, 'is empty'),
  messages: z.array(message, 'must be an array').min(1, 'is empty').max(1_000, 'holds more than 1,000 messages'),
  stream: z.boolean('must be true or false').nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean('must be true or false').optional() }).nullish(),
  n: z.int('must be a whole number').nullish(),
  tools: z.array(z.unknown(), 'must be an array').nullish(),
  functions: z.array(z.unknown(), 'must be an array').nullish(),
  modalities: z.array(z.string(), 'must be an array').nullish(),
  response_format: z.looseObject({ type: z.string('must be a string') }).nullish(),
  audiences,
})
type ChatBody = z.output<typeof chatBody>

export type Chat = Conversation & { readonly model: keyof typeof models }

/** Throws InputError or NotFoundError. */
export function readChat(body: ChatBody): Chat {
  const { model } = body
  if (!(model in models))
    throw new NotFoundError(
      'model_not_found',
      `The model ${JSON.stringify(model.slice(0, 80))} does not exist here; use one of ${Object.keys(models).join(', ')}.`,
    )
  refuseUnsupported(body)
  const said = body.messages.map(({ role, content }, at) => ({ role, text: textOf(content, `messages.${at}.content`) }))
  return { model: model as keyof typeof models, ...readConversation(said) }
}

function refuseUnsupported({ n, tools, functions, modalities, response_format: format }: ChatBody): void {
  if ((n ?? 1) !== 1) throw unsupported('n', 'one answer at a time; leave it out or use 1.')
  if (tools && tools.length > 0) throw unsupported('tools', 'Footnote calls no tools; leave it out.')
  if (functions && functions.length > 0) throw unsupported('functions', 'Footnote calls no functions; leave it out.')
  if (modalities?.some((each) => each !== 'text')) throw unsupported('modalities', 'answers are text only.')
  if (format && format.type !== 'text')
    throw unsupported('response_format', 'answers are text; the same answer as an object is the field "footnote".')
}

function unsupported(field: string, why: string): InputError {
  return new InputError('unsupported_parameter', `${field}: ${why}`, field)
}

function textOf(content: ChatBody['messages'][number]['content'], field: string): string {
  if (typeof content === 'string') return content
  return (content ?? [])
    .map(({ type, text }) => {
      if (type === 'text' || type === 'refusal') return text ?? ''
      throw unsupported(field, `${JSON.stringify(type.slice(0, 40))} is not supported; send text.`)
    })
    .join('\n')
}
