// The official client of the OpenAI API against a running server.
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ModelError } from '../../../core/errors.ts'
import type { Generator } from '../../../core/ports.ts'
import { failingGenerator, fakeGenerator } from '../../../models/fake.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'
import { type Serving, serving } from '../../support/serving.ts'
import type { WireAnswer } from '../../support/wire.ts'

type Reply = OpenAI.ChatCompletion & { footnote: WireAnswer }
type Asking = OpenAI.ChatCompletionCreateParamsNonStreaming

const QUESTION = 'How does Stripe rate limit requests?'
const ABSENT = 'Which colour does the queen of Denmark paint her submarine?'
const written = [
  'Stripe runs four limiters 🚦 in produc',
  'tion [1]. Its rate limiting uses the token bucket [',
  '1][2]. Stripe sells 900 umbrellas in Peru [1]. <img src=//evil.example> [click](http://evil.example)',
]

let library: TestLibrary
const open: Serving[] = []

beforeAll(async () => {
  library = await openTestLibrary()
})
afterAll(async () => {
  for (const each of open) await each[Symbol.asyncDispose]()
})

async function clientOf(generator: Generator | null = null): Promise<{ openai: OpenAI; app: TestApp; url: string }> {
  const app = openTestApp(library, { generator })
  const server = await serving(app)
  open.push(server)
  return { openai: new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 }), app, url: server.url }
}

const asking = (content: string, more: Partial<Asking> = {}): Asking => ({
  model: 'footnote',
  messages: [{ role: 'user', content }],
  ...more,
})

/** What every reply promises: its markers are its annotations, and these are the citations of the answer. */
function expectCited({ choices, footnote }: Reply, url: string): void {
  const { content, annotations } = choices[0]!.message
  const cited = annotations!.map(({ url_citation: { start_index, end_index, title, url: link } }) => {
    expect(content!.slice(start_index, end_index)).toBe(`[[${/\d+/.exec(content!.slice(start_index))![0]}]](${link})`)
    expect(title).not.toBe('')
    return link
  })
  expect(new Set(cited)).toEqual(new Set(footnote.citations.map(({ link }) => url + link)))
  expect(content!.replaceAll(/\[(\[\d+\])\]\([^)]*\)/g, '$1').startsWith(footnote.answer)).toBe(true)
}

describe.each([
  ['extracts', null],
  ['a model', fakeGenerator(written)],
])('the official client, answered by %s', (_, generator) => {
  let openai: OpenAI
  let url: string
  let app: TestApp

  beforeAll(async () => {
    const client = await clientOf(generator)
    openai = client.openai
    url = client.url
    app = client.app
  })

  it('gets an answer with its citations as annotations', async () => {
    const reply = (await openai.chat.completions.create(asking(QUESTION))) as Reply
    expect(reply).toMatchObject({
      object: 'chat.completion',
      model: 'footnote',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', refusal: null } }],
      usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
      footnote: { id: reply.id, status: 'answered', question: QUESTION },
    })
    expect(reply.choices[0]!.message.annotations!.length).toBeGreaterThan(0)
    expectCited(reply, url)
    expect(await (await app.get(`/v1/answers/${reply.id}`)).json()).toEqual({ ...reply.footnote, feedback: null })
  })

  it('gets the same as a stream, by its own helper', async () => {
    const stream = openai.chat.completions.stream({ ...asking(QUESTION), stream: true })
    const reply = (await stream.finalChatCompletion()) as unknown as Reply
    expectCited(reply, url)
    const whole = (await openai.chat.completions.create(asking(QUESTION))) as Reply
    expect(reply.choices).toMatchObject(whole.choices)
    expect(reply.footnote.citations).toEqual(whole.footnote.citations)
  })

  it('gets the usage at the end of a stream when it asks for it, and the answer object just before', async () => {
    const stream = await openai.chat.completions.create({
      ...asking(QUESTION),
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } })
    const told = chunks.flatMap((chunk, at) => ('footnote' in chunk ? [{ at, choices: chunk.choices }] : []))
    expect(told).toMatchObject([{ at: chunks.length - 2, choices: [{ finish_reason: 'stop' }] }])
  })

  it('opens each link at the words of the citation', async () => {
    const reply = (await openai.chat.completions.create(asking(QUESTION))) as Reply
    for (const { link, quote, span } of reply.footnote.citations) {
      const [, id, revision] = /^\/documents\/(.*)\?revision=(\w+)#/.exec(link)!
      const { text } = (await (await fetch(`${url}/v1/documents/${id}?revision=${revision}`)).json()) as {
        text: string
      }
      expect(text.slice(span.start, span.end)).toBe(quote)
    }
  })

  it('reads a refusal with the passages that come nearest', async () => {
    const reply = (await openai.chat.completions.create(asking(ABSENT))) as Reply
    const { content, annotations } = reply.choices[0]!.message
    expect(reply.footnote.status).toBe('abstained')
    expect(content).toMatch(/^The library /)
    expect(annotations).toEqual([])
  })
})

