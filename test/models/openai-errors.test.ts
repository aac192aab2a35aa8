// What a status and an error code mean, and that the words of a provider stay out of sight.
import { http, HttpResponse } from 'msw/http'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ModelError } from '../../core/errors.ts'
import type { Caller } from '../../models/budget.ts'
import { openAiGenerator } from '../../models/openai-generator.ts'

const url = 'https://models.example/v1/chat/completions'
const server = setupServer()
let generator: Caller

beforeAll(() => {
  server.listen({ onUnhandledFrame: 'error' })
  // Only now: the client keeps the fetch it finds when it is opened.
  generator = openAiGenerator({
    apiKey: 'sk-secret-123456',
    baseUrl: 'https://models.example/v1',
    chatModel: 'test-model',
  })
})
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

async function faultOf(respond: () => Response): Promise<ModelError> {
  let calls = 0
  server.use(
    http.post(url, () => {
      calls++
      return respond()
    }),
  )
  try {
    for await (const _ of generator.stream([{ role: 'user', content: 'How?' }], new AbortController().signal));
  } catch (error) {
    // The client library would have tried 5xx and 429 three times by itself.
    expect(calls).toBe(1)
    expect(error).toBeInstanceOf(ModelError)
    return error as ModelError
  }
  throw new Error('no fault')
}

function refusing(status: number, error: Record<string, unknown>, headers: Record<string, string> = {}) {
  return () => HttpResponse.json({ error: { message: 'secret words', ...error } }, { status, headers })
}

describe('a status', () => {
  it.each([
    [429, { code: 'rate_limit_exceeded' }, 'model-rate-limited', true],
    [429, { code: 'slow_down' }, 'model-rate-limited', true],
    [429, { code: 429 }, 'model-rate-limited', true],
    [429, { code: 'insufficient_quota' }, 'model-quota-spent', false],
    [429, { code: null, type: 'insufficient_quota' }, 'model-quota-spent', false],
    [429, { code: 'credit_balance_exhausted' }, 'model-quota-spent', false],
    [429, { code: 'billing_hard_limit_reached' }, 'model-quota-spent', false],
    [402, { code: 'payment' }, 'model-quota-spent', false],
    [401, { code: 'invalid_api_key' }, 'model-refused', false],
    [403, { code: 'unsupported_country' }, 'model-refused', false],
    [400, { code: 'context_length_exceeded' }, 'model-context-too-long', false],
    [400, { message: "This model's maximum context length is 8192 tokens." }, 'model-context-too-long', false],
    [400, { message: 'the request exceeds the available context size' }, 'model-context-too-long', false],
    [413, { code: 'rate_limit_exceeded', message: 'Request too large' }, 'model-context-too-long', false],
    [404, { code: 'model_not_found' }, 'model-refused', false],
    [422, {}, 'model-refused', false],
    [408, {}, 'model-unavailable', true],
    [409, {}, 'model-unavailable', true],
    [500, { code: 'server_error' }, 'model-unavailable', true],
    [502, {}, 'model-unavailable', true],
    [503, { code: 'server_is_overloaded' }, 'model-unavailable', true],
    [529, { type: 'overloaded_error' }, 'model-unavailable', true],
  ])('%i with %j is %s', async (status, error, code, retryable) => {
    const fault = await faultOf(refusing(status, error))
    expect(fault).toMatchObject({ code, retryable, retryAfterMs: null })
    expect(fault.message).toContain(`models.example answered ${status}`)
    expect(fault.message).not.toContain('secret')
  })

  it('with a web page for a body keeps its meaning', async () => {
    const fault = await faultOf(() => HttpResponse.html('<h1>Bad gateway</h1>', { status: 502 }))
    expect(fault).toMatchObject({ code: 'model-unavailable', retryable: true })
  })

  it('400 and 404 name the model', async () => {
    for (const status of [400, 404]) expect((await faultOf(refusing(status, {}))).message).toContain('"test-model"')
  })

  it('is explained in the cause by status, code and type, never by the provider’s words', async () => {
    const named = await faultOf(refusing(500, { code: 'server_error', type: 'overloaded' }))
    expect((named.cause as Error).message).toBe('status 500, server_error, overloaded')
    const chatty = await faultOf(refusing(400, { code: 'secret words', type: 'sk-secret-123456' }))
    expect((chatty.cause as Error).message).toBe('status 400, unnamed, unnamed')
    expect(`${named.stack}${chatty.stack}${(named.cause as Error).stack}`).not.toContain('secret')
  })

  it('of no server at all is unavailable', async () => {
    expect(await faultOf(() => HttpResponse.error())).toMatchObject({ code: 'model-unavailable', retryable: true })
  })
})

describe('the wait a provider asks for', () => {
  it.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '0.25' }, 250],
    [{ 'retry-after-ms': '1500', 'retry-after': '2' }, 1_500],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': new Date(0).toUTCString() }, 0],
  ])('in %j is %j ms', async (headers, ms) => {
    expect((await faultOf(refusing(429, {}, headers))).retryAfterMs).toBe(ms)
  })

  it('may be a date', async () => {
    const headers = { 'retry-after': new Date(Date.now() + 30_000).toUTCString() }
    const { retryAfterMs } = await faultOf(refusing(503, {}, headers))
    expect(retryAfterMs).toBeGreaterThan(28_000)
    expect(retryAfterMs).toBeLessThanOrEqual(30_000)
  })
})
