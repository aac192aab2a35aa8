// With which embedder a library is opened, and what its tokens cost.
import type { Config } from '../core/config.ts'
import { ModelError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { DocumentStore, Embedder } from '../core/ports.ts'
import { priceOf } from '../core/prices.ts'
import type { TokenPrice } from '../ingest/tally.ts'
import { BUILT_IN, type Embedders } from '../models/embedders.ts'
import { readSpace } from '../models/openai-embedder.ts'
import { otherSpace } from '../store/spaces.ts'

/** EMBEDDING_MODEL decides for a library that is empty; one that holds vectors is searched in their space. */
export async function openEmbedder(
  config: Config,
  embedders: Embedders,
  active: string | null,
  { log, anyEmbedder }: { readonly log: Log; readonly anyEmbedder: boolean },
): Promise<Embedder> {
  // Nobody waits for it in vain: a provider has a deadline for each try.
  const { signal } = new AbortController()
  if (active === null) return await embedders.ofModel(config.embeddingModel ?? BUILT_IN, signal)
  warnOfOther(config, active, log)
  try {
    return await embedders.ofSpace(active, signal)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    if (anyEmbedder) return await embedders.ofModel(BUILT_IN, signal)
    throw otherSpace(active, error.message)
  }
}

function warnOfOther({ embeddingModel }: Config, active: string, log: Log): void {
  const [searched, configured] = [readSpace(active)?.model ?? BUILT_IN, embeddingModel ?? BUILT_IN]
  if (searched !== configured)
    log.warn(
      `The library is searched with the embedder ${searched}, EMBEDDING_MODEL says ${configured}: npm run reembed -- --model ${configured}`,
    )
}

/** Dollars per million tokens of a space: nothing for the built-in one, null where nobody knows. */
export function priceOfSpace({ modelPrices }: Config, space: string): number | null {
  const read = readSpace(space)
  return read ? (priceOf(modelPrices, read.model)?.inputUsd ?? null) : 0
}

/** The price is that of the space in which a sync embeds at the moment: it asks first for the vectors that are known. */
export function pricedDocuments(config: Config, documents: DocumentStore, embedder: Pick<Embedder, 'space'>) {
  let { space } = embedder
  const knownVectors: DocumentStore['knownVectors'] = async (...asked) => {
    const known = await documents.knownVectors(...asked)
    space = known.space
    return known
  }
  const tokenPrice: TokenPrice = {
    get usdPerMillion() {
      return priceOfSpace(config, space)
    },
    get isProvided() {
      return readSpace(space) !== null
    },
  }
  return { documents: { ...documents, knownVectors }, tokenPrice }
}
