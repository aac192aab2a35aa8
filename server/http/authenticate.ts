// Who asks: the one reader of credentials, whatever carries them, and what they prove.
import { createHash } from 'node:crypto'
import type { Holder, KeyStore, Principal, SessionStore } from '../../core/access.ts'
import { AppError, InputError } from '../../core/errors.ts'
import { hashOfKey, idOfKey, isSame, KEY_PREFIX, markOf } from '../../core/keys.ts'
import type { LookUp } from './look-ups.ts'
import { isSessionCookie, sessionIn } from './session-cookie.ts'

export type AuthenticateDeps = {
  readonly keys: KeyStore
  readonly sessions: SessionStore
  readonly lookUp: LookUp
  /** that keys are hashed with; null: there is none, and so no key */
  readonly secret: string | null
  /** of the command line of the same user */
  readonly token: string
  /** whoever reaches the server has to say who they are */
  readonly isPublic: boolean
  readonly publicUrl: string | null
}

type Carried = { readonly type: 'key' | 'session'; readonly text: string }

/** Never throws: what cannot be found out is a stranger with the fault. */
export async function authenticate(request: Request, deps: AuthenticateDeps): Promise<Principal> {
  const carried = carriedBy(request, deps)
  const [first, other] = carried
  if (first === undefined) return deps.isPublic ? stranger(noKey) : { type: 'local' }
  if (other !== undefined) return stranger(twoCredentials)
  try {
    return first.type === 'session' ? await bySession(first.text, deps) : await byKey(first.text, request, deps)
  } catch (error) {
    return stranger(() => faultOf(error))
  }
}

export function faultOf(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal', 'internal', { cause: error })
}

/**
 * Each different credential once. A server that nobody has to log into takes only what is meant for it: its clients send
 * any key, and browsers the cookies of every server on this machine.
 */
function carriedBy(request: Request, { isPublic, publicUrl, token }: AuthenticateDeps): Carried[] {
  const { headers } = request
  const bearer = /^Bearer(?: +|$)(.*)$/i.exec(headers.get('authorization') ?? '')?.[1]
  const keys = new Set([bearer, headers.get('x-api-key')].filter((text) => text !== undefined && text !== null))
  const carried: Carried[] = Array.from(keys, (text) => ({ type: 'key', text }))
  if (!isPublic) return carried.filter(({ text }) => text.startsWith(KEY_PREFIX) || isSame(text, token))
  const session = sessionIn(request, publicUrl)
  return session === null ? carried : [...carried, { type: 'session', text: session }]
}

async function byKey(text: string, request: Request, deps: AuthenticateDeps): Promise<Principal> {
  if (isSame(text, deps.token)) return { type: 'local' }
  if (idOfKey(text) === null) return stranger(malformed)
  const holder = await holderOf(text, request, deps)
  return holder ? { type: 'key', ...holder } : stranger(invalid)
}

// Compared with where there is no such key, so that this takes as long: it is the hash of nothing.
const NOBODYS = hashOfKey('', 'nobody')

/** Whose key this is, if it holds and may be shown from there; the same work is done for an id that there is not. */
export async function holderOf(
  text: string,
  { headers }: Request,
  { keys, secret, lookUp }: Pick<AuthenticateDeps, 'keys' | 'secret' | 'lookUp'>,
): Promise<Holder | null> {
  const id = idOfKey(text)
  if (id === null) return null
  const holder = await lookUp(text, async () => {
    const found = await keys.find(id)
    const isRight = isSame(hashOfKey(text, secret ?? ''), found?.hash ?? NOBODYS)
    return isRight && found?.holds ? found.holder : null
  })
  if (holder === null || secret === null) return null
  if (holder.origins.length > 0 && !holder.origins.includes(headers.get('origin') ?? '')) return null
  // Nobody waits for it, and a database that is away is told by the next statement.
  void keys.touch(holder, markOf(secret)).catch(() => {})
  return holder
}

async function bySession(text: string, { sessions, lookUp }: AuthenticateDeps): Promise<Principal> {
  if (!isSessionCookie(text)) return stranger(sessionOver)
  const session = hashOfSession(text)
  const holder = await lookUp(text, async () => await sessions.find(session))
  return holder ? { type: 'session', session, ...holder } : stranger(sessionOver)
}

/** What is stored of the cookie, so that the database opens nobody's session. */
export function hashOfSession(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function stranger(fault: () => AppError): Principal {
  return { type: 'stranger', fault: fault() }
}

export const noKey = () =>
  new InputError(
    'no-key',
    'Authorization: this server wants a key: send "Authorization: Bearer fn_…", or log in at /login. Whoever runs it makes one by npm run keys -- create.',
    'Authorization',
  )
export const malformed = () =>
  new InputError(
    'malformed-key',
    'Authorization: this is no whole key of this kind (fn_…): its checksum does not fit. Copy it again.',
    'Authorization',
  )
/** One sentence for all of it: which of them is true is nobody's to know who has no key. */
export const invalid = () =>
  new InputError(
    'invalid-key',
    'Authorization: the key is not valid here: unknown, revoked, expired, or for other sites.',
    'Authorization',
  )
const sessionOver = () =>
  new InputError('session-over', 'Cookie: the session is over. Log in again at /login.', 'Cookie')
const twoCredentials = () =>
  new InputError(
    'two-credentials',
    'Authorization: the request carries two different credentials. Send one of them.',
    'Authorization',
  )
