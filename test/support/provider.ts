// A scripted model provider: a real HTTP server that plays replies byte by byte and records what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A part of a body: text, bytes, or a pause of so many milliseconds. Every part is written on its own. */
export type Part = string | Uint8Array | number

export type Reply = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: readonly Part[]
  /**
   * `whole` ends the body properly. `silent` leaves it open. `reset` tears the connection down in the middle.
   * `closed` ends a body without a length by closing, as old proxies do: nothing tells it from a whole one.
   */
  readonly ending?: 'whole' | 'silent' | 'reset' | 'closed'
}

export type RecordedRequest = {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
  /** one number per connection: two requests of the same number shared it */
  readonly connection: number
  /** resolves to the time (performance.now) at which the connection closed before the reply was over; never, if it did not */
  readonly left: Promise<number>
}

/** The replies in order, the last one for ever; or a function of the request. */
export type Script = readonly Reply[] | ((request: RecordedRequest, index: number) => Reply)

export type Provider = {
  readonly baseUrl: string
  readonly requests: readonly RecordedRequest[]
  /** Changes what is played from now on. */
  play(script: Script): void
  [Symbol.asyncDispose](): Promise<void>
}

export async function openProvider(script: Script = []): Promise<Provider> {
  const requests: RecordedRequest[] = []
  const connections = new Map<unknown, number>()
  let playing = script
  let played = 0

  const server = createServer((incoming, outgoing) => {
    // Who asked may be cut off in the middle of asking.
    answer(incoming, outgoing).catch(() => outgoing.destroy())
  })
  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const connection = connections.get(incoming.socket) ?? connections.size + 1
    connections.set(incoming.socket, connection)
    const request = await record(incoming, outgoing, connection)
    requests.push(request)
    const index = played++
    await play(outgoing, typeof playing === 'function' ? playing(request, index) : replyAt(playing, index))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    play(script) {
      playing = script
      played = 0
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The event stream of a chat completion, one part per event, the way OpenAI writes it. */
export function completion(
  deltas: readonly string[],
  options: { finish?: string | null; usage?: readonly [input: number, output: number] | null; done?: boolean } = {},
): string[] {
  const { finish = 'stop', usage = [11, 7], done = true } = options
  return [
    event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
    ...deltas.map((content) => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
    ...(finish === null ? [] : [event({ choices: [{ index: 0, delta: {}, finish_reason: finish }] })]),
    ...(usage ? [event({ choices: [], usage: { prompt_tokens: usage[0], completion_tokens: usage[1] } })] : []),
    ...(done ? ['data: [DONE]\n\n'] : []),
  ]
}

export function event(fields: Readonly<Record<string, unknown>>): string {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'test-model' }
  return `data: ${JSON.stringify({ ...head, ...fields })}\n\n`
}

/** A reply with this event stream as its body. */
export function streamOf(parts: readonly Part[], ending: Reply['ending'] = 'whole'): Reply {
  return { headers: { 'content-type': 'text/event-stream' }, body: parts, ending }
}

export function failure(
  status: number,
  error: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: [JSON.stringify({ error })] }
}

/** An embeddings reply; rows are shuffled on request, as their order is not promised. */
export function embeddings(vectors: readonly (readonly number[])[], order = [...vectors.keys()]): Reply {
  const rows = order.map((index) => ({ object: 'embedding', index, embedding: vectors[index] }))
  const body = JSON.stringify({ object: 'list', data: rows, model: 'test-model', usage: { prompt_tokens: 1 } })
  return { headers: { 'content-type': 'application/json' }, body: [body] }
}

function replyAt(replies: readonly Reply[], index: number): Reply {
  return replies[Math.min(index, replies.length - 1)] ?? failure(500, { message: 'the script is empty' })
}

async function record(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  connection: number,
): Promise<RecordedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const left = new Promise<number>((resolve) => {
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) resolve(performance.now())
    })
  })
  return {
    path: incoming.url ?? '',
    headers: incoming.headers,
    body: text === '' ? null : JSON.parse(text),
    connection,
    left,
  }
}

async function play(outgoing: ServerResponse, reply: Reply): Promise<void> {
  const ending = reply.ending ?? 'whole'
  // Without chunks and without a length, the end of the connection is the end of the body.
  if (ending === 'closed') outgoing.useChunkedEncodingByDefault = false
  outgoing.writeHead(reply.status ?? 200, { ...reply.headers, ...(ending === 'closed' && { connection: 'close' }) })
  outgoing.flushHeaders()
  outgoing.socket?.setNoDelay(true)
  for (const part of reply.body ?? []) {
    if (outgoing.destroyed) return
    if (typeof part === 'number') await wait(part)
    else await new Promise((resolve) => outgoing.write(part, resolve))
  }
  if (ending === 'reset') outgoing.socket?.destroy()
  else if (ending !== 'silent') outgoing.end()
}
