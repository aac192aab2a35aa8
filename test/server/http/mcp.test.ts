// The official client of the Model Context Protocol against a running server.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ModelError } from '../../../core/errors.ts'
import { failingGenerator, fakeGenerator } from '../../../models/fake.ts'
import type { AppDeps } from '../../../server/app.ts'
import {
  openTestApp,
  openTestLibrary,
  slowGenerator,
  type TestApp,
  type TestLibrary,
  TOKEN,
} from '../../support/app.ts'
import { brokenStore } from '../../support/fake-store.ts'
import { connected, generations, textOf } from '../../support/mcp.ts'
import { serving } from '../../support/serving.ts'
import { repeats } from '../../support/thorough.ts'
import type { WireAnswer } from '../../support/wire.ts'

type Found = { results: { id: string; title: string; url: string; text: string }[] }
type Fetched = { id: string; title: string; text: string; url: string; metadata: Record<string, string | number> }

const QUESTION = 'How does Stripe rate limit requests?'
const ABSENT = 'Which colour does the queen of Denmark paint her submarine?'
const written = ['Stripe runs four limiters in production [1]. ', 'Stripe sells 900 umbrellas in Peru [1].']
// An emoji lies across the first cut.
const long = `Ledger\n\n${'x'.repeat(39_991)}🚦${Array.from({ length: 8_000 }, (_, n) => ` entry${n}`).join('')}`

// Every end of it is another text.
const steps = `Steps\n\n${Array.from({ length: 300 }, (_, n) => `step${n}`).join(' ')}`

let library: TestLibrary
const open: AsyncDisposable[] = []

beforeAll(async () => {
  library = await openTestLibrary()
  const more = join(library.folder, 'more')
  await mkdir(more)
  await writeFile(join(more, 'ledger.txt'), long)
  await writeFile(join(more, 'steps.txt'), steps)
  for (let n = 0; n < 60; n++)
    await writeFile(join(more, `note${n}.md`), `# Note ${n}\n\nThe number of this is ${n}.\n`)
  const headers = { authorization: `Bearer ${TOKEN}` }
  await (await openTestApp(library).post('/v1/ingest', { paths: [more] }, { headers })).text()
})
afterAll(async () => {
  for (const each of open.toReversed()) await each[Symbol.asyncDispose]()
})

type Opened = { readonly client: Client; readonly app: TestApp; readonly url: string }

async function clientOf(changes: Partial<AppDeps> = {}, mode: (typeof generations)[number] = 'auto'): Promise<Opened> {
  const app = openTestApp(library, changes)
  const server = await serving(app)
  open.push(server)
  return { client: await clientAt(server.url, mode), app, url: server.url }
}

async function clientAt(url: string, mode: (typeof generations)[number] = 'auto'): Promise<Client> {
  const client = await connected(new StreamableHTTPClientTransport(new URL('/mcp', url)), mode)
  open.push({ [Symbol.asyncDispose]: async () => await client.close() })
  return client
}

async function call<Shape>(client: Client, name: string, input: object): Promise<Shape> {
  const result = await client.callTool({ name, arguments: { ...input } })
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy()
  return result.structuredContent as Shape
}

async function refusalOf(client: Client, name: string, input: object): Promise<string> {
  const result = await client.callTool({ name, arguments: { ...input } })
  expect(result).toMatchObject({ isError: true })
  expect(result.structuredContent).toBeUndefined()
  return textOf(result)
}

