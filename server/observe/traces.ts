// What OpenTelemetry is told of a request: a span for it, for what it retrieves, each call of a model, the comparing of its
// sentences with their words, and for what is stored. Loaded only where somebody wants to be told.
import { ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { TracesConfig } from '../../core/config.ts'
import type { Answering } from '../../core/ports.ts'
import { type AnswerEvent, isTerminal } from '../../core/types.ts'
import { openSpans, type Spans, steppedInside } from './spans.ts'
import { tracedPorts } from './traced-ports.ts'
import { lookedAt, type Watch } from './watch.ts'

// What concerns models in them is not stable yet: docs/operations.md names this version.
const CONVENTIONS = 'https://opentelemetry.io/schemas/1.45.0'
// An end that waits longer than this for a receiver would outlast what containers are given.
const CLOSING_MS = 2_000

export type Tracing = Watch & {
  /** by which the log line of a request finds its trace */
  readonly fields: () => { readonly trace_id: string; readonly span_id: string } | Record<string, never>
  /** Who hears of a receiver that is away. */
  readonly reportTo: (report: Report) => void
  /** Sends what is left. */
  readonly close: () => Promise<void>
}

type Report = (message: string, error: unknown) => void
const nobodyHears: Report = () => {}

export function openTracing({ url, headers, questions }: TracesConfig): Tracing {
  let hearing: Report = nobodyHears
  const sent = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: CLOSING_MS })
  const exporter = reported(sent, (message, error) => hearing(message, error))
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': 'footnote' })),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
  })
  const spans = openSpans(provider.getTracer('footnote', undefined, { schemaUrl: CONVENTIONS }))
  return {
    fields: () => {
      const of = spans.current()?.span.spanContext()
      return of ? { trace_id: of.traceId, span_id: of.spanId } : {}
    },
    reportTo: (report) => void (hearing = report),
    close: async () => await provider.shutdown().catch(() => {}),
    ports: (ports) => tracedPorts(ports, spans),
    answering: (answering) => tracedAnswers(answering, spans, questions),
    request: tracedRequests(spans),
  }
}

/** A receiver that is away is news once, and so is its return; the spans are lost meanwhile. */
function reported(exporter: SpanExporter, report: Report): SpanExporter {
  let isAway = false
  return {
    export: (batch, done) =>
      exporter.export(batch, (result) => {
        const failed = result.error !== undefined
        if (failed && !isAway) report('traces cannot be sent', result.error)
        if (!failed && isAway) report('traces can be sent again', null)
        isAway = failed
        done(result)
      }),
    shutdown: async () => await exporter.shutdown(),
  }
}

function tracedRequests(spans: Spans): MiddlewareHandler {
  const propagator = new W3CTraceContextPropagator()
  return async (c, next) => {
    const parent = propagator.extract(ROOT_CONTEXT, c.req.raw.headers, {
      get: (carrier: Headers, key) => carrier.get(key) ?? undefined,
      keys: (carrier: Headers) => [...carrier.keys()],
    })
    const attributes = { 'http.request.method': c.req.method }
    const traced = async ({ span }: ReturnType<Spans['begin']>) => {
      await next()
      const route = routePath(c, -1)
      span.updateName(`${c.req.method} ${route}`)
      span.setAttributes({ 'http.route': route, 'http.response.status_code': c.res.status })
      if (c.res.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    }
    await spans.around(c.req.method, attributes, traced, { kind: SpanKind.SERVER, parent })
  }
}

/** Until its passages are there, what is done for an answer stands in `retrieval`, and then in `answer` itself. */
function tracedAnswers(answering: Answering, spans: Spans, questions: boolean): Answering {
  return (question, signal) => {
    const whole = spans.begin('answer', {
      'gen_ai.conversation.id': question.conversationId,
      'footnote.answer.id': question.id,
    })
    const retrieval = whole.inside(() =>
      spans.begin('retrieval', {
        'gen_ai.operation.name': 'retrieval',
        ...(questions && { 'gen_ai.retrieval.query.text': question.text }),
      }),
    )
    let current = retrieval
    const retrieved = () => {
      if (current === retrieval) retrieval.end(null)
      current = whole
    }
    const look = (event: AnswerEvent) => {
      if (event.type === 'passages') retrieval.span.setAttribute('footnote.passages', event.passages.length)
      if (event.type === 'passages' || isTerminal(event)) retrieved()
      if ('answer' in event) {
        const { status, mode, reason, fallback } = event.answer
        whole.span.setAttributes({ 'footnote.status': status, 'footnote.mode': mode })
        if (reason) whole.span.setAttribute('footnote.reason', reason)
        if (fallback) whole.span.setAttribute('footnote.fallback', fallback)
      }
      if (event.type === 'error') {
        whole.span.setAttributes({ 'footnote.status': 'error', 'error.type': event.code })
        whole.span.setStatus({ code: SpanStatusCode.ERROR })
      }
    }
    const end = (error: unknown) => {
      retrieved()
      whole.end(error)
    }
    const events = steppedInside(
      () => answering(question, signal),
      (work) => current.inside(work),
    )
    return lookedAt(events, look, end)
  }
}
