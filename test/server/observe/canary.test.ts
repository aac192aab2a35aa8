// Secrets are planted wherever a server gets anything from, over many routes and faults, and looked for wherever it says
// anything: in its log, traces, metrics and replies.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../../core/config.ts'
import { makeKey } from '../../../core/keys.ts'
import { openLog } from '../../../core/log.ts'
import { openGenerator } from '../../../models/generator.ts'
import { openTracing, type Tracing } from '../../../server/observe/traces.ts'
import type { Store } from '../../../core/ports.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'
import { type Keyed, openKeyedApp } from '../../support/keyed.ts'
import { impatient } from '../../support/asking.ts'
import { openReceiver, type Receiver } from '../../support/otlp.ts'
import { completion, failure, openProvider, type Provider, type Reply, streamOf } from '../../support/provider.ts'

const canary = (name: string) => `canary-${name}-7f3a9c`
const environment = {
  OPENAI_API_KEY: `sk-${canary('key')}`,
  DATABASE_URL: `postgres://footnote:${canary('password')}@127.0.0.1:5432/footnote`,
  SLACK_BOT_TOKEN: `xoxb-${canary('bot')}`,
  SLACK_SIGNING_SECRET: canary('signing'),
  SLACK_APP_TOKEN: `xapp-${canary('app')}`,
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${canary('otlp')}`,
}
const QUESTION = `How does Stripe rate limit requests? ${canary('question')}`
const headers = {
  authorization: `Bearer ${canary('bearer')}`,
  'x-api-key': canary('x-api-key'),
  cookie: `footnote_reader=${canary('cookie')}; session=${canary('session')}`,
  'x-request-id': 'seen',
  referer: `http://test/${canary('referer')}`,
  'user-agent': canary('agent'),
}

const words = (text: string): Reply => streamOf(completion([text]))
/** Everything that a provider may say, each with a secret in it. */
const replies: readonly Reply[] = [
  words(`Stripe runs four limiters [1]. ${canary('model')}`),
  failure(401, { message: `Incorrect key ${canary('key')}: ${canary('provider')}`, code: canary('code') }),
  failure(400, { message: canary('provider'), type: 'invalid_request_error', param: canary('param') }),
  failure(429, { message: canary('provider'), code: 'insufficient_quota' }),
  failure(500, { message: canary('provider') }),
  { status: 502, headers: { 'x-said': canary('provider') }, body: [`<html>${canary('provider')}`] },
  { headers: { 'content-type': 'application/json' }, body: [`{"not": json ${canary('provider')}`] },
  streamOf([`data: ${canary('provider')}\n\n`]),
  streamOf([`data: {"error": {"message": "${canary('provider')}", "code": "${canary('code')}"}}\n\n`]),
  { ...words('Stripe runs '), ending: 'reset' },
]

let library: TestLibrary
let provider: Provider
let receiver: Receiver
let tracing: Tracing
const lines: string[] = []
const said: string[] = []

beforeAll(async () => {
  library = await openTestLibrary()
  provider = await openProvider()
  receiver = await openReceiver()
  tracing = openTracing({ url: receiver.url, headers: {}, questions: false })
  const { secrets } = readConfig(environment)
  const log = openLog('trace', { secrets, fields: tracing.fields, stream: { write: (line) => lines.push(line) } })
  tracing.reportTo((message, error) => log.error({ err: error }, message))
  const report = (message: string, error: unknown) => log.error({ err: error }, message)
  const { spending } = library.store
  const generator = () =>
    openGenerator(
      { apiKey: environment.OPENAI_API_KEY, baseUrl: provider.baseUrl, chatModel: 'test-model', price: null },
      { limitUsd: null, library: 'main', spending, report },
      impatient,
    )
  const watched = { tracing, log, grounding: 'model' } as const
  for (const reply of replies) {
    provider.play([reply])
    await visit(openTestApp(library, { ...watched, generator: generator() }))
  }
  const broken = { ...library, store: failingStore(library.store) }
  await visit(openTestApp(broken, { ...watched, generator: generator() }))
  await showKeys(openKeyedApp(library, watched))
  const { key } = openKeyedApp(library)
  await showKeys({ ...openKeyedApp(broken, { ...watched, store: broken.store }), key })
  // Somebody writes all there is into one line.
  log.error(
    { err: new Error(Object.values(environment).join(' ')), given: environment },
    Object.values(environment).join(),
  )
  await tracing.close()
}, 180_000)

afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

/** What a driver says of a fault, with the row, the statement and the address in it. */
const fault = () =>
  Object.assign(new Error('invalid input syntax for type json'), {
    detail: canary('detail'),
    where: canary('where'),
    query: canary('query'),
    input: canary('input'),
    address: environment.DATABASE_URL,
    cause: new SyntaxError(`Unexpected token in ${canary('cause')}`),
  })

const failing = async () => {
  throw fault()
}

