// Embedders by the names of their spaces, each opened once: the built-in one, and those of the provider's models.
import { ModelError } from '../core/errors.ts'
import type { Embedder } from '../core/ports.ts'
import { withBatches } from './batched.ts'
import { endpointOf, type ProviderOptions } from './openai-client.ts'
import { openAiEmbedder, readSpace } from './openai-embedder.ts'
import { withEmbedderRetries, withRetries } from './retry.ts'

/** What the built-in embedder is called where a model of the provider could be named. */
export const BUILT_IN = 'built-in'

export type Embedders = {
  /** Throws ModelError; one of a model that is new is asked once for the length of its vectors. */
  readonly ofModel: (model: string, signal: AbortSignal) => Promise<Embedder>
  /** Throws ModelError when nobody here has it. */
  readonly ofSpace: (space: string, signal: AbortSignal) => Promise<Embedder>
}

/** `provider` null: there is none. Whichever is opened can open the others. */
export function openEmbedders(builtIn: Embedder, provider: ProviderOptions | null): Embedders {
  const opened = new Map<string, Embedder>()
  const keep = (embedder: Embedder): Embedder => {
    const kept = opened.get(embedder.space) ?? { ...embedder, inSpace: ofSpace }
    opened.set(embedder.space, kept)
    return kept
  }
  const ofSpace = async (space: string, signal: AbortSignal): Promise<Embedder> => {
    const known = opened.get(space)
    if (known) return known
    const read = readSpace(space)
    if (!read) throw missing(`nobody here has an embedder of ${space}`)
    if (!provider) throw missing(NO_PROVIDER)
    const { host, model: embeddingModel, dimensions } = read
    const { host: own } = endpointOf(provider, embeddingModel)
    if (host !== own) throw missing(`its model is one of ${host}, and the provider is ${own}`)
    // Its length is known: nobody is asked, and one that is down is simply there again when it comes back.
    const embedder = await openAiEmbedder({ ...provider, embeddingModel, dimensions }, signal)
    return keep(withBatches(withEmbedderRetries(embedder)))
  }
  keep(builtIn)
  return {
    ofSpace,
    ofModel: async (model, signal) => {
      if (model === BUILT_IN) return await ofSpace(builtIn.space, signal)
      if (!provider) throw missing(`${model} is no model of ours, and ${NO_PROVIDER}`)
      const embedder = await withRetries(
        async () => await openAiEmbedder({ ...provider, embeddingModel: model }, signal),
        signal,
      )
      return keep(withBatches(withEmbedderRetries(embedder)))
    },
  }
}

const NO_PROVIDER =
  'there is no provider: set OPENAI_API_KEY or OPENAI_BASE_URL for this process (the server, when one runs)'

function missing(why: string): ModelError {
  return new ModelError('model-unavailable', why)
}
