// The server as a function from Request to Response: the order of the middleware and the routes, nothing else.
import { type ErrorHandler, Hono, type MiddlewareHandler } from 'hono'
import type { SignOnConfig, SlackConfig } from '../core/config.ts'
import { AppError, InputError, LimitError, NotFoundError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Answering, Embedder, Generator, ReplyStore, Store } from '../core/ports.ts'
import type { Reembed } from '../core/spaces.ts'
import type { Syncing } from '../core/syncs.ts'
import { answer, type AnswerDeps, answerDeps } from './answer/answer.ts'
import { modelCheck } from './answer/check.ts'
import { type LiveAnswers, liveAnswers } from './answer/live.ts'
import { search } from './answer/search.ts'
import { shared } from './answer/shared.ts'
import { type Steps, shipped } from './answer/steps.ts'
import { authorize } from './http/access.ts'
import { answersRoutes } from './http/answers.ts'
import { askRoutes } from './http/ask.ts'
import { auditRoutes, noting } from './http/audit.ts'
import { conversationsRoutes } from './http/conversations.ts'
import { chatRoutes } from './http/chat-completions.ts'
import { documentsRoutes } from './http/documents.ts'
import { faultResponse } from './http/failure.ts'
import { gapsRoutes } from './http/gaps.ts'
import { healthRoutes } from './http/health.ts'
import { ingestRoutes } from './http/ingest.ts'
import { keysRoutes } from './http/keys.ts'
import { libraryStateRoutes } from './http/library-state.ts'
import { limiting } from './http/limiting.ts'
import { idOf, refuseNul, refuseStrangers, requestId } from './http/limits.ts'
import { type LookUp, openLookUps } from './http/look-ups.ts'
import { mcpRoutes } from './http/mcp.ts'
import { metricsRoutes } from './http/metrics.ts'
import { missing } from './http/missing.ts'
import { pageRoutes } from './http/pages.ts'
import { admit as admitAs, type Admission, localUser } from './http/principal.ts'
import { publishedRoutes } from './http/published.ts'
import { backupRoutes } from './http/backup.ts'
import { reembedRoutes } from './http/reembed.ts'
import { readerRoutes } from './http/reader.ts'
import { searchRoutes } from './http/search.ts'
import { sessionRoutes } from './http/session.ts'
import { signOnRoutes } from './http/sign-on.ts'
import { suggestionsRoutes } from './http/suggestions.ts'
import { syncsRoutes } from './http/syncs.ts'
import { uploadsRoutes } from './http/uploads.ts'
import { uiStreamRoutes } from './http/ui-stream.ts'
import { admit, isAdmitted } from './http/widget.ts'
import type { Policy } from './answer/verdicts.ts'
import type { Limits } from './limit/limits.ts'
import { startingInTurn } from './limit/unasked.ts'
import { telling, weighed } from './limit/work.ts'
import { type Metrics, openMetrics } from './observe/metrics.ts'
import { toldQuestions } from './observe/questions.ts'
import type { Tracing } from './observe/traces.ts'
import { type Ports, type Watch } from './observe/watch.ts'
import { createSlack, type SlackApp } from './slack/slack.ts'
import type { Perform } from './slack/tasks.ts'
import type { VoiceDeps } from './slack/voice.ts'

export type AppDeps = {
  readonly store: Store
  readonly embedder: Embedder
  readonly sentenceEmbedder: Embedder
  readonly generator: Generator | null
  readonly policy?: Policy
  /** `model`: it is asked whether its sentences are backed as well; left out: lexical */
  readonly grounding?: 'lexical' | 'model'
  readonly replies?: ReplyStore
  readonly syncing: Syncing
  readonly reembed: Reembed
  /** left out, or null: the store is not embedded */
  readonly copyStore?: (() => Promise<string>) | null
  /** documents may be added over HTTP */
  readonly uploads: boolean
  readonly library: string
  /** under which people reach the server; null: as each request names it */
  readonly publicUrl: string | null
  /** what the command line of the same user shows to be let in */
  readonly token: string
  /** that keys are hashed with; left out, or null: there are none */
  readonly keySecret?: string | null
  readonly webDir: string
  /** requests under any name that is not one of this machine, or of `publicUrl`, are refused */
  readonly loopbackOnly: boolean
  /** by its address only this machine reaches it, and whoever does runs it; left out: that is not known */
  readonly isOwn?: boolean
  /** left out, or null: people log in with keys alone */
  readonly signOn?: SignOnConfig | null
  /** whose pages may show the widget; left out: those of no other site */
  readonly widgetOrigins?: readonly string[]
  /** left out, or null: the server does not speak to Slack */
  readonly slack?: SlackConfig | null
  /** `off`: nothing is counted; `closed`: they can be read with the token; left out: by whoever reaches the server */
  readonly metrics?: 'off' | 'closed' | 'open'
  /** left out: any number of requests may be made */
  readonly limits?: Limits
  /** of the front that stands before it; left out: one of its own */
  readonly lookUp?: LookUp
  /** left out, or null: nobody is told */
  readonly tracing?: Tracing | null
  /** log lines hold what was asked */
  readonly logQuestions?: boolean
  readonly log: Log
  /** how long an answer of another process may say nothing before it is taken for dead */
  readonly silentMs?: number
}

