// The AI SDK's own clients against a running server. `useChat` draws what `Chat` holds; its hook needs a browser.
import { Chat } from '@ai-sdk/react'
import { DefaultChatTransport, readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ModelError, StoreError } from '../../../core/errors.ts'
import type { Generator } from '../../../core/ports.ts'
import { failingGenerator, fakeGenerator } from '../../../models/fake.ts'
import { openTestApp, openTestLibrary, slowGenerator, type TestApp, type TestLibrary } from '../../support/app.ts'
import { type Serving, serving } from '../../support/serving.ts'
import type { WireAnswer, WirePassage, WireStatement } from '../../support/wire.ts'

type Told = UIMessage<unknown, { statement: WireStatement; answer: WireAnswer; passages: WirePassage[] }>
type Part = Told['parts'][number]

const QUESTION = 'How does Stripe rate limit requests?'
const ABSENT = 'Which colour does the queen of Denmark paint her submarine?'
const written = [
  'Stripe runs four limiters 🚦 in produc',
  'tion [1]. Its rate limiting uses the token bucket [',
  '1][2]. Stripe sells 900 umbrellas in Peru [1].',
]

let library: TestLibrary
const open: Serving[] = []

beforeAll(async () => {
  library = await openTestLibrary()
})
afterAll(async () => {
  for (const each of open) await each[Symbol.asyncDispose]()
})

async function serve(generator: Generator | null, from: TestLibrary = library): Promise<{ app: TestApp; url: string }> {
  const app = openTestApp(from, { generator })
  const server = await serving(app)
  open.push(server)
  return { app, url: server.url }
}

const transportTo = (url: string) => new DefaultChatTransport<Told>({ api: `${url}/api/chat` })

/** A chat as `useChat` makes one, and what it heard besides the messages. */
function openChat(url: string, messages: Told[] = []) {
  const heard: { type: string }[] = []
  const errors: Error[] = []
  const endings: (string | undefined)[] = []
  const chat = new Chat<Told>({
    transport: transportTo(url),
    messages,
    onData: (part) => heard.push(part),
    onError: (error) => errors.push(error),
    onFinish: ({ finishReason }) => endings.push(finishReason),
  })
  return { chat, heard, errors, endings }
}

const typed = <Type extends Part['type']>(message: Told | undefined, type: Type) =>
  (message?.parts ?? []).filter((part): part is Extract<Part, { type: Type }> => part.type === type)
const textsOf = (message: Told | undefined) => typed(message, 'text').map(({ text }) => text)
const answerOf = (message: Told | undefined) => typed(message, 'data-answer')[0]!.data

const user = (text: string): Told => ({ id: text, role: 'user', parts: [{ type: 'text', text }] })

/** The chunks of one answer, each as the client's own schema let it through. */
async function chunksOf(url: string, text: string): Promise<UIMessageChunk[]> {
  const stream = await transportTo(url).sendMessages({
    chatId: 'chat-1',
    messages: [user(text)],
    trigger: 'submit-message',
    messageId: undefined,
    abortSignal: undefined,
  })
  const chunks: UIMessageChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

describe.each([
  ['extracts', null],
  ['a model', fakeGenerator(written)],
])('a chat of the AI SDK, answered by %s', (_, generator) => {
  let app: TestApp
  let url: string

  beforeAll(async () => {
    const served = await serve(generator)
    app = served.app
    url = served.url
  })

  it('holds the text of the answer to the letter, its statements, its sources and the whole object', async () => {
    const { chat, heard, endings, errors } = openChat(url)
    await chat.sendMessage({ text: QUESTION })
    const message = chat.lastMessage
    const answer = answerOf(message)
    expect({ status: chat.status, errors, endings }).toEqual({ status: 'ready', errors: [], endings: ['stop'] })
    expect(answer).toMatchObject({ status: 'answered', question: QUESTION, id: message!.id })
    expect(textsOf(message)).toEqual([answer.answer])
    expect(answer.citations.length).toBeGreaterThan(0)
    expect(typed(message, 'data-statement').map((part) => part.data)).toEqual(answer.statements)
    expect(typed(message, 'source-url').map(({ providerMetadata }) => providerMetadata?.['footnote'])).toEqual(
      answer.citations,
    )
    expect(heard).toContainEqual({ type: 'data-passages', data: answer.passages, transient: true })
    expect(await (await app.get(`/v1/answers/${message!.id}`)).json()).toEqual({ ...answer, feedback: null })
  })

  it('gets each source once, before the marker that names it, and each verdict behind its words', async () => {
    const chunks = await chunksOf(url, QUESTION)
    const sources = new Set<string>()
    let text = ''
    for (const chunk of chunks) {
      if (chunk.type === 'source-url') {
        expect(sources).not.toContain(chunk.sourceId)
        sources.add(chunk.sourceId)
      }
      if (chunk.type === 'text-delta') {
        text += chunk.delta
        for (const [, n] of chunk.delta.matchAll(/\[(\d+)\]/g)) expect(sources).toContain(n)
      }
      if (chunk.type === 'data-statement') expect((chunk.data as WireStatement).end).toBeLessThanOrEqual(text.length)
    }
    expect(chunks.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['start', 'text-start', 'text-end', 'data-answer', 'finish']),
    )
    expect(chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'stop' })
  })

  it('reads a refusal as text, and the object says that it is one', async () => {
    const { chat } = openChat(url)
    await chat.sendMessage({ text: ABSENT })
    expect(textsOf(chat.lastMessage)).toEqual([expect.stringMatching(/^The library /)])
    expect(answerOf(chat.lastMessage)).toMatchObject({ status: 'abstained', answer: '', citations: [] })
    expect(typed(chat.lastMessage, 'source-url')).toEqual([])
  })
})

