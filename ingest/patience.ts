// A database that is away for a moment, restarted or handed over to its replica: what a sync asks of it is asked again.
import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '../core/errors.ts'

// A failover takes half a minute. A sync is taken for dead 90 s after its last word (recorded.ts), and the first reply
// that does not come may be waited for 20 of them.
const PATIENCE_MS = 60_000
const FIRST_MS = 100
const LONGEST_MS = 5_000

type Methods<Port> = { readonly [Name in keyof Port]: (...args: never[]) => Promise<unknown> }

/**
 * The same methods, which wait while the database cannot be reached, and throw StoreError when that is for too long. What
 * was done although its reply was lost is done twice, so the methods have to bear that: a document that was saved is
 * `unchanged` the second time.
 */
export function patient<Port extends Methods<Port>>(port: Port, signal: AbortSignal, patienceMs = PATIENCE_MS): Port {
  const methods = Object.entries<(...args: never[]) => Promise<unknown>>(port).map(
    ([name, method]) =>
      [name, async (...args: never[]) => await insist(async () => await method(...args), signal, patienceMs)] as const,
  )
  return Object.fromEntries(methods) as unknown as Port
}

async function insist<Result>(ask: () => Promise<Result>, signal: AbortSignal, patienceMs: number): Promise<Result> {
  const giveUpAt = performance.now() + patienceMs
  for (let pauseMs = FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_MS)) {
    try {
      return await ask()
    } catch (error) {
      if (!isAway(error)) throw error
      // Half of it is chance: what waited together does not come back together.
      const thisMs = pauseMs * (0.5 + Math.random() / 2)
      if (performance.now() + thisMs > giveUpAt) throw gaveUp(error, patienceMs)
      await wait(thisMs, undefined, { signal })
    }
  }
}

function isAway(error: unknown): error is StoreError {
  return (
    error instanceof StoreError &&
    (error.code === 'store-unavailable' || error.code === 'store-busy') &&
    error.retryable
  )
}

function gaveUp(last: StoreError, patienceMs: number): StoreError {
  const { code, message } = last
  const seconds = patienceMs / 1000
  return new StoreError(
    code,
    `${message} It was asked again for ${seconds} s: what was learned stays. Run the same again when it is back.`,
    { cause: last },
  )
}
