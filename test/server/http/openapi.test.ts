// The document is true: every route stands in it, and every example in it is sent to a running server.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../../core/ports.ts'
import type { StoredEvent } from '../../../core/types.ts'
import { hashOfKey } from '../../../core/keys.ts'
import { ingest } from '../../../ingest/ingest.ts'
import { openStaticEmbedder } from '../../../models/static.ts'
import { ids, QUESTION, READER } from '../../../server/http/openapi-answer.ts'
import { shownKey } from '../../../server/http/openapi-keys.ts'
import { openApiDocument } from '../../../server/http/openapi.ts'
import { openStore } from '../../../store/open.ts'
import { KEY_SECRET, openTestApp, slowGenerator, type TestApp, type TestLibrary, TOKEN } from '../../support/app.ts'
import { openTestDatabase } from '../../support/database.ts'
import { brokenStore } from '../../support/fake-store.ts'
import {
  checkBody,
  checkerOf,
  contentOf,
  operationsOf,
  readOpenApi,
  type Shown,
  shownIn,
} from '../../support/openapi.ts'
import { type Serving, serving } from '../../support/serving.ts'
import type { WireAnswer } from '../../support/wire.ts'

// What the server sends: a test below asks it.
const api = readOpenApi(JSON.parse(JSON.stringify(openApiDocument())))
const shown = shownIn(api)
const check = checkerOf(api)

let library: TestLibrary
let app: TestApp
const servers = new Map<string, Serving>()
/** ids that only a running server can give, by those of the examples */
const given = new Map<string, string>()

beforeAll(async () => {
  const embedder = await openStaticEmbedder()
  const store = await openStore(await openTestDatabase(), 'main', embedder)
  library = { store, embedder, folder: 'library' }
  const deps = { documents: store.documents, embedder, library: 'main' }
  const paths = ['library/stripe-rate-limiters.md', 'library/etsy-ml-platform.md']
  for await (const event of ingest(paths, deps, new AbortController().signal)) expect(event.type).not.toBe('failed')
  app = openTestApp(library)
  await keepAnswers(store)
  await keepSync(store)
  await keepKeys(store)
  servers.set('', await serving(app))
  servers.set('database-down', await serving(openTestApp({ ...library, store: brokenStore() })))
  servers.set('uploads-off', await serving(openTestApp(library, { uploads: false })))
  const draining = openTestApp(library)
  await draining.drain(0)
  servers.set('draining', await serving(draining))
  servers.set(
    'running',
    await serving(openTestApp(library, { generator: slowGenerator(Array(1_000).fill('So. '), 50) })),
  )
}, 60_000)

afterAll(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]()
})

/** The answers that the examples name, as a server would have kept them. */
async function keepAnswers({ answers }: Store): Promise<void> {
  const { id } = (await (await app.post('/v1/ask', { question: QUESTION })).json()) as WireAnswer
  const log = (await answers.events('main', id, 0)) ?? []
  const begin = async (id: string) =>
    await answers.begin({
      id,
      library: 'main',
      conversationId: ids.conversation,
      question: QUESTION,
      mode: 'extractive',
    })
  await begin(ids.answer)
  const renamed = JSON.stringify(log).replaceAll(id, ids.answer)
  await answers.append('main', ids.answer, JSON.parse(renamed) as StoredEvent[])
  await begin(ids.unfinished)
  await begin(ids.failed)
  await answers.append('main', ids.failed, [
    { seq: 1, event: { type: 'error', code: 'model-timeout', retryable: true } },
  ])
  const owner = createHash('sha256')
    .update(READER.split('=')[1] ?? '')
    .digest('hex')
  for (const conversationId of [ids.own, ids.removed]) {
    const record = { library: 'main', conversationId, owner, question: QUESTION, mode: 'extractive' } as const
    await answers.begin({ ...record, id: `ans_of_${conversationId}` })
  }
}

/** The sync that the examples name, and a document that was sent. */
async function keepSync({ syncs }: Store): Promise<void> {
  await app.post('/v1/documents', { name: 'sent.md', markdown: 'It was sent.' })
  await syncs.begin('main', { id: ids.sync, trigger: 'command', roots: ['library'] })
  const { report } = (await syncs.find('main', ids.sync))!
  await syncs.end('main', ids.sync, { state: 'finished', total: 0, done: 0, report, fault: null })
}

