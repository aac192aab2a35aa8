// A reader's conversations over HTTP: whose they are, how they are listed and read again, renamed and removed.
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { openTestApp, openTestLibrary, slowGenerator, type TestApp } from '../../support/app.ts'
import { contentOf } from '../../support/database.ts'
import { readEvents, readJson, type WireAnswer } from '../../support/wire.ts'

type Summary = { id: string; title: string; questions: number; asked_at: string }
type Exchange = { id: string; question: string; status: string; asked_at: string; answer: WireAnswer | null }
type Conversation = Summary & { answers: Exchange[]; earlier: string | null }

const STRIPE = 'How does Stripe rate limit requests?'
const BREAD = 'How long does the dough of bread rest?'

let library: Awaited<ReturnType<typeof openTestLibrary>>
let app: TestApp

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library)
})

/** A browser: it opens the page, and brings its cookie along from then on. */
async function openBrowser(served: TestApp = app) {
  const page = await served.get('/', { headers: { 'sec-fetch-site': 'none' } })
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
  const get = async (path: string, method = 'GET') => await served.get(path, { method, headers: { cookie } })
  const send = async (path: string, body: unknown, method = 'POST') =>
    await served.post(path, body, { method, headers: { cookie } })
  return {
    cookie,
    get,
    send,
    ask: async (question: string, more: object = {}) =>
      await readJson<WireAnswer>(await send('/v1/ask', { question, ...more })),
    list: async (query = '') =>
      await readJson<{ conversations: Summary[]; next: string | null }>(await get(`/v1/conversations${query}`)),
    read: async (id: string, query = '') => await readJson<Conversation>(await get(`/v1/conversations/${id}${query}`)),
  }
}

/** The status and the code of a refusal; the door of the AI SDK has no code, but a sentence. */
const unknown = async (response: Response) => {
  const text = await response.text()
  const code = text.startsWith('{') ? (JSON.parse(text) as { code: string }).code : null
  return [response.status, code ?? (text.startsWith('There is no conversation') ? 'unknown-conversation' : text)]
}

describe('the cookie of a reader', () => {
  const addresses = ['/', '/answers/ans_0', '/library', '/conversations/con_0']

  it.each(addresses)('comes with the page at %s, which no shared cache may keep', async (address) => {
    const response = await app.get(address, { headers: { 'sec-fetch-site': 'none' } })
    expect(await response.text()).toBe(await (await app.get('/')).text())
    expect(response.headers.get('set-cookie')).toMatch(
      /^footnote_reader=[\w-]{22}; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
  })

  it('is secure where the server is reached by https', async () => {
    const headers = { 'sec-fetch-site': 'none' }
    const direct = await app.fetch(new Request('https://test/', { headers }))
    const behind = await openTestApp(library, { publicUrl: 'https://ask.example.com' }).get('/', { headers })
    for (const { headers } of [direct, behind]) expect(headers.get('set-cookie')).toContain('; Secure')
  })

  it('stays the same, also when the page has not changed', async () => {
    const { cookie } = await openBrowser()
    const tag = (await app.get('/')).headers.get('etag') ?? ''
    for (const headers of [{ cookie }, { cookie, 'if-none-match': tag }, { cookie, 'sec-fetch-site': 'cross-site' }]) {
      const response = await app.get('/', { headers })
      expect(response.headers.get('set-cookie')?.split(';')[0]).toBe(cookie)
    }
  })

  it('is not replaced when it was left at home by a link from another site, and comes with the first request', async () => {
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, {}])
      expect((await app.get('/answers/ans_0', { headers })).headers.get('set-cookie')).toBeNull()
    const first = await app.get('/v1/conversations')
    expect(await first.json()).toEqual({ conversations: [], next: null })
    expect(first.headers.get('set-cookie')).toMatch(/^footnote_reader=[\w-]{22};/)
  })

  it('is nowhere in the store, and one that is not ours opens nothing', async () => {
    const browser = await openBrowser()
    await browser.ask(STRIPE)
    const stored = JSON.stringify(await contentOf(library.query))
    expect(stored).not.toContain(browser.cookie.split('=')[1])
    const forged = await app.get('/v1/conversations', { headers: { cookie: 'footnote_reader=x' } })
    expect(await forged.json()).toEqual({ conversations: [], next: null })
  })
})

