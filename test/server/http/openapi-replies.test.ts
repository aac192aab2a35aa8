// What no example can show, because it takes a model or a fault on the way, has the documented shape all the same.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { ModelError } from '../../../core/errors.ts'
import type { Generator } from '../../../core/ports.ts'
import { failingGenerator, fakeGenerator } from '../../../models/fake.ts'
import { openApiDocument } from '../../../server/http/openapi.ts'
import { openTestApp, openTestLibrary, slowGenerator, type TestApp, type TestLibrary } from '../../support/app.ts'
import { outage } from '../../support/fake-store.ts'
import { checkBody, checkerOf, mediaOf, readOpenApi } from '../../support/openapi.ts'

const api = readOpenApi(JSON.parse(JSON.stringify(openApiDocument())))
const check = checkerOf(api)
const QUESTION = 'How does Stripe rate limit requests?'

let library: TestLibrary

beforeAll(async () => {
  library = await openTestLibrary()
})

const said = ['Stripe runs four limiters in production [1]. ', 'Stripe sells 900 umbrellas in Peru [1].']
const words = 'Stripe runs four limiters in production [1]. '

const models: Readonly<Record<string, Generator>> = {
  'a model': fakeGenerator(said),
  'a model that makes things up': fakeGenerator(['Stripe sells 900 umbrellas in Peru [1].\n\n---\n\n🚦']),
  'a model that declines': fakeGenerator(['INSUFFICIENT']),
  'a model that is down': failingGenerator(new ModelError('model-unavailable', 'down')),
  'a model that is cut off': failingGenerator(new ModelError('model-cut-off', 'cut'), [words]),
}

const surfaces: Readonly<Record<string, readonly [path: string, body: object]>> = {
  'as an object': ['/v1/ask', { question: QUESTION }],
  'as events': ['/v1/ask', { question: QUESTION, stream: true }],
  'as a completion': ['/v1/chat/completions', { model: 'footnote', messages: [{ role: 'user', content: QUESTION }] }],
  'as chunks': [
    '/v1/chat/completions',
    { model: 'footnote', messages: [{ role: 'user', content: QUESTION }], stream: true },
  ],
  'as parts': ['/api/chat', { messages: [{ role: 'user', parts: [{ type: 'text', text: QUESTION }] }] }],
}

async function checked(app: TestApp, surface: string): Promise<{ status: number; text: string }> {
  const [path, body] = surfaces[surface]!
  const response = await app.post(path, body)
  const text = await response.text()
  checkBody(text, mediaOf(api, 'post', path, response), check)
  return { status: response.status, text }
}

describe.each(Object.keys(surfaces))('%s', (surface) => {
  it.each(Object.keys(models))('the answer of %s is as documented', async (model) => {
    const { status } = await checked(openTestApp(library, { generator: models[model]! }), surface)
    expect(status).toBe(200)
  })

  it('a fault on the way is as documented', async () => {
    const { store } = library
    const failing = { ...store.search, candidates: async () => await Promise.reject(outage()) }
    const { status, text } = await checked(openTestApp({ ...library, store: { ...store, search: failing } }), surface)
    expect(status).toBe(/events|chunks|parts/.test(surface) ? 200 : 503)
    expect(text).toMatch(/store-unavailable|The database does not answer/)
  })

  it('an answer that is stopped is as documented', async () => {
    const generator = slowGenerator(Array<string>(500).fill(words), 10)
    const app = openTestApp(library, { generator })
    const asked = checked(app, surface)
    await vi.waitUntil(() => generator.beginnings.length === 1, 5_000)
    await app.drain(0)
    expect((await asked).text).toMatch(/"status":"stopped"/)
  })
})
