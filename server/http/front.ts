// The front of the server: finds out who asks, and hands the request to the app of their library, so that no route can
// mix two.
import { authenticate, type AuthenticateDeps, invalid } from './authenticate.ts'
import type { Admission } from './principal.ts'
import { openWatch } from './watch.ts'

type Served = { readonly fetchFor: (request: Request, admission: Admission) => Response | Promise<Response> }

export type FrontDeps = AuthenticateDeps & {
  /** null: this server does not serve it */
  readonly appOf: (library: string) => Served | null
  /** for those who have no library, such as strangers */
  readonly nobodys: Served
}

export function createFront({ appOf, nobodys, ...deps }: FrontDeps): (request: Request) => Promise<Response> {
  const watch = openWatch(deps)
  return async (request) => {
    const principal = await authenticate(request, deps)
    if (!('id' in principal)) return await nobodys.fetchFor(request, { principal, hold: null })
    const app = appOf(principal.library)
    if (!app) return await nobodys.fetchFor(request, { principal: { type: 'stranger', fault: invalid() }, hold: null })
    const hold = watch(principal)
    const release = hold.keep()
    try {
      return await app.fetchFor(request, { principal, hold })
    } finally {
      release()
    }
  }
}