describe.each(generations)('a client that connects in the manner "%s"', (mode) => {
  let client: Client
  let app: TestApp
  let url: string

  beforeAll(async () => {
    const opened = await clientOf({}, mode)
    client = opened.client
    app = opened.app
    url = opened.url
  })

  it('is told what there is', async () => {
    const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
    const { name, version } = JSON.parse(text) as { name: string; version: string }
    expect(client.getServerVersion()).toMatchObject({ name, version })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['search', 'fetch', 'ask'])
    for (const { inputSchema, outputSchema, description } of tools) {
      expect([inputSchema.type, outputSchema?.['type']]).toEqual(['object', 'object'])
      expect(description).toMatch(/\.$/)
    }
  })

  it('finds documents, one result each, with a link to the best passage', async () => {
    const result = await client.callTool({ name: 'search', arguments: { query: 'Stripe limiters and load shedders' } })
    const { results } = result.structuredContent as Found
    expect(JSON.parse(textOf(result))).toEqual(result.structuredContent)
    expect(results[0]).toMatchObject({ title: 'How Stripe Limits Requests' })
    expect(results[0]!.text).toContain('four limiters')
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length)
    for (const { url: link } of results) {
      expect(link.startsWith(`${url}/documents/`)).toBe(true)
      expect((await fetch(link)).status).toBe(200)
    }
  })

  it('reads a document that was found', async () => {
    const { results } = await call<Found>(client, 'search', { query: 'token bucket' })
    const result = await client.callTool({ name: 'fetch', arguments: { id: results[0]!.id } })
    const document = result.structuredContent as Fetched
    expect(JSON.parse(textOf(result))).toEqual(document)
    expect(document).toMatchObject({
      id: results[0]!.id,
      title: 'How Stripe Limits Requests',
      metadata: {
        original_url: 'https://example.com/stripe-limits',
        published_at: expect.stringContaining('2017-03-30'),
        authors: ['Paul Limiter'],
      },
    })
    const { text } = (await (await app.get(`/v1/documents/${document.id}`)).json()) as { text: string }
    expect(document.text).toBe(text)
    expect((await fetch(document.url)).status).toBe(200)
  })

  it('gets an answer that is stored, each quote of it as it stands in the document', async () => {
    const result = await client.callTool({ name: 'ask', arguments: { question: QUESTION } })
    const answer = result.structuredContent as WireAnswer
    expect(answer).toMatchObject({ status: 'answered', question: QUESTION })
    const { feedback, ...stored } = (await (await app.get(`/v1/answers/${answer.id}`)).json()) as { feedback: null }
    expect([stored, feedback]).toEqual([answer, null])
    expect(answer.citations.length).toBeGreaterThan(0)
    for (const { document, span, quote, link, n } of answer.citations) {
      const read = await call<Fetched>(client, 'fetch', { id: document.id, revision: document.revision })
      expect(read.text.slice(span.start, span.end)).toBe(quote)
      expect(textOf(result)).toContain(`[[${n}]](${url}${link})`)
      expect(textOf(result)).toContain(`](${url}${link}): “`)
    }
  })

  it('is told of a refusal as a value, with the nearest passages', async () => {
    const result = await client.callTool({ name: 'ask', arguments: { question: ABSENT } })
    expect(result).toMatchObject({ structuredContent: { status: 'abstained', citations: [] } })
    expect(result.isError).toBeFalsy()
    expect(textOf(result)).toMatch(/^The library /)
  })

  it('may lean on what was said before', async () => {
    const history = [{ question: QUESTION, answer: 'Stripe runs four limiters in production.' }]
    const answer = await call<WireAnswer>(client, 'ask', { question: 'And which traffic does it shed first?', history })
    expect(answer.query).toContain('Stripe')
  })

  it('is told what was wrong with a call', async () => {
    expect(await refusalOf(client, 'search', { query: ' ' })).toContain('query: is empty.')
    expect(await refusalOf(client, 'ask', { qestion: 'x' })).toContain(
      'question: is missing; qestion is not a known field; did you mean "question"?',
    )
    expect(await refusalOf(client, 'ask', { question: 'x', history: 'y' })).toContain('history: must be an array.')
    expect(await refusalOf(client, 'ask', { question: 'x'.repeat(4_001) })).toContain('is longer than 4000 characters')
    expect(await refusalOf(client, 'ask', { question: QUESTION, mode: 'generative' })).toContain('needs a model')
    expect(await refusalOf(client, 'fetch', { id: 'doc_none' })).toBe('There is no document "doc_none".')
    expect(await refusalOf(client, 'fetch', { id: '../../etc/passwd' })).toMatch(/^There is no document/)
    const { results } = await call<Found>(client, 'search', { query: 'token bucket' })
    expect(await refusalOf(client, 'fetch', { id: results[0]!.id, offset: 1e9 })).toMatch(
      /^offset: .* has only \d+ char/,
    )
    await expect(client.callTool({ name: 'drop', arguments: {} })).rejects.toThrow('drop')
  })

  it('lists documents by pages and reads each by its address', async () => {
    const { resources } = await client.listResources()
    const first = await client.listResources({ cursor: '' })
    const second = await client.listResources({ cursor: first.nextCursor! })
    expect([...first.resources, ...second.resources]).toEqual(resources)
    expect([first.resources.length, second.nextCursor]).toEqual([50, undefined])
    expect(resources).toHaveLength(65)
    expect(new Set(resources.map(({ uri }) => uri)).size).toBe(65)
    const stripe = resources.find(({ name }) => name === 'How Stripe Limits Requests')!
    const { contents } = await client.readResource({ uri: stripe.uri })
    expect(contents).toMatchObject([{ uri: stripe.uri, text: expect.stringContaining('four limiters') }])
    await expect(client.readResource({ uri: 'footnote://documents/doc_none' })).rejects.toThrow('doc_none')
    await expect(client.readResource({ uri: 'file:///etc/passwd' })).rejects.toThrow()
    await expect(client.listResources({ cursor: '../..' })).rejects.toThrow('cursor: is not an identifier')
  })

  it('reads a long document in portions that say how to go on', async () => {
    const { results } = await call<Found>(client, 'search', { query: 'entry7 entry77' })
    const { id } = results.find(({ title }) => title === 'ledger' || title.startsWith('Ledger'))!
    const parts: string[] = []
    let offset: string | number | undefined = 0
    while (offset !== undefined) {
      const { text, metadata }: Fetched = await call<Fetched>(client, 'fetch', { id, offset })
      const next: string | number | undefined = metadata['next_offset']
      const [cut, note] = text.split('\n\n[Cut ')
      expect(note).toBe(
        next && `after character ${next} of ${metadata['characters']}. Read on: the tool fetch with offset ${next}.]`,
      )
      expect(cut!.isWellFormed()).toBe(true)
      parts.push(cut!)
      offset = next
    }
    expect(parts.length).toBe(3)
    expect(parts.join('')).toBe(((await (await app.get(`/v1/documents/${id}`)).json()) as { text: string }).text)
    const { contents } = await client.readResource({ uri: `footnote://documents/${id}` })
    expect(contents).toMatchObject([{ text: expect.stringMatching(/Read on: the tool fetch with offset \d+\.\]$/) }])
  })
})

