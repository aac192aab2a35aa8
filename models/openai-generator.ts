// Text from any OpenAI-compatible chat model, as it is written.
import type { OpenAI } from 'openai'
import { ModelError } from '../core/errors.ts'
import type { Message } from '../core/ports.ts'
import type { CallEvent, Caller } from './budget.ts'
import { type Endpoint, endpointOf, openClient, type ProviderOptions } from './openai-client.ts'
import { type Deadline, startDeadline } from './openai-deadline.ts'
import { timeoutError, toModelError, toStreamError } from './openai-errors.ts'
import { type Added, type CompletionReader, createCompletionReader } from './openai-stream.ts'

export type GeneratorWaits = {
  /** until the first word, or the first thought of a model that thinks in the open */
  readonly firstMs: number
  /** between two of them; the HTTP client alone would wait five minutes */
  readonly idleMs: number
  /** until the first word, however much is thought */
  readonly textMs: number
  /** for the whole call */
  readonly wholeMs: number
  /** after the model's last word, for the token counts and the end of the connection */
  readonly tailMs: number
}

// Whoever has waited 20 s for a first word is served with extracts instead; a minute when the model can be seen to think.
// All the output that a call may have takes three minutes at 23 tokens a second.
const defaultWaits: GeneratorWaits = {
  firstMs: 20_000,
  idleMs: 15_000,
  textMs: 60_000,
  wholeMs: 180_000,
  tailMs: 2_000,
}

// The prompt asks for 150 words; a model that thinks aloud first needs more. Told to the provider, so that what a call
// can cost at most is known before it is made.
export const MOST_OUTPUT_TOKENS = 4_096

export type GeneratorOptions = ProviderOptions & {
  readonly chatModel: string
  readonly waits?: GeneratorWaits
  /** left out: the model's own, as some models take no other */
  readonly temperature?: number
}

export function openAiGenerator(options: GeneratorOptions): Caller {
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
): AsyncGenerator<CallEvent> {
  signal.throwIfAborted()
  const deadline = startDeadline(waits.firstMs, signal)
  let reader: CompletionReader | null = null
  try {
    const { body, form } = await open(client, endpoint, { ...manner, messages: [...messages] }, deadline)
    reader = createCompletionReader(form)
    yield { type: 'unseen', thoughts: '', ...reader.usage() }
    yield* hear(body, reader, { endpoint, waits, deadline })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    // Once the model has ended its answer the text is whole: only the token counts can be missing.
    if (reader === null || reader.end() === null) throw explain(error, deadline, reader, endpoint)
  } finally {
    deadline.end()
  }
  signal.throwIfAborted()
  const reason = reader.end()
  if (reason === null) throw cutOff(endpoint)
  yield { type: 'finish', reason, ...reader.usage() }
}

type Hearing = { readonly endpoint: Endpoint; readonly waits: GeneratorWaits; readonly deadline: Deadline }

async function* hear(
  body: ReadableStream<Uint8Array>,
  reader: CompletionReader,
  { endpoint, waits, deadline }: Hearing,
): AsyncGenerator<CallEvent> {
  let hasText = false
  let counted = reader.usage()
  for await (const bytes of body) {
    const added = reader.feed(bytes)
    // Comments and events without a word, which some providers send as heartbeats, are no sign of a model that writes.
    if (added.text === '' && added.thoughts === '' && reader.end() === null && reader.fault() === null) continue
    // A slow reader of ours is not the provider's silence.
    deadline.pause()
    yield* told(added, counted, reader, endpoint)
    counted = reader.usage()
    hasText ||= added.text !== ''
    deadline.extend(reader.end() === null ? waits.idleMs : waits.tailMs, hasText ? waits.wholeMs : waits.textMs)
  }
  yield* told(reader.close(), counted, reader, endpoint)
}

/** `counted`: what the budget knows already. It hears of every token by its text. */
function* told(
  { text, thoughts }: Added,
  counted: ReturnType<CompletionReader['usage']>,
  reader: CompletionReader,
  endpoint: Endpoint,
): Generator<CallEvent> {
  const usage = reader.usage()
  if (thoughts !== '' || usage !== counted) yield { type: 'unseen', thoughts, ...usage }
  if (text !== '') yield { type: 'text', delta: text }
  // Thrown only now: what arrived before the fault in the same packet has arrived.
  throwFault(reader, endpoint)
}

async function open(
  client: OpenAI,
  endpoint: Endpoint,
  asked: { readonly messages: Message[]; readonly temperature?: number },
  deadline: Deadline,
): Promise<{ readonly body: ReadableStream<Uint8Array>; readonly form: 'stream' | 'json' }> {
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
  if (response.body === null || /html/i.test(kind))
    throw new ModelError(
      'model-bad-output',
      `${endpoint.host} answered with "${kind}" instead of an event stream: check OPENAI_BASE_URL.`,
    )
  return { body: response.body, form: /\bjson\b/i.test(kind) ? 'json' : 'stream' }
}

function throwFault(reader: CompletionReader, endpoint: Endpoint): void {
  const fault = reader.fault()
  if (fault === null) return
  if (fault.type === 'provider') throw toStreamError(fault.error, endpoint)
  throw new ModelError('model-bad-output', `${endpoint.host} sent ${fault.what}.`, { retryable: true })
}

/** Without a reader the provider had not begun to answer. */
function explain(error: unknown, deadline: Deadline, reader: CompletionReader | null, endpoint: Endpoint): ModelError {
  if (deadline.expired()) return timeoutError(endpoint, reader ? 'stopped writing' : 'did not begin to answer in time')
  if (reader === null || error instanceof ModelError) return toModelError(error, endpoint)
  return cutOff(endpoint, toModelError(error, endpoint).cause)
}

function cutOff(endpoint: Endpoint, cause?: unknown): ModelError {
  return new ModelError('model-cut-off', `${endpoint.host} closed the stream before the answer's end.`, {
    cause,
    retryable: true,
  })
}
