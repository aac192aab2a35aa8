// npm run mcp: the Model Context Protocol over stdin and stdout, one message a line. Each message goes to /mcp of the app
// as its Streamable HTTP wants it, and what comes back becomes lines again: the tools exist once.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
import { addAbortSignal } from 'node:stream'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { AppError } from '../core/errors.ts'
import type { CommandOptions, Connection } from './connect.ts'
import { describeProblem } from './print.ts'
import { cutOff, partsOf } from './stream.ts'

type Message = {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

const PARSE_ERROR = -32_700
const INTERNAL_ERROR = -32_603
const CUT = 'The connection to the server was cut before the answer ended. Ask again.'

export async function mcp({ connection, signal }: CommandOptions): Promise<number> {
  const leaving = new AbortController()
  const calls = new Map<unknown, AbortController>()
  try {
    for await (const line of linesOf(addAbortSignal(signal, process.stdin.setEncoding('utf8')))) {
      const message = parse(line)
      if (message) void take(message, calls, connection, leaving.signal)
      else write({ error: { code: PARSE_ERROR, message: 'The line is not JSON.' }, id: null })
    }
  } finally {
    // Who has closed stdin waits for nothing any more.
    leaving.abort()
  }
  return 0
}

/** JSON text may hold U+2028 as it is, where readers of lines for people would break. */
async function* linesOf(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let pending = ''
  for await (const part of parts) {
    const lines = (pending + part).split('\n')
    pending = lines.pop() ?? ''
    yield* lines.filter((line) => line.trim() !== '')
  }
}

function parse(line: string): Message | null {
  try {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' ? message : null
  } catch {
    return null
  }
}

/** Never throws. Over HTTP a call is cancelled by leaving it: that message has nowhere else to go. */
async function take(
  message: Message,
  calls: Map<unknown, AbortController>,
  connection: Connection,
  leaving: AbortSignal,
): Promise<void> {
  if (message.method === 'notifications/cancelled') return calls.get(message.params?.['requestId'])?.abort()
  const call = new AbortController()
  const signal = AbortSignal.any([call.signal, leaving])
  if (message.id !== undefined) calls.set(message.id, call)
  try {
    await forward(message, connection, signal)
  } catch (error) {
    if (signal.aborted || message.id === undefined) return
    const sentence = error instanceof AppError ? error.message : 'This is a fault of npm run mcp.'
    write({ error: { code: INTERNAL_ERROR, message: sentence }, id: message.id })
  } finally {
    if (calls.get(message.id) === call) calls.delete(message.id)
  }
}

/** Writes the reply, and before it whatever comes before it. */
async function forward(message: Message, connection: Connection, signal: AbortSignal): Promise<void> {
  const response = await connection.request('/mcp', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...mirrored(message),
    },
    body: JSON.stringify(message),
    signal,
  })
  const type = response.headers.get('content-type') ?? ''
  if (response.body && type.startsWith('text/event-stream')) return await copy(response.body, message, signal)
  if (type.startsWith('application/json')) write((await response.json()) as object)
  else if (!response.ok) throw await describeProblem(response)
}

async function copy(body: ReadableStream<Uint8Array>, { id }: Message, signal: AbortSignal): Promise<void> {
  const events = body.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream())
  let isAnswered = false
  for await (const { data } of partsOf(events, CUT, signal)) {
    // The first event of a stream may be empty: it only gives a place to come back to.
    if (data === '') continue
    const reply = JSON.parse(data) as Message
    isAnswered ||= reply.id === id
    write(reply)
  }
  if (!isAnswered) throw cutOff(CUT)
}

// The field of a request that proxies want to see.
const named: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' }

/** From its revision of 2026 on, the protocol wants some of a request again as headers. Earlier ones name no version. */
function mirrored({ method, params }: Message): Record<string, string> {
  const meta = params?.['_meta'] as Readonly<Record<string, unknown>> | undefined
  const version = meta?.['io.modelcontextprotocol/protocolVersion']
  if (typeof version !== 'string' || method === undefined) return {}
  const name = params?.[named[method] ?? '']
  return {
    'mcp-protocol-version': version,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': `=?base64?${Buffer.from(name).toString('base64')}?=` } : {}),
  }
}

function write(reply: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...reply })}\n`)
}
