// Text from any OpenAI-compatible chat model, as it is written.
import type { OpenAI } from 'openai'
import { ModelError } from '../core/errors.ts'
import type { Generator, GeneratorEvent, Message } from '../core/ports.ts'
import { type Endpoint, endpointOf, openClient, type ProviderOptions } from './openai-client.ts'
import { type Deadline, startDeadline } from './openai-deadline.ts'
import { timeoutError, toModelError, toStreamError } from './openai-errors.ts'
import { type CompletionReader, createCompletionReader } from './openai-stream.ts'

export type GeneratorWaits = {
  /** until the first event of the stream */
  readonly firstMs: number
  /** between two events; the HTTP client alone would wait five minutes */
  readonly idleMs: number
  /** after the model's last word, for the token counts and the end of the connection */
  readonly tailMs: number
}

// Whoever has waited 20 s for a first word is served with extracts instead.
const defaultWaits: GeneratorWaits = { firstMs: 20_000, idleMs: 15_000, tailMs: 2_000 }

// The prompt asks for 150 words; a model that thinks aloud first needs more. Told to the provider, so that what a call
// can cost at most is known before it is made.
export const MOST_OUTPUT_TOKENS = 4_096

export type GeneratorOptions = ProviderOptions & {
  readonly chatModel: string
  readonly waits?: GeneratorWaits
  /** left out: the model's own, as some models take no other */
  readonly temperature?: number
}

export function openAiGenerator(options: GeneratorOptions): Generator {
  const client = openClient(options)
  const endpoint = endpointOf(options, options.chatModel)
  const { temperature, waits = defaultWaits } = options
  const asked = { client, endpoint, waits, ...(temperature !== undefined && { temperature }) }
  return {
    model: options.chatModel,
    stream: (messages, signal) => generate(messages, asked, signal),
  }
}

type Provider = Pick<GeneratorOptions, 'temperature'> & {
  readonly client: OpenAI
  readonly endpoint: Endpoint
  readonly waits: GeneratorWaits
}

async function* generate(
  messages: readonly Message[],
  { client, endpoint, waits, ...manner }: Provider,
  signal: AbortSignal,
): AsyncGenerator<GeneratorEvent> {
  signal.throwIfAborted()
  const deadline = startDeadline(waits.firstMs, signal)
  const reader = createCompletionReader()
  try {
    const body = await open(client, endpoint, { ...manner, messages: [...messages] }, deadline)
    for await (const bytes of body) {
      const before = reader.events()
      const delta = reader.feed(bytes)
      // Comments, which some providers send as heartbeats, are no sign of a model that writes.
      if (reader.events() === before && reader.fault() === null) continue
      // A slow reader of ours is not the provider's silence.
      deadline.pause()
      if (delta !== '') yield { type: 'text', delta }
      // Thrown only now: text that arrived before the fault in the same packet is text.
      throwFault(reader, endpoint)
      deadline.extend(reader.end() === null ? waits.idleMs : waits.tailMs)
    }
    const rest = reader.close()
    if (rest !== '') yield { type: 'text', delta: rest }
    throwFault(reader, endpoint)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    // Once the model has ended its answer the text is whole: only the token counts can be missing.
    if (reader.end() === null) throw explain(error, deadline, reader, endpoint)
  } finally {
    deadline.end()
  }
  signal.throwIfAborted()
  yield toFinish(reader, endpoint)
}

async function open(
  client: OpenAI,
  endpoint: Endpoint,
  asked: { readonly messages: Message[]; readonly temperature?: number },
  deadline: Deadline,
): Promise<ReadableStream<Uint8Array>> {
  const response = await client.chat.completions
    .create(
      {
        ...asked,
        model: endpoint.model,
        stream: true,
        stream_options: { include_usage: true },
        [endpoint.limitName]: MOST_OUTPUT_TOKENS,
      },
      { signal: deadline.signal },
    )
    .asResponse()
  const kind = response.headers.get('content-type') ?? ''
  // A wrong base URL often ends at a web page with status 200.
  if (response.body === null || /html|application\/json/i.test(kind))
    throw new ModelError(
      'model-bad-output',
      `${endpoint.host} answered with "${kind}" instead of an event stream: check OPENAI_BASE_URL.`,
    )
  return response.body
}

function throwFault(reader: CompletionReader, endpoint: Endpoint): void {
  const fault = reader.fault()
  if (fault === null) return
  if (fault.type === 'provider') throw toStreamError(fault.error, endpoint)
  throw new ModelError('model-bad-output', `${endpoint.host} sent ${fault.what}.`, { retryable: true })
}

function explain(error: unknown, deadline: Deadline, reader: CompletionReader, endpoint: Endpoint): ModelError {
  if (deadline.expired())
    return timeoutError(endpoint, reader.events() === 0 ? 'did not begin to answer in time' : 'stopped writing')
  if (reader.events() === 0 || error instanceof ModelError) return toModelError(error, endpoint)
  return cutOff(endpoint, toModelError(error, endpoint).cause)
}

function toFinish(reader: CompletionReader, endpoint: Endpoint): GeneratorEvent {
  const reason = reader.end()
  if (reason === null) throw cutOff(endpoint)
  return { type: 'finish', reason, ...reader.usage() }
}

function cutOff(endpoint: Endpoint, cause?: unknown): ModelError {
  return new ModelError('model-cut-off', `${endpoint.host} closed the stream before the answer's end.`, {
    cause,
    retryable: true,
  })
}
