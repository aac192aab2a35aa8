// A chat model over real sockets: whole, odd, broken and abandoned streams, byte by byte.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ModelError } from '../../core/errors.ts'
import type { GeneratorEvent } from '../../core/ports.ts'
import type { Caller } from '../../models/budget.ts'
import { openAiGenerator } from '../../models/openai-generator.ts'
import { completion, event, failure, openProvider, type Part, type Provider, streamOf } from '../support/provider.ts'
import { places } from '../support/thorough.ts'

const deltas = ['Stripe runs four ', 'limiters [1]. ', 'Café — 日本 🚦 ', 'end.']
const answer = deltas.join('')
const messages = [{ role: 'user', content: 'How?' }] as const
const never = new AbortController().signal

let provider: Provider
let generator: Caller
let impatient: Caller

beforeAll(async () => {
  provider = await openProvider()
  const options = { apiKey: 'sk-secret-123456', baseUrl: provider.baseUrl, chatModel: 'test-model' }
  generator = openAiGenerator(options)
  impatient = openAiGenerator({
    ...options,
    waits: { firstMs: 400, idleMs: 200, textMs: 900, wholeMs: 5_000, tailMs: 60 },
  })
})

afterAll(() => provider[Symbol.asyncDispose]())

type Heard = { text: string; finish: Extract<GeneratorEvent, { type: 'finish' }> | null; error: unknown }

async function hear(signal: AbortSignal = never, from: Caller = generator): Promise<Heard> {
  const heard: Heard = { text: '', finish: null, error: null }
  try {
    for await (const event of from.stream(messages, signal)) {
      if (event.type === 'text') heard.text += event.delta
      else if (event.type === 'finish') heard.finish = event
    }
  } catch (error) {
    heard.error = error
  }
  return heard
}

async function hearReply(parts: readonly Part[], ending?: 'silent' | 'reset' | 'closed'): Promise<Heard> {
  provider.play([streamOf(parts, ending)])
  return hear()
}

async function hearImpatiently(parts: readonly Part[], ending?: 'silent'): Promise<Heard> {
  provider.play([streamOf(parts, ending)])
  return hear(never, impatient)
}

function codeOf(error: unknown): string {
  expect(error).toBeInstanceOf(ModelError)
  return (error as ModelError).code
}

const stop = { type: 'finish', reason: 'stop', inputTokens: 11, outputTokens: 7 }

describe('a stream as it should be', () => {
  it('gives the text and then one finish with the token counts', async () => {
    expect(await hearReply(completion(deltas))).toEqual({ text: answer, finish: stop, error: null })
  })

  it('asks for a stream with usage, with the key in its header', async () => {
    await hearReply(completion(deltas))
    expect(provider.requests.at(-1)).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-secret-123456' },
      body: { model: 'test-model', stream: true, max_tokens: 4_096, stream_options: { include_usage: true }, messages },
    })
    // Some models take no temperature but their own.
    expect(provider.requests.at(-1)?.body).not.toHaveProperty('temperature')
  })

  it('gives the first text while the provider still writes', async () => {
    const [role, first] = completion(deltas)
    provider.play([streamOf([role!, first!], 'silent')])
    for await (const event of generator.stream(messages, never)) {
      if (event.type === 'unseen') continue
      expect(event).toEqual({ type: 'text', delta: deltas[0] })
      break
    }
  })

  it('keeps its connections for the answers to come', async () => {
    for (let i = 0; i < 6; i++) await hearReply(completion(deltas))
    // Two and not one: the client frees a connection a moment after its stream has ended.
    expect(new Set(provider.requests.slice(-6).map((request) => request.connection)).size).toBeLessThanOrEqual(2)
  })

  it.each([
    ['length', 'length'],
    ['content_filter', 'content-filter'],
    ['tool_calls', 'stop'],
  ])('maps the finish reason %s to %s', async (finish, reason) => {
    const heard = await hearReply(completion(deltas, { finish }))
    expect(heard).toEqual({ text: answer, finish: { ...stop, reason }, error: null })
  })

  it('gives a finish without text for an empty answer', async () => {
    expect(await hearReply(completion([]))).toEqual({ text: '', finish: stop, error: null })
  })

  it('counts a refusal as filtered', async () => {
    const refusal = event({ choices: [{ index: 0, delta: { refusal: 'I can not.' } }] })
    expect((await hearReply([refusal, ...completion([])])).finish?.reason).toBe('content-filter')
  })

  it('counts 0 tokens when the provider does not say', async () => {
    const heard = await hearReply(completion(deltas, { usage: null }))
    expect(heard.finish).toEqual({ ...stop, inputTokens: 0, outputTokens: 0 })
  })
})

