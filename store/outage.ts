// What a queue that cannot reach its database has to say: each of its hands fails with every look, several times a second.
import { StoreError } from '../core/errors.ts'

export type Report = (message: string, error: unknown) => void

// Often enough to see in a log that it goes on.
const EVERY_MS = 60_000

/** An outage is told as it begins and once a minute while it lasts, in one line with its cause; anything else as it comes. */
export function tellOutages(report: Report, now: () => number = () => performance.now()): (error: unknown) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return (error) => {
    const cause = causeOf(error)
    if (cause === null) return report('the queue', error)
    if (now() - toldAt < EVERY_MS) return
    toldAt = now()
    const away = new StoreError('store-unavailable', `The database cannot be reached (${cause}).`, { retryable: true })
    report('the queue of documents waits for its database, and goes on when it is back', away)
  }
}

/** Null: it is no outage. The driver's own words where it has no code for a connection that broke. */
function causeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (/^(?:E[A-Z]+|57P0\d|08[0-9A-Z]{3}|53300|25P03)$/.test(code)) return code
  const message = 'message' in error && typeof error.message === 'string' ? error.message : ''
  return /^(?:Connection terminated|timeout expired|Query read timeout|timeout exceeded when)/.test(message)
    ? message
    : null
}