export type App = {
  /** every route there is */
  readonly routes: readonly { readonly method: string; readonly path: string }[]
  /** For the user of this machine. */
  readonly fetch: (request: Request) => Response | Promise<Response>
  /** For whoever it was found to be (http/front.ts). */
  readonly fetchFor: (request: Request, admission: Admission) => Response | Promise<Response>
  /** Begins what no request asks for: the work that lies in the inbox of Slack, and reading sources when they are due. */
  readonly begin: () => void
  /** Answers under way end or are stopped; `/ready` says no from now on. */
  readonly drain: (deadlineMs: number) => Promise<void>
}

type Report = (message: string, error: unknown) => void

export function createApp(given: AppDeps): App {
  const metrics = given.metrics === 'off' ? null : openMetrics()
  const watches = [metrics, given.tracing ?? null].filter((watch) => watch !== null)
  const { steps, ...deps } = watched(given, watches)
  const { store, log, widgetOrigins = [] } = deps
  const report = reporter(log)
  const answering = { ...answerDeps(store, deps, report), steps }
  const live = liveAnswers({
    ...deps,
    answers: store.answers,
    answering: watchedAnswers(answering, deps, watches),
    report,
  })
  const slack = openSlack(deps, inTurn(live, deps, metrics), answering)
  let draining = false
  const hono = new Hono()
  for (const { request } of watches.toReversed()) hono.use(request)
  hono
    .use(requestId(log))
    // Before strangers are refused: what Slack signs may come under any name, and from anywhere.
    .route('/', slack?.routes ?? new Hono())
    .use(refuseStrangers(deps.loopbackOnly, (c) => isAdmitted(c, widgetOrigins), deps.publicUrl))
    .use(admit(widgetOrigins))
    .use(refuseNul)
    .use(limitingOf(deps, metrics))
    .use(authorize(store.answers, deps.library))
    .route('/', metricsRoutesOf(deps, metrics))
    .route('/', healthRoutes({ ...deps, isDraining: () => draining }))
    .route('/', surfaces(deps, live, answering, report))
  hono.notFound(missing(hono.routes))
  hono.onError(failing(log))
  const fetchFor: App['fetchFor'] = (request, admission) => {
    admitAs(request, admission)
    return hono.fetch(request)
  }
  return {
    routes: hono.routes,
    fetch: (request) => fetchFor(request, localUser),
    fetchFor,
    begin: () => {
      deps.syncing.begin()
      beginSlack(slack, deps)
    },
    drain: drainer(deps.syncing, live, slack, () => (draining = true)),
  }
}

function limitingOf({ limits, library }: AppDeps, metrics: Metrics | null): MiddlewareHandler {
  if (!limits) return async (_, next) => await next()
  return limiting(limits, library, (limiter, traffic) => metrics?.shed(limiter, traffic))
}

/** The same, seen by those who look on; the model's second opinion is one of its calls. */
function watched(deps: AppDeps, watches: readonly Watch[]): AppDeps & { readonly steps: Steps } {
  const ports = watches.reduce<Ports>((all, watch) => watch.ports(all), {
    ...deps,
    generator: telling(deps.generator),
    steps: shipped,
  })
  const { generator } = ports
  const check = generator && deps.grounding === 'model' ? modelCheck(generator) : deps.policy?.check
  return { ...deps, ...ports, ...(check && { policy: { withholds: false, ...deps.policy, check } }) }
}

function watchedAnswers(deps: AnswerDeps, { logQuestions, log }: AppDeps, watches: readonly Watch[]): Answering {
  const plain = weighed((question, signal) => answer(question, deps, signal))
  const seen = watches.reduce((answering, watch) => watch.answering(answering), shared(plain, deps))
  return logQuestions ? toldQuestions(seen, log) : seen
}

function metricsRoutesOf(deps: AppDeps, metrics: Metrics | null): Hono {
  if (!metrics) return new Hono()
  return metricsRoutes({ ...deps, isOpen: deps.metrics !== 'closed', text: async () => await metrics.text(deps) })
}

