// A scripted model: any question is answered with sentences of the passages that were sent with it, so many tokens in a
// second, as OpenAI writes them. It speaks HTTP by hand, because here every microsecond is taken from the server.
import { createServer, type Socket } from 'node:net'
import { clockMs } from './clock.ts'
import { type Letters, lettersIn, nameOf, replyTo } from './text.ts'

/** From the process that started it. `collect` asks for what was sent since the last time. */
export type ModelOrder =
  | { readonly type: 'begin'; readonly tokensPerSecond: number; readonly tokens: number }
  | { readonly type: 'collect' }
export type ModelNews =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'sent'; readonly answers: readonly Letters[] }

type Saying = {
  readonly socket: Socket
  readonly name: string
  readonly tokens: readonly string[]
  readonly startedAt: number
  readonly letters: Uint32Array
  readonly at: Float64Array
  said: number
}

const TICK_MS = 5

export function runModel(): void {
  let pace = { tokensPerSecond: 20, tokens: 100 }
  let count = 0
  const saying = new Set<Saying>()
  const said: Saying[] = []
  const scripts = new Map<string, readonly string[]>()
  const begin = (body: string, socket: Socket) => {
    const prompt = promptOf(body)
    const script = scripts.get(prompt) ?? replyTo(prompt, pace.tokens)
    scripts.set(prompt, script)
    const name = nameOf(count++)
    const tokens = [`${name}.`, ...script]
    const { length } = tokens
    const one = { socket, name, tokens, startedAt: clockMs(), said: 0 }
    const counted = { ...one, letters: new Uint32Array(length), at: new Float64Array(length) }
    saying.add(counted)
    said.push(counted)
    socket.write(head + framed(chunk({ role: 'assistant', content: '', refusal: null })))
  }
  setInterval(() => {
    const now = clockMs()
    for (const one of saying) if (one.socket.destroyed || sayDue(one, now, pace.tokensPerSecond)) saying.delete(one)
  }, TICK_MS)
  process.on('message', (order: ModelOrder) => {
    if (order.type === 'begin') {
      pace = order
      scripts.clear()
      return
    }
    const answers = said.splice(0).map((one) => ({
      name: one.name,
      letters: one.letters.subarray(0, one.said),
      at: one.at.subarray(0, one.said),
    }))
    process.send?.({ type: 'sent', answers } satisfies ModelNews)
  })
  const server = createServer({ noDelay: true }, (socket) => hear(socket, begin))
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address()
    if (address && typeof address === 'object')
      process.send?.({ type: 'listening', port: address.port } satisfies ModelNews)
  })
}

/** Whether that was all of it. What is due at once is sent at once, and timed as it is sent. */
function sayDue(one: Saying, now: number, tokensPerSecond: number): boolean {
  const due = Math.min(one.tokens.length, Math.floor(((now - one.startedAt) * tokensPerSecond) / 1000))
  let text = ''
  for (; one.said < due; one.said++) {
    const token = one.tokens[one.said] ?? ''
    one.letters[one.said] = (one.letters[one.said - 1] ?? 0) + lettersIn(token)
    one.at[one.said] = now
    text += framed(chunk({ content: token }))
  }
  const isOver = due === one.tokens.length
  if (isOver) text += ending(one.tokens.length)
  if (text !== '') one.socket.write(text)
  return isOver
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

function framed(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

// With all that OpenAI puts around a token: reading it is part of what a token costs.
function chunk(delta: object, finish: string | null = null): string {
  return event({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
    obfuscation: 'Xk3v9QmZ',
  })
}

function event(fields: object): string {
  return `data: ${JSON.stringify({
    id: 'chatcmpl-CeX2m1T8bV0pQk7n4uWyGh5sAdLz',
    object: 'chat.completion.chunk',
    created: 1_763_700_000,
    model: 'scripted-model-2026-01-01',
    service_tier: 'default',
    system_fingerprint: 'fp_3f0a1c9b7e',
    ...fields,
  })}\n\n`
}

function ending(tokens: number): string {
  const usage = { prompt_tokens: 4_000, completion_tokens: tokens, total_tokens: 4_000 + tokens }
  return `${framed(`${chunk({}, 'stop')}${event({ choices: [], usage })}data: [DONE]\n\n`)}0\r\n\r\n`
}

/** Requests of one connection, one after the other. */
function hear(socket: Socket, begin: (body: string, socket: Socket) => void): void {
  let received = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1')
    const start = received.indexOf('\r\n\r\n') + 4
    if (start < 4) return
    const length = Number(/^content-length: *(\d+)/im.exec(received.slice(0, start))?.[1])
    if (received.length < start + length) return
    begin(Buffer.from(received.slice(start, start + length), 'latin1').toString(), socket)
    received = received.slice(start + length)
  })
}

function promptOf(body: string): string {
  const { messages } = JSON.parse(body) as { readonly messages: readonly { readonly content: string }[] }
  return messages.at(-1)?.content ?? ''
}