/** The key that the examples log in with, and one that they revoke. */
async function keepKeys({ keys }: Store): Promise<void> {
  const holder = { library: 'main', name: 'of the examples', scopes: ['ask'], origins: [], expiresAt: null } as const
  await keys.create({ ...holder, id: shownKey.id, hash: hashOfKey(shownKey.text, KEY_SECRET) })
  await keys.create({ ...holder, id: shownKey.revoked, hash: '' })
}

/** Sends what an example shows. */
async function send(shown: Shown): Promise<Response> {
  const { method, path, headers, body, isSecured, when = '' } = shown
  if (when === 'running') await beginAnswer()
  await beginChat(shown)
  const known = [...given].reduce((text, [from, to]) => text.replace(from, to), path)
  const token: Record<string, string> = isSecured ? { authorization: `Bearer ${TOKEN}` } : {}
  return await fetch(`${servers.get(when)?.url}${when === '' ? path : known}`, {
    method,
    headers: { ...token, ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

async function beginAnswer(): Promise<void> {
  const response = await fetch(`${servers.get('running')?.url}/v1/ask`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ question: QUESTION, stream: true }),
  })
  const { value } = await response.body!.getReader().read()
  given.set(ids.unfinished, /ans_\w+/.exec(Buffer.from(value ?? []).toString())![0])
}

/** Soon stopped: what takes it up again is read to its end. */
async function beginChat({ path }: Shown): Promise<void> {
  const [, id] = /^\/api\/chat\/([^/]+)\/stream$/.exec(path) ?? []
  if (id === undefined) return
  const leaving = new AbortController()
  const response = await fetch(`${servers.get('running')?.url}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, messages: [{ role: 'user', parts: [{ type: 'text', text: QUESTION }] }] }),
    signal: leaving.signal,
  })
  await response.body!.getReader().read()
  setTimeout(() => leaving.abort(), 300)
}

describe('the document', () => {
  it('is what the server sends', async () => {
    const response = await fetch(`${servers.get('')!.url}/openapi.json`)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(JSON.stringify(readOpenApi(await response.json()))).toBe(JSON.stringify(api))
  })

  it('has every route of the server, and no other', () => {
    const isDescribed = /^\/(?:v1|api|schemas)\/|^\/(?:health|ready|metrics|openapi\.json)$/
    const routes = app.routes
      .filter(({ method, path }) => method !== 'ALL' && isDescribed.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect(
      operationsOf(api)
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual(routes.toSorted())
  })

  it('shows of each parameter values of its type', () => {
    const shownOf = operationsOf(api).flatMap(({ operation: { parameters } }) =>
      parameters.flatMap(({ schema, examples }) =>
        Object.values(examples).map(({ value }) => [(schema as { type?: string }).type ?? 'string', value] as const),
      ),
    )
    expect(shownOf.filter(([type, value]) => (type === 'integer' ? 'number' : type) !== typeof value)).toEqual([])
    expect(shownOf.filter(([type]) => type === 'integer').length).toBeGreaterThan(5)
  })

  it('names each operation once', () => {
    const names = operationsOf(api).map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(names.length)
  })

  it('lets no reply hold a field that it does not name', () => {
    const open: string[] = []
    const walk = (value: unknown, path: string): void => {
      if (value === null || typeof value !== 'object') return
      if ('properties' in value && !('additionalProperties' in value && value.additionalProperties === false))
        open.push(path)
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}/${key}`)
    }
    const { schemas } = api.components
    for (const [name, schema] of Object.entries(schemas)) if (!name.endsWith('Request')) walk(schema, name)
    expect(open.filter((path) => path !== 'JsonSchema')).toEqual([])
  })

  it('says of each request that may name a library which one that may be', () => {
    const said = 'that of the key; of a server that wants none, its LIBRARY; any other is a 404'
    // Replies hold a name of any shape, requests an identifier.
    const named = Array.from(JSON.stringify(api).matchAll(/"library":(\{.*?\})(?=[,}])/g), ([, field = '']) => field)
    const fields = named.filter((field) => field.includes('"pattern"')).map((field) => JSON.parse(field) as object)
    expect(fields).toMatchObject([{ description: said }, { description: said }, { description: said }])
  })

  it('says which version it is of', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as object & { version: string }
    expect(api).toMatchObject({ openapi: '3.1.1', info: { version } })
  })

  it('knows every code that a route refuses with', () => {
    const folder = new URL('../../../server/http/', import.meta.url)
    const source = readdirSync(folder)
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .join('\n')
    const codes = Array.from(source.matchAll(/new (?:Input|NotFound)Error\(\s*'([\w-]+)'/g), ([, code = '']) => code)
    const text = JSON.stringify(api)
    expect(codes.length).toBeGreaterThan(15)
    expect(codes.filter((code) => !text.includes(code))).toEqual([])
  })
})

