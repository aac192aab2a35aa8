// A server that ends while it answers: one with many readers, and two behind a balancer that are replaced in turn.
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestDatabase, postgresUrl, preparedDataDir, type TestDatabase } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { type Server, startServer } from '../support/process.ts'
import { completion, openProvider, type Provider, streamOf } from '../support/provider.ts'
import { parseEvents, terminal, type WireEvent } from '../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
let provider: Provider
let libraryDir: string

/** An answer of so many words, a word each 50 ms. */
function words(count: number) {
  const parts = completion(['Stripe runs four limiters [1]. ', ...Array.from({ length: count }, (_, n) => `word${n} `)])
  return streamOf(parts.flatMap((part) => [part, 50]))
}

beforeAll(async () => {
  libraryDir = join(await folderOfFile(), 'library')
  await mkdir(libraryDir)
  await writeFile(join(libraryDir, 'stripe.md'), '# Stripe\n\nStripe runs four limiters. It uses the token bucket.\n')
  provider = await openProvider()
})

afterAll(async () => await provider[Symbol.asyncDispose]())

type Stream = { readonly events: () => WireEvent[]; readonly over: Promise<void> }

/** `over` when the connection is, however it ends. Without an event to go on from it is a question. */
async function open(url: string, resuming?: { readonly id: string; readonly after: number }): Promise<Stream> {
  const response = resuming
    ? await fetch(`${url}/v1/answers/${resuming.id}/events`, { headers: { 'last-event-id': String(resuming.after) } })
    : await fetch(`${url}/v1/ask`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ question: QUESTION, stream: true, fresh: true, resumable: true }),
      })
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  let text = ''
  const over = (async () => {
    const decoder = new TextDecoder()
    for await (const part of response.body!) text += decoder.decode(part, { stream: true })
  })().catch(() => {})
  return { events: () => parseEvents(text.slice(0, text.lastIndexOf('\n\n') + 2)), over }
}

const isOver = (events: readonly WireEvent[]) => terminal.includes(events.at(-1)?.type ?? '')

describe('SIGTERM', { timeout: 60_000 }, () => {
  it('with 200 readers gives each a last event, and ends within thirty seconds', async () => {
    provider.play([words(2_000)])
    const server = await startServer({
      DATA_DIR: await preparedDataDir(),
      // All of them come in the same moment.
      SHEDDING: 'off',
      LIBRARY_DIR: libraryDir,
      OPENAI_BASE_URL: provider.baseUrl,
      CHAT_MODEL: 'slow',
      LOG_LEVEL: 'warn',
    })
    const streams = await Promise.all(Array.from({ length: 200 }, async () => await open(server.url)))
    while (!streams.every(({ events }) => events().some(({ type }) => type === 'text'))) await wait(50)
    const began = performance.now()
    server.kill('SIGTERM')
    await server.says(/Stopping/)
    await expect(open(server.url)).rejects.toThrow(/503|fetch failed/)
    await Promise.all(streams.map(async ({ over }) => await over))
    expect(await server.ended).toBe(0)
    expect(performance.now() - began).toBeLessThan(30_000)
    const ends = streams.map(({ events }) =>
      events()
        .filter(({ type }) => terminal.includes(type))
        .map(({ type }) => type),
    )
    expect(ends).toEqual(streams.map(() => ['stopped']))
    expect(streams.filter(({ events }) => !events().at(-1)!.body.answer.answer.includes('four limiters'))).toEqual([])
  })
})

/** Round-robin over the servers there are; who cannot take a question is passed over, as balancers do. */
async function openBalancer(servers: () => readonly string[]) {
  const agent = new Agent({ keepAlive: false })
  let turn = 0
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer, tries: number): void => {
    const all = servers()
    const target = all[turn++ % all.length] ?? ''
    const again = () => {
      if (tries > 0) setTimeout(() => forward(incoming, outgoing, body, tries - 1), 50)
      else outgoing.writeHead(502).end()
    }
    const { method, headers } = incoming
    const sent = request(
      new URL(incoming.url ?? '/', target),
      { agent, method, headers: { ...headers, host: new URL(target).host } },
      (answer) => {
        if (answer.statusCode === 503) {
          answer.resume()
          return again()
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.on('error', () => outgoing.destroy())
        answer.pipe(outgoing)
      },
    )
    sent.on('error', () => (outgoing.headersSent ? outgoing.destroy() : again()))
    sent.end(body)
  }
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = []
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('end', () => forward(incoming, outgoing, Buffer.concat(parts), 100))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A reader as a browser is one: what is cut is taken up again, by whichever server answers; without an event it is asked anew. */
async function readToEnd(url: string): Promise<{ events: WireEvent[]; resumed: number }> {
  let events: WireEvent[] = []
  for (let resumed = 0; ; resumed++) {
    const [first] = events
    const stream = await open(url, first && { id: first.body.id, after: events.at(-1)!.id }).catch(() => null)
    await stream?.over
    events = [...events, ...(stream?.events() ?? [])]
    if (isOver(events) || resumed === 200) return { events, resumed }
    await wait(100)
  }
}

/** What began before now and has not ended in 8 s, four times its length, is dead: its 90 s of silence are over at once. */
async function bury(database: TestDatabase): Promise<void> {
  const [row] = await database.query<{ now: Date }>('select now() as now')
  await wait(8_000)
  await database.query(
    `update answers set alive_at = alive_at - interval '1 hour' where finished_at is null and created_at < $1`,
    [row!.now],
  )
}

describe.skipIf(!postgresUrl)('two servers of one database, replaced in turn', { timeout: 120_000 }, () => {
  it.each([
    ['SIGTERM', 60],
    ['SIGKILL', 20],
  ] as const)('by %s lose no stream of those who read', async (signal, readers) => {
    // Two seconds long: what begins before a SIGTERM can end in the time that it leaves.
    provider.play([words(40)])
    await using database = await openTestDatabase()
    const settings = {
      DATABASE_URL: database.url ?? '',
      LIBRARY_DIR: libraryDir,
      OPENAI_BASE_URL: provider.baseUrl,
      CHAT_MODEL: 'slow',
      LOG_LEVEL: 'warn',
    }
    const servers: Server[] = [await startServer(settings), await startServer(settings)]
    const balancer = await openBalancer(() => servers.map(({ url }) => url))
    const reading = Array.from({ length: readers }, async (_, n) => {
      // Over the whole of the deploy.
      await wait((n * 6_000) / readers)
      return await readToEnd(balancer.url)
    })
    const burying: Promise<void>[] = []
    for (const at of [0, 1]) {
      await wait(1_500)
      const [old] = servers.splice(at, 1)
      old!.kill(signal)
      expect(await old!.ended).toBe(signal === 'SIGTERM' ? 0 : null)
      if (signal === 'SIGKILL') burying.push(bury(database))
      servers.splice(at, 0, await startServer(settings))
    }
    const read = await Promise.all(reading)
    await Promise.all(burying)
    balancer.close()
    for (const server of servers) await server.end()
    for (const { events } of read) {
      expect(events.filter(({ type }) => terminal.includes(type))).toEqual([events.at(-1)])
      expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1))
    }
    const ends = Map.groupBy(read, ({ events }) => events.at(-1)!.type)
    const counts = Object.fromEntries([...ends].map(([type, each]) => [type, each.length]))
    if (signal === 'SIGTERM') expect(counts).toEqual({ done: readers })
    else expect(Object.keys(counts).sort()).toEqual(['done', 'error'])
    if (signal === 'SIGKILL') expect(read.some(({ resumed }) => resumed > 0)).toBe(true)
  })
})