/** Every door to the same answers. */
function surfaces(deps: AppDeps, live: LiveAnswers, answering: AnswerDeps, report: Report): Hono {
  const { store, library, publicUrl, keySecret: secret = null } = deps
  const { answers, conversations, documents, repeats, keys, sessions, audit } = store
  const note = noting(audit, library)
  const hasModel = deps.generator !== null
  return new Hono()
    .route('/', askRoutes({ live, answers, conversations, repeats, library, hasModel }))
    .route('/', chatRoutes({ live, repeats, library, publicUrl }))
    .route('/', uiStreamRoutes({ live, conversations, library, publicUrl }))
    .route('/', mcpRoutes({ ...deps, live, answers, documents, searching: answering, hasModel, report }))
    .route('/', answersRoutes({ live, answers, conversations, library }))
    .route('/', conversationsRoutes({ live, conversations, library, publicUrl }))
    .route('/', searchRoutes({ ...answering, library }))
    .route('/', gapsRoutes({ ...deps, isOpen: deps.isOwn ?? false }))
    .route('/', suggestionsRoutes({ ...answering, answers, library }))
    .route('/', documentsRoutes({ documents, library }))
    .route('/', uploadsRoutes({ ...deps, documents, repeats, note }))
    .route('/', libraryStateRoutes(deps))
    .route('/', ingestRoutes({ ...deps, report, note }))
    .route('/', reembedRoutes({ ...deps, report, note }))
    .route('/', backupRoutes(deps))
    .route('/', syncsRoutes({ ...deps, syncs: store.syncs, report, note }))
    .route('/', keysRoutes({ ...deps, keys, secret, note }))
    .route('/', auditRoutes({ ...deps, audit }))
    .route('/', sessionRoutes({ ...deps, keys, sessions, audit, secret, lookUp: deps.lookUp ?? openLookUps() }))
    .route('/', readerRoutes({ documents, library }))
    .route('/', publishedRoutes())
    .route('/', signOnRoutesOf(deps, report))
    .route('/', pageRoutes(deps.webDir, { publicUrl, issuer: deps.signOn?.issuer ?? null }))
}

function signOnRoutesOf({ signOn, store, library }: AppDeps, report: Report): Hono {
  const { keys, sessions, audit } = store
  return signOn ? signOnRoutes({ keys, sessions, audit, library, signOn, report }) : new Hono()
}

function failing(log: Log): ErrorHandler {
  return (error, c) => {
    const id = idOf(c)
    // Nobody is there to read an answer, and leaving is no fault.
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 })
    const level = levelOf(error)
    if (level) log[level]({ err: error, id }, 'request failed')
    return faultResponse(c.req.path, error, id)
  }
}

/** A report without an error is of something that happens, and wakes nobody. */
function reporter(log: Log): Report {
  return (message, error) => (error === null ? log.info(message) : log.error({ err: error }, message))
}

function inTurn(live: LiveAnswers, { limits }: AppDeps, metrics: Metrics | null): VoiceDeps['live'] {
  if (!limits) return live
  return { ...live, start: startingInTurn(live, limits, (limiter, traffic) => metrics?.shed(limiter, traffic)) }
}

function openSlack(deps: AppDeps, live: VoiceDeps['live'], answering: AnswerDeps): SlackApp | null {
  const { slack, store, library } = deps
  if (!slack) return null
  const searching = async (text: string, audiences: readonly string[], signal: AbortSignal) =>
    (await search(text, library, { ...answering, audiences }, signal)).passages
  const { botToken: token, apiUrl, humanChannel } = slack
  const { answers, documents } = store
  const voice = { ...deps, slack: { token, apiUrl }, humanChannel, live, answers, documents, searching }
  // Loaded on first use: it takes a tenth of a second, and most servers have no Slack.
  let opened: ReturnType<typeof openVoice> | null = null
  const perform: Perform = async (...asked) => await (await (opened ??= openVoice(voice))).perform(...asked)
  return createSlack({ ...deps, slack, inbox: store.inbox, perform })
}

function beginSlack(app: SlackApp | null, { slack, log }: AppDeps): void {
  app?.begin()
  if (!slack) return
  const report = async () => (await import('./slack/credentials.ts')).reportRefusal(slack, log, never)
  report().catch((error: unknown) => log.error({ err: error }, 'Slack could not be asked who this is'))
}

// It has a deadline of its own, and does not hold the process at its end.
const never = new AbortController().signal

async function openVoice(deps: VoiceDeps) {
  const { createVoice } = await import('./slack/voice.ts')
  return createVoice(deps)
}

function drainer(syncing: Syncing, live: LiveAnswers, slack: SlackApp | null, begin: () => void): App['drain'] {
  return async (deadlineMs) => {
    begin()
    // Side by side: what Slack asked for is answered by the answers under way.
    await Promise.all([slack?.stop(deadlineMs), live.drain(deadlineMs), syncing.drain(deadlineMs)])
  }
}

/** The caller's faults are no news, nor are limits, which metrics count; an outage passes; everything else is a bug. */
function levelOf(error: unknown): 'warn' | 'error' | null {
  if (error instanceof InputError || error instanceof NotFoundError || error instanceof LimitError) return null
  return error instanceof AppError && error.retryable ? 'warn' : 'error'
}
