import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Database } from '../../store/database.ts'
import { migrate } from '../../store/migrate.ts'
import { openPostgres } from '../../store/postgres.ts'

/** Lets everybody in, and never answers a statement: a server behind a cut cable. */
async function silentServer(): Promise<{ server: Server; url: string; asked: Promise<void> }> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.on('data', () => ask())
      // AuthenticationOk, ReadyForQuery
      socket.write(Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1'))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return { server, url: `postgres://somebody@127.0.0.1:${port}/footnote`, asked }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a Postgres that has gone without a word', () => {
  it('fails a statement after twenty seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { server, url, asked } = await silentServer()
    const database = openPostgres(url, 1)
    const failed = expect(database.query('select 1')).rejects.toMatchObject({
      code: 'store-unavailable',
      retryable: true,
    })
    await asked
    await vi.advanceTimersByTimeAsync(20_000)
    await failed
    vi.useRealTimers()
    await database.close()
    server.close()
  })
})

describe('a migration', () => {
  it('is waited for longer than a question: it may rebuild a large table', async () => {
    const timeouts: unknown[] = []
    const stop = new Error('enough')
    const statements = {
      query: async () => [],
      prepared: async () => [],
      transaction: async (_work: unknown, timeoutMs?: number) => {
        timeouts.push(timeoutMs)
        throw stop
      },
    }
    const database: Database = {
      ...statements,
      owner: statements,
      of: () => database,
      connections: () => ({ busy: 0, idle: 0, waiting: 0 }),
      isSingle: false,
      close: async () => {},
    }
    await expect(migrate(database)).rejects.toBe(stop)
    expect(timeouts[0]).toBeGreaterThan(600_000)
  })
})
