// Tasks that come from outside and are done once, each by one process at a time.

/** Something to be done once, in its turn. */
export type TaskToKeep = {
  /** the same in every delivery */
  readonly id: string
  /** tasks of one lane are done one after the other */
  readonly lane: string
  /** seconds since 1970, to the millionth; null: now */
  readonly saidAt: string | null
  readonly task: object
  /** kept only when there is or was another task of its lane */
  readonly onlyInKnownLane: boolean
  /** over in a moment: it is taken however many that take long are under way */
  readonly isQuick: boolean
}

/** The right to do a task, for a time. `number` counts its takers: the last one's is the one that holds. */
export type Lease = { readonly id: string; readonly number: number }

export type TakenTask = Lease & {
  /** attempts that count against it, this one among them */
  readonly failures: number
  readonly isQuick: boolean
  readonly task: unknown
  readonly progress: object
}

/** Every method that is given a lease throws StoreError `lease-lost` when it does not hold any more. */
export type InboxStore = {
  /** Durable when it resolves. Whether it was new, and is to be done. */
  keep(library: string, task: TaskToKeep): Promise<boolean>
  /** Up to so many tasks of either kind whose turn it is, the earliest of them: each is the taker's for `leaseMs`. */
  take(library: string, most: { readonly long: number; readonly quick: number }, leaseMs: number): Promise<TakenTask[]>
  /** Those that still hold, and do so for `leaseMs` more. */
  renew(library: string, leases: readonly Lease[], leaseMs: number): Promise<ReadonlySet<string>>
  remember(library: string, lease: Lease, progress: object): Promise<void>
  /** Gives a task back for later. */
  postpone(library: string, lease: Lease, until: { readonly delayMs: number; readonly counts: boolean }): Promise<void>
  /** The task is over: done (null), or given up for this reason. */
  end(library: string, lease: Lease, fault: string | null): Promise<void>
  /** Forgets what ended long ago. */
  sweep(library: string): Promise<void>
}
