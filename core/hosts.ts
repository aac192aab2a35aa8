// Politeness that processes share: turns at a host, counted by the store.

export type HostTurn = {
  readonly turn: number
  /** how long from now on its request has to wait */
  readonly waitMs: number
}

type Wanted = {
  /** who takes it, and nobody else gives it back */
  readonly holder: string
  /** how many there are */
  readonly atOnce: number
  /** the request after this one begins so much later */
  readonly delayMs: number
  /** given back by itself so long after its request may begin */
  readonly leaseMs: number
}

export type HostStore = {
  /** Null: all are taken. */
  take(library: string, host: string, wanted: Wanted): Promise<HostTurn | null>
  release(library: string, host: string, turn: number, holder: string): Promise<void>
}