it('shows nothing that nothing supports, and nothing that a renderer would fetch', async () => {
  const { openai } = await clientOf(fakeGenerator(written))
  const reply = (await openai.chat.completions.create(asking(QUESTION))) as Reply
  expect(reply.choices[0]!.message.content).not.toMatch(/umbrellas|<img|\(http:\/\/evil/)
})

it('takes the messages before the last one for the conversation', async () => {
  const { openai } = await clientOf()
  const reply = (await openai.chat.completions.create({
    model: 'footnote-extracts',
    messages: [
      { role: 'system', content: 'You are a pirate.' },
      { role: 'user', content: 'How did Notion shard Postgres?' },
      { role: 'assistant', content: 'Into 480 logical shards [1].' },
      { role: 'user', content: [{ type: 'text', text: 'And how long was the downtime?' }] },
    ],
    temperature: 0.3,
    user: 'somebody',
  })) as Reply
  expect(reply.footnote.query).toMatch(/Notion/)
  expect(reply.choices[0]!.message.content).toMatch(/five minutes/)
})

it('ends with "length" when the model was cut off, and says so', async () => {
  const cut = failingGenerator(new ModelError('model-cut-off', 'cut'), [
    'Stripe runs four limiters in production [1]. ',
  ])
  const { openai } = await clientOf(cut)
  const reply = (await openai.chat.completions.create(asking(QUESTION))) as Reply
  expect(reply.choices[0]).toMatchObject({ finish_reason: 'length' })
  expect(reply.choices[0]!.message.content).toMatch(/cut off/)
})

it('lists its models and knows no other', async () => {
  const { openai } = await clientOf()
  const ids: string[] = []
  for await (const { id } of openai.models.list()) ids.push(id)
  expect(ids).toEqual(['footnote', 'footnote-extracts'])
  expect((await openai.models.retrieve('footnote')).owned_by).toBe('footnote')
  await expect(openai.models.retrieve('gpt-4o')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  await expect(openai.chat.completions.create(asking(QUESTION, { model: 'gpt-4o' }))).rejects.toThrow(
    /footnote-extracts/,
  )
})

describe('an official error', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['several answers', { n: 2 }, 'n'],
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    ['functions', { functions: [{ name: 'f' }] }, 'functions'],
    ['speech', { modalities: ['text', 'audio'] }, 'modalities'],
    ['JSON', { response_format: { type: 'json_object' } }, 'response_format'],
    [
      'an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] },
      'messages.0.content',
    ],
    ['no messages', { messages: [] }, 'messages'],
    ['an empty question', { messages: [{ role: 'user', content: ' ' }] }, 'messages'],
    ['a question that is too long', { messages: [{ role: 'user', content: 'x'.repeat(4_001) }] }, 'messages'],
    ['no question', { messages: [{ role: 'assistant', content: 'Hello' }] }, 'messages'],
    ['a role that there is not', { messages: [{ role: 'king', content: 'Hello' }] }, 'messages.0.role'],
  ])('tells the client that %s cannot be had', async (_, more, param) => {
    const { openai } = await clientOf()
    const failure = await openai.chat.completions.create({ ...asking(QUESTION), ...more }).catch((e) => e)
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError)
    expect(failure).toMatchObject({ status: 400, param, type: 'invalid_request_error' })
  })

  it('comes as an event when the answer fails on its way', async () => {
    const { openai } = await clientOf()
    const { store } = library
    const broken = {
      ...store,
      search: { ...store.search, candidates: async () => await Promise.reject(new Error('gone')) },
    }
    const server = await serving(openTestApp({ ...library, store: broken }))
    open.push(server)
    const stream = openai.withOptions({ baseURL: `${server.url}/v1` }).chat.completions.stream({
      ...asking(QUESTION),
      stream: true,
    })
    await expect(stream.finalChatCompletion()).rejects.toBeInstanceOf(OpenAI.APIError)
  })
})

it('leads back to the address under which people reach it', async () => {
  const app = openTestApp(library, { publicUrl: 'https://ask.example.com' })
  const reply = (await (await app.post('/v1/chat/completions', asking(QUESTION))).json()) as Reply
  expectCited(reply, 'https://ask.example.com')
})
