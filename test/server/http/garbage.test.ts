import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, openTestLibrary, type TestApp, TOKEN } from '../../support/app.ts'
import { serving } from '../../support/serving.ts'
import { readJson, type WireProblem } from '../../support/wire.ts'

let app: TestApp

beforeAll(async () => {
  app = openTestApp(await openTestLibrary())
})

async function problemOf(response: Response): Promise<WireProblem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('x-request-id')).toMatch(/^[\w-]+$/)
  const problem = await readJson<WireProblem>(response)
  expect(problem).toMatchObject({
    type: 'about:blank',
    status: response.status,
    code: expect.stringMatching(/^[a-z0-9-]+$/),
  })
  expect(problem.title).toMatch(/^\w.*[.?]$/s)
  expect(problem.title.length).toBeLessThan(400)
  expect(JSON.stringify(problem)).not.toMatch(
    /node_modules|\.ts\b|at \w+ \(|select |zod|postgres|Invalid input: expected never/i,
  )
  return problem
}

const question = 'How?'
const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const turn = { question, answer: 'So.' }

const wrongFields: [field: string, body: unknown][] = [
  ['question', {}],
  ['question', { question: '' }],
  ['question', { question: ' \n\t\u00a0' }],
  ['question', { question: 'a\u0000b' }],
  ['question', { question: 'half \ud83d of it' }],
  ['question', { question: 'x'.repeat(4_001) }],
  ...[null, 1, true, [], {}, ['a']].map((value): [string, unknown] => ['question', { question: value }]),
  ...[null, 1, '', 'a b', 'x'.repeat(81), '../x', 'a\u0000', {}].map((value): [string, unknown] => [
    'conversation_id',
    { question, conversation_id: value },
  ]),
  ...[null, 1, 'x', {}].map((value): [string, unknown] => ['history', { question, history: value }]),
  ['history', { question, history: Array.from({ length: 51 }, () => turn) }],
  ['history.0', { question, history: ['x'] }],
  ['history.1.question', { question, history: [turn, { ...turn, question: 7 }] }],
  ['history.0.answer', { question, history: [{ ...turn, answer: 'a\u0000b' }] }],
  ['history.0.answer', { question, history: [{ ...turn, answer: '\udc00' }] }],
  ['history.0.answer', { question, history: [{ ...turn, answer: 'x'.repeat(40_001) }] }],
  ['history.0.mood', { question, history: [{ ...turn, mood: 'good' }] }],
  ...[null, 1, 'a/b', []].map((value): [string, unknown] => ['library', { question, library: value }]),
  ...[null, 1, 'true', {}].map((value): [string, unknown] => ['stream', { question, stream: value }]),
  ...[null, 1, 'fast', {}].map((value): [string, unknown] => ['mode', { question, mode: value }]),
  ['temperature', { question, temperature: 1 }],
  ['__proto__', JSON.parse(`{"question":"${question}","__proto__":{"admin":true}}`)],
  ['k'.repeat(80), { question, ['k'.repeat(100_000)]: 1 }],
  ...[null, 1, 'text', true, []].map((value): [string, unknown] => ['body', value]),
]