describe('the list of conversations', () => {
  it('is that of its reader alone, the one with the newest question first', async () => {
    const [one, other] = [await openBrowser(), await openBrowser()]
    const first = await one.ask(STRIPE)
    const second = await one.ask(BREAD)
    await one.ask('And the load shedders of Stripe?', { conversation_id: first.conversation_id })
    await other.ask(BREAD)
    await app.post('/v1/ask', { question: BREAD })
    const { conversations, next } = await one.list()
    expect(conversations).toMatchObject([
      { id: first.conversation_id, title: STRIPE, questions: 2 },
      { id: second.conversation_id, title: BREAD, questions: 1 },
    ])
    expect(next).toBeNull()
    expect((await other.list()).conversations).toHaveLength(1)
  })

  it('is read by pages, which a question in between does not shift', async () => {
    const browser = await openBrowser()
    const asked: string[] = []
    for (const question of [STRIPE, BREAD, STRIPE]) asked.push((await browser.ask(question)).conversation_id)
    const [oldest = '', middle, newest] = asked
    const page = await browser.list('?limit=1')
    expect(page.conversations.map(({ id }) => id)).toEqual([newest])
    await browser.ask(BREAD, { conversation_id: newest })
    const rest = await browser.list(`?limit=2&after=${page.next}`)
    expect(rest.conversations.map(({ id }) => id)).toEqual([middle, oldest])
    expect(rest.next).toBeNull()
  })

  it.each([
    ['bread', [BREAD]],
    ['REST dough', [BREAD]],
    ['dough limit', []],
    ['100%', []],
    [' ', [BREAD, 'Money']],
    ['money', ['Money']],
    ['stripe', ['Money']],
  ])('finds by %j what has all the words in its title or questions', async (q, titles) => {
    const browser = await openBrowser()
    const { conversation_id: id } = await browser.ask(STRIPE)
    await browser.send(`/v1/conversations/${id}`, { title: 'Money' }, 'PATCH')
    await browser.ask(BREAD)
    const { conversations } = await browser.list(`?q=${encodeURIComponent(q)}`)
    expect(conversations.map(({ title }) => title)).toEqual(titles)
  })

  it.each(['?limit=0', '?after=con_1', '?page=2', `?q=${'x'.repeat(201)}`])('refuses %s', async (query) => {
    const { get } = await openBrowser()
    expect(await unknown(await get(`/v1/conversations${query}`))).toEqual([422, 'bad-field'])
  })
})

