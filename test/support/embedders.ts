// Fake embedders of as many spaces as there are sizes, each of which opens the others, and what was embedded with each.
import { ModelError } from '../../core/errors.ts'
import type { Embedder } from '../../core/ports.ts'
import { fakeEmbedder } from '../../models/fake.ts'

export type FakeEmbedders = {
  /** by the number of dimensions */
  readonly of: (dimensions: number) => Embedder
  /** how many texts of documents were embedded in this space so far */
  readonly embedded: (space: string) => number
}

/** `wait` is awaited before each batch of documents. Throws ModelError for a space of anybody else. */
export function fakeEmbedders(wait: () => Promise<void> = async () => {}): FakeEmbedders {
  const counts = new Map<string, number>()
  const opened = new Map<number, Embedder>()
  const inSpace = async (space: string) => {
    const [, dimensions] = /^fake\/words\/(\d+)\/1$/.exec(space) ?? []
    if (!dimensions) throw new ModelError('model-unavailable', `nobody here has an embedder of ${space}`)
    return of(Number(dimensions))
  }
  const open = (dimensions: number): Embedder => {
    const fake = fakeEmbedder(dimensions)
    return {
      ...fake,
      inSpace,
      embed: async (texts, kind, signal) => {
        if (kind === 'document') await wait()
        if (kind === 'document') counts.set(fake.space, (counts.get(fake.space) ?? 0) + texts.length)
        return await fake.embed(texts, kind, signal)
      },
    }
  }
  const of = (dimensions: number) => {
    const embedder = opened.get(dimensions) ?? open(dimensions)
    opened.set(dimensions, embedder)
    return embedder
  }
  return { of, embedded: (space) => counts.get(space) ?? 0 }
}