describe('a question that cannot be asked', () => {
  it.each(wrongFields)('is refused by the name of %s', async (field, body) => {
    const response = await app.post('/v1/ask', JSON.stringify(body))
    expect(response.status).toBe(422)
    const problem = await problemOf(response)
    expect(problem).toMatchObject({ code: 'bad-field', field })
    expect(problem.title.startsWith(`${field}: `)).toBe(true)
  })

  const unreadable: [name: string, status: number, code: string, body: string | Uint8Array][] = [
    ['empty', 400, 'bad-json', ''],
    ['cut', 400, 'bad-json', '{"question": "How'],
    ['followed by more', 400, 'bad-json', '{"question": "How?"} x'],
    ['not UTF-8', 400, 'bad-json', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22])],
    ['an overlong encoding', 400, 'bad-json', Buffer.from([0x22, 0xc0, 0x80, 0x22])],
    ['nested ten thousand times', 422, 'bad-field', deep(10_000)],
    ['nested within a field', 422, 'bad-field', `{"question": ${deep(10_000)}}`],
    ['nested within history', 422, 'bad-field', `{"question": "How?", "history": ${deep(100_000)}}`],
    ['1 MB', 413, 'too-large', JSON.stringify({ question: 'x'.repeat(1_000_000) })],
  ]

  it.each(unreadable)('because the body is %s is refused with %d', async (_name, status, code, body) => {
    const response = await app.get('/v1/ask', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    expect(response.status).toBe(status)
    expect(await problemOf(response)).toMatchObject({
      code,
      field: expect.stringMatching(/^(body|question|history\.0)$/),
    })
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'x'.repeat(4_000)])(
    'because its type is %s is refused',
    async (type) => {
      const response = await app.post('/v1/ask', { question }, { headers: { 'content-type': type } })
      expect(response.status).toBe(415)
      expect(await problemOf(response)).toMatchObject({ code: 'not-json' })
    },
  )

  it('because the library is unknown gets a 404', async () => {
    for (const path of ['/v1/ask', '/v1/search']) {
      const response = await app.post(path, { question, query: question, library: 'other' })
      expect(response.status).toBeOneOf([404, 422])
    }
    const response = await app.post('/v1/ask', { question, library: 'other' })
    expect([response.status, (await problemOf(response)).code]).toEqual([404, 'unknown-library'])
  })
})

describe('a search that cannot be made', () => {
  const bodies: [field: string, body: unknown][] = [
    ['query', {}],
    ['query', { query: '' }],
    ['query', { query: 'a\u0000' }],
    ['query', { query: 5 }],
    ['limit', { query: 'x', limit: 5 }],
    ['body', []],
  ]
  it.each(bodies)('is refused by the name of %s', async (field, body) => {
    const response = await app.post('/v1/search', body)
    expect([response.status, (await problemOf(response)).field]).toEqual([422, field])
  })
})

