// One answer through every surface: whatever form it takes there, it carries the same citations.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { DefaultChatTransport, type UIMessageChunk } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { fakeGenerator } from '../../../models/fake.ts'
import { citationShape } from '../../../server/http/schemas.ts'
import { openTestApp, openTestLibrary } from '../../support/app.ts'
import { type FakeSlackApi, openFakeSlackApi } from '../../support/fake-slack-api.ts'
import { APP, messageEvent, SECRET, signed } from '../../support/fake-slack.ts'
import { type Serving, serving } from '../../support/serving.ts'
import { parseEvents, readJson, type WireAnswer, type WireCitation } from '../../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
const ABSENT = 'Which colour does the queen of Denmark paint her submarine?'
// Two sentences on one quote, one on a quote of multi-byte text, and one of which the library says nothing. That one
// has no marker: where it is withheld, no citation goes with it.
const written = [
  'Stripe runs four limiters in production [1]. In production, Stripe runs fo',
  'ur limiters [1]. A short burst above the cap is allowed 🚦 [2',
  ']. Peruvian umbrellas — größer als nötig — never break.',
]
const UNSUPPORTED = 'umbrellas'

/** What a surface gave: its citations wherever they stand there, in order, and the answer object where it has one. */
type Given = { readonly citations: readonly unknown[]; readonly answer: WireAnswer; readonly text: string }
type Surface = readonly [name: string, marksVerdicts: boolean, ask: (url: string, question: string) => Promise<Given>]

/** One entry per surface. A new one is held to the same citations by standing here. */
const surfaces: readonly Surface[] = [
  ['POST /v1/ask as JSON', true, async (url, question) => ofAnswer(await askJson(url, question))],
  ['POST /v1/ask as events', true, askEvents],
  ['GET /v1/answers/:id', true, readAgain],
  ['POST /v1/chat/completions', false, askOpenAi],
  ['POST /v1/chat/completions as a stream', false, streamOpenAi],
  ['POST /api/chat', false, askAiSdk],
  ['POST /mcp', false, askMcp],
  ['Slack', false, askSlack],
]

const PUBLIC_URL = 'https://ask.example.com'

let server: Serving
let slackServer: Serving
let slack: FakeSlackApi
let expected: WireAnswer

beforeAll(async () => {
  const library = await openTestLibrary()
  const generator = fakeGenerator(written)
  server = await serving(openTestApp(library, { generator }))
  slack = await openFakeSlackApi({ channels: { C1: { name: 'general', members: ['U1'] } } })
  const { token: botToken, url: apiUrl } = slack
  const own = { botToken, apiUrl, signingSecret: SECRET, appToken: null, channels: [], humanChannel: null }
  const app = openTestApp(library, { generator, slack: own, publicUrl: PUBLIC_URL })
  slackServer = await serving(app)
  app.begin()
  expected = await askJson(server.url, QUESTION)
})
afterAll(async () => {
  for (const each of [server, slackServer, slack]) await each[Symbol.asyncDispose]()
})

it('is one answer that a surface could get wrong', () => {
  expect(expected.citations.length).toBeGreaterThanOrEqual(2)
  const cited = expected.statements.map(({ citations }) => citations.join())
  expect(cited.length - new Set(cited).size).toBeGreaterThan(0)
  expect(expected.statements.map(({ verdict }) => verdict)).toContain('unsupported')
  expect(expected.citations.map(({ quote }) => quote).join()).toContain('🚦')
})

describe.each(surfaces)('%s', (_, marksVerdicts, ask) => {
  it('carries the same citations as every other, each of the published shape', async () => {
    const published = z.fromJSONSchema(await readJson(await fetch(`${server.url}/schemas/citation.json`)))
    const { citations, answer, text } = await ask(server.url, QUESTION)
    for (const each of citations) {
      expect(citationShape.safeParse(each).error).toBeUndefined()
      expect(published.safeParse(each).error).toBeUndefined()
    }
    expect(idsOf(citations)).toEqual(idsOf(expected.citations))
    expect(idsOf(answer.citations)).toEqual(idsOf(expected.citations))
    expect(text.includes(UNSUPPORTED)).toBe(marksVerdicts)
  })

  it('cites words that stand in the stored text, to the letter', async () => {
    const { citations } = await ask(server.url, QUESTION)
    for (const { document, span, quote } of citations.map((each) => citationShape.parse(each))) {
      const stored = await fetch(`${server.url}/v1/documents/${document.id}?revision=${document.revision}`)
      const { text } = await readJson<{ text: string }>(stored)
      expect(text.slice(span.start, span.end)).toBe(quote)
    }
  })

  it('refuses what the library does not hold, and cites nothing', async () => {
    const { citations, answer } = await ask(server.url, ABSENT)
    expect(answer).toMatchObject({ status: 'abstained', answer: '', citations: [] })
    expect(citations).toEqual([])
  })
})

describe('the published shape of a citation', () => {
  it.each<[string, (citation: WireCitation) => object]>([
    ['a field is missing', (citation) => ({ ...citation, quote: undefined })],
    ['a field is added', (citation) => ({ ...citation, confidence: 1 })],
    ['the quote is empty', (citation) => ({ ...citation, quote: '' })],
    ['the span is none', (citation) => ({ ...citation, span: { start: -1, end: 0 } })],
    ['the revision is none', (citation) => ({ ...citation, document: { ...citation.document, revision: 'latest' } })],
    [
      'a key is not in snake_case',
      ({ document: { published_at: publishedAt, ...document }, ...rest }) => ({
        ...rest,
        document: { ...document, publishedAt },
      }),
    ],
  ])('is not kept when %s', async (_, change) => {
    const published = z.fromJSONSchema(await readJson(await fetch(`${server.url}/schemas/citation.json`)))
    const [citation] = expected.citations
    expect(published.safeParse(citation).success).toBe(true)
    expect(published.safeParse(change(citation!)).success).toBe(false)
    expect(citationShape.safeParse(change(citation!)).success).toBe(false)
  })
})

