// What a receiver of OpenTelemetry is told of a question, from its request to the model and back.
import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { failingWith } from '../../support/failing.ts'
import { ModelError } from '../../../core/errors.ts'
import type { Generator } from '../../../core/ports.ts'
import { openTracing, type Tracing } from '../../../server/observe/traces.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'
import { openReceiver, type Receiver, type ReceivedSpan } from '../../support/otlp.ts'
import { readEvents } from '../../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const generator: Generator = {
  model: 'test-model',
  async *stream() {
    yield { type: 'text', delta: 'Stripe runs four limiters [1]. ' }
    yield { type: 'text', delta: 'It uses the token bucket algorithm [1].' }
    yield { type: 'finish', reason: 'stop', inputTokens: 30, outputTokens: 4 }
  },
}

let library: TestLibrary
let receiver: Receiver
let tracing: Tracing

beforeAll(async () => {
  library = await openTestLibrary()
})
beforeEach(async () => {
  receiver = await openReceiver()
  tracing = openTracing({ url: receiver.url, headers: { 'x-key': 'let-me-in' }, questions: false })
})
afterAll(async () => await receiver[Symbol.asyncDispose]())

const ask = async (app: TestApp, headers = {}) =>
  await readEvents(await app.post('/v1/ask', { question: QUESTION, stream: true }, { headers }))
const named = (name: string): ReceivedSpan => {
  const found = receiver.spans().filter((span) => span.name === name)
  expect(found, name).toHaveLength(1)
  return found[0]!
}

describe('a trace', () => {
  it('holds a question from its request to its model, each span in the one that it belongs to', async () => {
    const app = openTestApp(library, { generator, tracing })
    await ask(app)
    await tracing.close()
    const [request, answer, retrieval] = [named('POST /v1/ask'), named('answer'), named('retrieval')]
    const [chat, ground] = [named('chat test-model'), named('ground')]
    expect(request.parentSpanId).toBe('')
    expect(answer.parentSpanId).toBe(request.spanId)
    expect(retrieval.parentSpanId).toBe(answer.spanId)
    expect(chat.parentSpanId).toBe(answer.spanId)
    expect(ground.parentSpanId).toBe(answer.spanId)
    const [search, ...stores] = ['search', 'store'].flatMap((name) =>
      receiver.spans().filter((each) => each.name === name),
    )
    expect(search!.parentSpanId).toBe(retrieval.spanId)
    expect(stores.map(({ attributes }) => attributes['db.operation.name'])).toEqual(['begin', 'append'])
    expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(1)
  })

  it('names the call of the model as the semantic conventions do', async () => {
    await ask(openTestApp(library, { generator, tracing }))
    await tracing.close()
    expect(named('chat test-model').attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'test-model',
      'gen_ai.usage.input_tokens': 30,
      'gen_ai.usage.output_tokens': 4,
    })
    expect(named('POST /v1/ask').attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v1/ask',
      'http.response.status_code': 200,
    })
    const known = new Set<unknown>(Object.values(conventions))
    const used = new Set(receiver.spans().flatMap(({ attributes }) => Object.keys(attributes)))
    const others = [...used].filter((name) => !name.startsWith('footnote.') && !known.has(name))
    expect(others).toEqual([])
  })

  it('goes on in the trace of the caller, and every log line of the request names it', async () => {
    const lines: string[] = []
    const { openLog } = await import('../../../core/log.ts')
    const log = openLog('info', { fields: tracing.fields, stream: { write: (line) => lines.push(line) } })
    const app = openTestApp(library, { generator, tracing, log })
    await ask(app, { traceparent: TRACEPARENT })
    await tracing.close()
    const request = named('POST /v1/ask')
    expect([request.traceId, request.parentSpanId]).toEqual(['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'])
    const line = JSON.parse(lines.find((each) => each.includes('"request"')) ?? '{}') as Record<string, unknown>
    expect([line['trace_id'], line['span_id']]).toEqual([request.traceId, request.spanId])
  })

  it.each(['', '00-0-0-01', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'x'.repeat(5_000)])(
    'begins anew where the header of the caller is none: %#',
    async (traceparent) => {
      await openTestApp(library, { tracing }).get('/health', { headers: { traceparent } })
      await tracing.close()
      expect(named('GET /health').parentSpanId).toBe('')
    },
  )

  it('marks what failed by its code, and repeats no message', async () => {
    const failing: Generator = {
      model: 'test-model',
      stream: () => failingWith(new ModelError('model-refused', 'the provider said CANARY')),
    }
    await ask(openTestApp(library, { generator: failing, tracing }))
    await tracing.close()
    const chat = named('chat test-model')
    expect([chat.failed, chat.attributes['error.type']]).toEqual([true, 'model-refused'])
    expect(named('answer').attributes).toMatchObject({ 'footnote.fallback': 'model-unavailable' })
    expect(receiver.raw()).not.toContain('CANARY')
  })

  it('holds what was asked only where that was asked for', async () => {
    await ask(openTestApp(library, { generator, tracing }))
    await tracing.close()
    expect(receiver.raw()).not.toContain(QUESTION)
    const telling = openTracing({ url: receiver.url, headers: {}, questions: true })
    await ask(openTestApp(library, { generator, tracing: telling }))
    await telling.close()
    expect(receiver.raw()).toContain(QUESTION)
    expect(receiver.raw()).toContain('"x-key":"let-me-in"')
  })

  it('is lost without harm when nobody takes it, which is said once', async () => {
    receiver.answer(400)
    const told: string[] = []
    tracing.reportTo((message) => told.push(message))
    const app = openTestApp(library, { generator, tracing })
    expect((await ask(app)).at(-1)?.type).toBe('done')
    await tracing.close()
    expect(told).toEqual(['traces cannot be sent'])
  })
})