describe('an address that leads nowhere', () => {
  const paths = [
    '/nothing',
    '/v1',
    '/v1/documents/',
    '/v1/documents/%00',
    '/v1/documents/..%2f..%2fetc%2fpasswd',
    `/v1/documents/${'d'.repeat(10_000)}`,
    '/v1/documents/doc_0',
    '/v1/documents/%E0%A4%A',
    '/v1/documents/%ED%A0%80',
    '/documents/%00',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/package.json',
    '/core/config.ts',
    '/wire.d.ts',
  ]
  it.each(paths)('%s is a 4xx', async (path) => {
    const response = await app.get(path)
    expect(response.status).toBeOneOf([400, 404])
    expect(await response.text()).not.toMatch(/dependencies|at \w+ \(|node_modules/)
  })

  const queries: [field: string, path: string][] = [
    ['limit', '/v1/documents?limit=0'],
    ['limit', '/v1/documents?limit=201'],
    ['limit', '/v1/documents?limit=1.5'],
    ['limit', '/v1/documents?limit=x'],
    ['limit', '/v1/documents?limit='],
    ['limit', '/v1/documents?limit=1e999'],
    ['limit', '/v1/documents?limit=-1'],
    ['limit', '/v1/answers?limit=1e9'],
    ['after', '/v1/documents?after=a%20b'],
    ['after', '/v1/documents?after=xx'],
    ['after', '/v1/answers?after=ans_0'],
    ['foo', '/v1/documents?foo=1'],
    ['foo', '/v1/documents/doc_0?foo=1'],
    ['foo', '/v1/answers?foo=1'],
    ['foo', '/v1/answers/ans_0?foo=1'],
    ['foo', '/v1/answers/ans_0/events?foo=1'],
    ['after', `/v1/documents?after=${'x'.repeat(100)}`],
    ['revision', '/v1/documents/doc_0?revision=latest'],
    ['revision', `/v1/documents/doc_0?revision=${'A'.repeat(64)}`],
  ]
  it.each(queries)('names %s of %s', async (field, path) => {
    const response = await app.get(path)
    const problem = await problemOf(response)
    expect([response.status, problem.field]).toEqual([422, field])
    if (field === 'limit') expect(problem.title).toBe('limit: must be a whole number from 1 to 200.')
  })

  const methods: [method: string, path: string, allow: string][] = [
    ['GET', '/v1/ask', 'POST'],
    ['DELETE', '/v1/ask', 'POST'],
    ['PUT', '/v1/search', 'POST'],
    ['PUT', '/v1/documents', 'GET, POST'],
    ['PATCH', '/v1/documents/doc_0', 'GET, DELETE'],
    ['GET', '/v1/answers/ans_0/stop', 'POST'],
    ['DELETE', '/v1/answers/ans_0', 'GET'],
    ['POST', '/health', 'GET'],
    ['OPTIONS', '/v1/ingest', 'POST'],
  ]
  it.each(methods)('under %s %s says that %s is offered', async (method, path, allow) => {
    const response = await app.get(path, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
    expect(await problemOf(response)).toMatchObject({ code: 'wrong-method' })
  })
})

describe('an address that is nearly one', () => {
  const paths: [path: string, says: string][] = [
    ['/v2/foo', 'There is nothing at GET /v2/foo; /docs shows what there is.'],
    [
      '/v1/documents/',
      'There is nothing at GET /v1/documents/; GET /v1/documents is probably meant, and /docs shows what there is.',
    ],
    [
      '/v1/answers/ans_0/',
      'There is nothing at GET /v1/answers/ans_0/; GET /v1/answers/ans_0 is probably meant, and /docs shows what there is.',
    ],
    [
      '/v1/serach',
      'There is nothing at GET /v1/serach; POST /v1/search is probably meant, and /docs shows what there is.',
    ],
  ]
  it.each(paths)('%s is told what there is', async (path, says) => {
    const response = await app.get(path)
    expect([response.status, (await problemOf(response)).title]).toEqual([404, says])
  })

  it.each(['/v1/embeddings', '/v1/responses', '/v1/completions', '/v1/chat'])(
    '%s of the OpenAI API is told in the shape of that API what of it there is',
    async (path) => {
      const response = await app.post(path, { model: 'footnote', input: 'x' })
      const message = `There is nothing at POST ${path}; of the OpenAI API there are POST /v1/chat/completions and GET /v1/models.`
      const error = { message, type: 'invalid_request_error', param: null, code: 'unknown-path' }
      expect([response.status, await response.json()]).toEqual([404, { error }])
    },
  )

  it('under another method has the shape of that API, too', async () => {
    const response = await app.get('/v1/chat/completions')
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await response.json()).toMatchObject({ error: { code: 'wrong-method', param: 'method' } })
  })
})

describe('no request', () => {
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS')
  const known = fc.constantFrom(
    '/v1/ask',
    '/v1/search',
    '/v1/documents',
    '/v1/answers',
    '/documents',
    '/v1/ingest',
    '/ready',
  )
  const segment = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed()))
  const path = fc.tuple(
    known,
    fc.array(fc.oneof(segment, fc.constantFrom('%00', '..%2f', '%', 'events')), { maxLength: 2 }),
  )
  const fields = fc.record(
    {
      question: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
      query: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
      conversation_id: fc.oneof(fc.stringMatching(/^[\w-]{1,80}$/), fc.jsonValue()),
      history: fc.oneof(fc.array(fc.record({ question: fc.string(), answer: fc.string() })), fc.jsonValue()),
      stream: fc.oneof(fc.boolean(), fc.jsonValue()),
      mode: fc.oneof(fc.constantFrom('auto', 'extractive', 'generative'), fc.jsonValue()),
      paths: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const body = fc.oneof(
    fields.map((value) => JSON.stringify(value)),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.string({ unit: 'binary' }),
  )
  const query = fc.dictionary(
    fc.constantFrom('limit', 'after', 'revision', 'start', 'end'),
    fc.string({ unit: 'binary' }),
  )

  it('makes a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(method, path, query, body, async (method, [root, rest], query, body) => {
        const search = new URLSearchParams(query)
        const url = `${[root, ...rest].join('/')}?${search.toString()}`
        const hasBody = method !== 'GET' && method !== 'HEAD'
        const headers = { 'content-type': 'application/json', authorization: 'Bearer wrong' }
        const response = await app.get(url, { method, headers, ...(hasBody ? { body } : {}) })
        await response.text()
        expect(response.status).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })

  it('of any words makes a 5xx or an answer without an end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), fc.boolean(), async (question, stream) => {
        const response = await app.post('/v1/ask', { question, stream })
        const text = await response.text()
        expect(response.status).toBeOneOf([200, 422])
        if (response.status === 200 && stream) expect(text).toMatch(/\nevent: (done|abstained)\n/)
      }),
      { numRuns: 100 },
    )
  })
})