describe('a conversation', () => {
  it('is read with its whole answers, oldest first, by pages backwards', async () => {
    const browser = await openBrowser()
    const first = await browser.ask(STRIPE)
    const more = { conversation_id: first.conversation_id }
    const second = await browser.ask(BREAD, more)
    const third = await browser.ask('Which colour does the queen of Denmark paint her submarine?', more)
    await browser.send(`/v1/answers/${second.id}/feedback`, { rating: 'up' })
    const whole = await browser.read(first.conversation_id)
    expect(whole).toMatchObject({ id: first.conversation_id, title: STRIPE, questions: 3, earlier: null })
    for (const { id, answer } of whole.answers)
      expect(answer).toEqual(await readJson(await app.get(`/v1/answers/${id}`)))
    expect(whole.answers.map(({ id, status }) => [id, status])).toEqual([
      [first.id, 'answered'],
      [second.id, 'answered'],
      [third.id, 'abstained'],
    ])
    const last = await browser.read(first.conversation_id, '?limit=2')
    expect([last.answers.map(({ id }) => id), last.earlier]).toEqual([[second.id, third.id], second.id])
    const before = await browser.read(first.conversation_id, `?limit=2&before=${last.earlier}`)
    expect([before.answers.map(({ id }) => id), before.earlier]).toEqual([[first.id], null])
    const lost = await browser.get(`/v1/conversations/${first.conversation_id}?before=ans_0`)
    expect(await unknown(lost)).toEqual([422, 'bad-field'])
  })

  it('shows an answer under way, which can be followed to its end', async () => {
    const slow = openTestApp(library, { generator: slowGenerator(['Stripe runs four ', 'limiters [1].'], 60) })
    const browser = await openBrowser(slow)
    const asked = await browser.send('/v1/ask', { question: STRIPE, stream: true })
    const all = readEvents(asked)
    const [listed] = await vi.waitUntil(async () => {
      const { conversations } = await browser.list()
      return conversations.length > 0 && conversations
    })
    const { answers } = await browser.read(listed!.id)
    expect(answers).toMatchObject([{ question: STRIPE, status: 'running', answer: null }])
    const followed = await readEvents(await browser.get(`/v1/answers/${answers[0]!.id}/events`))
    expect(followed).toEqual(await all)
    expect((await browser.read(listed!.id)).answers).toMatchObject([{ status: 'answered' }])
  })

  it('shows as failed what ended in a fault, and what its process left behind', async () => {
    const browser = await openBrowser()
    const { conversation_id: id } = await browser.ask(STRIPE)
    const { answers } = library.store
    const owner = createHash('sha256')
      .update(browser.cookie.split('=')[1] ?? '')
      .digest('hex')
    const record = { library: 'main', conversationId: id, owner, question: BREAD, mode: 'extractive' } as const
    for (const answer of ['ans_fault', 'ans_dead']) await answers.begin({ ...record, id: answer })
    await answers.append('main', 'ans_fault', [{ seq: 1, event: { type: 'error', code: 'x', retryable: false } }])
    const read = await browser.read(id)
    expect(read.answers.slice(1).map(({ status, answer }) => [status, answer])).toEqual([
      ['failed', null],
      ['failed', null],
    ])
  })

  it('opens to nobody else: as if there were none', async () => {
    const [owner, other] = [await openBrowser(), await openBrowser()]
    const { id, conversation_id: its } = await owner.ask(STRIPE)
    const none = 'con_0'
    for (const stranger of [other.cookie, ''])
      for (const [path, method, body] of [
        [`/v1/conversations/${its}`, 'GET'],
        [`/v1/conversations/${its}`, 'PATCH', { title: 'Mine' }],
        [`/v1/conversations/${its}`, 'DELETE'],
        ['/v1/ask', 'POST', { question: BREAD, conversation_id: its }],
        ['/api/chat', 'POST', { id: its, messages: [{ role: 'user', parts: [{ type: 'text', text: BREAD }] }] }],
      ] as const) {
        const headers = { cookie: stranger, 'content-type': 'application/json' }
        const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
        expect(await unknown(await app.get(path, init)), `${method} ${path}`).toEqual([404, 'unknown-conversation'])
        if (method !== 'POST')
          expect(await unknown(await app.get(path.replace(its, none), init))).toEqual([404, 'unknown-conversation'])
      }
    const listed = async (cookie: string) =>
      await readJson<{ answers: object[] }>(
        await app.get(`/v1/answers?conversation_id=${its}`, { headers: { cookie } }),
      )
    expect((await listed(other.cookie)).answers).toEqual([])
    expect((await listed(owner.cookie)).answers).toHaveLength(1)
    expect((await app.get(`/v1/answers/${id}`)).status).toBe(200)
    expect(await owner.read(its)).toMatchObject({ title: STRIPE, questions: 1 })
  })

  it('of a program can be read and continued as ever, and becomes nobody’s', async () => {
    const browser = await openBrowser()
    const { conversation_id: its } = await readJson<WireAnswer>(await app.post('/v1/ask', { question: STRIPE }))
    await browser.ask(BREAD, { conversation_id: its })
    expect((await browser.read(its)).answers).toHaveLength(2)
    expect((await browser.list()).conversations).toEqual([])
    for (const response of [
      await browser.get(`/v1/conversations/${its}`, 'DELETE'),
      await browser.send(`/v1/conversations/${its}`, { title: 'Mine' }, 'PATCH'),
    ])
      expect(await unknown(response)).toEqual([404, 'unknown-conversation'])
  })

  it('gets a name', async () => {
    const browser = await openBrowser()
    const { conversation_id: its } = await browser.ask(STRIPE)
    const renamed = await browser.send(`/v1/conversations/${its}`, { title: ' Limits 🚦 ' }, 'PATCH')
    expect([renamed.status, await renamed.json()]).toMatchObject([200, { id: its, title: 'Limits 🚦', questions: 1 }])
    expect((await browser.list()).conversations).toMatchObject([{ title: 'Limits 🚦' }])
  })

  it.each(['', ' ', 'x'.repeat(201), 'a\nb', 'a\u0000', '\ud83d', 7])('is not renamed to %j', async (title) => {
    const browser = await openBrowser()
    const { conversation_id: its } = await browser.ask(STRIPE)
    expect(await unknown(await browser.send(`/v1/conversations/${its}`, { title }, 'PATCH'))).toEqual([
      422,
      'bad-field',
    ])
  })

  it('cannot be renamed or removed by the page of another site', async () => {
    const { cookie, ask } = await openBrowser()
    const { conversation_id: its } = await ask(STRIPE)
    for (const method of ['PATCH', 'DELETE']) {
      const headers = { cookie, origin: 'https://evil.example' }
      const response = await app.post(`/v1/conversations/${its}`, { title: 'x' }, { method, headers })
      expect(await unknown(response)).toEqual([403, 'cross-site'])
    }
  })
})

