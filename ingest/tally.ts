// The sum of what became of sources, so far or in the end.
import type { IngestEvent, IngestReport } from '../core/types.ts'

/** What a token costs to embed. Left out, or 0: nothing, and nobody counts them. */
export type TokenPrice = {
  /** null: nobody knows */
  readonly usdPerMillion: number | null
  /** a provider makes the vectors, and not this machine */
  readonly isProvided: boolean
}

export type Tally = {
  readonly add: (event: IngestEvent) => void
  /** sources that were found so far, and those that are done with */
  readonly total: () => number
  readonly done: () => number
  /** the source of sources.yaml that is read; null: none is */
  readonly reading: () => string | null
  readonly report: () => IngestReport
}

export function openTally(price: TokenPrice | undefined): Tally {
  const began = performance.now()
  const counts = { learned: 0, changed: 0, restored: 0, removed: 0, kept: 0, unchanged: 0, failed: 0, skipped: 0 }
  const sums = { chunks: 0, embedded: 0, tokens: 0, bytes: 0 }
  let total = 0
  let done = 0
  let reading: string | null = null
  return {
    add: (event) => {
      if (event.type === 'began' || event.type === 'finished') return
      if (event.type === 'reading') reading = event.name
      else if (event.type === 'found') {
        total += event.files + event.gone
        counts.skipped += event.skipped.length
      } else if (event.type === 'kept') counts.kept += event.sources.length
      else {
        counts[event.type]++
        done++
        for (const key of Object.keys(sums) as (keyof typeof sums)[])
          if (key in event) sums[key] += Number(event[key as keyof typeof event])
      }
    },
    // A web site is learned while it is listed: what was done was found.
    total: () => Math.max(total, done),
    done: () => done,
    reading: () => reading,
    report: () => ({
      ...counts,
      ...sums,
      usd: usdOf(sums.tokens, price ? price.usdPerMillion : 0),
      ms: Math.round(performance.now() - began),
    }),
  }
}

/** Null: nobody knows. */
export function usdOf(tokens: number, usdPerMillion: number | null): number | null {
  return usdPerMillion === null ? null : (tokens * usdPerMillion) / 1e6
}
