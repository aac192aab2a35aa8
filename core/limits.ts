// How much may be asked of a server: kinds of work in the order in which they are given up, and who refuses one.

/** The lowest first. A request that says `Priority: u=7` is of the first kind, whatever it asks. */
export type Traffic = 'evaluation' | 'ingest' | 'search' | 'history' | 'question'

/** In the order in which they are asked. */
export type Limiter = 'rate' | 'concurrency' | 'reserve' | 'load'

/** A bucket of requests for each key: it holds so many, and gets one more every so often. */
export type Quota = { readonly most: number; readonly everyMs: number }

/** How many of those that were wanted may be made; of none, when there is one again. */
export type Lot = { readonly granted: number; readonly waitMs: number }

export type QuotaStore = {
  take(library: string, key: string, wanted: number, quota: Quota): Promise<Lot>
}
