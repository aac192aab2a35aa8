// What answers cost: on the answer, in the day's totals, and never more than the budget.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openTestLibrary } from '../../support/app.ts'
import { openReading, QUESTION, read } from '../../support/asking.ts'
import { completion, failure, openProvider, type Part, type Provider, streamOf } from '../../support/provider.ts'
import { parseEvents, readJson, type WireAnswer } from '../../support/wire.ts'

const deltas = ['Stripe runs four limiters ', 'in production [1].']
const price = { inputUsd: 0.4, outputUsd: 1.6 }

let library: Awaited<ReturnType<typeof openTestLibrary>>
let provider: Provider

beforeAll(async () => {
  library = await openTestLibrary()
  provider = await openProvider()
})

afterAll(() => provider[Symbol.asyncDispose]())

beforeEach(() => library.query('delete from spending'))

async function totals() {
  const rows = await library.query(
    `select library_id, day = (now() at time zone 'utc')::date as today, calls, input_tokens::int as input,
       output_tokens::int as output, spent_usd::float8 as spent, reserved_usd::float8 as reserved from spending`,
  )
  expect(rows.length).toBeLessThanOrEqual(1)
  return rows[0]
}

const whole = (usage: readonly [number, number] | null) => streamOf(completion(deltas, { usage }))

describe('the cost of an answer', () => {
  it('is that of the tokens that the provider counted, and stands in the day’s totals', async () => {
    provider.play([whole([1_000, 200])])
    const app = openReading(library, provider)
    const { answer } = await read(app)
    expect(answer.usage).toEqual({ input_tokens: 1_000, output_tokens: 200, cost_usd: 0.00072 })
    await read(app)
    const day = { library_id: 'main', today: true, calls: 2, input: 2_000, output: 400, spent: 0.00144, reserved: 0 }
    expect(await totals()).toEqual(day)
    const stored = await app.get(`/v1/answers/${answer.id}`)
    expect(await stored.json()).toMatchObject({ usage: answer.usage })
  })

  it('is estimated when the provider does not count', async () => {
    provider.play([whole(null)])
    const { usage } = (await read(openReading(library, provider))).answer
    // The prompt of the test library has some 600 tokens, the answer 11.
    expect(usage.input_tokens).toBeGreaterThan(300)
    expect(usage.input_tokens).toBeLessThan(1_200)
    expect(usage.output_tokens).toBeGreaterThan(8)
    expect(usage.output_tokens).toBeLessThan(16)
    expect(usage.cost_usd).toBeCloseTo((usage.input_tokens * 0.4 + usage.output_tokens * 1.6) / 1e6, 9)
    expect(await totals()).toMatchObject({ input: usage.input_tokens, output: usage.output_tokens })
  })

  it('holds the tokens alone when the price is not known', async () => {
    provider.play([whole([1_000, 200])])
    const { usage } = (await read(openReading(library, provider, { price: null }))).answer
    expect(usage).toEqual({ input_tokens: 1_000, output_tokens: 200, cost_usd: 0 })
    expect(await totals()).toMatchObject({ input: 1_000, output: 200, spent: 0 })
  })

  it('holds what was written before a cut', async () => {
    provider.play([streamOf(completion(deltas, { finish: null, usage: null, done: false }), 'reset')])
    const { answer } = await read(openReading(library, provider))
    expect(answer.fallback).toBe('model-cut-off')
    expect(answer.usage.input_tokens).toBeGreaterThan(300)
    expect(answer.usage.output_tokens).toBeGreaterThan(8)
    expect(await totals()).toMatchObject({ calls: 1, input: answer.usage.input_tokens })
  })

  it('holds a call that was cut unseen, and none that was refused', async () => {
    const unseen = streamOf(completion([], { finish: null, usage: null, done: false }), 'reset')
    provider.play([failure(503, {}), unseen, whole([1_000, 200])])
    const { usage } = (await read(openReading(library, provider))).answer
    expect(usage.input_tokens).toBeGreaterThan(1_300)
    // Of the cut one nobody knows how long the model had thought: all that it was allowed.
    expect(usage.output_tokens).toBe(4_096 + 200)
    expect(await totals()).toMatchObject({ calls: 2, input: usage.input_tokens, spent: usage.cost_usd })
  })

  it('is counted when the reader leaves, and gives back what was set aside', async () => {
    const endless: Part[] = [...completion(deltas, { finish: null, usage: null, done: false }), 60_000]
    provider.play([streamOf(endless)])
    // Nothing else may end it while this test looks into the store.
    const app = openReading(library, provider, { limitUsd: 1 }, {})
    const leaving = new AbortController()
    const body = { question: QUESTION, stream: true }
    const response = await app.post('/v1/ask', body, { signal: leaving.signal })
    const reader = response.body!.getReader()
    let seen = ''
    while (!seen.includes('event: text')) seen += new TextDecoder().decode((await reader.read()).value)
    expect(await totals()).toMatchObject({ calls: 0, reserved: expect.toSatisfy((usd: number) => usd > 0.006) })
    leaving.abort()
    await app.drain(1_000)
    const day = await totals()
    expect(day).toMatchObject({ calls: 1, reserved: 0 })
    expect(day?.['spent']).toBeGreaterThan(0.0001)
    const { body: started } = parseEvents(seen)[0]!
    const stored = await readJson<WireAnswer>(await app.get(`/v1/answers/${started.id}`))
    expect(stored).toMatchObject({ status: 'stopped', usage: { cost_usd: day?.['spent'] } })
  })
})

