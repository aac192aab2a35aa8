// A server that wants keys, in front of an app of the tests, and keys for it.
import type { Scope } from '../../core/access.ts'
import { hashOfKey, makeKey } from '../../core/keys.ts'
import type { AppDeps } from '../../server/app.ts'
import { createFront } from '../../server/http/front.ts'
import { openLookUps } from '../../server/http/look-ups.ts'
import { KEY_SECRET, openTestApp, type TestApp, type TestLibrary, TOKEN } from './app.ts'

type Given = {
  readonly scopes?: readonly Scope[]
  readonly origins?: readonly string[]
  /** in the past: it is over */
  readonly expiresAt?: string | null
}

export type Keyed = TestApp & {
  /** The text of a new key. */
  readonly key: (given?: Given) => Promise<string>
  /** The cookie of a browser that has logged in with this key. */
  readonly login: (key: string) => Promise<string>
}

export const idOf = (key: string): string => key.split('_')[1] ?? ''
export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

export function openKeyedApp(library: TestLibrary, changes: Partial<AppDeps> = {}, isPublic = true): Keyed {
  const lookUp = openLookUps()
  const app = openTestApp(library, { lookUp, ...changes })
  const { keys, sessions } = changes.store ?? library.store
  const front = createFront({
    keys,
    sessions,
    lookUp,
    secret: changes.keySecret ?? KEY_SECRET,
    token: TOKEN,
    isPublic,
    publicUrl: changes.publicUrl ?? null,
    nobodys: app,
    appOf: (name) => (name === 'main' ? app : null),
  })
  const get: TestApp['get'] = async (path, init) => await front(new Request(`http://test${path}`, init))
  const post: TestApp['post'] = async (path, body, init = {}) =>
    await get(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
    })
  return {
    ...app,
    fetch: front,
    get,
    post,
    key: async ({ scopes = ['ask'] as const, origins = [], expiresAt = null } = {}) => {
      const { id, text } = makeKey()
      const holder = { id, library: 'main', name: 'of a test', scopes, origins }
      await keys.create({ ...holder, expiresAt, hash: hashOfKey(text, KEY_SECRET) })
      return text
    },
    login: async (key) => {
      const response = await post('/v1/session', { key })
      return response.headers.get('set-cookie')?.split(';')[0] ?? ''
    },
  }
}
