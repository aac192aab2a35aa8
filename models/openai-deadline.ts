// One call's patience: a signal that fires when the caller leaves or when the provider stays silent too long.

export type Deadline = {
  /** for the request; aborting it closes the connection */
  readonly signal: AbortSignal
  /** Stops the wait until it is extended. */
  pause(): void
  /** Starts the wait anew, up to so long after the beginning of the call; what goes on longer ends here. */
  extend(ms: number, mostMs: number): void
  /** true when the wait, and not the caller, ended the call */
  expired(): boolean
  /** Ends the call; closes the connection unless the reply is whole. */
  end(): void
}

// Not AbortSignal.any: a caller's signal may outlive thousands of calls, and a listener that is removed leaves nothing behind.
export function startDeadline(ms: number, signal: AbortSignal): Deadline {
  const call = new AbortController()
  const began = performance.now()
  const leave = () => call.abort(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  let expired = false
  const expire = () => {
    expired = true
    call.abort()
  }
  let timer = setTimeout(expire, ms)
  return {
    signal: call.signal,
    pause: () => clearTimeout(timer),
    extend(ms, mostMs) {
      clearTimeout(timer)
      const leftMs = began + mostMs - performance.now()
      // At once: a timer of 0 ms would be put off again by a provider that never pauses.
      if (leftMs <= 0) expire()
      else timer = setTimeout(expire, Math.min(ms, leftMs))
    },
    expired: () => expired,
    end() {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
      call.abort()
    },
  }
}