describe('a stream written oddly', () => {
  const whole = Buffer.from(completion(deltas).join(''))

  it('is read alike when every byte comes alone', async () => {
    const heard = await hearReply([...whole].map((byte) => Uint8Array.of(byte)))
    expect(heard).toEqual({ text: answer, finish: stop, error: null })
  })

  it.each([
    ['with CRLF', completion(deltas).join('').replaceAll('\n', '\r\n')],
    ['with CR', completion(deltas).join('').replaceAll('\n', '\r')],
    ['with comments', completion(deltas).join(': OPENROUTER PROCESSING\n\n')],
    ['with ids, names and a byte order mark', `\uFEFF${completion(deltas).join('id: 7\nevent: message\nretry: 10\n')}`],
    ['without [DONE]', completion(deltas, { done: false }).join('')],
    ['without a last blank line', completion(deltas, { done: false }).join('').trimEnd()],
    ['with text after its end', completion(deltas).join('') + completion(['more']).join('')],
    ['with odd chunks', event({}) + event({ choices: null }) + event({ choices: [{}] }) + completion(deltas).join('')],
  ])('is read alike %s', async (_how, text) => {
    const heard = await hearReply([text])
    expect(heard).toMatchObject({ text: answer, finish: { reason: 'stop' }, error: null })
  })

  it('is a bad output when an event is not JSON', async () => {
    const heard = await hearReply([...completion(['a'], { finish: null, done: false }), 'data: {oops}\n\n'])
    expect(heard.text).toBe('a')
    expect(codeOf(heard.error)).toBe('model-bad-output')
  })

  it('is a bad output when an event never ends', async () => {
    const heard = await hearReply([`data: "${'x'.repeat(1_200_000)}`], 'silent')
    expect(codeOf(heard.error)).toBe('model-bad-output')
  })

  it('is a bad output when it is a web page', async () => {
    provider.play([{ headers: { 'content-type': 'text/html; charset=utf-8' }, body: ['<h1>Welcome</h1>'] }])
    const { error } = await hear()
    expect(codeOf(error)).toBe('model-bad-output')
    expect(String(error)).toContain('OPENAI_BASE_URL')
  })

  it('is left at once when it is a web page that does not end', async () => {
    provider.play([{ headers: { 'content-type': 'text/html' }, body: ['<h1>Welcome</h1>'], ending: 'silent' }])
    expect(codeOf((await hear()).error)).toBe('model-bad-output')
    await provider.requests.at(-1)!.left
  })

  it.each([
    ['is no completion', '{"detail": "Not Found"}'],
    ['is none at all', '{oops'],
    ['never ends', `{"choices": "${'x'.repeat(1_200_000)}`],
  ])('is a bad output when it is JSON that %s', async (_, body) => {
    provider.play([{ headers: { 'content-type': 'application/json' }, body: [body] }])
    expect(codeOf((await hear()).error)).toBe('model-bad-output')
  })
})

