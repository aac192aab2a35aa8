// A server whose Postgres fails in every way a database behind a network does: what its readers see, and that it is itself
// again afterwards without a restart.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openQueue } from '../../store/queue.ts'
import { openTestDatabase, postgresUrl, type TestDatabase } from '../support/database.ts'
import { type FaultProxy, openFaultProxy } from '../support/fault-proxy.ts'
import { folderOfFile } from '../support/folder.ts'
import { type Server, start } from '../support/process.ts'
import { completion, openProvider, type Provider, streamOf } from '../support/provider.ts'
import { articles } from '../support/syncing.ts'
import { parseEvents, readEvents, terminal, type WireProblem } from '../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
const stripe = {
  'stripe.md': '# How Stripe Limits Requests\n\nStripe runs four limiters. Its rate limiting uses the token bucket.\n',
}

let database: TestDatabase
let proxy: FaultProxy
let provider: Provider
let server: Server

type Reply = { readonly status: number; readonly body: WireProblem; readonly after: string | null; readonly ms: number }

async function call(path: string, body?: object): Promise<Reply> {
  const began = performance.now()
  const response = await fetch(`${server.url}${path}`, {
    ...(body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const read = (await response.json()) as WireProblem
  return {
    status: response.status,
    body: read,
    after: response.headers.get('retry-after'),
    ms: performance.now() - began,
  }
}

const search = async () => await call('/v1/search', { query: QUESTION })
const statusOf = async (path: string) => (await fetch(`${server.url}${path}`)).status

async function slowAnswer() {
  const parts = completion(['Stripe runs four limiters [1]. ', ...Array.from({ length: 200 }, (_, n) => `word${n} `)])
  provider.play([streamOf(parts.flatMap((part) => [part, 20]))])
  const response = await fetch(`${server.url}/v1/ask`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ question: QUESTION, stream: true, fresh: true }),
  })
  let seen = ''
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const part of response.body!) seen += decoder.decode(part, { stream: true })
  })()
  while (!seen.includes('event: text')) await wait(5)
  return { seen: () => parseEvents(seen), reading }
}

