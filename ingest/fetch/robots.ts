// robots.txt (RFC 9309): what of a host may be read, and how far apart.
import { z } from 'zod'
import { FetchError } from './fetch-error.ts'
import type { Fetcher } from './fetch.ts'
import { anyType } from './media-types.ts'
import type { Recall } from './recall.ts'

/** A reason why this page is not read, or null. Throws FetchError while nobody can say. */
export type Robots = (url: URL, signal: AbortSignal) => Promise<string | null>

type Rules = {
  isAllowed(url: string, agent: string): boolean | undefined
  getCrawlDelay(agent: string): number | undefined
}

const unknown = 'lies on a host whose robots.txt cannot be read now: it is tried again next time'

// RFC 9309 asks for at least 500 KiB to be read; what follows is left out.
const MOST_CHARACTERS = 500 * 1024
const MOST_DELAY_S = 3600

export function openRobots(fetcher: Fetcher, recall: Recall): Robots {
  const hosts = new Map<string, Promise<Rules | 'unreachable'>>()
  return async (url, signal) => {
    if (url.pathname === '/robots.txt') return null
    const rules = await (hosts.get(url.origin) ?? remember(url, signal))
    if (rules === 'unreachable')
      throw new FetchError('busy', url.href, unknown, { retryable: true, retryAfterMs: Infinity })
    return rules.isAllowed(url.href, fetcher.agent) === false ? `is closed to robots (robots.txt of ${url.host})` : null
  }

  function remember({ origin, host }: URL, signal: AbortSignal): Promise<Rules | 'unreachable'> {
    const reading = readRules(origin, host, signal)
    hosts.set(origin, reading)
    return reading
  }

  async function readRules(origin: string, host: string, signal: AbortSignal): Promise<Rules | 'unreachable'> {
    const address = `${origin}/robots.txt`
    const text = await readText(address, signal)
    if (text === null) return 'unreachable'
    const { default: parse } = await import('robots-parser')
    const rules = (parse as unknown as (url: string, text: string) => Rules)(address, text)
    const delayS = Math.min(rules.getCrawlDelay(fetcher.agent) ?? 0, MOST_DELAY_S)
    if (delayS > 0) fetcher.turns.slow(host, delayS * 1000)
    return rules
  }

  /** Empty where there is none: everything is open then. Null when nobody can say: nothing is. */
  async function readText(url: string, signal: AbortSignal): Promise<string | null> {
    const wanted = { source: url, url, accept: anyType }
    try {
      const { kept } = await recall.get(
        wanted,
        z.string(),
        ({ bytes }) => bytes.toString().slice(0, MOST_CHARACTERS),
        signal,
      )
      return kept
    } catch (error) {
      if (!(error instanceof FetchError)) throw error
      return error.retryable || error.code === 'refused-address' ? null : ''
    }
  }
}