describe('a stream that breaks', () => {
  const whole = Buffer.from(completion(['Café 🚦 ', 'end.']).join(''))

  it.each(['reset', 'closed'] as const)(
    'gives the whole text or a prefix and a ModelError, at every byte (%s)',
    async (ending) => {
      for (const length of places(whole.length)) {
        const { text, finish, error } = await hearReply([whole.subarray(0, length)], ending)
        if (finish !== null) expect([text, error]).toEqual(['Café 🚦 end.', null])
        else {
          expect('Café 🚦 end.'.startsWith(text)).toBe(true)
          expect(['model-cut-off', 'model-unavailable']).toContain(codeOf(error))
        }
      }
    },
  )

  it('is cut off when it ends without a finish reason', async () => {
    const heard = await hearReply(completion(deltas, { finish: null, usage: null, done: true }))
    expect(heard.text).toBe(answer)
    expect(codeOf(heard.error)).toBe('model-cut-off')
  })

  it('is timed out when its first event does not come', async () => {
    const heard = await hearImpatiently([], 'silent')
    expect(codeOf(heard.error)).toBe('model-timeout')
    await provider.requests.at(-1)!.left
  })

  it('is timed out when it stalls, and the text so far has been given', async () => {
    const heard = await hearImpatiently(completion(deltas, { finish: null, usage: null, done: false }), 'silent')
    expect(heard.text).toBe(answer)
    expect(codeOf(heard.error)).toBe('model-timeout')
    await provider.requests.at(-1)!.left
  })

  it('is timed out when nothing but heartbeats come', async () => {
    const heartbeats = Array.from({ length: 40 }, () => [': wait\n\n', 20]).flat()
    const heard = await hearImpatiently([
      ...completion(['a'], { finish: null, usage: null, done: false }),
      ...heartbeats,
    ])
    expect(codeOf(heard.error)).toBe('model-timeout')
  })

  it.each<[string, Part]>([
    ['nothing but empty events', event({ choices: [] })],
    ['nothing but empty words', event({ choices: [{ delta: { role: 'assistant', content: '' } }] })],
  ])('is timed out like silence when %s come', async (_, empty) => {
    const began = performance.now()
    const heard = await hearImpatiently(Array.from({ length: 200 }, () => [empty, 10]).flat())
    expect(codeOf(heard.error)).toBe('model-timeout')
    expect(performance.now() - began).toBeGreaterThan(390)
    expect(performance.now() - began).toBeLessThan(1_500)
  })

  it('is waited for while it thinks in the open, up to a limit', async () => {
    const thought = event({ choices: [{ delta: { reasoning_content: 'hm' } }] })
    const thinking = (ms: number) => Array.from({ length: ms / 20 }, () => [thought, 20]).flat()
    expect(await hearImpatiently([...thinking(600), ...completion(deltas)])).toMatchObject({
      text: answer,
      error: null,
    })
    const began = performance.now()
    const heard = await hearImpatiently([...thinking(4_000), ...completion(deltas)])
    expect(codeOf(heard.error)).toBe('model-timeout')
    expect(performance.now() - began).toBeLessThan(2_500)
    await provider.requests.at(-1)!.left
  })

  it('is timed out when the whole takes too long, and the text so far has been given', async () => {
    const options = { apiKey: 'sk-secret-123456', baseUrl: provider.baseUrl, chatModel: 'test-model' }
    const waits = { firstMs: 400, idleMs: 200, textMs: 400, wholeMs: 600, tailMs: 60 }
    provider.play([streamOf(Array.from({ length: 300 }, () => [completion(['a '])[1]!, 10]).flat())])
    const began = performance.now()
    const heard = await hear(never, openAiGenerator({ ...options, waits }))
    expect(codeOf(heard.error)).toBe('model-timeout')
    expect(heard.text).toMatch(/^(?:a ){5,}$/)
    expect(performance.now() - began).toBeLessThan(2_000)
    await provider.requests.at(-1)!.left
  })

  it('is whole when it stalls after its last word', async () => {
    const heard = await hearImpatiently(completion(deltas, { usage: null, done: false }), 'silent')
    expect(heard).toMatchObject({ text: answer, finish: { reason: 'stop' }, error: null })
  })

  it.each([
    [{ code: 'server_error', message: 'x' }, 'model-unavailable'],
    [{ code: 502, message: 'x' }, 'model-unavailable'],
    [{ code: 'rate_limit_exceeded', message: 'x' }, 'model-rate-limited'],
    [{ type: 'insufficient_quota', message: 'x' }, 'model-quota-spent'],
    [{ code: 'context_length_exceeded', message: 'x' }, 'model-context-too-long'],
    [{ code: 400, message: 'The maximum context length is 8192 tokens.' }, 'model-context-too-long'],
    ['overloaded', 'model-unavailable'],
  ])('fails with the meaning of the error %j inside it', async (error, code) => {
    const heard = await hearReply([...completion(['a'], { finish: null, done: false, usage: null }), event({ error })])
    expect(heard.text).toBe('a')
    expect(codeOf(heard.error)).toBe(code)
  })

  it('fails at an event named error', async () => {
    const heard = await hearReply(['event: error\ndata: {"message":"overloaded"}\n\n'])
    expect(codeOf(heard.error)).toBe('model-unavailable')
  })
})

