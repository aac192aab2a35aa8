// Rights that end while they are used: of every key and session that has a request or a stream open, the database is
// asked whether it still holds, all in one go, a few times a second and only while there are any.
import type { KeyStore, Principal, SessionStore } from '../../core/access.ts'
import { InputError } from '../../core/errors.ts'
import type { Hold } from './principal.ts'

// A revoked stream ends within a second: one of these, and a statement that waits for its turn at a busy database.
const LOOK_EVERY_MS = 300

export type WatchDeps = {
  readonly keys: Pick<KeyStore, 'holding'>
  readonly sessions: Pick<SessionStore, 'holding'>
}

export type Known = Extract<Principal, { readonly id: string }>

type Watched = { readonly principal: Known; readonly controller: AbortController; holders: number }

/** What it gives is held until its `keep`s have all been given back. */
export function openWatch({ keys, sessions }: WatchDeps, everyMs = LOOK_EVERY_MS): (principal: Known) => Hold {
  const watched = new Map<string, Watched>()
  let isLooking = false
  const look = async () => {
    const held = [...watched]
    const ids = held.flatMap(([, { principal }]) => (principal.type === 'key' ? [principal.id] : []))
    const hashes = held.flatMap(([, { principal }]) => (principal.type === 'session' ? [principal.session] : []))
    const [alive, open] = await Promise.all([
      ids.length > 0 ? keys.holding(ids) : new Set<string>(),
      hashes.length > 0 ? sessions.holding(hashes) : new Set<string>(),
    ])
    for (const [name, its] of held) {
      const { principal, controller } = its
      if (principal.type === 'session' ? open.has(principal.session) : alive.has(principal.id)) continue
      // Given back meanwhile, and taken again by another request: the next look is at that one.
      if (watched.get(name) !== its) continue
      watched.delete(name)
      controller.abort(revoked())
    }
  }
  const lookOn = async () => {
    isLooking = true
    while (watched.size > 0) {
      await pause(everyMs)
      // A database that is away takes nothing from anybody, and lets nobody new in.
      if (watched.size > 0) await look().catch(() => {})
    }
    isLooking = false
  }
  return (principal) => {
    const name = principal.type === 'session' ? `session:${principal.session}` : `key:${principal.id}`
    const its = watched.get(name) ?? { principal, controller: new AbortController(), holders: 0 }
    watched.set(name, its)
    if (!isLooking) void lookOn()
    return {
      signal: its.controller.signal,
      keep: () => {
        its.holders++
        let isKept = true
        return () => {
          if (isKept) its.holders--
          isKept = false
          if (its.holders === 0 && watched.get(name) === its) watched.delete(name)
        }
      },
    }
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms).unref())
}

export function revoked(): InputError {
  return new InputError(
    'revoked',
    'Authorization: the right to this has ended: the key was revoked or is over, or the browser has logged out.',
    'Authorization',
  )
}