function failingStore(store: Store): Store {
  return {
    ...store,
    search: { ...store.search, candidates: failing },
    conversations: { ...store.conversations, list: failing, find: failing },
    documents: { ...store.documents, list: failing, count: failing },
    keys: { ...store.keys, find: failing, list: failing, touch: failing },
    sessions: { ...store.sessions, find: failing, begin: failing },
    syncs: { ...store.syncs, failures: failing },
    reports: { ...store.reports, status: failing, unanswered: failing },
  }
}

const keep = async (response: Response) =>
  void said.push(`${[...response.headers].join('\n')}\n${await response.text()}`)
const markdown = (text: string) => ({ name: 'secrets.md', markdown: text })

/** Every kind of route, with what it may be sent; replies are kept but for what repeats the request on purpose. */
async function visit(app: TestApp): Promise<void> {
  const asked = { question: QUESTION, stream: true }
  await (await app.post('/v1/ask', asked, { headers })).text()
  // What is asked like this is answered, and so the model is called.
  const history = [{ question: canary('earlier'), answer: canary('told') }]
  const answerable = { question: 'How does Stripe rate limit requests?', history }
  await (await app.post('/v1/ask', answerable, { headers })).text()
  await (await app.post('/v1/documents', markdown(`# Notes\n\n${canary('document')} stands here.`), { headers })).text()
  const broken = `---\naudience: {${canary('front')}: [\n---\n# Notes\n\n${canary('document')}`
  await (await app.post('/v1/documents', markdown(broken), { headers })).text()
  await (await app.post('/v1/ask', { question: QUESTION, mode: 'extractive' }, { headers })).text()
  await (await app.post('/v1/search', { query: QUESTION }, { headers })).text()
  await (
    await app.post(
      '/v1/chat/completions',
      { model: 'footnote', messages: [{ role: 'user', content: QUESTION }] },
      { headers },
    )
  ).text()
  await (await app.post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' }, { headers })).text()
  for (const path of ['/v1/ask', '/v1/search', '/v1/ingest', '/api/chat', '/v1/documents', '/v1/ingest/plan'])
    await keep(await app.post(path, `{"broken": ${canary('body')}`, { headers }))
  for (const path of [
    '/health',
    '/ready',
    '/metrics',
    '/v1/status',
    '/v1/gaps',
    '/v1/library',
    '/v1/documents',
    '/v1/syncs',
  ])
    await keep(await app.get(path, { headers }))
  for (const path of ['/v1/conversations', '/v1/answers?limit=1000', '/openapi.json', '/', '/docs', '/nothing-there'])
    await keep(await app.get(path, { headers }))
  await keep(await app.get('/v1/documents', { headers: { ...headers, traceparent: canary('traceparent') } }))
  await keep(await app.get('/metrics', { headers, method: 'POST', body: canary('body') }))
}

/** Keys that were shown, right and wrong: they hold no dash, so no canary. */
const keys: string[] = []

/** A door that wants keys, and each kind of one that it may be shown, by each header. */
async function showKeys({ get, post, key }: Pick<Keyed, 'get' | 'post' | 'key'>): Promise<void> {
  const right = await key({ scopes: ['ask', 'admin'] })
  const wrong = [await key({ expiresAt: '2020-01-01T00:00:00Z' }), makeKey().text, `${makeKey().text}x`]
  keys.push(right, ...wrong)
  for (const text of [right, ...wrong, `fn_${canary('malformed')}`, canary('other')])
    for (const shown of [{ authorization: `Bearer ${text}` }, { 'x-api-key': text }, { authorization: text }]) {
      for (const path of ['/v1/documents', '/v1/status', '/v1/keys', '/metrics'])
        await keep(await get(path, { headers: shown }))
      await (await post('/v1/ask', { question: QUESTION, mode: 'extractive' }, { headers: shown })).text()
    }
  for (const text of [right, ...wrong]) await keep(await post('/v1/session', { key: text }))
}

/** Where secrets stand that are found, each with what is around it. */
function found(text: string): string[] {
  // Of a key, what is behind its id.
  const secrets = keys.map((key) => key.split('_').at(-1) ?? '').join('|')
  const planted = new RegExp(`.{0,80}(?:canary-[\\w-]+-7f3a9c|${secrets}).{0,20}`, 'gs')
  return Array.from(text.matchAll(planted), ([place]) => place)
}

describe('planted secrets', () => {
  it('are in what was sent: the test would see them', () => {
    expect(found(JSON.stringify([environment, QUESTION, headers, replies])).length).toBeGreaterThan(15)
    expect(found(JSON.stringify(provider.requests.map(({ headers }) => headers))).length).toBeGreaterThan(10)
    expect(lines.length).toBeGreaterThan(150)
    expect(keys.map((key) => found(key).length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('are in no line of the log', () => {
    expect(lines.flatMap(found)).toEqual([])
  })

  it('are in nothing that a receiver of traces is sent', () => {
    expect(receiver.spans().length).toBeGreaterThan(200)
    expect(found(receiver.raw())).toEqual([])
  })

  it('are in no metric, fault or other reply', () => {
    expect(said.some((each) => each.includes('footnote_answers_total{'))).toBe(true)
    expect(said.some((each) => each.includes('request_id'))).toBe(true)
    expect(said.flatMap(found)).toEqual([])
  })
})
