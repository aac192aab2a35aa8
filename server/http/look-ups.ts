// Finding out whose a credential is takes a statement of the pool that all requests share. Those who make credentials up, of
// whom there may be any number, wait for each other; who has shown one that holds does not wait for them.
import { createHash } from 'node:crypto'
import { LimitError } from '../../core/errors.ts'

/** What `find` gives, which is null for a credential that does not hold. Throws what it throws, and LimitError. */
export type LookUp = <Found>(credential: string, find: () => Promise<Found | null>) => Promise<Found | null>

// Less than half of the ten connections of the pool.
const AT_ONCE = 4
// A look takes a millisecond or two: the last of these waits for some 30 ms.
const WAITING = 64
// Those that were shown last; each is a hash of 43 characters.
const KNOWN = 10_000
const RETRY_AFTER_MS = 1_000

/** One for all libraries of a process, as the pool is. Known or not, every request asks the database anew. */
export function openLookUps(): LookUp {
  const known = new Set<string>()
  const waiting: (() => void)[] = []
  let places = AT_ONCE
  const inTurn = async <Found>(find: () => Promise<Found>): Promise<Found> => {
    if (places > 0) places--
    else if (waiting.length < WAITING) await new Promise<void>((resolve) => waiting.push(resolve))
    else throw crowded()
    try {
      return await find()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else places++
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
