// Requests that are sent again because nobody knows whether the first one arrived.

/** One key of one holder. */
export type RepeatKey = { readonly library: string; readonly holder: string; readonly key: string }

type Made = {
  readonly fingerprint: string
  /** of the answer; of anything else of the attempt to make it */
  readonly id: string
}

/** `reply`: of what is no answer; null: it is not made yet. */
export type Repeat = Made & { readonly reply: unknown }

/** Kept for a day, and so many of one holder. */
export type RepeatStore = {
  /** Null: whoever asks is the first, or takes the place of `instead`, and makes it. Else what the first one makes. */
  claim(key: RepeatKey, made: Made, instead: string | null): Promise<Repeat | null>
  keep(key: RepeatKey, id: string, reply: unknown): Promise<void>
  /** It was not made. */
  forget(key: RepeatKey, id: string): Promise<void>
}