describe('a conversation that is removed', () => {
  it('takes its answers and all that hangs on them along, and nothing else', async () => {
    const browser = await openBrowser()
    const kept = await browser.ask(BREAD)
    const before = await contentOf(library.query)
    const gone = await browser.ask(STRIPE)
    await browser.send(`/v1/answers/${gone.id}/feedback`, { rating: 'down' })
    const response = await browser.get(`/v1/conversations/${gone.conversation_id}`, 'DELETE')
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(await contentOf(library.query)).toEqual(before)
    expect(await unknown(await app.get(`/v1/answers/${gone.id}`))).toEqual([404, 'unknown-answer'])
    expect((await browser.list()).conversations.map(({ id }) => id)).toEqual([kept.conversation_id])
    const again = await browser.get(`/v1/conversations/${gone.conversation_id}`, 'DELETE')
    expect(await unknown(again)).toEqual([404, 'unknown-conversation'])
  })

  it('ends what is under way, and leaves no rows of it', async () => {
    const generator = slowGenerator(Array<string>(500).fill('Stripe runs four limiters [1]. '), 20)
    const browser = await openBrowser(openTestApp(library, { generator }))
    const before = await contentOf(library.query)
    const asked = readEvents(await browser.send('/v1/ask', { question: STRIPE, stream: true }))
    await vi.waitUntil(() => generator.beginnings.length > 0, 10_000)
    const [its] = (await browser.list()).conversations
    expect((await browser.get(`/v1/conversations/${its!.id}`, 'DELETE')).status).toBe(204)
    expect((await asked).at(-1)).toMatchObject({ type: 'stopped' })
    expect(generator.endings).toHaveLength(1)
    expect(await contentOf(library.query)).toEqual(before)
  })

  it('ends what another process writes for it, whose next words find no answer to add them to', async () => {
    const generator = slowGenerator(Array<string>(100).fill('Stripe runs four limiters [1]. '), 20)
    const writing = openTestApp(library, { generator, silentMs: 90_000 })
    const browser = await openBrowser(writing)
    const before = await contentOf(library.query)
    const asked = readEvents(await browser.send('/v1/ask', { question: STRIPE, stream: true }))
    await vi.waitUntil(() => generator.beginnings.length > 0, 10_000)
    const [its] = (await browser.list()).conversations
    const elsewhere = openTestApp(library, { silentMs: 90_000 })
    const headers = { cookie: browser.cookie }
    expect((await elsewhere.get(`/v1/conversations/${its!.id}`, { method: 'DELETE', headers })).status).toBe(204)
    expect((await asked).at(-1)).toMatchObject({ type: 'error', body: { code: 'store-answer-ended' } })
    expect(await contentOf(library.query)).toEqual(before)
    expect((await browser.get('/health')).status).toBe(200)
  })
})
