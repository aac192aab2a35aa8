// What a list at some address said the last time: it is asked for conditionally, and what is unchanged comes from memory.
import { z } from 'zod'
import type { OriginMemory } from '../source/source.ts'
import type { Fetcher } from './fetch.ts'
import { type Fetched, sentOnTo, type Wanted } from './request.ts'

export type Recalled<Kept> = {
  readonly kept: Kept
  /** null: it is as it was */
  readonly fetched: Fetched | null
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
}

export type Recall = {
  /** `shape` says what memory must hold to be believed, `make` what is kept of a new answer. Throws as `Fetcher.get`. */
  get<Kept>(
    wanted: Wanted,
    shape: z.ZodType<Kept>,
    make: (fetched: Fetched) => Kept | Promise<Kept>,
    signal: AbortSignal,
  ): Promise<Recalled<Kept>>
  /** Keeps what was asked for since it was opened, and forgets the rest. */
  save(): void
}

const entry = z.object({
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  at: z.string().optional(),
  kept: z.unknown(),
})
const remembered = z.record(z.string(), entry)

export function openRecall(fetcher: Fetcher, memory: OriginMemory): Recall {
  const before = remembered.safeParse(memory.get()).data ?? {}
  const now: Record<string, z.infer<typeof entry>> = {}
  return {
    async get(wanted, shape, make, signal) {
      const known = Object.hasOwn(before, wanted.url) ? before[wanted.url] : undefined
      const believed = known && shape.safeParse(known.kept)
      if (known && believed?.success) {
        const fetched = await fetcher.get({ ...wanted, validators: known }, signal)
        if (fetched === null) {
          now[wanted.url] = known
          return { ...known, kept: believed.data, fetched }
        }
        return keep(wanted.url, fetched, await make(fetched))
      }
      const fetched = await fetcher.get(wanted, signal)
      // Nothing can be unchanged that was asked for without validators.
      if (fetched === null) throw new Error(`${wanted.url}: unchanged, but never read`)
      return keep(wanted.url, fetched, await make(fetched))
    },
    save: () => memory.set(now),
  }

  function keep<Kept>(url: string, fetched: Fetched, kept: Kept): Recalled<Kept> {
    const { etag, lastModified } = fetched
    // Without a validator it can never be unchanged, so there is nothing to remember it for.
    if (etag !== undefined || lastModified !== undefined)
      now[url] = { etag, lastModified, ...sentOnTo(url, fetched), kept }
    return { kept, fetched, etag, lastModified }
  }
}
