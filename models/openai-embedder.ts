// Vectors from any OpenAI-compatible embedding model: in batches, checked, all or none.
import type { OpenAI } from 'openai'
import { z } from 'zod'
import { ModelError } from '../core/errors.ts'
import type { Embedder } from '../core/ports.ts'
import { type Endpoint, endpointOf, openClient, type ProviderOptions } from './openai-client.ts'
import { startDeadline } from './openai-deadline.ts'
import { timeoutError, toModelError } from './openai-errors.ts'

export type EmbedderWaits = {
  /** a batch of an ingest */
  readonly documentMs: number
  /** somebody is waiting for the answer */
  readonly queryMs: number
}

const defaultWaits: EmbedderWaits = { documentMs: 60_000, queryMs: 10_000 }

// Counted in UTF-8 bytes because a token of a byte-pair vocabulary is at least one byte: 8,000 bytes can not exceed
// the 8,191 tokens of text-embedding-3, and 200,000 not the 300,000 tokens of one request. A chunk has about 1,000.
const mostBytesOfText = 8_000
const mostBytesOfBatch = 200_000
const mostTextsOfBatch = 96

/** The model and the length of the vectors of one of our spaces, and whose model it is; null: it is none of a provider. */
export function readSpace(space: string): { host: string; model: string; dimensions: number } | null {
  const [, host, model, dimensions] = /^openai\/([^/]+)\/(.+)\/(\d+)\/1$/.exec(space) ?? []
  return host && model ? { host, model, dimensions: Number(dimensions) } : null
}

/** Asks the model once when nobody knows yet how long its vectors are: only its answer tells. */
export async function openAiEmbedder(
  options: ProviderOptions & {
    readonly embeddingModel: string
    readonly dimensions?: number
    readonly waits?: EmbedderWaits
  },
  signal: AbortSignal = new AbortController().signal,
): Promise<Embedder> {
  const client = openClient(options)
  const endpoint = endpointOf(options, options.embeddingModel)
  const waits = options.waits ?? defaultWaits
  const probe = async () => (await embedBatch(['footnote'], { client, endpoint, waitMs: waits.queryMs }, signal))[0]
  const dimensions = options.dimensions ?? (await probe())?.length ?? 0
  return {
    space: `openai/${endpoint.host}/${endpoint.model}/${dimensions}/1`,
    dimensions,
    async embed(texts, kind, signal) {
      const waitMs = kind === 'query' ? waits.queryMs : waits.documentMs
      const vectors: Float32Array[] = []
      for (const batch of toBatches(texts.map(prepare)))
        vectors.push(...(await embedBatch(batch, { client, endpoint, waitMs, dimensions }, signal)))
      return vectors
    },
  }
}

type Call = {
  readonly client: OpenAI
  readonly endpoint: Endpoint
  readonly waitMs: number
  /** absent while the probe finds out */
  readonly dimensions?: number
}

const encoder = new TextEncoder()
const room = new Uint8Array(mostBytesOfText)

/** Cut at a whole character, and never empty or malformed: providers refuse both with the whole batch. */
function prepare(text: string): string {
  const kept = text.slice(0, encoder.encodeInto(text, room).read).toWellFormed()
  return kept === '' ? ' ' : kept
}

function toBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = []
  let bytes = 0
  for (const text of texts) {
    const size = Buffer.byteLength(text)
    const last = batches.at(-1)
    if (last && last.length < mostTextsOfBatch && bytes + size <= mostBytesOfBatch) {
      last.push(text)
      bytes += size
    } else {
      batches.push([text])
      bytes = size
    }
  }
  return batches
}

async function embedBatch(texts: readonly string[], call: Call, signal: AbortSignal): Promise<Float32Array[]> {
  return toVectors(await request(texts, call, signal), texts.length, call)
}

async function request(texts: readonly string[], call: Call, signal: AbortSignal): Promise<string> {
  const { client, endpoint } = call
  signal.throwIfAborted()
  const deadline = startDeadline(call.waitMs, signal)
  try {
    const response = await client.embeddings
      // base64 is a quarter of the bytes of decimal numbers; servers that do not know it send numbers, which we read too.
      .create({ model: endpoint.model, input: [...texts], encoding_format: 'base64' }, { signal: deadline.signal })
      .asResponse()
    return await response.text()
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (deadline.expired()) throw timeoutError(endpoint, `did not embed ${texts.length} texts in time`)
    throw toModelError(error, endpoint)
  } finally {
    deadline.end()
  }
}

const reply = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.union([z.string(), z.array(z.number())]) })),
})

/** In the order of the texts, of length 1; anything odd and none is returned. */
function toVectors(body: string, count: number, { endpoint, dimensions }: Call): Float32Array[] {
  const rows = readRows(body, endpoint)
  const byIndex = new Map(rows.map((row) => [row.index, row.embedding]))
  if (rows.length !== count || byIndex.size !== count)
    throw badOutput(endpoint, `${rows.length} vectors (${byIndex.size} different) for ${count} texts`)
  return Array.from({ length: count }, (_, index) => {
    const embedding = byIndex.get(index)
    if (embedding === undefined) throw badOutput(endpoint, `no vector with index ${index}`)
    const vector = toUnitVector(embedding)
    if (vector === null) throw badOutput(endpoint, 'a vector without a direction (zeros, or not numbers)')
    if (dimensions !== undefined && vector.length !== dimensions)
      throw badOutput(endpoint, `a vector of ${vector.length} numbers where the model began with ${dimensions}`)
    return vector
  })
}

function readRows(body: string, endpoint: Endpoint): z.output<typeof reply>['data'] {
  try {
    return reply.parse(JSON.parse(body)).data
  } catch {
    // The fault that JSON.parse names quotes the body, and a provider may repeat the text in it.
    throw badOutput(endpoint, 'something that is not a list of vectors')
  }
}

function toUnitVector(embedding: string | readonly number[]): Float32Array | null {
  const vector = typeof embedding === 'string' ? decode(embedding) : Float32Array.from(embedding)
  let squares = 0
  for (const value of vector) squares += value * value
  const length = Math.sqrt(squares)
  // One NaN or infinity among the values shows in the length.
  return Number.isFinite(length) && length > 0 ? vector.map((value) => value / length) : null
}

function decode(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length % 4 !== 0) return new Float32Array()
  // Copied, because the bytes of a small Buffer begin anywhere in a shared pool.
  return new Float32Array(new Uint8Array(bytes).buffer)
}

function badOutput(endpoint: Endpoint, what: string): ModelError {
  return new ModelError('model-bad-output', `${endpoint.host} sent ${what} from "${endpoint.model}".`)
}
