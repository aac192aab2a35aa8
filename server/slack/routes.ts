// POST /slack/events, /slack/commands and /slack/interactions: what Slack sends when it is given an address.
import { type Context, Hono } from 'hono'
import { InputError } from '../../core/errors.ts'
import type { Intake, Kind } from './intake.ts'
import { parseJson } from './reading.ts'
import { checkSignature } from './signature.ts'

// A message of 40,000 characters, escaped and with its blocks, is a few hundred kilobytes.
const LIMIT_BYTES = 1024 * 1024

/** Nothing of a body is looked at before its signature. */
export function slackRoutes(intake: Intake, signingSecret: string): Hono {
  const receive = async (c: Context, kind: Kind) => {
    const body = await readBytes(c.req.raw)
    const timestamp = c.req.header('x-slack-request-timestamp')
    const signature = c.req.header('x-slack-signature')
    checkSignature({ timestamp, signature, body }, signingSecret, Date.now())
    const told = await intake(kind, toBody(kind, decode(body)))
    return told === null ? c.body(null, 200) : c.json(told)
  }
  return new Hono()
    .post('/slack/events', async (c) => await receive(c, 'event'))
    .post('/slack/commands', async (c) => await receive(c, 'command'))
    .post('/slack/interactions', async (c) => await receive(c, 'interaction'))
}

/** Events are JSON; commands are a form, and so are interactions, whose one field is JSON. */
function toBody(kind: Kind, text: string): unknown {
  if (kind === 'event') return parseJson(text, 'body')
  const fields = Object.fromEntries(new URLSearchParams(text))
  return kind === 'command' ? fields : parseJson(fields['payload'] ?? '', 'payload')
}

/** Counts what arrives instead of trusting a header: chunked bodies name no length. */
async function readBytes(request: Request): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of request.body ?? []) {
    size += part.length
    if (size > LIMIT_BYTES)
      throw new InputError('too-large', `The body is larger than ${LIMIT_BYTES / 1024} KB.`, 'body')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new InputError('bad-json', 'The body is not valid UTF-8.', 'body')
  }
}
