// What is made of a run: when each token was sent and when it came, brought together by its letters.
import { quantile } from '../stats.ts'
import type { Read } from './readers.ts'
import type { Letters } from './text.ts'

export type Window = { readonly from: number; readonly to: number }

export type Spread = { readonly p50: number; readonly p99: number; readonly max: number }

/** From when a token was sent until it came, of those sent in the window that hold a letter. What never came is Infinity. */
export function delaysIn(window: Window, sent: readonly Letters[], answers: readonly Read[]): number[] {
  const come = new Map(answers.map((answer) => [answer.name, answer]))
  return sent.flatMap((one) => delaysOf(one, come.get(one.name), window))
}

function delaysOf(sent: Letters, come: Letters | undefined, { from, to }: Window): number[] {
  const delays: number[] = []
  let arrival = 0
  let before = 0
  for (const [token, at] of sent.at.entries()) {
    const letters = sent.letters[token] ?? 0
    const isTimed = at >= from && at < to && letters > before
    before = letters
    if (!isTimed) continue
    while ((come?.letters[arrival] ?? Number.POSITIVE_INFINITY) < letters) arrival++
    delays.push((come?.at[arrival] ?? Number.POSITIVE_INFINITY) - at)
  }
  return delays
}

export function tokensIn({ from, to }: Window, sent: readonly Letters[]): number {
  return sent.reduce((sum, { at }) => sum + at.filter((each) => each >= from && each < to).length, 0)
}

export function spreadOf(values: readonly number[]): Spread {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: quantile(values, 1) }
}