describe('a budget', () => {
  it('of nothing makes no call: extracts, flagged, and search goes on', async () => {
    const before = provider.requests.length
    const app = openReading(library, provider, { limitUsd: 0 })
    const { answer } = await read(app)
    expect(answer).toMatchObject({ status: 'answered', mode: 'extractive', fallback: 'budget-spent' })
    expect(answer.usage).toEqual({ input_tokens: 0, output_tokens: 0, cost_usd: 0 })
    expect(provider.requests.length).toBe(before)
    expect(await totals()).toBeUndefined()
    expect((await app.post('/v1/search', { query: QUESTION })).status).toBe(200)
  })

  it('is not exceeded by fifty who ask at once', async () => {
    // The most a call can cost is 4,096 tokens of 100 USD a million, and every one of them takes it all.
    const before = provider.requests.length
    provider.play([whole([1, 4_096])])
    const app = openReading(library, provider, { limitUsd: 1.3, price: { inputUsd: 0, outputUsd: 100 } })
    const answers = await Promise.all(Array.from({ length: 50 }, async () => (await read(app, QUESTION, true)).answer))
    expect(provider.requests.length - before).toBe(3)
    expect(answers.filter(({ mode }) => mode === 'generative')).toHaveLength(3)
    expect(answers.filter(({ fallback }) => fallback === 'budget-spent')).toHaveLength(47)
    expect(await totals()).toMatchObject({ calls: 3, spent: 1.2288, reserved: 0 })
  })

  it('goes on with what calls did not use of what was set aside for them', async () => {
    provider.play([whole([1_000, 200])])
    // A call sets 0.7 to 0.9 cents aside and costs 0.072 cents.
    const app = openReading(library, provider, { limitUsd: 0.01, price })
    let answered = 0
    while ((await read(app)).answer.fallback === null) answered++
    expect(answered).toBeGreaterThan(1)
    expect(await totals()).toMatchObject({ calls: answered, reserved: 0 })
    expect((await totals())?.['spent']).toBeLessThanOrEqual(0.01)
  })

  it('that is spent today is another one tomorrow', async () => {
    provider.play([whole([1_000, 200])])
    await library.query(
      `insert into spending (library_id, day, spent_usd) values ('main', (now() at time zone 'utc')::date - 1, 9)`,
    )
    expect((await read(openReading(library, provider, { limitUsd: 1 }))).answer.fallback).toBeNull()
    await library.query(`delete from spending where spent_usd = 9`)
  })

  it('that is spent is no failure of the provider: it is asked again with a larger one', async () => {
    provider.play([whole([1_000, 200])])
    const app = openReading(library, provider, { limitUsd: 0.008, price })
    const modes = []
    for (let asked = 0; asked < 12; asked++) modes.push((await read(app)).answer.mode)
    expect(modes.slice(-6)).toEqual(Array(6).fill('extractive'))
    await library.query('update spending set spent_usd = 0')
    expect((await read(app)).answer.mode).toBe('generative')
  })
})
