// What no route took: a path that does not exist, or one that exists under another method.
import type { Context, Hono } from 'hono'
import { InputError, NotFoundError } from '../../core/errors.ts'
import { problemResponse } from './failure.ts'

type Route = Hono['routes'][number]

export function missing(routes: readonly Route[]): (c: Context) => Response {
  const known = routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, path: toPattern(path) }))
  return (c) => {
    const asked = `${c.req.method} ${c.req.path.slice(0, 200)}`
    const methods = [...new Set(known.filter(({ path }) => path.test(c.req.path)).map(({ method }) => method))]
    if (methods.length === 0) return problemResponse(new NotFoundError('unknown-path', `There is nothing at ${asked}.`))
    const allowed = methods.join(', ')
    const response = problemResponse(
      new InputError('wrong-method', `${asked} is not offered; use ${allowed}.`, 'method'),
    )
    response.headers.set('allow', allowed)
    return response
  }
}

function toPattern(path: string): RegExp {
  const parts = path.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[^\w-]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}$`)
}
