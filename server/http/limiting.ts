// Before a body is read: whether this server, and whoever asks, can have one more request of this kind.
import type { Context, MiddlewareHandler } from 'hono'
import type { Limiter, Traffic } from '../../core/limits.ts'
import type { Limits } from '../limit/limits.ts'
import { working } from '../limit/work.ts'
import { ruleOf } from './access.ts'
import { admit, type Hold, holdOf, leavingOf, principalOf } from './principal.ts'

/** `shed` hears of each that is refused. */
export function limiting(
  limits: Limits,
  library: string,
  shed: (limiter: Limiter, traffic: Traffic) => void,
): MiddlewareHandler {
  return async (c, next) => {
    const traffic = trafficOf(c)
    if (traffic === null) return await next()
    const principal = principalOf(c)
    // Sessions of one key share its quota: else every login would be another.
    const key = 'id' in principal ? principal.id : null
    const refused = (limiter: Limiter) => shed(limiter, traffic)
    const { worked, over } = await limits.admit({ library, key, traffic }, refused, leavingOf(c))
    const hold = holdOf(c)
    const held = whileKept(hold, over)
    if (hold !== null) admit(c.req.raw, { principal, hold: held })
    const leave = held.keep()
    try {
      await working(worked, next)
    } finally {
      leave()
    }
  }
}

// "Background" in RFC 9218: who says so waits for everybody else, and gains nothing by it.
const waits = /(?:^|,)\s*u=7\s*(?:[,;]|$)/

/** null: it is let in whatever there is to do, or refused by who asks. */
function trafficOf(c: Context): Traffic | null {
  const rule = ruleOf(c)
  if (rule === null || rule.traffic === 'free') return null
  if (principalOf(c).type === 'stranger') return null
  if (waits.test(c.req.header('priority') ?? '')) return 'evaluation'
  return c.req.path === '/mcp' ? trafficOfMcp(c) : rule.traffic
}

/**
 * Clients of its revision of 2026 say in headers what they call, and are held to it; earlier ones might ask. Whoever says
 * something else than they do only loses by it.
 */
function trafficOfMcp({ req }: Context): Traffic {
  const [method, name = ''] = [req.header('mcp-method'), req.header('mcp-name')]
  const [, coded] = /^=\?base64\?(.*)\?=$/.exec(name) ?? []
  const called = coded === undefined ? name : Buffer.from(coded, 'base64').toString()
  return method === undefined || (method === 'tools/call' && called === 'ask') ? 'question' : 'search'
}

/** The same hold, and an end that comes with the last who keeps it: a stream keeps it to its end. */
function whileKept(hold: Hold | null, over: () => void): Hold {
  let keepers = 0
  return {
    signal: hold?.signal ?? never,
    keep: () => {
      const release = hold?.keep()
      keepers++
      let isKept = true
      return () => {
        if (!isKept) return
        isKept = false
        release?.()
        if (--keepers === 0) over()
      }
    },
  }
}

const never = new AbortController().signal
