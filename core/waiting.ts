// Waiting no longer than a deadline, or than somebody wants to.
import { setTimeout as wait } from 'node:timers/promises'

/** Whether it came true in time. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const waiting = new AbortController()
  const late = wait(ms, false, { signal: waiting.signal }).catch(() => false)
  const inTime = await Promise.race([promise.then(() => true), late])
  waiting.abort()
  return inTime
}

/** What is wanted goes on when the waiting is stopped, and others may still wait for it. Throws the signal's reason. */
export async function before<Result>(wanted: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  // What nobody waits for any more may still fail.
  wanted.catch(() => {})
  return await Promise.race([wanted, stopped]).finally(() => signal.removeEventListener('abort', stop))
}
