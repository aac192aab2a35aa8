// What every route wants of whoever asks and what kind of work it is, in one table, and the check in front of them all. A
// route without a line is refused; the route is the one that the router itself found, so that no spelling of a path is
// read in two ways.
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { Scope } from '../../core/access.ts'
import { AppError, InputError } from '../../core/errors.ts'
import type { Traffic } from '../../core/limits.ts'
import type { AnswerStore } from '../../core/ports.ts'
import { unknownAnswer } from './answers.ts'
import { openFiles } from './pages.ts'
import { holdOf, ownerOf, principalOf, seesAll } from './principal.ts'
import { isDoor } from './widget.ts'

type Rule = {
  /** one of these is enough; none: everybody may */
  readonly scopes: readonly Scope[]
  /** `:id` is an answer of one's own */
  readonly isOwn?: true
  /** a browser without a session is sent to /login and back */
  readonly isPage?: true
  /** what it is when there is too much to do; `free`: never refused for that, and in nobody's quota */
  readonly traffic: Traffic | 'free'
}

const open: Rule = { scopes: [], traffic: 'free' }
const asking: Rule = { scopes: ['ask'], traffic: 'question' }
const searching: Rule = { scopes: ['ask'], traffic: 'search' }
const own: Rule = { scopes: ['ask'], traffic: 'history' }
const reading: Rule = { scopes: ['ask', 'admin'], traffic: 'history' }
const ownAnswer: Rule = { ...reading, isOwn: true }
const page: Rule = { scopes: ['ask'], isPage: true, traffic: 'free' }
const watching: Rule = { scopes: ['ask', 'ingest', 'admin'], traffic: 'history' }
const ingesting: Rule = { scopes: ['ingest'], traffic: 'ingest' }
// Whoever runs the server needs it most when there is too much to do.
const administering: Rule = { scopes: ['admin'], traffic: 'free' }

export const rules: ReadonlyMap<string, Rule> = new Map([
  ['GET /health', open],
  ['GET /ready', open],
  // METRICS says who may, and a key with the scope `admin` always.
  ['GET /metrics', open],
  ['GET /v1/ping/events', open],
  ['GET /openapi.json', open],
  ['GET /schemas/citation.json', open],
  ['GET /docs', open],
  ['GET /login', open],
  ['GET /login/oidc', open],
  ['GET /login/oidc/return', open],
  // What they do is to find out who asks.
  ['GET /v1/session', open],
  ['POST /v1/session', open],
  ['DELETE /v1/session', open],
  // Let in by the signature of Slack, before any of this.
  ['POST /slack/events', open],
  ['POST /slack/commands', open],
  ['POST /slack/interactions', open],
  ...openFiles.map((path): [string, Rule] => [`GET ${path}`, open]),

  ['GET /', page],
  ['GET /answers/:id', page],
  ['GET /conversations/:id', page],
  ['GET /library', page],
  ['GET /documents/:id', { ...page, traffic: 'history' }],

  ['POST /v1/ask', asking],
  ['POST /v1/search', searching],
  ['POST /v1/chat/completions', asking],
  ['GET /v1/models', { ...asking, traffic: 'free' }],
  ['GET /v1/models/:id', { ...asking, traffic: 'free' }],
  ['POST /api/chat', asking],
  ['GET /api/chat/:id/stream', asking],
  ['POST /mcp', asking],
  ['GET /v1/suggestions', searching],
  ['GET /v1/conversations', own],
  ['PATCH /v1/conversations/:id', own],
  ['DELETE /v1/conversations/:id', own],

  ['GET /v1/conversations/:id', reading],
  ['GET /v1/answers', reading],
  ['GET /v1/answers/:id', ownAnswer],
  ['GET /v1/answers/:id/events', { ...ownAnswer, traffic: 'question' }],
  ['GET /v1/answers/:id/suggestions', { ...ownAnswer, traffic: 'search' }],
  ['POST /v1/answers/:id/stop', { ...ownAnswer, traffic: 'free' }],
  ['POST /v1/answers/:id/feedback', ownAnswer],
  ['DELETE /v1/answers/:id/feedback', ownAnswer],

  ['GET /v1/documents', watching],
  ['GET /v1/documents/:id', watching],
  ['GET /v1/library', watching],
  ['GET /v1/syncs', watching],
  ['GET /v1/syncs/:id', watching],
  ['GET /v1/syncs/:id/events', watching],

  ['POST /v1/documents', ingesting],
  ['DELETE /v1/documents/:id', ingesting],
  ['POST /v1/ingest', ingesting],
  ['POST /v1/ingest/plan', ingesting],
  ['POST /v1/syncs/:id/cancel', { ...ingesting, traffic: 'free' }],
  ['POST /v1/syncs/:id/undo', ingesting],

  ['GET /v1/status', administering],
  ['GET /v1/status/index', administering],
  ['GET /v1/keys', administering],
  ['POST /v1/keys', administering],
  ['DELETE /v1/keys/:id', administering],
  ['GET /v1/audit', { ...administering, traffic: 'history' }],
  ['GET /v1/gaps', { ...administering, traffic: 'history' }],
  ['POST /v1/reembed', { ...administering, traffic: 'ingest' }],
  ['POST /backup', administering],
])

