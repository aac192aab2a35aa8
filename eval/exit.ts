// How a command of eval ends: an exit code, and on stderr what was wrong.
import { AppError, InputError } from '../core/errors.ts'

/** 0 or what the work gives, 2 for a fault of the caller, 1 for any other: told in a sentence where there is one, else with its stack. */
export async function exitCodeOf(work: () => Promise<number | void>): Promise<number> {
  try {
    return (await work()) ?? 0
  } catch (error) {
    const fault = error instanceof AppError ? error.message : String(error instanceof Error ? error.stack : error)
    process.stderr.write(`${fault}\n`)
    return error instanceof InputError ? 2 : 1
  }
}
