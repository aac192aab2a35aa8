// Spans that know which one they stand in, also across awaits and the steps of a generator.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { AppError } from '../../core/errors.ts'

type Opened = {
  readonly span: Span
  /** What is begun in `work` stands in this span. */
  readonly inside: <Result>(work: () => Result) => Result
  /** `last` is called before it ends. */
  readonly beforeEnd: (last: () => void) => void
  /** Once: what comes later is too late. */
  readonly end: (error: unknown) => void
}

type Where = { readonly kind?: SpanKind; readonly parent?: Context }

export type Spans = {
  readonly begin: (name: string, attributes: Attributes, where?: Where) => Opened
  /** A span around something that is waited for. */
  readonly around: <Result>(
    name: string,
    attributes: Attributes,
    work: (opened: Opened) => Promise<Result>,
    where?: Where,
  ) => Promise<Result>
  /** The span under way; null: there is none. */
  readonly current: () => Opened | null
}

export function openSpans(tracer: Tracer): Spans {
  const active = new AsyncLocalStorage<{ readonly opened: Opened; readonly context: Context }>()
  const begin: Spans['begin'] = (name, attributes, where = {}) => {
    const parent = where.parent ?? active.getStore()?.context ?? ROOT_CONTEXT
    const span = tracer.startSpan(name, { attributes, kind: where.kind ?? SpanKind.INTERNAL }, parent)
    const lasts: (() => void)[] = []
    const inner = trace.setSpan(parent, span)
    const opened: Opened = {
      span,
      inside: (work) => active.run({ opened, context: inner }, work),
      beforeEnd: (last) => void lasts.push(last),
      end: (error) => {
        for (const last of lasts.splice(0)) last()
        if (error !== null) fail(span, error)
        span.end()
      },
    }
    return opened
  }
  return {
    begin,
    around: async (name, attributes, work, where) => {
      const opened = begin(name, attributes, where)
      try {
        const result = await opened.inside(async () => await work(opened))
        opened.end(null)
        return result
      } catch (error) {
        opened.end(error)
        throw error
      }
    },
    current: () => active.getStore()?.opened ?? null,
  }
}

/** The code and no message: what others say of a fault may repeat what they were sent. */
function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR })
  span.setAttribute(
    'error.type',
    error instanceof AppError ? error.code : error instanceof Error ? error.name : 'other',
  )
}

/** The events of a source, each of whose steps is taken where `inside` says at that moment. */
export async function* steppedInside<Event>(
  source: () => AsyncIterable<Event>,
  inside: <Result>(work: () => Result) => Result,
): AsyncGenerator<Event> {
  const iterator = inside(() => source()[Symbol.asyncIterator]())
  try {
    for (;;) {
      const step = await inside(async () => await iterator.next())
      if (step.done) return
      yield step.value
    }
  } finally {
    await inside(async () => await iterator.return?.())
  }
}
