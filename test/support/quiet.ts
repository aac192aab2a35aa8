// A green run says nothing of faults: for tests of commands that tell a person at the terminal what they do.
import { afterAll, beforeAll, vi } from 'vitest'

/** Keeps what the tests of this file write to stderr off the terminal. */
export function keepQuiet(): void {
  beforeAll(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true))
  afterAll(() => void vi.restoreAllMocks())
}
