// The front of the server: finds out who asks, and hands the request to the app of their library, so that no route can
// mix two.
import type { Principal } from '../../core/access.ts'
import { authenticate, type AuthenticateDeps, faultOf, invalid, noKey } from './authenticate.ts'
import type { Admission } from './principal.ts'
import { openWatch } from './watch.ts'

type Served = { readonly fetchFor: (request: Request, admission: Admission) => Response | Promise<Response> }

type Stranger = Extract<Principal, { readonly type: 'stranger' }>

export type FrontDeps = AuthenticateDeps & {
  /** null: this server does not serve it. Throws what opening it throws */
  readonly appOf: (library: string) => Served | null | Promise<Served | null>
  /** for those who have no library, such as strangers */
  readonly nobodys: Served
}

export function createFront({ appOf, nobodys, ...deps }: FrontDeps): (request: Request) => Promise<Response> {
  const watch = openWatch(deps)
  /** A library that cannot be opened lets nobody in, and says why to whoever holds a key of it. */
  const openFor = async (library: string): Promise<Served | Stranger> => {
    try {
      return (await appOf(library)) ?? { type: 'stranger', fault: invalid() }
    } catch (error) {
      return { type: 'stranger', fault: faultOf(error) }
    }
  }
  return async (request) => {
    // Where people come in it does not matter who they were: accounts of an issuer are of the server's own library.
    if (/^\/login(?:\/|$)/.test(new URL(request.url).pathname))
      return await nobodys.fetchFor(request, { principal: { type: 'stranger', fault: noKey() }, hold: null })
    const principal = await authenticate(request, deps)
    if (!('id' in principal)) return await nobodys.fetchFor(request, { principal, hold: null })
    const app = await openFor(principal.library)
    if ('type' in app) return await nobodys.fetchFor(request, { principal: app, hold: null })
    const hold = watch(principal)
    const release = hold.keep()
    try {
      return await app.fetchFor(request, { principal, hold })
    } finally {
      release()
    }
  }
}
