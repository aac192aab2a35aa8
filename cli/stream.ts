// The body of an answer that comes over time, from a server that may die while it is read.
import { AppError } from '../core/errors.ts'

/** The parts of `body`; a connection that is cut becomes `sentence`, which says what to do. */
export async function* partsOf<Part>(
  body: AsyncIterable<Part>,
  sentence: string,
  signal?: AbortSignal,
): AsyncGenerator<Part> {
  try {
    yield* body
  } catch (error) {
    // Leaving closes the connection as well, and is no fault.
    if (signal?.aborted) throw error
    throw cutOff(sentence, error)
  }
}

/** The error of a body that ended before its last part. */
export function cutOff(sentence: string, cause?: unknown): AppError {
  return new AppError('cut', sentence, { cause })
}
