// A server with little memory that is sent much: it refuses in words, and lives.
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { startServer } from '../support/process.ts'

const bodyOf = (megabytes: number) => JSON.stringify({ name: 'large.md', markdown: 'x'.repeat(megabytes * 1e6) })

it(
  'a server with 256 MB of heap refuses bodies that are too large for it, and answers afterwards',
  { timeout: 120_000 },
  async () => {
    const server = await startServer({
      DATA_DIR: await preparedDataDir(),
      LIBRARY_DIR: await temporaryFolder(),
      LOG_LEVEL: 'warn',
      NODE_OPTIONS: '--max-old-space-size=256',
    })
    const post = async (path: string, body: string) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(server.url + path, { method: 'POST', headers, body })
      return [response.status, ((await response.json()) as { code?: string }).code]
    }
    const [large, larger] = [bodyOf(25), bodyOf(32)]
    const replies = await Promise.all([
      ...Array.from({ length: 3 }, async () => await post('/v1/documents', larger)),
      ...Array.from({ length: 3 }, async () => await post('/v1/ask', larger)),
      ...Array.from({ length: 4 }, async () => await post('/v1/documents', large)),
    ])
    for (const [status, code] of replies) expect([413, 422, 503], `${status} ${code}`).toContain(status)
    await wait(100)
    expect(
      await post('/v1/documents', JSON.stringify({ name: 'a.md', markdown: '# Stripe\n\nStripe runs four limiters.' })),
    ).toEqual([201, undefined])
    expect(await post('/v1/search', JSON.stringify({ query: 'limiters' }))).toEqual([200, undefined])
    await server.end()
  },
)
