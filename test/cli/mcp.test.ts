// npm run mcp as an assistant runs it: a process that is spoken to over its stdin and stdout.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { preparedDataDirOfFile } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { connected, generations, textOf } from '../support/mcp.ts'
import { type Server, type Settings, start, startServer } from '../support/process.ts'
import { completion, openProvider, type Provider, streamOf } from '../support/provider.ts'
import type { WireAnswer } from '../support/wire.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const QUESTION = 'How does Stripe rate limit requests?'
const endless = streamOf(completion(Array.from({ length: 3_000 }, (_, n) => `word${n} `)).flatMap((part) => [part, 20]))

let settings: Settings
let provider: Provider
let server: Server
const clients: Client[] = []

beforeAll(async () => {
  const folder = await folderOfFile()
  const articles = join(folder, 'articles')
  await mkdir(articles)
  // U+2028 ends a line for many readers, but not for this protocol.
  const text = 'Stripe runs four limiters in production.\u2028Its rate limiting uses the token bucket algorithm.'
  await writeFile(join(articles, 'stripe.md'), `# How Stripe Limits Requests\n\n${text}\n`)
  settings = { DATA_DIR: await preparedDataDirOfFile(), LIBRARY_DIR: articles }
  provider = await openProvider(() => endless)
  server = await startServer({ ...settings, OPENAI_BASE_URL: provider.baseUrl })
})
afterAll(async () => {
  for (const client of clients) await client.close()
  await provider[Symbol.asyncDispose]()
})

async function spawned(mode: (typeof generations)[number]): Promise<Client> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ['cli/main.ts', 'mcp'],
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...settings },
  })
  const client = await connected(transport, mode)
  clients.push(client)
  return client
}

async function countStopped(): Promise<number> {
  const { answers } = (await (await fetch(`${server.url}/v1/answers`)).json()) as { answers: WireAnswer[] }
  return answers.filter(({ status }) => status === 'stopped').length
}

describe.each(generations)('through a running server, a client in the manner "%s"', (mode) => {
  let client: Client
  beforeAll(async () => {
    client = await spawned(mode)
  })

  it('has all that the server offers', async () => {
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['search', 'fetch', 'ask'])
    const [resource] = (await client.listResources()).resources
    const { contents } = await client.readResource({ uri: resource!.uri })
    expect(contents).toMatchObject([{ text: expect.stringContaining('four limiters') }])
  })

  it('gets an answer whose links lead to the server', async () => {
    const result = await client.callTool({ name: 'ask', arguments: { question: QUESTION, mode: 'extractive' } })
    const { citations } = result.structuredContent as WireAnswer
    expect(citations.length).toBeGreaterThan(0)
    const url = server.url.replace('localhost', '127.0.0.1')
    for (const { link } of citations) expect(textOf(result)).toContain(`](${url}${link})`)
  })

  it('stops an answer that it cancels', async () => {
    const leaving = new AbortController()
    const asked = client.callTool(
      { name: 'ask', arguments: { question: QUESTION, mode: 'generative' } },
      { signal: leaving.signal, onprogress: () => leaving.abort() },
    )
    await expect(asked).rejects.toThrow()
    await expect.poll(countStopped, { timeout: 5_000 }).toBe(generations.indexOf(mode) + 1)
  })

  it('is told what was wrong', async () => {
    const result = await client.callTool({ name: 'fetch', arguments: { id: 'ünknown 🚦' } })
    expect(textOf(result)).toBe('There is no document "ünknown 🚦".')
    await expect(client.callTool({ name: 'drop 🚦', arguments: {} })).rejects.toThrow('drop 🚦')
  })
})

it('says that the server has gone, and without one opens the library itself', async () => {
  const client = await spawned('legacy')
  server.kill('SIGTERM')
  await server.ended
  await expect(client.listTools()).rejects.toThrow(/does not answer\. It is shutting down: .* start it anew: npm start/)

  const alone = start('cli/main.ts', ['mcp'], settings, 'pipe')
  const sent = [
    { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'search', arguments: { query: 'token bucket' } } },
    { jsonrpc: '2.0', id: 'b', method: 'tools/list' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
  ]
  // In pieces that end anywhere, one line broken, one that is no message.
  const text = [...sent.map((each) => JSON.stringify(each)), 'hello', ''].join('\n')
  for (const part of text.match(/[^]{1,50}/g)!) alone.stdin!.write(part)
  await expect.poll(() => alone.stdout().split('\n').length, { timeout: 20_000 }).toBe(4)
  const lines = alone
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string | null })
  expect(new Map(lines.map((line) => [line.id, line]))).toEqual(
    new Map<unknown, unknown>([
      [null, { jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'The line is not JSON.' } }],
      ['a', expect.objectContaining({ result: expect.objectContaining({ structuredContent: expect.anything() }) })],
      ['b', expect.objectContaining({ result: expect.objectContaining({ tools: expect.any(Array) }) })],
    ]),
  )
  alone.stdin!.end()
  expect(await alone.ended).toBe(0)
  expect([alone.stdout().trim().split('\n').length, alone.stderr()]).toEqual([3, ''])
})