describe.each(generations)('an answer by a model, asked in the manner "%s"', (mode) => {
  it('leaves out what nothing supports', async () => {
    const { client } = await clientOf({ generator: fakeGenerator(written) }, mode)
    const result = await client.callTool({ name: 'ask', arguments: { question: QUESTION } })
    expect(textOf(result)).toContain('four limiters')
    expect(JSON.stringify(result)).not.toContain('umbrellas')
  })

  it('tells how far it is to a client that asks', async () => {
    const { client } = await clientOf({ generator: slowGenerator(written, 20) }, mode)
    const heard: { progress: number; message?: string | undefined }[] = []
    await client.callTool(
      { name: 'ask', arguments: { question: QUESTION } },
      { onprogress: (each) => heard.push(each) },
    )
    expect(heard.map(({ progress }) => progress)).toEqual(heard.map((_, at) => at + 1))
    expect(heard[0]!.message).toMatch(/^\d+ passages found$/)
    expect(heard.at(-1)!.message).toMatch(/^\d+ characters written$/)
  })

  it('stops when its client leaves', async () => {
    const endless = slowGenerator(
      Array.from({ length: 2_000 }, () => 'word '),
      20,
    )
    const { client } = await clientOf({ generator: endless }, mode)
    const leaving = new AbortController()
    // Without a session, a client of 2025 can cancel a call only by leaving altogether.
    const leave = () => (mode === 'legacy' ? void client.close() : leaving.abort())
    const asked = client.callTool(
      { name: 'ask', arguments: { question: QUESTION } },
      { signal: leaving.signal, onprogress: leave },
    )
    await expect(asked).rejects.toThrow()
    await expect.poll(() => endless.endings.length, { timeout: 3_000 }).toBe(1)
  })

  it('falls back to extracts and says so', async () => {
    const generator = failingGenerator(new ModelError('model-unavailable', 'provider said: secret'))
    const { client } = await clientOf({ generator }, mode)
    const result = await client.callTool({ name: 'ask', arguments: { question: QUESTION } })
    expect(textOf(result)).toContain('*The model did not answer: these are verbatim extracts.*')
    expect(JSON.stringify(result)).not.toContain('secret')
  })

  it('is, of a broken store, a sentence without its inner words', async () => {
    const { client } = await clientOf({ store: brokenStore() }, mode)
    const sentence = 'The database does not answer at the moment. Try again in a few seconds.'
    expect(await refusalOf(client, 'search', { query: 'x' })).toBe(sentence)
    expect(await refusalOf(client, 'fetch', { id: 'doc_a' })).toBe(sentence)
    expect(await refusalOf(client, 'ask', { question: 'x' })).toBe(sentence)
    await expect(client.listResources({})).rejects.toThrow(sentence)
  })
})