it('says in its headers which protocol it speaks', async () => {
  const response = await openTestApp(library).post('/api/chat', { messages: [user(QUESTION)] })
  expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1')
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
})

it('is read without a chat as well', async () => {
  const { url } = await serve(null)
  const stream = await transportTo(url).sendMessages({
    chatId: 'chat-1',
    messages: [user(QUESTION)],
    trigger: 'submit-message',
    messageId: undefined,
    abortSignal: undefined,
  })
  const states = await Array.fromAsync(readUIMessageStream<Told>({ stream }))
  expect(textsOf(states.at(-1))).toEqual([answerOf(states.at(-1)).answer])
})

it('links each source to the page that marks its words', async () => {
  const { url } = await serve(null)
  const { chat } = openChat(url)
  await chat.sendMessage({ text: QUESTION })
  const sources = typed(chat.lastMessage, 'source-url')
  expect(sources.map(({ sourceId, url: link }) => [sourceId, link])).toEqual(
    answerOf(chat.lastMessage).citations.map(({ n, link }) => [String(n), url + link]),
  )
  for (const source of sources) expect((await fetch(source.url)).status).toBe(200)
})

it('takes the messages before the last one for the conversation, under the id of the chat', async () => {
  const { url, app } = await serve(null)
  const { chat } = openChat(url)
  await chat.sendMessage({ text: 'How did Notion shard Postgres?' })
  await chat.sendMessage({ text: 'And how long was the downtime?' })
  const answer = answerOf(chat.lastMessage)
  expect(answer.query).toMatch(/Notion/)
  expect(answer.answer).toMatch(/five minutes/)
  const { answers } = (await (await app.get(`/v1/answers?conversation_id=${chat.id}`)).json()) as { answers: object[] }
  expect(answers).toHaveLength(2)
})

it('asks the model again when another answer is wanted', async () => {
  let calls = 0
  const counting = fakeGenerator(() => {
    calls++
    return ['Stripe runs four limiters in production [1].']
  })
  const app = openTestApp(library, { generator: counting, replies: library.store.replies })
  const server = await serving(app)
  open.push(server)
  const { chat } = openChat(server.url)
  await chat.sendMessage({ text: QUESTION })
  const first = chat.lastMessage
  await chat.regenerate()
  expect(calls).toBe(2)
  expect(chat.messages).toHaveLength(2)
  expect(chat.lastMessage!.id).not.toBe(first!.id)
  expect(answerOf(chat.lastMessage).cached).toBe(false)
})