describe('an example', () => {
  // What every route says of limits is one thing, and limiting.test.ts sends it.
  const ofLimits = /^\w+ 429$|^(?:ingest|undoSync|reembed|resumeUiChat) 503$/

  it('is shown of every status of every operation', () => {
    const seen = operationsOf(api).flatMap(({ operation: { operationId, responses } }) =>
      Object.entries(responses)
        .filter(
          ([status, response]) =>
            status !== '204' &&
            Object.values(contentOf(response)).every(({ examples }) => Object.keys(examples).length === 0),
        )
        .map(([status]) => `${operationId} ${status}`),
    )
    expect(seen.filter((name) => !ofLimits.test(name))).toEqual([])
    expect(shown.length).toBeGreaterThan(80)
  })

  it('of a request has a reply', () => {
    const lost = operationsOf(api).flatMap(({ operation: { operationId, parameters, requestBody, responses } }) => {
      const replies = Object.values(responses).flatMap((response) =>
        Object.values(contentOf(response)).flatMap(({ examples }) => Object.keys(examples)),
      )
      const parts = [...parameters, ...(requestBody ? [requestBody.content['application/json']] : [])]
      const names = parts.flatMap(({ examples }) => Object.keys(examples))
      return names.filter((name) => !replies.includes(name)).map((name) => `${operationId} ${name}`)
    })
    expect(lost).toEqual([])
  })

  it.each(shown)('$title is what happens', async (each) => {
    const response = await send(each)
    const text = [...given].reduce((sum, [shown, real]) => sum.replaceAll(real, shown), await response.text())
    expect(
      { status: response.status, type: response.headers.get('content-type')?.split(';')[0] ?? '' },
      text.slice(0, 400),
    ).toEqual({
      status: each.status,
      type: each.type,
    })
    checkBody(text, each.media, check)
    if (each.value !== undefined)
      checkBody(typeof each.value === 'string' ? each.value : JSON.stringify(each.value), each.media, check)
    if (each.status >= 400) {
      const { request_id, ...body } = (each.type === 'text/plain' ? { text } : JSON.parse(text)) as Record<
        string,
        unknown
      >
      expect(body).toEqual(each.type === 'text/plain' ? { text: each.value } : each.value)
      if (each.type === 'application/problem+json') expect(request_id === undefined).toBe(each.status < 500)
    }
    if (each.status === 503 && each.type !== 'application/json')
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
  })

  it('of a request fits the schema of the request, unless it shows a fault', () => {
    for (const { operation } of operationsOf(api)) {
      const media = operation.requestBody?.content['application/json']
      const fine = Object.entries(operation.responses).flatMap(([status, { content }]) =>
        Number(status) < 400 ? Object.values(content).flatMap(({ examples }) => Object.keys(examples)) : [],
      )
      for (const name of fine) if (media?.examples[name]) check(media.examples[name].value, media.schema)
    }
  })
})

describe('a check against the document', () => {
  const answer = (shown.find(({ title }) => title === 'POST /v1/ask: answer')!.value ?? {}) as Record<string, unknown>
  const schema = { $ref: '#/components/schemas/Answer' }

  it.each([
    ['a field more', { ...answer, mood: 'good' }],
    ['a field of another type', { ...answer, cached: 'no' }],
    ['a verdict that there is not', { ...answer, statements: [{ start: 0, end: 1, verdict: 'true', citations: [] }] }],
    ['a field less', Object.fromEntries(Object.entries(answer).filter(([name]) => name !== 'missing'))],
  ])('refuses an answer with %s', (_, changed) => {
    check(answer, schema)
    expect(() => check(changed, schema)).toThrow()
  })
})
