// The server as a function from Request to Response: the order of the middleware and the routes, nothing else.
import { Hono } from 'hono'
import { AppError, InputError, NotFoundError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Embedder, Generator, Ingesting, ReplyStore, Store } from '../core/ports.ts'
import { answer, answerDeps } from './answer/answer.ts'
import { type LiveAnswers, liveAnswers } from './answer/live.ts'
import { answersRoutes } from './http/answers.ts'
import { askRoutes } from './http/ask.ts'
import { chatRoutes } from './http/chat-completions.ts'
import { documentsRoutes } from './http/documents.ts'
import { isOpenAiPath, openAiErrorResponse, problemResponse } from './http/failure.ts'
import { healthRoutes } from './http/health.ts'
import { ingestRoutes } from './http/ingest.ts'
import { idOf, refuseNul, refuseStrangers, requestId } from './http/limits.ts'
import { mcpRoutes } from './http/mcp.ts'
import { missing } from './http/missing.ts'
import { pageRoutes } from './http/pages.ts'
import { publishedRoutes } from './http/published.ts'
import { readerRoutes } from './http/reader.ts'
import { searchRoutes } from './http/search.ts'
import { uiStreamRoutes } from './http/ui-stream.ts'
import type { Policy } from './answer/verdicts.ts'

export type AppDeps = {
  readonly store: Store
  readonly embedder: Embedder
  readonly sentenceEmbedder: Embedder
  readonly generator: Generator | null
  readonly policy?: Policy
  readonly replies?: ReplyStore
  readonly ingesting: Ingesting
  readonly library: string
  /** under which people reach the server; null: as each request names it */
  readonly publicUrl: string | null
  /** what the command line of the same user shows to be let in */
  readonly token: string
  readonly webDir: string
  /** bound to a loopback address: requests under any other name are refused */
  readonly loopbackOnly: boolean
  readonly log: Log
  /** how long an answer of another process may say nothing before it is taken for dead */
  readonly silentMs?: number
}

export type App = {
  readonly fetch: (request: Request) => Response | Promise<Response>
  /** Answers under way end or are stopped; `/ready` says no from now on. */
  readonly drain: (deadlineMs: number) => Promise<void>
}

export function createApp(deps: AppDeps): App {
  const { store, library, log } = deps
  const report = reporter(log)
  const answering = answerDeps(store, deps, report)
  const live = liveAnswers({
    ...deps,
    answers: store.answers,
    answering: (question, signal) => answer(question, answering, signal),
    report,
  })
  const hasModel = deps.generator !== null
  let draining = false
  const hono = new Hono()
    .use(requestId(log))
    .use(refuseStrangers(deps.loopbackOnly))
    .use(refuseNul)
    .route('/', healthRoutes({ ...deps, isDraining: () => draining }))
    .route('/', askRoutes({ live, answers: store.answers, library, hasModel }))
    .route('/', chatRoutes({ live, library, publicUrl: deps.publicUrl }))
    .route('/', uiStreamRoutes({ live, library, publicUrl: deps.publicUrl }))
    .route(
      '/',
      mcpRoutes({
        ...deps,
        live,
        answers: store.answers,
        documents: store.documents,
        searching: answering,
        hasModel,
        report,
      }),
    )
    .route('/', answersRoutes({ live, answers: store.answers, library }))
    .route('/', searchRoutes({ ...answering, library }))
    .route('/', documentsRoutes({ documents: store.documents, library }))
    .route('/', ingestRoutes({ ingesting: deps.ingesting, token: deps.token, report }))
    .route('/', readerRoutes({ documents: store.documents, library }))
    .route('/', publishedRoutes())
    .route('/', pageRoutes(deps.webDir))
  hono.notFound(missing(hono.routes))
  hono.onError((error, c) => {
    const id = idOf(c)
    // Nobody is there to read an answer, and leaving is no fault.
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 })
    const level = levelOf(error)
    if (level) log[level]({ err: error, id }, 'request failed')
    return isOpenAiPath(c.req.path) ? openAiErrorResponse(error) : problemResponse(error, id)
  })
  return { fetch: (request) => hono.fetch(request), drain: drainer(live, () => (draining = true)) }
}

/** A report without an error is of something that happens, and wakes nobody. */
function reporter(log: Log) {
  return (message: string, error: unknown) => (error === null ? log.info(message) : log.error({ err: error }, message))
}

function drainer(live: LiveAnswers, begin: () => void): App['drain'] {
  return async (deadlineMs) => {
    begin()
    await live.drain(deadlineMs)
  }
}

/** The caller's faults are no news; an outage passes; everything else is a bug. */
function levelOf(error: unknown): 'warn' | 'error' | null {
  if (error instanceof InputError || error instanceof NotFoundError) return null
  return error instanceof AppError && error.retryable ? 'warn' : 'error'
}