it('says of a search that it went by words alone, as the other surfaces do, while the embedder is down', async () => {
  const query = { query: QUESTION }
  const down = new ModelError('model-unavailable', 'provider said: secret')
  const { client } = await clientOf({ embedder: { ...library.embedder, embed: () => Promise.reject(down) } })
  const result = await client.callTool({ name: 'search', arguments: query })
  const found = result.structuredContent as Found
  expect(found.results[0]).toMatchObject({ title: 'How Stripe Limits Requests' })
  const note = 'The embedder did not answer: passages were found by their words alone.'
  expect(found).toMatchObject({ words_only: true, note })
  expect(JSON.parse(textOf(result))).toEqual(found)
  expect(JSON.stringify(result)).not.toContain('secret')
  const well = await clientOf()
  expect(Object.keys(await call<Found>(well.client, 'search', query))).toEqual(['results'])
})

it('links lead to the public address where there is one', async () => {
  const { client } = await clientOf({ publicUrl: 'https://ask.example.com' })
  const { results } = await call<Found>(client, 'search', { query: 'token bucket' })
  expect(results[0]!.url).toMatch(/^https:\/\/ask\.example\.com\/documents\//)
})

it('refuses the page of another site, another name of this machine, and whatever is no message', async () => {
  const { app } = await clientOf({ loopbackOnly: true })
  const init = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const accept = 'application/json, text/event-stream'
  const post = async (headers: Record<string, string>, body: unknown = init) =>
    await app.post('/mcp', body, { headers: { host: 'localhost:3000', accept, ...headers } })
  expect((await post({})).status).toBe(200)
  expect((await post({ origin: 'http://localhost:3000' })).status).toBe(200)
  expect((await post({ origin: 'https://evil.example' })).status).toBe(403)
  expect((await post({ origin: 'null' })).status).toBe(403)
  expect((await post({ host: 'evil.example' })).status).toBe(403)
  expect((await post({ 'content-type': 'text/plain' })).status).toBe(415)
  expect((await post({}, '{')).status).toBe(400)
  expect((await post({}, `"${'x'.repeat(2 * 1024 * 1024)}"`)).status).toBe(413)
  for (const method of ['GET', 'DELETE']) {
    const response = await app.get('/mcp', { method, headers: { host: 'localhost:3000' } })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
  }
})

it('never gives a reply of one call to another, over many calls of two clients at once', async () => {
  const { client, url } = await clientOf()
  const clients = [client, await clientAt(url, 'legacy')]
  const { id } = (await call<Found>(client, 'search', { query: 'step7 step77' })).results[0]!
  const titles = [
    ['token bucket', 'How Stripe Limits Requests'],
    ['logical shards', 'How Notion Sharded Postgres'],
    ['flour and yeast', 'Baking bread at home'],
  ] as const
  const one = async (n: number): Promise<boolean> => {
    const asking = clients[n % 2]!
    const [query, title] = titles[n % 3]!
    // Every tenth is a search; the others are as many different ends of one text.
    if (n % 10 === 0) return (await call<Found>(asking, 'search', { query })).results[0]!.title === title
    return (await call<Fetched>(asking, 'fetch', { id, offset: steps.length - 1 - n })).text === steps.slice(-1 - n)
  }
  const calls = repeats(1_000)
  const right: boolean[] = []
  let next = 0
  const caller = async () => {
    while (next < calls) right.push(await one(next++))
  }
  await Promise.all(Array.from({ length: 16 }, caller))
  expect(right).toHaveLength(calls)
  expect(right.filter((each) => !each)).toEqual([])
  // Seconds on a machine of its own; beside other work it may have to wait for its turn.
}, 120_000)
