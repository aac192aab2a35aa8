// Politeness: how many connections a host gets at once, and how far apart requests to it begin.
import { setTimeout as wait } from 'node:timers/promises'

export type Turns = {
  /** Waits for a turn at this host; call what is returned when the request is over. An abort is passed on. */
  take(host: string, signal: AbortSignal): Promise<() => void>
  /** Requests to this host begin at least so far apart from now on. */
  slow(host: string, delayMs: number): void
}

// What RFC 2616 once asked of well-behaved clients, and what no server minds.
const AT_ONCE = 2

type Host = { busy: number; delayMs: number; nextMs: number; readonly waiting: (() => void)[] }

export function openTurns(): Turns {
  const hosts = new Map<string, Host>()
  const hostOf = (name: string): Host => {
    const host = hosts.get(name) ?? { busy: 0, delayMs: 0, nextMs: 0, waiting: [] }
    hosts.set(name, host)
    return host
  }
  return {
    take: (name, signal) => takeTurn(hostOf(name), signal),
    slow(name, delayMs) {
      const host = hostOf(name)
      // Counted from now: what asked for the delay was itself a request.
      if (host.delayMs < delayMs) host.nextMs = performance.now() + delayMs
      host.delayMs = Math.max(host.delayMs, delayMs)
    },
  }
}

async function takeTurn(host: Host, signal: AbortSignal): Promise<() => void> {
  signal.throwIfAborted()
  if (host.busy >= AT_ONCE) await queue(host, signal)
  else host.busy++
  let over = false
  const release = () => {
    if (over) return
    over = true
    // A turn is handed on as it is: `busy` never falls while somebody waits.
    const next = host.waiting.shift()
    if (next) next()
    else host.busy--
  }
  try {
    const now = performance.now()
    const startMs = Math.max(now, host.nextMs)
    host.nextMs = startMs + host.delayMs
    if (startMs > now) await wait(startMs - now, undefined, { signal })
    return release
  } catch {
    release()
    throw signal.reason
  }
}

/** Resolves with a turn that somebody else has given up. One that was handed over is not lost to an abort. */
function queue(host: Host, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = () => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const leave = () => {
      host.waiting.splice(host.waiting.indexOf(take), 1)
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', leave, { once: true })
    host.waiting.push(take)
  })
}
