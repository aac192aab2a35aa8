// Who asks, as the front of the server found out, for the routes behind it.
import type { Context } from 'hono'
import type { Principal } from '../../core/access.ts'
import { isSame } from '../../core/keys.ts'
import { AppError, InputError } from '../../core/errors.ts'

/** The right of a request, for as long as somebody keeps it. */
export type Hold = {
  /** aborted, with the fault to tell, when the key was revoked or is over, or the browser has logged out */
  readonly signal: AbortSignal
  /** One more who needs it; what it gives back ends that, once. */
  readonly keep: () => () => void
}

export type Admission = { readonly principal: Principal; readonly hold: Hold | null }

const admissions = new WeakMap<Request, Admission>()
const notAdmitted = new AppError('not-admitted', 'A request has reached a route that nobody has admitted.')
const nobody: Admission = { principal: { type: 'stranger', fault: notAdmitted }, hold: null }

/** The user of this machine, by a command of theirs. */
export const localUser: Admission = { principal: { type: 'local' }, hold: null }

export function admit(request: Request, admission: Admission): void {
  admissions.set(request, admission)
}

export function principalOf({ req }: Context): Principal {
  return (admissions.get(req.raw) ?? nobody).principal
}

/** null: nothing can take the right away while the request lasts. */
export function holdOf({ req }: Context): Hold | null {
  return (admissions.get(req.raw) ?? nobody).hold
}

/** Ends when the client leaves, or loses the right to what it asked for. */
export function leavingOf(c: Context): AbortSignal {
  const hold = holdOf(c)
  return hold === null ? c.req.raw.signal : AbortSignal.any([c.req.raw.signal, hold.signal])
}

/** As the store has the owner of conversations; null: nobody who showed a key. */
export function ownerOf(c: Context): string | null {
  const principal = principalOf(c)
  return 'id' in principal ? `key:${principal.id}` : null
}

/** Everybody's answers, or one's own. */
export function seesAll(c: Context): boolean {
  const principal = principalOf(c)
  return 'id' in principal ? principal.scopes.includes('admin') : principal.type === 'local'
}

/** For the audit log. */
export function actorOf(c: Context): string {
  const principal = principalOf(c)
  return 'id' in principal ? `${principal.type}:${principal.id}` : principal.type
}

/**
 * What a key with the right scope may do over the network, and of those who need none the command line of the same user:
 * by a token that stands in the data directory. Throws InputError `not-allowed`; `what` begins its sentence.
 */
export function requireToken(c: Context, token: string, what: string): void {
  if (principalOf(c).type !== 'local') return
  if (!isSame(c.req.header('authorization') ?? '', `Bearer ${token}`))
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

/**
 * For whoever runs the server, and for keys with the scope `admin`. Throws InputError `not-allowed`; `what` begins its
 * sentence, with its verb.
 */
export function requireOperator(c: Context, { token, isOpen }: Operators, what: string): void {
  const principal = principalOf(c)
  if (isOpen || ('scopes' in principal && principal.scopes.includes('admin'))) return
  if (!isSame(c.req.header('authorization') ?? '', `Bearer ${token}`))
    throw new InputError('not-allowed', `Authorization: ${what} for whoever runs this server.`, 'Authorization')
}

/** Whose request it is, by the fault that it ended with. */
export function isRevocation(reason: unknown): reason is AppError {
  return reason instanceof InputError && reason.code === 'revoked'
}
