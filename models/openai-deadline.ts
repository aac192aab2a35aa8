// One call's patience: a signal that fires when the caller leaves or when the provider stays silent too long.

export type Deadline = {
  /** for the request; aborting it closes the connection */
  readonly signal: AbortSignal
  /** Stops the wait until it is extended. */
  pause(): void
  /** Starts the wait anew. */
  extend(ms: number): void
  /** true when the wait, and not the caller, ended the call */
  expired(): boolean
  /** Ends the call; closes the connection unless the answer is whole. */
  end(): void
}

// Not AbortSignal.any: a caller's signal may outlive thousands of calls, and a listener that is removed leaves nothing behind.
export function startDeadline(ms: number, signal: AbortSignal): Deadline {
  const call = new AbortController()
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
    extend(ms) {
      clearTimeout(timer)
      timer = setTimeout(expire, ms)
    },
    expired: () => expired,
    end() {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
      call.abort()
    },
  }
}
