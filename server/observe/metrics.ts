// What Prometheus reads: answers, their verdicts and times, the model, requests, and the state of the process when asked.
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { Registry } from 'prom-client'
import { AppError } from '../../core/errors.ts'
import type { Limiter, Traffic } from '../../core/limits.ts'
import type { Answering, Generator, GeneratorEvent, ReplyStore, Store } from '../../core/ports.ts'
import { type AnswerEvent, isTerminal, type Mode, type Question } from '../../core/types.ts'
import { type Families, openFamilies } from './families.ts'
import { type Gauged, openGauges } from './gauges.ts'
import { around, lookedAt, type Watch } from './watch.ts'

export type Metrics = Watch & {
  /** Notes a request that a limiter refused. */
  readonly shed: (limiter: Limiter, traffic: Traffic) => void
  /** All of it as Prometheus reads it. `gauged`: what has to be looked at for that. */
  readonly text: (gauged: Gauged) => Promise<string>
}

/** A registry of its own: two apps in one process never add up. */
export function openMetrics(): Metrics {
  const registry = new Registry()
  const families = openFamilies(registry)
  const gauges = openGauges(registry)
  return {
    shed: (limiter, traffic) => families.shed.inc({ limiter, class: traffic }),
    text: async (gauged) => {
      await gauges.read(gauged)
      return await registry.metrics()
    },
    ports: (ports) => ({
      ...ports,
      store: countedStore(ports.store, families),
      generator: ports.generator && countedGenerator(ports.generator, families),
      ...(ports.replies && { replies: countedReplies(ports.replies, families) }),
    }),
    answering: (answering) => countedAnswers(answering, families),
    request: countedRequests(families),
  }
}

function countedAnswers(answering: Answering, families: Families): Answering {
  return (question: Question, signal) => {
    const began = performance.now()
    let mode: Mode = 'extractive'
    let hasText = false
    const look = (event: AnswerEvent) => {
      if (event.type === 'started') mode = event.mode
      else if (event.type === 'text' && !hasText) {
        hasText = true
        families.firstText.observe({ mode }, secondsSince(began))
      } else if (isTerminal(event)) noteEnd(event, mode, secondsSince(began), families)
    }
    families.running.inc()
    return lookedAt(answering(question, signal), look, () => families.running.dec())
  }
}

function noteEnd(event: AnswerEvent, asked: Mode, seconds: number, families: Families): void {
  if (event.type === 'error') {
    families.answers.inc({ status: 'error', mode: asked })
    families.faults.inc({ code: event.code })
    return
  }
  if (!('answer' in event)) return
  const { status, mode, reason, fallback, statements, timingsMs } = event.answer
  families.answers.inc({ status, mode })
  families.whole.observe({ mode }, seconds)
  if (timingsMs.retrieve > 0) families.retrieval.observe(timingsMs.retrieve / 1000)
  if (reason) families.abstentions.inc({ reason })
  if (fallback) families.fallbacks.inc({ fallback })
  for (const { verdict } of statements) families.verdicts.inc({ verdict })
}

function countedGenerator(generator: Generator, families: Families): Generator {
  return around(generator, {
    stream: (messages, signal) => {
      let isWhole = false
      const look = (event: GeneratorEvent) => {
        if (event.type === 'text') return
        if (event.type === 'finish') isWhole = true
        families.tokens.inc({ direction: 'input' }, event.inputTokens)
        families.tokens.inc({ direction: 'output' }, event.outputTokens)
        families.cost.inc(event.costUsd ?? 0)
      }
      const end = (error: unknown) => families.calls.inc({ end: isWhole ? 'ok' : endOf(error, signal) })
      return lookedAt(generator.stream(messages, signal), look, end)
    },
  })
}

function endOf(error: unknown, signal: AbortSignal): string {
  if (error === null || signal.aborted) return 'left'
  return error instanceof AppError ? error.code : 'internal'
}

function countedReplies(replies: ReplyStore, families: Families): ReplyStore {
  return around(replies, {
    find: async (library, key) => {
      const reply = await replies.find(library, key)
      families.replies.inc({ kept: reply === null ? 'no' : 'yes' })
      return reply
    },
  })
}

function countedStore(store: Store, families: Families): Store {
  const { search, answers } = store
  return around(store, {
    search: around(search, {
      candidates: async (request, signal) => {
        const began = performance.now()
        const found = await search.candidates(request, signal)
        families.search.observe(secondsSince(began))
        return found
      },
    }),
    answers: around(answers, {
      append: async (library, id, events) => {
        const began = performance.now()
        try {
          await answers.append(library, id, events)
        } catch (error) {
          families.lost.inc()
          throw error
        }
        families.append.observe(secondsSince(began))
      },
    }),
  })
}

// What a client sends as its method is a word of its own choosing.
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function countedRequests({ requests, request }: Families): MiddlewareHandler {
  return async (c, next) => {
    const began = performance.now()
    await next()
    const method = methods.has(c.req.method) ? c.req.method : 'other'
    const route = routePath(c, -1)
    requests.inc({ method, route, status: `${Math.floor(c.res.status / 100)}xx` })
    request.observe({ method, route }, secondsSince(began))
  }
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000
}
