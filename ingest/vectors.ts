// The vectors of chunks: those that are known are kept, the others are embedded. All of them are of one space, that in
// which the library is searched when they are looked up; where it is another one by the time they are saved, they are
// made anew.
import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { embeddedText, embedderOf } from '../core/embedding.ts'
import { StoreError } from '../core/errors.ts'
import type { ChunkToSave, DocumentToSave } from '../core/ports.ts'
import { termWeights } from '../core/terms.ts'
import { countTokens } from '../core/tokens.ts'
import type { Chunk } from '../core/types.ts'
import type { IngestDeps } from './ingest.ts'

type Embedded = Pick<DocumentToSave, 'chunks' | 'space'> & { readonly embedded: number; readonly tokens: number }

/** Chunks whose words and headings were embedded before keep their vectors. */
export async function embedChunks(
  chunks: readonly Chunk[],
  deps: Pick<IngestDeps, 'documents' | 'embedder' | 'library' | 'tokenPrice'>,
  signal: AbortSignal,
): Promise<Embedded> {
  const { space, hashes, known, missing, tokens } = await lookUpVectors(chunks, deps, signal)
  const texts = missing.map(([, text]) => text)
  // Nobody need be able to embed what nothing has to be embedded of.
  const embed = async () => await (await embedderOf(deps.embedder, space, signal)).embed(texts, 'document', signal)
  const vectors = texts.length === 0 ? [] : await embed()
  for (const [index, [key]] of missing.entries()) known.set(key, vectors[index] ?? none)
  const saved = await inTurns(
    chunks,
    (each, index): ChunkToSave => {
      const contentHash = hashes[index] ?? ''
      const vector = known.get(contentHash) ?? none
      return { ...each, contentHash, vector, terms: termWeights(each.headings, each.text) }
    },
    signal,
  )
  return { chunks: saved, space, embedded: missing.length, tokens }
}

/** The active space, which of these chunks have a vector in it, and what would have to be embedded for the rest. */
export async function lookUpVectors(
  chunks: readonly Chunk[],
  { documents, library, tokenPrice }: Pick<IngestDeps, 'documents' | 'library' | 'tokenPrice'>,
  signal: AbortSignal,
) {
  const texts = chunks.map(embeddedText)
  const hashes = await inTurns(texts, hashOf, signal)
  const { space, vectors: known } = await documents.knownVectors(library, hashes)
  const missing = [...new Map(texts.map((text, index) => [hashes[index] ?? '', text]))].filter(
    ([key]) => !known.has(key),
  )
  // Counted only where somebody charges for them.
  const isCharged = tokenPrice !== undefined && tokenPrice.usdPerMillion !== 0
  const counts = isCharged ? await inTurns(missing, ([, text]) => countTokens(text), signal) : []
  const tokens = counts.reduce((sum, count) => sum + count, 0)
  return { space, hashes, known, missing, tokens }
}

// The terms of a chunk take about 0.1 ms: some 3 ms go by before the event loop gets its turn.
const CHUNKS_PER_TURN = 32

async function inTurns<One, Result>(
  all: readonly One[],
  work: (one: One, index: number) => Result,
  signal: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = []
  for (const [index, one] of all.entries()) {
    if (index % CHUNKS_PER_TURN === CHUNKS_PER_TURN - 1) await nextTurn()
    signal.throwIfAborted()
    results.push(work(one, index))
  }
  return results
}

// Of a size that no space has: the store refuses it.
const none = new Float32Array()

// Between two tries somebody has switched the library: more of that is no accident.
const TRIES = 10

/** Saves, and embeds once more for a library that was switched to another space since. */
export async function saveEmbedded(
  document: DocumentToSave,
  deps: Pick<IngestDeps, 'documents' | 'embedder' | 'library'>,
  signal: AbortSignal,
  tries = TRIES,
): ReturnType<IngestDeps['documents']['save']> {
  try {
    return await deps.documents.save(document)
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'other-space') || tries <= 1) throw error
  }
  const { chunks, space } = await embedChunks(document.chunks, deps, signal)
  return await saveEmbedded({ ...document, chunks, space }, deps, signal, tries - 1)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
