// When to try again, and what to keep of a fault.
import { AppError } from '../../core/errors.ts'

const LONGEST_MS = 5 * 60_000

/** Doubles with every failure; half of it is chance, so that what failed together does not come back together. */
export function backoffMs(failures: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** (failures - 1), LONGEST_MS) * (0.5 + Math.random() / 2)
}

/** How long somebody asked us to wait; null: nobody did. */
export function retryAfterMsOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('retryAfterMs' in error)) return null
  const ms = error.retryAfterMs
  return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 ? Math.min(ms, LONGEST_MS * 12) : null
}

/** For the row of a task that was given up: what went wrong, without what was asked. */
export function faultOf(error: unknown): string {
  if (error instanceof AppError) return error.code
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : 'unknown'
}
