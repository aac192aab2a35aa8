// Streams whose reader loses the right to them, and bodies of those who never had it: over real sockets.
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTestLibrary, slowGenerator, type SlowGenerator, type TestLibrary } from '../../support/app.ts'
import { bearer, idOf, type Keyed, openKeyedApp } from '../../support/keyed.ts'
import { type Serving, serving } from '../../support/serving.ts'

const QUESTION = 'How does Stripe rate limit requests?'

let library: TestLibrary
let app: Keyed
let server: Serving
let generator: SlowGenerator

beforeAll(async () => {
  library = await openTestLibrary()
  generator = slowGenerator(Array(2_000).fill('Stripe runs four limiters [1]. '), 50)
  app = openKeyedApp(library, { generator })
  server = await serving(app)
})
afterAll(async () => await server[Symbol.asyncDispose]())

const headersOf = (of: object) => ({ 'content-type': 'application/json', ...of })

async function begin(path: string, body: object, headers: object): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const init = { method: 'POST', headers: headersOf(headers), body: JSON.stringify(body) }
  const response = await fetch(`${server.url}${path}`, init)
  expect(response.status).toBe(200)
  const reader = response.body!.getReader()
  await reader.read()
  return reader
}

/** All that comes, and how long it took. */
async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<{ text: string; ms: number }> {
  const began = performance.now()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { text, ms: performance.now() - began }
    text += Buffer.from(value).toString()
  }
}

const asked = { question: QUESTION, stream: true, resumable: true }
const messages = [{ role: 'user', content: QUESTION }]
const parts = [{ role: 'user', parts: [{ type: 'text', text: QUESTION }] }]

it.each([
  ['/v1/ask', asked, /(?:^|\n)event: error\ndata: \{"code":"revoked","retryable":false\}\n\n$/],
  ['/v1/chat/completions', { messages, stream: true, model: 'footnote' }, /"code":"revoked"\}\}\n\n$/],
  ['/api/chat', { messages: parts }, /\{"type":"error","errorText":"[^"]+"\}\n\ndata: \[DONE\]\n\n$/],
])(
  'a stream of %s ends within a second of the revocation, with one last event, and its answer is stopped',
  // A second is counted: a machine that is busy with other tests may need another go.
  { timeout: 20_000, retry: 2 },
  async (path, body, last) => {
    const key = await app.key()
    const reader = await begin(path, body, bearer(key))
    // One that was not asked yet would have nothing to end.
    await expect.poll(() => generator.beginnings.length, { timeout: 10_000 }).toBe(generator.endings.length + 1)
    const before = generator.endings.length
    await library.store.keys.revoke('main', idOf(key))
    const { text, ms } = await rest(reader)
    expect(ms).toBeLessThan(1_000)
    expect(text).toMatch(last)
    expect(text.match(/event: error|"error":|"type":"error"/g)).toHaveLength(1)
    expect(text).not.toMatch(/event: (done|stopped|abstained)/)
    await expect.poll(() => generator.endings.length, { timeout: 10_000 }).toBe(before + 1)
  },
)

it('a session that is logged out or runs out with its key ends what its browser has open, and nobody else’s', async () => {
  const key = await app.key()
  const [one, two] = [await app.login(key), await app.login(key)]
  const [first, second] = [
    await begin('/v1/ask', asked, { cookie: one }),
    await begin('/v1/ask', asked, { cookie: two }),
  ]
  await fetch(`${server.url}/v1/session`, { method: 'DELETE', headers: { cookie: one } })
  expect((await rest(first)).text).toContain('"code":"revoked"')
  expect((await second.read()).done).toBe(false)
  await library.store.keys.revoke('main', idOf(key))
  expect((await rest(second)).ms).toBeLessThan(1_000)
}, 20_000)

it('an answer goes on for whoever asked when the right of another who follows it ends', async () => {
  const [key, operator] = [await app.key(), await app.key({ scopes: ['ask', 'admin'] })]
  const asker = await fetch(`${server.url}/v1/ask`, {
    method: 'POST',
    headers: headersOf(bearer(key)),
    body: JSON.stringify(asked),
  })
  const reader = asker.body!.getReader()
  const id = /"id":"(ans_\w+)"/.exec(Buffer.from((await reader.read()).value ?? '').toString())![1]!
  const followed = await fetch(`${server.url}/v1/answers/${id}/events`, { headers: bearer(operator) })
  expect(followed.status).toBe(200)
  await library.store.keys.revoke('main', idOf(operator))
  expect((await rest(followed.body!.getReader())).text).toContain('"code":"revoked"')
  // Words that were on their way before it would prove nothing: enough for the end that a stopped answer has by then.
  const after: string[] = []
  for (const until = performance.now() + 500; performance.now() < until;) {
    const { done, value } = await reader.read()
    after.push(done ? 'done' : Buffer.from(value).toString())
    if (done) break
  }
  expect(after.join('')).toContain('event: text')
  expect(after.join('')).not.toMatch(/done$|event: stopped/)
  await reader.cancel()
}, 20_000)

it('a question that waits for its whole answer is refused when the key is revoked meanwhile', async () => {
  const key = await app.key()
  const waiting = fetch(`${server.url}/v1/ask`, {
    method: 'POST',
    headers: headersOf(bearer(key)),
    body: JSON.stringify({ question: QUESTION, stream: false }),
  })
  await pause(300)
  await library.store.keys.revoke('main', idOf(key))
  const response = await waiting
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ code: 'revoked' })
}, 20_000)

it('a database that is away for a moment ends no stream', async () => {
  let isAway = false
  const holding: typeof library.store.keys.holding = async (ids) => {
    if (isAway) throw new Error('away')
    return await library.store.keys.holding(ids)
  }
  const store = { ...library.store, keys: { ...library.store.keys, holding } }
  await using shaky = await serving(openKeyedApp(library, { generator, store }))
  const init = { method: 'POST', headers: headersOf(bearer(await app.key())), body: JSON.stringify(asked) }
  const reader = (await fetch(`${shaky.url}/v1/ask`, init)).body!.getReader()
  isAway = true
  await pause(900)
  isAway = false
  await reader.read()
  expect((await reader.read()).done).toBe(false)
  await reader.cancel()
}, 20_000)

/** What comes back for a chunked body that never ends, and how much of it was taken. */
async function flood(head: string): Promise<{ status: string; sent: number }> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  const chunk = `10000\r\n${'x'.repeat(0x1_00_00)}\r\n`
  let sent = 0
  let reply = ''
  socket.setEncoding('utf8').on('data', (part: string) => (reply += part))
  const closed = new Promise((resolve) => socket.on('close', resolve).on('error', resolve))
  socket.write(
    `POST /v1/ask HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n${head}\r\n`,
  )
  const isSilent = () => reply === ''
  for (; isSilent() && sent < 64 * 1024 * 1024 && socket.writable; sent += 0x1_00_00) {
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
    await pause(0)
  }
  socket.end('0\r\n\r\n')
  await Promise.race([closed, pause(2_000)])
  socket.destroy()
  return { status: reply.slice(9, 12), sent }
}

it('a chunked body over the limit is a 413 of whoever may send one, and a 401 that is not read of whoever may not', async () => {
  expect((await flood(`authorization: Bearer ${await app.key()}\r\n`)).status).toBe('413')
  const { status, sent } = await flood('')
  expect(status).toBe('401')
  expect(sent).toBeLessThan(8 * 1024 * 1024)
}, 30_000)
