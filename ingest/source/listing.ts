// What the origins of the web have in common: hints, bounds of hosts, and a listing that tells its faults and ends.
import { SourceError } from '../../core/errors.ts'
import { siteOf } from '../fetch/web-url.ts'
import type { Hints, OriginEvent } from './source.ts'

/** Events of a listing without its end; what it returns is whether everything was named. */
export type Listing = AsyncGenerator<OriginEvent, boolean>

/** A fault ends a listing, but not with an exception: what was named before it stands. */
export async function* ended(listing: Listing, signal: AbortSignal): AsyncGenerator<OriginEvent> {
  let complete = true
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await listing.next()
      if (next.done) {
        complete &&= next.value
        break
      }
      complete &&= next.value.type !== 'fault'
      yield next.value
    }
  } catch (error) {
    signal.throwIfAborted()
    yield { type: 'fault', error: faultOf(error) }
    complete = false
  } finally {
    // Whoever stops listening ends the listing, too.
    await listing.return(false)
  }
  yield { type: 'end', complete }
}

export function faultOf(error: unknown): SourceError {
  if (error instanceof SourceError) return error
  throw error
}

export function audienceHint({ audience }: { readonly audience: readonly string[] }): Hints {
  return audience.length === 0 ? {} : { audience }
}

export function authorsHint(authors: readonly string[]): Hints {
  return authors.length === 0 ? {} : { authors }
}

/** Whether an address belongs to the site of another, or to a host that was named beside it. */
export function isOnSite(url: URL, home: URL, hosts: readonly string[]): boolean {
  return siteOf(url) === siteOf(home) || hosts.includes(url.host)
}