/** What makes two citations the same one. */
function idsOf(citations: readonly unknown[]) {
  return citations
    .map((each) => citationShape.parse(each))
    .map(({ n, document: { id, revision }, span, quote }) => ({ n, id, revision, span, quote }))
}

function ofAnswer(answer: WireAnswer): Given {
  return { citations: answer.citations, answer, text: answer.answer }
}

async function post(url: string, body: object, accept = 'application/json'): Promise<Response> {
  const headers = { 'content-type': 'application/json', accept }
  return await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function askJson(url: string, question: string): Promise<WireAnswer> {
  return await readJson<WireAnswer>(await post(`${url}/v1/ask`, { question }))
}

async function askEvents(url: string, question: string): Promise<Given> {
  const events = parseEvents(await (await post(`${url}/v1/ask`, { question }, 'text/event-stream')).text())
  const citations = events.flatMap(({ type, body }) => (type === 'citation' ? [body.citation] : []))
  const text = events.flatMap(({ type, body }) => (type === 'text' ? [body.delta] : [])).join('')
  return { citations, answer: events.at(-1)!.body.answer, text }
}

async function readAgain(url: string, question: string): Promise<Given> {
  const { id } = await askJson(url, question)
  return ofAnswer(await readJson<WireAnswer>(await fetch(`${url}/v1/answers/${id}`)))
}

type Reply = OpenAI.ChatCompletion & { readonly footnote: WireAnswer }

function openAiTo(url: string): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 })
}
const asking = (content: string) => ({ model: 'footnote', messages: [{ role: 'user' as const, content }] })

/** Each annotation is a marker, and leads to a citation of the answer object: those that it leads to, once each. */
function ofReply({ choices, footnote: answer }: Reply, url: string): Given {
  const { content, annotations = [] } = choices[0]!.message
  const links = new Set(annotations.map(({ url_citation: { url: link } }) => link.slice(url.length)))
  const citations = [...links].map((link) => answer.citations.find((each) => each.link === link))
  return { citations, answer, text: content ?? '' }
}

async function askOpenAi(url: string, question: string): Promise<Given> {
  return ofReply((await openAiTo(url).chat.completions.create(asking(question))) as Reply, url)
}

async function streamOpenAi(url: string, question: string): Promise<Given> {
  const stream = openAiTo(url).chat.completions.stream({ ...asking(question), stream: true })
  return ofReply((await stream.finalChatCompletion()) as unknown as Reply, url)
}

async function askMcp(url: string, question: string): Promise<Given> {
  const client = new Client({ name: 'conformance', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url)))
  const { structuredContent, content } = await client.callTool({ name: 'ask', arguments: { question } })
  await client.close()
  const answer = structuredContent as WireAnswer
  return { citations: answer.citations, answer, text: JSON.stringify(content) }
}

/** What the message shows as its sources; each link leads to a citation of the answer that its buttons name. */
async function askSlack(url: string, question: string): Promise<Given> {
  const text = `<@${APP}> ${question}`
  const thread = slack.write('C1', 'U1', text)
  const body = JSON.stringify(messageEvent({ text, channel: 'C1', ts: thread }, `Ev${thread}`))
  const headers = { 'content-type': 'application/json', ...signed(body) }
  await fetch(`${slackServer.url}/slack/events`, { method: 'POST', headers, body })
  const said = await vi.waitFor(() => {
    const shown = JSON.stringify(slack.messages('C1').filter((each) => each.thread_ts === thread && each.user !== 'U1'))
    expect(shown).toContain('footnote_up')
    return shown
  }, 10_000)
  const [, id = ''] = /"value":"(ans_\w+)"/.exec(said) ?? []
  const answer = await readJson<WireAnswer>(await fetch(`${url}/v1/answers/${id}`))
  const [, sources = ''] = said.split('*Sources*')
  const links = Array.from(sources.matchAll(/\[\d+\] <([^|>]+)\|/g), ([, link = '']) => link.replaceAll('&amp;', '&'))
  const citations = links.map((link) => answer.citations.find((each) => link === PUBLIC_URL + each.link))
  return { citations, answer, text: said.replace(question, '') }
}

async function askAiSdk(url: string, question: string): Promise<Given> {
  const stream = await new DefaultChatTransport({ api: `${url}/api/chat` }).sendMessages({
    chatId: 'chat-1',
    messages: [{ id: 'msg-1', role: 'user', parts: [{ type: 'text', text: question }] }],
    trigger: 'submit-message',
    messageId: undefined,
    abortSignal: undefined,
  })
  const chunks: UIMessageChunk[] = await Array.fromAsync(stream)
  return {
    citations: chunks.flatMap((each) => (each.type === 'source-url' ? [each.providerMetadata?.['footnote']] : [])),
    answer: chunks.flatMap((each) => (each.type === 'data-answer' ? [each.data as WireAnswer] : []))[0]!,
    text: chunks.flatMap((each) => (each.type === 'text-delta' ? [each.delta] : [])).join(''),
  }
}
