// What models cost in a day, and what is set aside for calls that are being made.
import type { Usage } from './types.ts'

/** Money set aside for a call that is being made; it belongs to a day even when the call ends on the next. */
export type Reservation = { readonly day: string; readonly usd: number }

export type SpendingStore = {
  /** Sets `usd` aside, unless the day would then exceed `limitUsd`: null, and nothing is set aside. Throws StoreError. */
  reserve(library: string, usd: number, limitUsd: number): Promise<Reservation | null>
  /** Adds what a call has cost to its day's totals, in place of what was set aside for it. */
  settle(library: string, usage: Usage, reserved: Reservation | null): Promise<void>
}
