// The door for JSON bodies: size, encoding, syntax and shape, each refused with a sentence that names the field.
import type { Context } from 'hono'
import type { z } from 'zod'
import { InputError } from '../../core/errors.ts'
import { faultOf, ownWords, syntaxFault } from './faults.ts'

const LIMIT_BYTES = 256 * 1024
// Clients read an answer when they have sent all: a refusal in between often looks to them like a broken connection.
const DRAINED_BYTES = 32 * 1024 * 1024

/** The body as `schema` describes it. Throws InputError. */
export async function readBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
  limitBytes = LIMIT_BYTES,
): Promise<z.output<Schema>> {
  // A body without a type is refused, too: any web page may send one to this machine without being asked who it is.
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type))
    throw new InputError('not-json', `The body's type is ${JSON.stringify(type.slice(0, 80))}; send application/json.`)
  return parseShape(schema, parseBytes(await readBytes(c.req.raw, limitBytes)), 'body')
}

/** A value checked against its shape. Throws InputError that names the first field that is wrong. */
export function parseShape<Schema extends z.ZodType>(schema: Schema, value: unknown, whole: string): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: ownWords, reportInput: true })
  if (parsed.success) return parsed.data
  const { field, sentence } = faultOf(parsed.error.issues, whole)
  throw new InputError('bad-field', sentence, field)
}

/** Counts what arrives instead of trusting a header: chunked bodies name no length. Throws InputError `too-large`. */
export async function readBytes(request: Request, limitBytes: number, more = ''): Promise<Uint8Array<ArrayBuffer>> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const part of request.body ?? []) {
    size += part.length
    if (size > DRAINED_BYTES) break
    if (size > limitBytes) parts = []
    else parts.push(part)
  }
  if (size > limitBytes)
    throw new InputError('too-large', `The body is larger than ${limitBytes / 1024} KB${more}.`, 'body')
  return Buffer.concat(parts)
}

/** Throws InputError `bad-json`, also for what is no UTF-8. */
export function parseBytes(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError('bad-json', 'The body is not valid UTF-8.', 'body')
  }
  return parseJson(text)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InputError('bad-json', syntaxFault(text, (error as Error).message), 'body')
  }
}
