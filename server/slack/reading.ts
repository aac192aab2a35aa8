// What Slack sent → what is to be done about it. Each reader takes a body that nobody has looked at, and throws
// InputError when it is not what it claims to be.
import { z } from 'zod'
import { InputError } from '../../core/errors.ts'
import type { TaskToKeep } from '../../core/inbox.ts'
import type { SlackTask } from './tasks.ts'

export type Reading =
  /** Slack asks whether anybody is there */
  | { readonly type: 'challenge'; readonly challenge: string }
  /** not for the app */
  | { readonly type: 'nothing' }
  /** told at once, to the one who wrote */
  | { readonly type: 'reply'; readonly text: string }
  | { readonly type: 'task'; readonly kept: TaskToKeep & { readonly task: SlackTask } }

export const channelId = z.string().regex(/^[CDG][A-Z0-9]{1,30}$/, 'is not the id of a channel')
export const userId = z.string().regex(/^[UW][A-Z0-9]{1,30}$/, 'is not the id of a user')
/** of a message: seconds since 1970, and its name in its channel */
export const stamp = z.string().regex(/^\d{1,12}\.\d{6}$/, 'is not the time of a message')
/** new with every click and command */
export const triggerId = z.string().regex(/^[\w.-]{1,200}$/, 'is not the id of a trigger')

/** Throws InputError that names the first field that is wrong. */
export function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.').slice(0, 80) || 'body'
  throw new InputError('bad-field', `${field}: ${issue?.message ?? 'is not valid'}.`, field)
}

/** Throws InputError `bad-json`. */
export function parseJson(text: string, field: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InputError('bad-json', `${field} is not valid JSON.`, field)
  }
}