describe('a large body over a socket', () => {
  const ways = ['with its length', 'in chunks of unknown number']
  const sizes = [300_000, 3_000_000, 20_000_000]
  const cases = ways.flatMap((way) => sizes.map((size) => [way, size] as const))

  it.each(cases)('%s (%d bytes) is refused, and the next request is served', async (way, size) => {
    await using server = await serving(app)
    const text = JSON.stringify({ question: 'x'.repeat(size) })
    const body = way === 'with its length' ? text : new Blob([text]).stream()
    const headers = { 'content-type': 'application/json' }
    const refused = await fetch(`${server.url}/v1/ask`, { method: 'POST', body, headers, duplex: 'half' })
    expect([refused.status, refused.headers.get('connection')]).toEqual([413, 'close'])
    expect(await refused.json()).toMatchObject({ code: 'too-large', field: 'body' })
    for (const pauseMs of [0, 100, 600]) {
      await wait(pauseMs)
      expect((await fetch(`${server.url}/health`)).status).toBe(200)
    }
  })

  it('is refused without an end of it', async () => {
    await using server = await serving(app)
    const piece = new Uint8Array(1_000_000).fill(32)
    let sent = 0
    const body = new ReadableStream({
      pull: async (controller) => {
        // A writer that never waits would leave the server, which is in this process, no time to refuse.
        await wait(1)
        if (++sent > 500) throw new Error('nobody refuses it')
        controller.enqueue(piece)
      },
    })
    const headers = { 'content-type': 'application/json' }
    const refused = await fetch(`${server.url}/v1/ask`, { method: 'POST', body, headers, duplex: 'half' }).catch(
      (error: unknown) => error,
    )
    // A client that goes on writing may see the connection closed before it reads why.
    expect(refused).toSatisfy((it: unknown) => it instanceof TypeError || (it as Response).status === 413)
    expect(sent).toBeLessThan(500)
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
  })
})

describe('the door of ingest', () => {
  const tokens = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    TOKEN,
    `bearer ${TOKEN}`,
    `Bearer ${TOKEN} `.trim() + 'x',
  ]

  it.each(tokens)('stays closed for %s', async (authorization) => {
    const before = await (await app.get('/v1/documents')).text()
    const headers = authorization === undefined ? {} : { authorization }
    const response = await app.post('/v1/ingest', { paths: ['package.json', '.'] }, { headers })
    expect(response.status).toBe(403)
    expect(await problemOf(response)).toMatchObject({ code: 'not-allowed', field: 'Authorization' })
    expect(await (await app.get('/v1/documents')).text()).toBe(before)
  })

  it.each([{}, { paths: [] }, { paths: [''] }, { paths: [1] }, { paths: 'x' }])('names paths in %j', async (body) => {
    const response = await app.post('/v1/ingest', body, { headers: { authorization: `Bearer ${TOKEN}` } })
    expect([response.status, (await problemOf(response)).field]).toMatchObject([422, expect.stringMatching(/^paths/)])
  })
})
