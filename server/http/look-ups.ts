// Finding out whose a credential is takes a statement of the pool that all requests share. Those who make credentials up, of
// whom there may be any number, wait for each other; who has shown one that holds does not wait for them.
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { LimitError } from '../../core/errors.ts'

/** What `find` gives, which is null for a credential that does not hold. Throws what it throws, and LimitError. */
export type LookUp = <Found>(credential: string, find: () => Promise<Found | null>) => Promise<Found | null>

// Less than half of the ten connections of the pool.
const AT_ONCE = 4
// A place is free again so long after somebody who made theirs up: these get 200 looks a second.
const REST_MS = 20
// The last of these waits for 320 ms. Who finds no room is told so late, for who is told at once is back at once: refusals
// alone, of 200 connections, took the processor from everybody else.
const WAITING = 64
const RETRY_AFTER_MS = 1_000
// Those that were shown last; each is a hash of 43 characters.
const KNOWN = 10_000

/** One for all libraries of a process, as the pool is. Known or not, every request asks the database anew. */
export function openLookUps(): LookUp {
  const known = new Set<string>()
  const waiting: (() => void)[] = []
  let places = AT_ONCE
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else places++
  }
  const inTurn = async <Found>(find: () => Promise<Found | null>): Promise<Found | null> => {
    if (places > 0) places--
    else if (waiting.length < WAITING) await new Promise<void>((resolve) => waiting.push(resolve))
    else throw await wait(RETRY_AFTER_MS, crowded())
    let holds = false
    try {
      const found = await find()
      holds = found !== null
      return found
    } finally {
      if (holds) leave()
      else setTimeout(leave, REST_MS).unref()
    }
  }
  return async (credential, find) => {
    const name = createHash('sha256').update(credential).digest('base64url')
    const found = await (known.has(name) ? find() : inTurn(find))
    known.delete(name)
    if (found !== null) known.add(name)
    const [oldest] = known
    if (oldest !== undefined && known.size > KNOWN) known.delete(oldest)
    return found
  }
}

function crowded(): LimitError {
  return new LimitError(
    'overloaded',
    'So many want to be let in that nobody new can be asked about at the moment. Ask again after the seconds of Retry-After.',
    { isQuota: false, retryAfterMs: RETRY_AFTER_MS },
  )
}