describe('what nothing supports', () => {
  it('is not shown', async () => {
    const { url } = await serve(fakeGenerator(written))
    const { chat } = openChat(url)
    await chat.sendMessage({ text: QUESTION })
    expect(textsOf(chat.lastMessage).join()).not.toMatch(/umbrellas/)
  })

  it('leaves a refusal and no other text when it is all there is', async () => {
    // The rule behind the sentence is streamed by the pipeline, and taken back by its last event.
    const { url } = await serve(fakeGenerator(['Stripe sells 900 umbrellas in Peru [1].\n\n---\n\n🚦']))
    const { chat } = openChat(url)
    await chat.sendMessage({ text: QUESTION })
    expect(answerOf(chat.lastMessage)).toMatchObject({ status: 'abstained', reason: 'nothing-supported' })
    expect(textsOf(chat.lastMessage)).toEqual(['Nothing in the library backs what the model wrote: it is no answer.'])
  })
})

it('ends with "length" when the model was cut off, and says so behind the answer', async () => {
  const cut = failingGenerator(new ModelError('model-cut-off', 'cut'), [
    'Stripe runs four limiters in production [1]. ',
  ])
  const { url } = await serve(cut)
  const { chat, endings } = openChat(url)
  await chat.sendMessage({ text: QUESTION })
  expect(endings).toEqual(['length'])
  expect(textsOf(chat.lastMessage)).toEqual([answerOf(chat.lastMessage).answer, expect.stringMatching(/cut off/)])
})

const endless = () =>
  slowGenerator(
    Array.from({ length: 500 }, () => 'Stripe runs four limiters in production [1]. '),
    20,
  )

/** A chat in the middle of an answer. */
async function openSpeaking(generator: Generator) {
  const { url, app } = await serve(generator)
  const { chat } = openChat(url)
  const sent = chat.sendMessage({ text: QUESTION })
  await vi.waitUntil(() => chat.lastMessage?.role === 'assistant' && textsOf(chat.lastMessage).length > 0, 5_000)
  return { chat, app, sent, id: chat.lastMessage!.id }
}

describe('a client who stops', () => {
  it('stops the model, and keeps what was shown', async () => {
    const generator = endless()
    const { chat, app, sent, id } = await openSpeaking(generator)
    await chat.stop()
    await sent
    await vi.waitUntil(() => generator.endings.length === 1, 3_000)
    expect(chat.status).toBe('ready')
    expect(textsOf(chat.lastMessage)).toEqual([expect.stringMatching(/^Stripe runs four limiters in production \[1\]/)])
    expect(await (await app.get(`/v1/answers/${id}/events`)).text()).toContain('event: stopped')
  })

  it('elsewhere ends the stream as aborted, with the answer as it stood', async () => {
    const { chat, app, sent, id } = await openSpeaking(endless())
    await app.post(`/v1/answers/${id}/stop`, {})
    await sent
    const answer = answerOf(chat.lastMessage)
    expect(answer.status).toBe('stopped')
    expect(textsOf(chat.lastMessage)).toEqual([answer.answer])
  })
})

describe('a chat that is taken up again', () => {
  it('is ready when nothing of it is under way', async () => {
    const { url } = await serve(null)
    const { chat, errors } = openChat(url)
    await chat.resumeStream()
    expect([chat.status, errors]).toEqual(['ready', []])
    await chat.sendMessage({ text: QUESTION })
    const { messages } = chat
    await chat.resumeStream()
    expect([chat.status, errors, chat.messages]).toEqual(['ready', [], messages])
  })

  it('elsewhere hears the answer from its beginning, and its leaving stops nothing', async () => {
    const sentences = Array.from({ length: 25 }, () => 'Stripe runs four limiters in production [1]. ')
    const { chat, sent } = await openSpeaking(slowGenerator(sentences, 30))
    const { transport } = chat as unknown as { transport: DefaultChatTransport<Told> }
    const second = new Chat<Told>({ id: chat.id, transport, messages: [user(QUESTION)] })
    const third = new Chat<Told>({ id: chat.id, transport, messages: [user(QUESTION)] })
    const hearing = second.resumeStream()
    const leaving = third.resumeStream()
    await vi.waitUntil(() => third.lastMessage?.role === 'assistant', 3_000)
    await third.stop()
    await Promise.all([sent, hearing, leaving])
    expect(answerOf(chat.lastMessage).status).toBe('answered')
    expect(second.lastMessage).toEqual(chat.lastMessage)
  })

  it('ends as aborted there when whoever asked has left', async () => {
    const { chat, sent } = await openSpeaking(endless())
    const { transport } = chat as unknown as { transport: DefaultChatTransport<Told> }
    const second = new Chat<Told>({ id: chat.id, transport, messages: [user(QUESTION)] })
    const hearing = second.resumeStream()
    await vi.waitUntil(() => second.lastMessage?.role === 'assistant', 3_000)
    await chat.stop()
    await Promise.all([sent, hearing])
    expect(answerOf(second.lastMessage).status).toBe('stopped')
    await second.resumeStream()
    expect(second.status).toBe('ready')
  })
})

