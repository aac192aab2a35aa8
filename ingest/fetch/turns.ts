// Politeness: how many connections a host gets at once, and how far apart requests to it begin.
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { HostStore } from '../../core/hosts.ts'
import { patient } from '../patience.ts'

export type Turns = {
  /** Waits for a turn at this host; call what is returned when the request is over. An abort is passed on. */
  take(host: string, signal: AbortSignal): Promise<() => void>
  /** Requests to this host begin at least so far apart from now on. */
  slow(host: string, delayMs: number): void
}

// What RFC 2616 once asked of well-behaved clients, and what no server minds.
const AT_ONCE = 2

// Longer than any request is allowed to take: nobody else counts on a turn that is still used.
const LEASE_MS = 180_000
// How often a process looks whether another one has given a turn back.
const LOOK_MS = 200

type Host = { readonly name: string; busy: number; delayMs: number; nextMs: number; readonly waiting: (() => void)[] }

/** Turns of all processes of one database. */
export type SharedTurns = { readonly hosts: HostStore; readonly library: string }

/** `shared` left out: there is no other process. */
export function openTurns(shared?: SharedTurns): Turns {
  const hosts = new Map<string, Host>()
  const hostOf = (name: string): Host => {
    const host = hosts.get(name) ?? { name, busy: 0, delayMs: 0, nextMs: 0, waiting: [] }
    hosts.set(name, host)
    return host
  }
  return {
    take: async (name, signal) => await takeTurn(hostOf(name), shared, signal),
    slow(name, delayMs) {
      const host = hostOf(name)
      // Counted from now: what asked for the delay was itself a request.
      if (host.delayMs < delayMs) host.nextMs = performance.now() + delayMs
      host.delayMs = Math.max(host.delayMs, delayMs)
    },
  }
}

async function takeTurn(host: Host, shared: SharedTurns | undefined, signal: AbortSignal): Promise<() => void> {
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
    const giveBack = shared && (await takeShared(host, shared, signal))
    return () => {
      giveBack?.()
      release()
    }
  } catch (error) {
    release()
    signal.throwIfAborted()
    throw error
  }
}

/** Waits until no other process of the same database is in the way. */
async function takeShared({ name, delayMs }: Host, shared: SharedTurns, signal: AbortSignal): Promise<() => void> {
  const { library } = shared
  const hosts = patient(shared.hosts, signal)
  const holder = randomUUID()
  for (;;) {
    const taken = await hosts.take(library, name, { holder, atOnce: AT_ONCE, delayMs, leaseMs: LEASE_MS })
    // What cannot be given back is free when its lease is over.
    const giveBack = () => void (taken && hosts.release(library, name, taken.turn, holder).catch(() => {}))
    try {
      await wait(taken ? taken.waitMs : LOOK_MS, undefined, { signal })
    } catch (error) {
      giveBack()
      throw error
    }
    if (taken) return giveBack
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