/** What the table says of the route of this request; null: there is none, or no line for it. */
export function ruleOf(c: Context): Rule | null {
  const route = routeOf(c)
  return (route && rules.get(`${route.method} ${route.path}`)) ?? null
}

function routeOf(c: Context) {
  return matchedRoutes(c).find(({ method }) => method !== 'ALL')
}

/** Before any body is read. */
export function authorize(answers: Pick<AnswerStore, 'owner'>, library: string): MiddlewareHandler {
  return async (c, next) => {
    const route = routeOf(c)
    // Nothing is there: 404 or 405 tell it, by what /openapi.json says to everybody.
    if (route === undefined) return await next()
    const name = `${route.method} ${route.path}`
    const rule = rules.get(name)
    if (rule === undefined) throw new AppError('no-rule', `The table of access has no line for ${name}.`)
    const away = refusal(c, name, rule)
    if (away !== null) return away
    if (rule.isOwn && !seesAll(c)) await requireOwn(c, answers, library)
    await next()
    const signal = holdOf(c)?.signal
    // A stream has ended by itself (revocation.ts).
    if (signal?.aborted && !/event-stream|ndjson/.test(c.res.headers.get('content-type') ?? '')) throw signal.reason
  }
}

/** Where to go instead; null: come in. Throws InputError. */
function refusal(c: Context, name: string, { scopes, isPage }: Rule): Response | null {
  const principal = principalOf(c)
  if (scopes.length === 0 || principal.type === 'local') return null
  if (principal.type === 'stranger') {
    if (!isPage || !c.req.header('accept')?.includes('text/html')) throw principal.fault
    const { pathname, search } = new URL(c.req.url)
    return c.redirect(`/login?to=${encodeURIComponent(pathname + search)}`, 303)
  }
  if (principal.origins.length > 0 && !isDoor(c.req.method, c.req.path))
    throw new InputError(
      'wrong-scope',
      `Authorization: ${name} is closed to a key that stands in pages of other sites.`,
      'Authorization',
    )
  if (scopes.some((scope) => principal.scopes.includes(scope))) return null
  throw new InputError(
    'wrong-scope',
    `Authorization: ${name} wants a key with the scope ${scopes.join(' or ')}; this one has ${principal.scopes.join(', ')}.`,
    'Authorization',
  )
}

/** Somebody else's answer is like one that does not exist, also in the words that say so. */
async function requireOwn(c: Context, answers: Pick<AnswerStore, 'owner'>, library: string): Promise<void> {
  const id = c.req.path.split('/')[3] ?? ''
  const found = /^[\w-]{1,80}$/.test(id) ? await answers.owner(library, id) : null
  if (found === null || found.owner !== ownerOf(c)) throw unknownAnswer(id)
}