describe('leaving', () => {
  const endless = Array.from({ length: 500 }, (_, index) => [
    event({ choices: [{ delta: { content: `${index} ` } }] }),
    10,
  ])

  it('closes the connection within 100 ms when the signal is aborted', async () => {
    provider.play([streamOf(endless.flat())])
    const leaving = new AbortController()
    const reason = new Error('left')
    let leftAt = 0
    const reading = (async () => {
      for await (const event of generator.stream(messages, leaving.signal)) {
        if (event.type !== 'text' || leftAt > 0) continue
        leftAt = performance.now()
        leaving.abort(reason)
      }
    })()
    await expect(reading).rejects.toBe(reason)
    expect((await provider.requests.at(-1)!.left) - leftAt).toBeLessThan(100)
  })

  it('closes the connection within 100 ms when the loop is left', async () => {
    provider.play([streamOf(endless.flat())])
    for await (const event of generator.stream(messages, never)) if (event.type === 'text') break
    const leftAt = performance.now()
    expect((await provider.requests.at(-1)!.left) - leftAt).toBeLessThan(100)
  })

  it('closes the connection when it is aborted before the first byte', async () => {
    const leaving = new AbortController()
    provider.play(() => {
      setTimeout(() => leaving.abort(), 30)
      return streamOf([1_000, ...completion(deltas)])
    })
    const heard = await hear(leaving.signal)
    expect(heard.error).toBe(leaving.signal.reason)
    await provider.requests.at(-1)!.left
  })

  it('sends nothing when it was aborted before', async () => {
    const sent = provider.requests.length
    expect((await hear(AbortSignal.abort())).text).toBe('')
    expect(provider.requests.length).toBe(sent)
  })

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController()
    const counts = { added: 0, removed: 0 }
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...of: Parameters<typeof add>) => (counts.added++, add(...of))
    signal.removeEventListener = (...of: Parameters<typeof remove>) => (counts.removed++, remove(...of))
    provider.play([streamOf(completion(deltas))])
    await hear(signal)
    expect(counts).toEqual({ added: 1, removed: 1 })
  })

  it('does not count the time that the reader takes as the silence of the provider', async () => {
    provider.play([streamOf(completion(deltas))])
    let text = ''
    for await (const event of impatient.stream(messages, never)) {
      if (event.type === 'text') text += event.delta
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    expect(text).toBe(answer)
  })
})

describe('a refused request', () => {
  it('never shows the provider’s words or the key', async () => {
    provider.play([failure(401, { message: 'Incorrect API key provided: sk-secret-123456 (sk-sec**56)', code: 'x' })])
    const error = (await hear()).error as ModelError
    expect(codeOf(error)).toBe('model-refused')
    expect(error.message).not.toMatch(/Incorrect|secret/)
    const cause = error.cause as Error
    expect(cause.message).toBe('status 401, x, unnamed')
    expect(`${cause.message}${cause.stack}${JSON.stringify(error)}`).not.toMatch(/secret|sk-sec/)
  })

  it('is unavailable when nobody listens', async () => {
    const nobody = openAiGenerator({ apiKey: 'none', baseUrl: 'http://127.0.0.1:9/v1', chatModel: 'm' })
    const failing = (async () => {
      for await (const _ of nobody.stream(messages, never));
    })()
    await expect(failing).rejects.toMatchObject({ code: 'model-unavailable', retryable: true })
  })
})
