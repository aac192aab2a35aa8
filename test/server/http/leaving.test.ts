import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openTestApp, openTestLibrary, slowGenerator, type TestApp, type TestLibrary } from '../../support/app.ts'
import { readEvents } from '../../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
// The bar is 100 ms; a busy machine may add a little.
const LIMIT_MS = 150

let library: TestLibrary
const closing: (() => void)[] = []

beforeAll(async () => {
  library = await openTestLibrary()
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function listen(app: TestApp): Promise<number> {
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

function send(port: number, method: string, path: string, body?: unknown): ClientRequest {
  const asking = request({ port, host: '127.0.0.1', method, path, headers: { 'content-type': 'application/json' } })
  asking.on('error', () => {})
  asking.end(body === undefined ? '' : JSON.stringify(body))
  return asking
}

async function responseOf(asking: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  return response
}

const endless = () =>
  slowGenerator(
    Array.from({ length: 2_000 }, () => 'word '),
    20,
  )

async function untilWriting(generator: ReturnType<typeof endless>): Promise<void> {
  await vi.waitUntil(() => generator.beginnings.length > 0, { timeout: 10_000, interval: 5 })
}

/** The time from now until the model's call has ended. */
async function untilCancelled(generator: ReturnType<typeof endless>): Promise<number> {
  const left = performance.now()
  while (generator.endings.length === 0 && performance.now() - left < 3_000) await wait(1)
  return (generator.endings[0] ?? Number.POSITIVE_INFINITY) - left
}

async function lastEvent(app: TestApp, id: string): Promise<string> {
  return (await readEvents(await app.get(`/v1/answers/${id}/events`))).at(-1)!.type
}

/** Answers that were under way, by the log of the store. */
async function idOfStream(response: IncomingMessage): Promise<string> {
  const [first] = (await once(response, 'data')) as [Buffer]
  return /"id":"(ans_\w+)"/.exec(first.toString())![1]!
}

describe('a client who leaves', () => {
  it('a stream cancels the model in time, and the answer ends in stopped', async () => {
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      const generator = endless()
      const app = openTestApp(library, { generator })
      const asking = send(await listen(app), 'POST', '/v1/ask', { question: QUESTION, stream: true })
      const id = await idOfStream(await responseOf(asking))
      await untilWriting(generator)
      asking.destroy()
      times.push(await untilCancelled(generator))
      expect(await lastEvent(app, id)).toBe('stopped')
    }
    expect(median(times)).toBeLessThan(LIMIT_MS)
  })

  it('while the JSON is being made cancels the model in time as well', async () => {
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      const generator = endless()
      const begun: string[] = []
      const answers: typeof library.store.answers = {
        ...library.store.answers,
        begin: async (record) => {
          begun.push(record.id)
          await library.store.answers.begin(record)
        },
      }
      const app = openTestApp(library, { generator, store: { ...library.store, answers } })
      const asking = send(await listen(app), 'POST', '/v1/ask', { question: QUESTION })
      while (begun.length === 0) await wait(5)
      await untilWriting(generator)
      asking.destroy()
      times.push(await untilCancelled(generator))
      await wait(50)
      expect(await lastEvent(app, begun[0]!)).toBe('stopped')
      expect(app.lines.filter((line) => line.includes('"level":50'))).toEqual([])
    }
    expect(median(times)).toBeLessThan(LIMIT_MS)
  })

  it('a resumed stream stops nothing', async () => {
    const generator = slowGenerator(['Stripe runs ', 'four limiters ', 'in production [1].'], 150)
    const app = openTestApp(library, { generator })
    const port = await listen(app)
    const asking = send(port, 'POST', '/v1/ask', { question: QUESTION, stream: true })
    const response = await responseOf(asking)
    const id = await idOfStream(response)
    const resuming = send(port, 'GET', `/v1/answers/${id}/events`)
    await once(await responseOf(resuming), 'data')
    resuming.destroy()
    response.resume()
    await once(response, 'end')
    expect(await lastEvent(app, id)).toBe('done')
  })

  it('who may come back finds the answer going on, and nothing is lost', async () => {
    const generator = slowGenerator(['Stripe runs ', 'four limiters ', 'in production [1].'], 150)
    const app = openTestApp(library, { generator })
    const port = await listen(app)
    const asking = send(port, 'POST', '/v1/ask', { question: QUESTION, stream: true, resumable: true })
    const id = await idOfStream(await responseOf(asking))
    asking.destroy()
    await wait(100)
    const again = await readEvents(await app.get(`/v1/answers/${id}/events`))
    expect(again.map(({ id: seq }) => seq)).toEqual(again.map((_, index) => index + 1))
    expect(again.at(-1)!.type).toBe('done')
  })

  it('in the middle of the body starts nothing', async () => {
    const generator = endless()
    const app = openTestApp(library, { generator })
    const headers = { 'content-type': 'application/json', 'content-length': '1000' }
    const asking = request({ port: await listen(app), host: '127.0.0.1', method: 'POST', path: '/v1/ask', headers })
    asking.on('error', () => {})
    asking.write('{"question": "How')
    await wait(100)
    asking.destroy()
    await wait(100)
    expect(generator.endings).toEqual([])
    expect(app.lines.filter((line) => line.includes('"level":50'))).toEqual([])
  })
})

function median(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}
