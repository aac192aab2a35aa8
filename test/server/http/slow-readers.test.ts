// Sockets whose other side does not read.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LiveAnswers } from '../../../server/answer/live.ts'
import { ask } from '../../../server/http/asking.ts'
import { sseResponse } from '../../../server/http/events.ts'
import { closeSlowReaders } from '../../../server/http/slow-readers.ts'
import { openTestApp, openTestLibrary, type TestLibrary } from '../../support/app.ts'

const ID = 'ans_of_many_words'
const MEGABYTES = 24

let library: TestLibrary
const closing: (() => void)[] = []

beforeAll(async () => {
  library = await openTestLibrary()
  const { answers } = library.store
  await answers.begin({ id: ID, library: 'main', conversationId: 'con_x', question: 'x', mode: 'extractive' })
  const delta = 'x'.repeat(1_000_000)
  for (let seq = 1; seq <= MEGABYTES; seq++) await answers.append('main', ID, [{ seq, event: { type: 'text', delta } }])
  await answers.append('main', ID, [
    { seq: MEGABYTES + 1, event: { type: 'error', code: 'internal', retryable: false } },
  ])
}, 120_000)
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function listen(ms: number): Promise<number> {
  const server = createAdaptorServer({ fetch: openTestApp(library).fetch })
  closeSlowReaders(server, ms)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

function read(port: number) {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  closing.push(() => socket.destroy())
  socket.write(`GET /v1/answers/${ID}/events HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`)
  let bytes = 0
  socket.on('data', (part) => (bytes += part.length))
  return { socket, bytes: () => bytes, closed: once(socket, 'close') }
}

async function* words(): AsyncGenerator<string> {
  yield 'one'
  yield 'two'
  await new Promise(() => {})
}

describe('a reader who takes nothing', () => {
  it('is cut off when so long has passed, in the middle of what was written for them', async () => {
    const port = await listen(300)
    const { socket, bytes, closed } = read(port)
    await once(socket, 'data')
    socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    socket.resume()
    await closed
    expect(bytes()).toBeGreaterThan(0)
    expect(bytes()).toBeLessThan(MEGABYTES * 1_000_000)
  }, 30_000)

  it('is not one who takes little, but something', async () => {
    const port = await listen(1_000)
    const { socket, bytes, closed } = read(port)
    // Less than that opens no window again, and the sender does not hear of it.
    for (let n = 1; n <= 6; n++) {
      while (bytes() < n * 3_000_000) await once(socket, 'data')
      socket.pause()
      await new Promise((resolve) => setTimeout(resolve, 400))
      socket.resume()
    }
    await closed
    expect(bytes()).toBeGreaterThan(MEGABYTES * 1_000_000)
  }, 30_000)

  it('stops no answer by being cut off', async () => {
    let stopped = 0
    const live = {
      start: () => {},
      follow: async () => (async function* () {})(),
      stop: () => ++stopped > 0,
    } satisfies Partial<LiveAnswers> as Partial<LiveAnswers> as LiveAnswers
    const question = { id: 'a', text: 'x', library: 'main', conversationId: 'c', history: [], mode: 'auto' } as const
    const leaveAfter = async (slow: boolean) => {
      const leaving = new AbortController()
      const { leave, stay } = await ask(question, live, leaving.signal)
      const reader = sseResponse(words(), leave, stay, 20).body!.getReader()
      await reader.read()
      if (slow) await new Promise((resolve) => setTimeout(resolve, 100))
      leaving.abort()
      await reader.cancel()
      return stopped
    }
    expect(await leaveAfter(true)).toBe(0)
    expect(await leaveAfter(false)).toBeGreaterThan(0)
  })
})
