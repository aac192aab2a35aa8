// What no route took: a path that does not exist, or one that exists under another method.
import type { Context, Hono } from 'hono'
import { type AppError, InputError, NotFoundError } from '../../core/errors.ts'
import { faultResponse, isOpenAiPath } from './failure.ts'
import { nearest } from './faults.ts'

type Route = Hono['routes'][number]
type Known = { readonly method: string; readonly path: string; readonly pattern: RegExp }

export function missing(routes: readonly Route[]): (c: Context) => Response {
  const known = routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, path, pattern: toPattern(path) }))
  return (c) => {
    const { method, path } = c.req
    const asked = `${method} ${path.slice(0, 200)}`
    const allowed = methodsAt(path, known).join(', ')
    if (allowed === '') return faultResponse(path, unknownPath(asked, c.req, known))
    const response = faultResponse(
      path,
      new InputError('wrong-method', `${asked} is not offered; use ${allowed}.`, 'method'),
    )
    response.headers.set('allow', allowed)
    return response
  }
}

function methodsAt(path: string, known: readonly Known[]): string[] {
  return [...new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))]
}

type Asked = { readonly method: string; readonly path: string }

function unknownPath(shown: string, asked: Asked, known: readonly Known[]): AppError {
  return new NotFoundError('unknown-path', `There is nothing at ${shown}; ${instead(asked, known)}.`)
}

/** Clients of the OpenAI API are told what of it there is; others the route that they meant, or where all are listed. */
function instead({ method, path }: Asked, known: readonly Known[]): string {
  if (isOpenAiPath(path)) return 'of the OpenAI API there are POST /v1/chat/completions and GET /v1/models'
  const trimmed = path.replace(/\/+$/, '')
  const meant = methodsAt(trimmed, known).length > 0 ? trimmed : nearestPath(trimmed, known)
  if (meant === null) return '/docs shows what there is'
  const offered = methodsAt(meant, known)
  const shown = offered.includes(method) ? method : offered.join(' or ')
  return `${shown} ${meant.slice(0, 200)} is probably meant, and /docs shows what there is`
}

function nearestPath(path: string, known: readonly Known[]): string | null {
  const literal = known.filter(({ path }) => path.startsWith('/v1/') && !path.includes(':')).map(({ path }) => path)
  return nearest(path, literal)
}

function toPattern(path: string): RegExp {
  const parts = path.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[^\w-]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}$`)
}