describe.skipIf(!postgresUrl)('a server whose Postgres', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    database = await openTestDatabase()
    const { hostname: host, port } = new URL(database.url ?? '')
    proxy = await openFaultProxy({ host, port: Number(port) })
    provider = await openProvider()
    const url = new URL(database.url ?? '')
    url.host = `127.0.0.1:${proxy.port}`
    const folder = join(await folderOfFile(), 'library')
    await mkdir(folder)
    for (const [name, text] of Object.entries({ ...articles(3), ...stripe })) await writeFile(join(folder, name), text)
    const settings = {
      // A database that waits looks like overload, which would be told instead.
      SHEDDING: 'off',
      DATABASE_URL: url.href,
      LIBRARY_DIR: folder,
      OPENAI_BASE_URL: provider.baseUrl,
      CHAT_MODEL: 'test',
    }
    proxy.set({ type: 'refuse' })
    const starting = start('server/main.ts', [], { PORT: '0', ...settings })
    await starting.says(/trying again for a minute/)
    await wait(1_500)
    proxy.set({ type: 'pass' })
    const [, at = ''] = await starting.says(/Footnote is ready: (http:\S+)[\s\S]*curl/)
    server = { ...starting, url: at }
  }, 60_000)

  afterAll(async () => {
    await server?.end()
    await provider?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
    await database?.[Symbol.asyncDispose]()
  })

  beforeEach(() => proxy.set({ type: 'pass' }))

  it('is down at boot waits for it, says so once, and starts when it is there', async () => {
    expect(server.stderr().match(/trying again for a minute/g)).toHaveLength(1)
    expect((await search()).status).toBe(200)
  })

  it('is down refuses in under a second and says when to come again; the process lives, and is not ready', async () => {
    proxy.set({ type: 'refuse' })
    for (const asked of [search(), call('/v1/ask', { question: QUESTION }), call('/v1/documents')])
      expect(await asked).toMatchObject({ status: 503, after: '1', body: { code: 'store-unavailable' } })
    expect((await search()).ms).toBeLessThan(1_000)
    expect([await statusOf('/health'), await statusOf('/ready')]).toEqual([200, 503])
    proxy.set({ type: 'pass' })
    expect([(await search()).status, await statusOf('/ready')]).toEqual([200, 200])
  })

  it('goes for 3 s in the middle of an answer costs its reader a pause, and no event', async () => {
    const { seen, reading } = await slowAnswer()
    proxy.set({ type: 'refuse' })
    await wait(3_000)
    proxy.set({ type: 'pass' })
    await reading
    const events = seen()
    expect(events.at(-1)?.type).toBe('done')
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1))
    expect(events.flatMap(({ type, body }) => (type === 'text' ? [body.delta] : [])).join('')).toContain('word199')
    expect(await readEvents(await fetch(`${server.url}/v1/answers/${events[0]!.body.id}/events`))).toEqual(events)
  })

  it('goes in the middle of an answer for longer gives it a last event, and a log that begins as it did', async () => {
    const { seen, reading } = await slowAnswer()
    proxy.set({ type: 'refuse' })
    await reading
    const events = seen()
    expect(events.filter(({ type }) => terminal.includes(type))).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ type: 'error', body: { code: 'store-unavailable', retryable: true } })
    proxy.set({ type: 'pass' })
    const { id } = events[0]!.body
    // Who reads it later finds it dead after the silence that another process would be granted.
    await database.query(`update answers set alive_at = alive_at - interval '1 hour' where answer_id = $1`, [id])
    const later = await readEvents(await fetch(`${server.url}/v1/answers/${id}/events`))
    expect(later.slice(0, events.length - 1)).toEqual(events.slice(0, -1))
    expect(later.filter(({ type }) => terminal.includes(type))).toEqual([later.at(-1)])
    expect(later.at(-1)).toMatchObject({ type: 'error', body: { retryable: true } })
  })

  it('is slow answers late', async () => {
    const quick = await search()
    proxy.set({ type: 'delay', delayMs: 100 })
    const slow = await search()
    expect([quick.status, slow.status]).toEqual([200, 200])
    expect(slow.ms).toBeGreaterThan(quick.ms + 200)
  })

  it('is locked, and then out of connections, refuses what waits too long, and is ready again by itself', async () => {
    let [unlock, locked] = [() => {}, () => {}]
    const isLocked = new Promise<void>((resolve) => (locked = resolve))
    const holding = database.transaction(async (query) => {
      await query('lock table chunks in access exclusive mode')
      locked()
      await new Promise<void>((resolve) => (unlock = resolve))
    }, 60_000)
    await isLocked
    const first = Array.from({ length: 10 }, search)
    await wait(1_000)
    const late = await search()
    expect(late).toMatchObject({ status: 503, after: '1', body: { code: 'store-unavailable' } })
    expect(late.ms).toBeLessThan(6_000)
    expect([await statusOf('/health'), await statusOf('/ready')]).toEqual([200, 503])
    for (const { status, after, body, ms } of await Promise.all(first)) {
      expect({ status, after, code: body.code }).toMatchObject({ status: 503, after: '1' })
      expect(ms).toBeLessThan(21_000)
    }
    unlock()
    await holding
    expect([(await search()).status, await statusOf('/ready')]).toEqual([200, 200])
  })

  it('fails over in 3 s loses no acknowledged document, tells no fault of its own, and goes on', async () => {
    const over = new AbortController()
    const kept: string[] = []
    const faults: Reply[] = []
    const write = async (writer: number) => {
      for (let n = 0; !over.signal.aborted; n++) {
        const name = `w${writer}-${n}.md`
        const reply = await call('/v1/documents', { name, markdown: `# Note ${n}\n\nWritten by ${writer} as ${n}.` })
        if (reply.status === 201) kept.push(name)
        else faults.push(reply)
        await wait(50)
      }
    }
    const look = async () => {
      while (!over.signal.aborted) {
        const reply = await search()
        if (reply.status !== 200) faults.push(reply)
        await wait(20)
      }
    }
    const writing = [write(1), write(2), look(), look()]
    await expect.poll(() => kept.length, { timeout: 10_000 }).toBeGreaterThan(2)
    proxy.set({ type: 'refuse' })
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'footnote' and pid <> pg_backend_pid()
       and datname = current_database()`,
    )
    await wait(3_000)
    proxy.set({ type: 'pass' })
    const back = kept.length
    // Until its queue listens again it is looked into every two seconds.
    await expect.poll(() => kept.length, { timeout: 10_000 }).toBeGreaterThan(back + 2)
    over.abort()
    await Promise.all(writing)
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.filter(({ status, after }) => status !== 503 || after === null)).toEqual([])
    const rows = await database.query<{ source: string }>('select source from documents where removed_at is null')
    const stored = new Set(rows.map(({ source }) => source))
    expect(kept.filter((name) => ![...stored].some((source) => source.endsWith(name)))).toEqual([])
  })
})

describe.skipIf(!postgresUrl)('the queue of documents', { timeout: 30_000 }, () => {
  it.each([0, 200, 1_000, 2_000])(
    'whose database is cut after %d bytes as it is opened says that it passes',
    async (afterBytes) => {
      await using database = await openTestDatabase()
      const { hostname: host, port } = new URL(database.url ?? '')
      await using faulty = await openFaultProxy({ host, port: Number(port) })
      faulty.set({ type: 'cut', afterBytes })
      const url = new URL(database.url ?? '')
      url.host = `127.0.0.1:${faulty.port}`
      const opening = openQueue(database, { url: url.href, report: () => {} })
      await expect(opening).rejects.toMatchObject({ code: 'store-unavailable', retryable: true })
    },
  )
})
