// How much later a reader sees the first word than a program that calls the provider itself: both over real sockets to
// one server that begins at once, by turns, in one process. Retrieval is not counted.
import { createServer } from 'node:http'
import { OpenAI } from 'openai'
import { AppError } from '../../core/errors.ts'
import type { Generator, Message } from '../../core/ports.ts'
import { type AnswerDeps, newAnswerId } from '../../server/answer/answer.ts'
import { compose, pack } from '../../server/answer/compose.ts'
import { newDraft } from '../../server/answer/draft.ts'
import { generate } from '../../server/answer/generate.ts'
import { search } from '../../server/answer/search.ts'
import { quantile } from '../stats.ts'

const WARM_UP = 50
// A model writes word by word: the first one is not held up by the work on sentences that are not there yet.
const PAUSE_MS = 20
const deltas = [
  'Stripe runs ',
  'four limiters ',
  'in production [1]. ',
  'Its rate limiting ',
  'uses a token bucket [1].',
]

/** Begins every chat completion at once, as OpenAI writes it, and goes on after a pause. */
export async function openEagerProvider(): Promise<{ readonly baseUrl: string; readonly close: () => void }> {
  const body = [
    event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }),
    ...deltas.map((content) => event({ choices: [{ index: 0, delta: { content } }] })),
    event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    event({ choices: [], usage: { prompt_tokens: 900, completion_tokens: 24 } }),
    'data: [DONE]\n\n',
  ]
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const [role = '', first = '', ...rest] = body
      response.write(role + first)
      setTimeout(() => response.end(rest.join('')), PAUSE_MS)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return { baseUrl: `http://127.0.0.1:${port}/v1`, close: () => server.close().closeAllConnections() }
}

function event(fields: object): string {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', ...fields })}\n\n`
}

export type Compared = {
  readonly baseUrl: string
  readonly question: string
  readonly library: string
  readonly deps: AnswerDeps & { readonly generator: Generator }
  /** POST /v1/ask of whole servers with the same model, by name */
  readonly servers: Readonly<Record<string, (question: string) => Promise<Response>>>
}

/** Times to the first text, as lines to print. */
export async function compareFirstText(runs: number, compared: Compared, signal: AbortSignal): Promise<string[]> {
  const prompted = await promptOf(compared, signal)
  const ways: Record<string, () => Promise<number>> = {
    'the client alone': bareFirstText(compared.baseUrl, prompted.messages, signal),
    'the pipeline': async () => await pipelineFirstText(compared, prompted, signal),
  }
  for (const [name, ask] of Object.entries(compared.servers))
    ways[name] = async () => await serverFirstText(ask, compared.question)
  const times = Object.keys(ways).map((name) => ({ name, ms: [] as number[] }))
  for (let run = -WARM_UP; run < runs; run++)
    for (const { name, ms } of times) {
      const took = (await ways[name]?.()) ?? 0
      if (run >= 0) ms.push(took)
    }
  const bare = times[0]?.ms ?? []
  return times.map(({ name, ms }) => {
    const line = `${name.padEnd(24)}  p50 ${shown(quantile(ms, 0.5))}, p99 ${shown(quantile(ms, 0.99))}`
    const added = (share: number) => shown(quantile(ms, share) - quantile(bare, share))
    return ms === bare ? `${line}  (${runs} runs each)` : `${line}  added p50 ${added(0.5)}, p99 ${added(0.99)}`
  })
}

function shown(ms: number): string {
  return `${ms.toFixed(2)} ms`
}

type Prompted = Awaited<ReturnType<typeof promptOf>>

async function promptOf({ question: text, library, deps }: Compared, signal: AbortSignal) {
  const id = newAnswerId()
  const question = { id, text, library, conversationId: id, history: [], mode: 'auto' } as const
  const { found, passages } = await search(text, library, deps, signal)
  const { messages } = await compose(question, pack(passages))
  return { question, found, passages, messages }
}

function bareFirstText(baseURL: string, messages: readonly Message[], signal: AbortSignal): () => Promise<number> {
  const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 })
  return async () => {
    const began = performance.now()
    let first = 0
    const stream = await client.chat.completions.create(
      { model: 'bench', messages: [...messages], stream: true, stream_options: { include_usage: true } },
      { signal },
    )
    for await (const chunk of stream) if (first === 0 && chunk.choices[0]?.delta.content) first = performance.now()
    return first - began
  }
}

/** From the passages to the first text: prompt, call, retries, budget, markers, statements. */
async function pipelineFirstText({ deps }: Compared, { question, found, passages }: Prompted, signal: AbortSignal) {
  const began = performance.now()
  const draft = newDraft(question, 'generative', deps)
  let first = 0
  for await (const event of generate(draft, question, found, passages, deps, signal))
    if (first === 0 && event.type === 'text') first = performance.now()
  return first - began
}

/** From the request to the first `text` event on the wire, without the time that the search took. */
async function serverFirstText(ask: (question: string) => Promise<Response>, question: string): Promise<number> {
  const began = performance.now()
  const response = await ask(question)
  let first = 0
  let body = ''
  for await (const bytes of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
    body += bytes
    if (first === 0 && body.includes('event: text')) first = performance.now()
  }
  const retrieveMs = /"timings_ms":\{"retrieve":([\d.]+)/.exec(body)?.[1]
  if (retrieveMs === undefined || first === 0) throw new AppError('bench-failed', 'The answer was not written.')
  return first - began - Number(retrieveMs)
}
