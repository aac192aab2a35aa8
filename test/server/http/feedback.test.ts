// A thumb for an answer over HTTP: given, changed, read again, listed, taken back.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { feedbackReasons } from '../../../core/types.ts'
import { openTestApp, openTestLibrary, slowGenerator, type TestApp, type TestLibrary } from '../../support/app.ts'
import { brokenStore } from '../../support/fake-store.ts'
import { readJson, type WireAnswer } from '../../support/wire.ts'

type WireFeedback = { rating: string; reason: string | null; comment: string | null; given_at: string }

let library: TestLibrary
let app: TestApp
let stripe: WireAnswer
let bread: WireAnswer

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library)
  stripe = await ask({ question: 'How does Stripe rate limit requests?' })
  bread = await ask({ question: 'How long does the dough of bread rest?', conversation_id: stripe.conversation_id })
})

beforeEach(async () => {
  for (const { id } of [stripe, bread]) await takeBack(id)
})

const ask = async (body: object) => await readJson<WireAnswer>(await app.post('/v1/ask', body))
const rate = async (id: string, body: unknown) => await app.post(`/v1/answers/${id}/feedback`, body)
const takeBack = async (id: string) => await app.get(`/v1/answers/${id}/feedback`, { method: 'DELETE' })
const read = async (id: string) =>
  await readJson<WireAnswer & { feedback: WireFeedback | null }>(await app.get(`/v1/answers/${id}`))
const list = async (query: string) => {
  const page = await readJson<{ answers: { id: string; rating: string | null }[]; next: string | null }>(
    await app.get(`/v1/answers${query}`),
  )
  return { answers: page.answers.map(({ id, rating }) => ({ id, rating })), next: page.next }
}

describe('a thumb', () => {
  it('is acknowledged, and shown with its answer, which stays as it was', async () => {
    const given = await rate(stripe.id, { rating: 'down', reason: 'incomplete', comment: ' Which four? 🚦\n' })
    const feedback = {
      rating: 'down',
      reason: 'incomplete',
      comment: 'Which four? 🚦',
      given_at: expect.stringMatching(/^\d{4}-.*Z$/),
    }
    expect([given.status, await given.json()]).toEqual([200, { id: stripe.id, feedback }])
    expect(await read(stripe.id)).toEqual({ ...stripe, feedback })
    expect(await read(bread.id)).toEqual({ ...bread, feedback: null })
  })

  it('needs neither reason nor comment, and an empty comment is none', async () => {
    for (const more of [{}, { comment: '' }, { comment: ' \n' }, { reason: null, comment: null }]) {
      await rate(stripe.id, { rating: 'up', ...more })
      expect((await read(stripe.id)).feedback).toMatchObject({ rating: 'up', reason: null, comment: null })
    }
  })

  it.each(feedbackReasons)('may say %s', async (reason) => {
    expect((await rate(stripe.id, { rating: 'down', reason })).status).toBe(200)
  })

  it('takes the place of the one before, with all that was said with it', async () => {
    await rate(stripe.id, { rating: 'down', reason: 'wrong', comment: 'x'.repeat(2_000) })
    await rate(stripe.id, { rating: 'up' })
    expect((await read(stripe.id)).feedback).toMatchObject({ rating: 'up', reason: null, comment: null })
  })

  it('can be taken back, also where there is none', async () => {
    await rate(stripe.id, { rating: 'down' })
    for (const _ of [1, 2]) {
      const response = await takeBack(stripe.id)
      expect([response.status, await response.json()]).toEqual([200, { id: stripe.id, feedback: null }])
    }
    expect((await read(stripe.id)).feedback).toBeNull()
  })

  const wrong: [field: string, body: unknown][] = [
    ['rating', {}],
    ['rating', { rating: 'sideways' }],
    ['rating', { rating: 1 }],
    ['reason', { rating: 'down', reason: 'boring' }],
    ['reason', { rating: 'down', reason: 7 }],
    ['comment', { rating: 'down', comment: 'x'.repeat(2_001) }],
    ['comment', { rating: 'down', comment: 'a\u0000b' }],
    ['comment', { rating: 'down', comment: 'half \ud83d' }],
    ['comment', { rating: 'down', comment: 7 }],
    ['stars', { rating: 'down', stars: 1 }],
    ['body', []],
  ]
  it.each(wrong)('is refused by the name of %s in %j, and nothing is kept', async (field, body) => {
    const response = await rate(stripe.id, body)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect([response.status, await response.json()]).toMatchObject([422, { code: 'bad-field', field }])
    expect((await read(stripe.id)).feedback).toBeNull()
  })

  it.each(['ans_0', 'a%20b', 'x'.repeat(81)])('for %s, which is no answer, is a 404', async (id) => {
    for (const response of [await rate(id, { rating: 'up' }), await takeBack(id)])
      expect([response.status, await response.json()]).toMatchObject([404, { code: 'unknown-answer' }])
  })

  it('has to wait for the end of its answer', async () => {
    const slow = openTestApp(library, { generator: slowGenerator(['Stripe runs four ', 'limiters [1].'], 50) })
    const response = await slow.post('/v1/ask', { question: 'How does Stripe shed load?', stream: true })
    const reader = response.body!.getReader()
    const { value } = await reader.read()
    const [, id = ''] = /"id":"(ans_\w+)"/.exec(new TextDecoder().decode(value)) ?? []
    const early = await slow.post(`/v1/answers/${id}/feedback`, { rating: 'up' })
    expect([early.status, await early.json()]).toMatchObject([404, { code: 'not-finished' }])
    while (!(await reader.read()).done);
    expect((await rate(id, { rating: 'up' })).status).toBe(200)
    await takeBack(id)
  })

  it('cannot be given by the page of another site', async () => {
    const path = `/v1/answers/${stripe.id}/feedback`
    const elsewhere = { headers: { origin: 'https://evil.example' } }
    expect((await app.post(path, { rating: 'up' }, elsewhere)).status).toBe(403)
    expect((await app.get(path, { method: 'DELETE', ...elsewhere })).status).toBe(403)
    const wrong = await app.get(path)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST, DELETE'])
  })

  it('that cannot be kept is a 503, and its words stand in no log', async () => {
    const broken = openTestApp({ ...library, store: brokenStore() })
    const path = `/v1/answers/${stripe.id}/feedback`
    const response = await broken.post(path, { rating: 'down', comment: 'confidential words' })
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'store-unavailable' }])
    expect(broken.lines.join('')).not.toContain('confidential')
  })
})

describe('the list of answers', () => {
  it('is that of one thumb, the newest first, by pages', async () => {
    expect(await list('?rating=down')).toEqual({ answers: [], next: null })
    for (const { id } of [stripe, bread]) await rate(id, { rating: 'down' })
    const [first, second] = [bread.id, stripe.id]
    expect(await list('?rating=down&limit=1')).toEqual({ answers: [{ id: first, rating: 'down' }], next: first })
    const rest = { answers: [{ id: second, rating: 'down' }], next: null }
    expect(await list(`?rating=down&limit=1&after=${first}`)).toEqual(rest)
    expect(await list('?rating=up')).toEqual({ answers: [], next: null })
    expect(await list('?rating=down&stale=true')).toEqual({ answers: [], next: null })
  })

  it('is that of one conversation', async () => {
    const { answers } = await list(`?conversation_id=${stripe.conversation_id}`)
    expect(answers.map(({ id }) => id)).toEqual([bread.id, stripe.id])
    expect((await list('?conversation_id=con_0')).answers).toEqual([])
  })
})