describe('an error', () => {
  const question = user(QUESTION)
  const image = { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AA==' }

  it.each<[string, unknown, RegExp]>([
    ['no messages', { messages: [] }, /messages: is empty/],
    ['messages that are none', { messages: 'Hello' }, /messages: must be an array/],
    ['a message of an older protocol', { messages: [{ role: 'user', content: 'Hello' }] }, /messages.0.parts: /],
    ['a role that there is not', { messages: [{ ...question, role: 'king' }] }, /messages.0.role: is not a role/],
    ['parts without a type', { messages: [{ ...question, parts: [{ text: 'x' }] }] }, /messages.0.parts.0.type: /],
    ['text that is none', { messages: [{ ...question, parts: [{ type: 'text', text: 7 }] }] }, /parts.0.text: /],
    [
      'an image',
      { messages: [{ ...question, parts: [...question.parts, image] }] },
      /parts.1: "file" is not supported/,
    ],
    ['an empty question', { messages: [user(' ')] }, /the last one is empty/],
    ['a question that is too long', { messages: [user('x'.repeat(4_001))] }, /longer than 4000/],
    ['an answer at the end', { messages: [question, { ...question, role: 'assistant' }] }, /must be of the user/],
    ['an unknown trigger', { messages: [question], trigger: 'resume-stream' }, /trigger: must be/],
  ])('names what is wrong with %s', async (_, body, title) => {
    const response = await openTestApp(library).post('/api/chat', body)
    expect([response.status, response.headers.get('content-type')]).toEqual([422, 'text/plain; charset=utf-8'])
    expect(await response.text()).toMatch(title)
  })

  it('reaches the chat, which can go on after a file that was refused', async () => {
    const { url } = await serve(null)
    const { chat, errors } = openChat(url)
    await chat.sendMessage({ text: QUESTION, files: [{ type: 'file', mediaType: image.mediaType, url: image.url }] })
    expect(chat.status).toBe('error')
    const refusal = 'messages.0.parts.0: "file" is not supported; send text.'
    expect(errors).toMatchObject([{ message: refusal, statusCode: 422 }])
    await chat.sendMessage({ text: QUESTION })
    expect(chat.status).toBe('ready')
    expect(answerOf(chat.lastMessage).status).toBe('answered')
  })

  it('before the first event is a status, and on the way an event of the stream, without inner words', async () => {
    const { store } = library
    const failure = new StoreError('store-failed', 'relation "secret" is gone', { retryable: true })
    const refusing = async () => await Promise.reject(failure)
    const broken = { ...store, search: { ...store.search, candidates: refusing } }
    const { chat, errors } = openChat((await serve(null, { ...library, store: broken })).url)
    await chat.sendMessage({ text: QUESTION })
    expect(chat.status).toBe('error')
    const down = { ...store, answers: { ...store.answers, begin: refusing } }
    const { url } = await serve(null, { ...library, store: down })
    const refused = openChat(url)
    await refused.chat.sendMessage({ text: QUESTION })
    const message = 'The database does not answer at the moment. Try again in a few seconds.'
    expect(errors.map((error) => error.message)).toEqual([message])
    expect(refused.errors).toMatchObject([{ message, statusCode: 503 }])
    const response = await fetch(`${url}/api/chat`, { method: 'POST', body: '' })
    expect([response.status, await response.text()]).toEqual([
      415,
      'The body\'s type is "text/plain;charset=UTF-8"; send application/json.',
    ])
    expect(await (await fetch(`${url}/api/chat`)).text()).toBe('GET /api/chat is not offered; use POST.')
  })
})
