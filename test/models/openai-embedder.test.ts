// Vectors arrive in order, of length 1, all or none.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Embedder } from '../../core/ports.ts'
import { openAiEmbedder } from '../../models/openai-embedder.ts'
import { embeddings, failure, openProvider, type Provider, type RecordedRequest } from '../support/provider.ts'

const never = new AbortController().signal

let provider: Provider
let embedder: Embedder

beforeAll(async () => {
  provider = await openProvider()
})
afterAll(() => provider[Symbol.asyncDispose]())

function open(waits = { documentMs: 10_000, queryMs: 10_000 }): Promise<Embedder> {
  return openAiEmbedder({ apiKey: 'none', baseUrl: provider.baseUrl, embeddingModel: 'test-embedding', waits })
}

beforeEach(async () => {
  provider.play([embeddings([[3, 4, 0]])])
  embedder = await open()
})

function inputOf(request: RecordedRequest): string[] {
  return (request.body as { input: string[] }).input
}

/** The length of each text as its direction. */
function byLength(request: RecordedRequest) {
  const vectors = inputOf(request).map((text) => [Math.cos(text.length), Math.sin(text.length), 0])
  return embeddings(vectors, [...vectors.keys()].reverse())
}

describe('the embedder', () => {
  it('learns its dimensions and its space from the model', () => {
    expect(embedder.dimensions).toBe(3)
    expect(embedder.space).toBe(`openai/${new URL(provider.baseUrl).host}/test-embedding/3/1`)
  })

  it('gives vectors in the order of the texts, whatever the order of the reply', async () => {
    provider.play(byLength)
    const vectors = await embedder.embed(['a', 'bb', 'ccc'], 'document', never)
    for (const [index, vector] of vectors.entries()) expect(vector[0]).toBeCloseTo(Math.cos(index + 1), 5)
  })

  it('gives vectors of length 1', async () => {
    const [vector] = await embedder.embed(['a'], 'query', never)
    expect([...vector!].map((value) => Math.round(value * 10))).toEqual([6, 8, 0])
  })

  it('reads base64 as well as numbers', async () => {
    const base64 = Buffer.from(Float32Array.of(0, 0, 5).buffer).toString('base64')
    provider.play([{ body: [JSON.stringify({ data: [{ index: 0, embedding: base64 }] })] }])
    expect(await embedder.embed(['a'], 'query', never)).toEqual([Float32Array.of(0, 0, 1)])
  })

  it('sends at most 96 texts and 200,000 bytes at once', async () => {
    provider.play(byLength)
    const sent = provider.requests.length
    const texts = [...Array.from({ length: 200 }, () => 'a'), ...Array.from({ length: 30 }, () => 'é'.repeat(4_000))]
    const vectors = await embedder.embed(texts, 'document', never)
    expect(vectors).toHaveLength(230)
    const sizes = provider.requests
      .slice(sent)
      .map((request) => [inputOf(request).length, Buffer.byteLength(inputOf(request).join(''))])
    expect(sizes.every(([count, bytes]) => count! <= 96 && bytes! <= 200_000)).toBe(true)
    expect(sizes).toHaveLength(4)
  })

  it('cuts a text at 8,000 bytes, between two characters', async () => {
    provider.play(byLength)
    await embedder.embed([`a${'🚦'.repeat(3_000)}`, `half \ud83d`, ''], 'document', never)
    const [long, broken, empty] = inputOf(provider.requests.at(-1)!)
    expect(long).toBe(`a${'🚦'.repeat(1_999)}`)
    expect(broken).toBe('half \ufffd')
    expect(empty).toBe(' ')
  })

  it('asks nobody about no text', async () => {
    const sent = provider.requests.length
    expect(await embedder.embed([], 'document', never)).toEqual([])
    expect(provider.requests.length).toBe(sent)
  })
})

const base64 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64')
const reply = (...rows: unknown[]) => [{ body: [JSON.stringify({ data: rows })] }]

describe('vectors that can not be right', () => {
  const good = { index: 0, embedding: [1, 0, 0] }

  it.each([
    ['fewer', reply(good)],
    ['more', reply(good, { ...good, index: 1 }, { ...good, index: 2 })],
    ['twice the same', reply(good, good)],
    ['of other texts', reply(good, { ...good, index: 5 })],
    ['shorter', reply(good, { index: 1, embedding: [1, 0] })],
    ['of zeros', reply(good, { index: 1, embedding: [0, 0, 0] })],
    ['of nothing', reply(good, { index: 1, embedding: [] })],
    ['with NaN', reply(good, { index: 1, embedding: base64(1, Number.NaN, 0) })],
    ['with infinity', reply(good, { index: 1, embedding: base64(1, Number.POSITIVE_INFINITY, 0) })],
    ['with null', reply(good, { index: 1, embedding: [1, null, 0] })],
    ['of broken base64', reply(good, { index: 1, embedding: 'AAAAA' })],
    ['that are a web page', [{ body: ['<h1>Welcome</h1>'] }]],
    ['that are no list', [{ body: ['{"data": 5}'] }]],
  ])('(%s) are a bad output, and none is returned', async (_how, script) => {
    provider.play(script)
    await expect(embedder.embed(['a', 'b'], 'document', never)).rejects.toMatchObject({
      name: 'ModelError',
      code: 'model-bad-output',
      retryable: false,
    })
  })

  it('are a bad output in the second batch too', async () => {
    provider.play((request, index) => (index === 1 ? embeddings([[0, 0, 0]]) : byLength(request)))
    const texts = Array.from({ length: 97 }, () => 'a')
    await expect(embedder.embed(texts, 'document', never)).rejects.toMatchObject({ code: 'model-bad-output' })
  })

  it('do not open an embedder', async () => {
    provider.play([embeddings([[0, 0, 0]])])
    await expect(open()).rejects.toMatchObject({ code: 'model-bad-output' })
  })
})

describe('a provider in trouble', () => {
  it('keeps the meaning of its status', async () => {
    provider.play([failure(429, { code: 'rate_limit_exceeded', message: 'x' }, { 'retry-after': '3' })])
    await expect(embedder.embed(['a'], 'query', never)).rejects.toMatchObject({
      code: 'model-rate-limited',
      retryAfterMs: 3_000,
    })
  })

  it('is unavailable when the body is cut', async () => {
    provider.play([{ body: ['{"data": [{"index": 0, "embe'], ending: 'reset' }])
    await expect(embedder.embed(['a'], 'query', never)).rejects.toMatchObject({ code: 'model-unavailable' })
  })

  it('is timed out before the headers and within the body', async () => {
    const impatient = await open({ documentMs: 10_000, queryMs: 150 })
    for (const body of [[], ['{"data": [']]) {
      provider.play([{ body, ending: 'silent' }])
      await expect(impatient.embed(['a'], 'query', never)).rejects.toMatchObject({ code: 'model-timeout' })
      await provider.requests.at(-1)!.left
    }
  })

  it('is left at once when the signal is aborted', async () => {
    const leaving = new AbortController()
    // Not before it was asked: a request that never came is not among those that were left.
    provider.play(() => {
      setTimeout(() => leaving.abort(new Error('left')), 20)
      return { body: [], ending: 'silent' }
    })
    await expect(embedder.embed(['a'], 'document', leaving.signal)).rejects.toThrow('left')
    await provider.requests.at(-1)!.left
  })
})
