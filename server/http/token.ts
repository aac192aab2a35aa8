// For the command line of the same user: a token that stands in the data directory, readable by that user only.
import { timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { InputError } from '../../core/errors.ts'

/** Throws InputError `not-allowed`; `what` begins its sentence. */
export function requireToken(c: Context, token: string, what: string): void {
  if (!sameSecret(c.req.header('authorization') ?? '', `Bearer ${token}`))
    throw new InputError(
      'not-allowed',
      `Authorization: ${what} is for the command line on the same machine.`,
      'Authorization',
    )
}

export type Operators = {
  readonly token: string
  /** whoever reaches the server runs it */
  readonly isOpen: boolean
}

/** For whoever runs the server. Throws InputError `not-allowed`; `what` begins its sentence, with its verb. */
export function requireOperator(c: Context, { token, isOpen }: Operators, what: string): void {
  if (isOpen || sameSecret(c.req.header('authorization') ?? '', `Bearer ${token}`)) return
  throw new InputError('not-allowed', `Authorization: ${what} for whoever runs this server.`, 'Authorization')
}

function sameSecret(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
