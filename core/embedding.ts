// What is embedded of a chunk, and by which embedder: that of the space in which its library is searched at the moment.
import { ModelError } from './errors.ts'
import type { Embedder } from './ports.ts'
import type { Chunk } from './types.ts'

/** The headings say what "Results" are the results of. */
export function embeddedText({ headings, text }: Pick<Chunk, 'headings' | 'text'>): string {
  return `${headings.join('\n')}\n${text}`
}

/** Itself, or the one that it opens for another space. Throws ModelError where there is none. */
export async function embedderOf(embedder: Embedder, space: string, signal: AbortSignal): Promise<Embedder> {
  if (space === embedder.space) return embedder
  if (embedder.inSpace) return await embedder.inSpace(space, signal)
  throw new ModelError('model-unavailable', `There is no embedder of the space ${space} here.`)
}
