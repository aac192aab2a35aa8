// How a command of eval ends: an exit code, and on stderr what was wrong.
import { AppError, InputError } from '../core/errors.ts'

/**
 * 0 or what the work gives, 2 for a fault of the caller, 130 when it was stopped, 1 for any other fault: told in a
 * sentence where there is one, else with its stack.
 */
export async function exitCodeOf(work: () => Promise<number | void>): Promise<number> {
  try {
    return (await work()) ?? 0
  } catch (error) {
    const fault = error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error)
    process.stderr.write(`${fault}\n`)
    if (error instanceof AppError && error.code === STOPPED) return 130
    return error instanceof InputError ? 2 : 1
  }
}

const STOPPED = 'stopped'

/** A signal that Ctrl-C aborts, with a sentence of its own; a second one ends the process at once. */
export function untilStopped(): AbortSignal {
  const leaving = new AbortController()
  const stop = () =>
    leaving.abort(new AppError(STOPPED, 'Stopped. What was answered is kept: the same command goes on from there.'))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return leaving.signal
}
