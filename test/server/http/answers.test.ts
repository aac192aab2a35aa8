import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { ModelError } from '../../../core/errors.ts'
import type { Generator, GeneratorEvent } from '../../../core/ports.ts'
import { failingGenerator } from '../../../models/fake.ts'
import { openTestApp, openTestLibrary, slowGenerator, type TestApp, type TestLibrary } from '../../support/app.ts'
import { parseEvents, readEvents, readJson, terminal, type WireAnswer } from '../../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
const deltas = ['Stripe runs four ', 'limiters in production [1]. ', 'It uses the token ', 'bucket algorithm [1].']

let library: TestLibrary

beforeAll(async () => {
  library = await openTestLibrary()
})

/** Asks and reads up to the first event; the rest is still being written. */
async function begin(app: TestApp) {
  const response = await app.post('/v1/ask', { question: QUESTION, stream: true })
  const reader = response.body!.getReader()
  const { value } = await reader.read()
  const [, id = ''] = /"id":"(ans_\w+)"/.exec(new TextDecoder().decode(value)) ?? []
  return { id, reader }
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

describe('the events of an answer', () => {
  it('are replayed as they were, from any of them on', async () => {
    const app = openTestApp(library)
    const events = await readEvents(await app.post('/v1/ask', { question: QUESTION, stream: true }))
    const path = `/v1/answers/${events[0]!.body.id}/events`
    expect(await readEvents(await app.get(path))).toEqual(events)
    for (const [index, { id }] of events.entries()) {
      const rest = await readEvents(await app.get(path, { headers: { 'last-event-id': String(id) } }))
      expect(rest).toEqual(events.slice(index + 1))
    }
    expect(await readEvents(await app.get(`${path}?after=3`))).toEqual(events.slice(3))
    const beyond = events.at(-1)!.id + 1
    for (const [query, headers, field] of [
      [`?after=${beyond}`, {}, 'after'],
      ['?after=999999', {}, 'after'],
      ['', { 'last-event-id': '999999' }, 'Last-Event-ID'],
    ] as const) {
      const refused = await app.get(`${path}${query}`, { headers })
      expect([refused.status, await refused.json()]).toMatchObject([422, { code: 'bad-field', field }])
    }
  })

  it('are followed from any of them on while the model still writes', async () => {
    const app = openTestApp(library, { generator: slowGenerator(deltas, 40) })
    const { id, reader } = await begin(app)
    const followers = [0, 1, 2, 3, 4].map(async (after) => ({
      after,
      events: await readEvents(
        await app.get(`/v1/answers/${id}/events`, { headers: { 'last-event-id': String(after) } }),
      ),
    }))
    await drain(reader)
    const stored = await readEvents(await app.get(`/v1/answers/${id}/events`))
    expect(stored.at(-1)!.type).toBe('done')
    for (const { after, events } of await Promise.all(followers)) expect(events).toEqual(stored.slice(after))
  })

  it('end in stopped when somebody asks for that, with everything said so far', async () => {
    const generator = slowGenerator([...deltas, ...Array.from({ length: 500 }, () => 'more ')], 20)
    const app = openTestApp(library, { generator })
    const { id, reader } = await begin(app)
    await vi.waitUntil(() => generator.beginnings.length > 0, 10_000)
    const stopped = await app.post(`/v1/answers/${id}/stop`, '')
    expect([stopped.status, await stopped.json()]).toEqual([202, { id, stopped: true }])
    await drain(reader)
    const events = await readEvents(await app.get(`/v1/answers/${id}/events`))
    const text = events.filter(({ type }) => type === 'text').map(({ body }) => body.delta)
    expect(events.at(-1)).toMatchObject({
      type: 'stopped',
      body: { answer: { status: 'stopped', answer: text.join('') } },
    })
    expect(generator.endings).toHaveLength(1)
    const again = await app.post(`/v1/answers/${id}/stop`, '')
    expect([again.status, await again.json()]).toEqual([200, { id, stopped: false }])
    const { status } = await readJson<WireAnswer>(await app.get(`/v1/answers/${id}`))
    expect(status).toBe('stopped')
  })

  it('go on when a second reader leaves', async () => {
    const app = openTestApp(library, { generator: slowGenerator(deltas, 50) })
    const { id, reader } = await begin(app)
    const resumed = (await app.get(`/v1/answers/${id}/events`)).body!.getReader()
    await resumed.read()
    await resumed.cancel()
    await drain(reader)
    expect((await readEvents(await app.get(`/v1/answers/${id}/events`))).at(-1)!.type).toBe('done')
  })
})

it('an answer that ended in a fault has no final form, and says so with the code of the fault', async () => {
  const broken = new TypeError('a bug') as unknown as ModelError
  const app = openTestApp(library, { generator: failingGenerator(broken, ['Stripe runs four limiters [1].']) })
  const events = await readEvents(await app.post('/v1/ask', { question: QUESTION, stream: true }))
  expect(events.at(-1)).toMatchObject({ type: 'error', body: { code: 'internal' } })
  const response = await app.get(`/v1/answers/${events[0]!.body.id}`)
  expect([response.status, await response.json()]).toMatchObject([404, { code: 'internal' }])
})

it('an answer whose process was killed is told as interrupted to who asks for it and never follows it', async () => {
  const { answers } = library.store
  const record = { library: 'main', conversationId: 'con_1', question: QUESTION, mode: 'extractive' } as const
  for (const [id, seqs] of [
    ['ans_killed', [1, 2]],
    ['ans_begun', []],
  ] as const) {
    await answers.begin({ ...record, id })
    await answers.append(
      'main',
      id,
      seqs.map((seq) => ({ seq, event: { type: 'text', delta: 'x' } })),
    )
    const elsewhere = await openTestApp(library, { silentMs: 60_000 }).get(`/v1/answers/${id}`)
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([404, { code: 'not-finished' }])
    const app = openTestApp(library)
    for (const path of [`/v1/answers/${id}`, `/v1/answers/${id}`]) {
      const response = await app.get(path)
      const title = expect.stringMatching(/ended in a fault \(interrupted\): ask again/) as string
      expect([response.status, await response.json()]).toMatchObject([404, { code: 'interrupted', title }])
    }
    const rated = await app.post(`/v1/answers/${id}/feedback`, { rating: 'up' })
    expect(await rated.json()).toMatchObject({ code: 'interrupted' })
    const events = await readEvents(await app.get(`/v1/answers/${id}/events`))
    expect(events.map(({ type }) => type)).toEqual([...seqs.map(() => 'text'), 'error'])
  }
})

it('a marker of no passage is an event in the log, and no error', async () => {
  const app = openTestApp(library, { generator: slowGenerator(['Stripe runs four limiters in production [1][7].'], 1) })
  await app.post('/v1/ask', { question: QUESTION })
  const lines = app.lines.filter((line) => line.includes('that there is not')).map((line) => JSON.parse(line) as object)
  expect(lines).toEqual([expect.objectContaining({ level: 30, msg: 'the model cited 1 passage that there is not' })])
  expect(lines[0]).not.toHaveProperty('err')
})

describe('an answer under way', () => {
  it('has no final form yet, and says where to look', async () => {
    const app = openTestApp(library, { generator: slowGenerator(deltas, 30) })
    const { id, reader } = await begin(app)
    const early = await app.get(`/v1/answers/${id}`)
    expect([early.status, await early.json()]).toMatchObject([
      404,
      { code: 'not-finished', title: expect.stringContaining(`/v1/answers/${id}/events`) },
    ])
    await drain(reader)
  })

  it('is finished by a drain, and new ones are refused as passing', async () => {
    const app = openTestApp(library, { generator: slowGenerator(deltas, 30) })
    const { id, reader } = await begin(app)
    const reading = drain(reader)
    const drained = app.drain(5_000)
    const refused = await app.post('/v1/ask', { question: QUESTION })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ code: 'shutting-down' })
    expect((await app.get('/ready')).status).toBe(503)
    await Promise.all([drained, reading])
    expect((await app.get(`/v1/answers/${id}`)).status).toBe(200)
  })

  it('is stopped by a drain that has no time, and keeps what was said', async () => {
    const generator = slowGenerator(
      Array.from({ length: 500 }, () => 'word '),
      20,
    )
    const app = openTestApp(library, { generator })
    const { id, reader } = await begin(app)
    const reading = drain(reader)
    await app.drain(100)
    await reading
    expect((await readEvents(await app.get(`/v1/answers/${id}/events`))).at(-1)!.type).toBe('stopped')
  })
})

async function* faulty(said: readonly string[], error: unknown): AsyncGenerator<GeneratorEvent> {
  for (const delta of said) yield { type: 'text', delta }
  await wait(1)
  throw error
}
const down = () => new ModelError('model-unavailable', 'the provider says: no')
const bug = () => new TypeError('a bug')

describe('a fault behind an answer', () => {
  const faults: [name: string, said: string[], error: () => Error, ending: string, more: object][] = [
    ['a model that is down', [], down, 'done', { mode: 'extractive', fallback: 'model-unavailable' }],
    ['a model that breaks off', ['Stripe runs ', 'four limiters [1'], down, 'done', { fallback: 'model-cut-off' }],
    ['a bug before the first word', [], bug, 'error', {}],
    ['a bug after some words', ['Stripe runs '], bug, 'error', {}],
  ]

  it.each(faults)('(%s) still gives exactly one terminal event', async (_name, said, error, ending, more) => {
    const generator: Generator = { model: 'fake/faulty', stream: () => faulty(said, error()) }
    const app = openTestApp(library, { generator })
    const events = await readEvents(await app.post('/v1/ask', { question: QUESTION, stream: true }))
    expect(events.filter(({ type }) => terminal.includes(type)).map(({ type }) => type)).toEqual([ending])
    expect(events.at(-1)!.type).toBe(ending)
    if (ending === 'done') expect(events.at(-1)!.body.answer).toMatchObject(more)
    else expect(events.at(-1)!.body).toEqual({ code: 'internal', retryable: false })
    expect(JSON.stringify(events)).not.toMatch(/the provider says|a bug/)
    expect(await readEvents(await app.get(`/v1/answers/${events[0]!.body.id}/events`))).toEqual(events)
    expect((await app.post('/v1/ask', { question: QUESTION })).status).toBe(ending === 'done' ? 200 : 500)
  })

  it('(an embedder that is down) leaves the words to search by, and is told of', async () => {
    const embedder = { ...library.embedder, embed: () => Promise.reject(down()) }
    const app = openTestApp(library, { embedder })
    const events = await readEvents(await app.post('/v1/ask', { question: QUESTION, stream: true }))
    expect(events.at(-1)!.type).toBe('done')
    expect(events.at(-1)!.body.answer).toMatchObject({ words_only: true })
    const found = await app.post('/v1/search', { query: QUESTION })
    expect(await found.json()).toMatchObject({
      words_only: true,
      passages: expect.arrayContaining([expect.objectContaining({ n: 1 })]) as unknown,
    })
    const chat = { model: 'footnote', messages: [{ role: 'user', content: QUESTION }] }
    expect(await (await app.post('/v1/chat/completions', chat)).text()).toContain('found by their words alone')
    const well = openTestApp(library)
    for (const [path, body] of [
      ['/v1/ask', { question: QUESTION }],
      ['/v1/search', { query: QUESTION }],
    ] as const)
      expect(await (await well.post(path, body)).json()).not.toHaveProperty('words_only')
  })

  it.each([0, 1, 2, 3, 4, 5, 6])('(a stop after event %d) still gives exactly one terminal event', async (index) => {
    const app = openTestApp(library, { generator: slowGenerator(deltas, 10) })
    const response = await app.post('/v1/ask', { question: QUESTION, stream: true })
    let text = ''
    for await (const part of response.body!) {
      text += new TextDecoder().decode(part)
      const seen = parseEvents(text)
      if (seen.length === index + 1) await app.post(`/v1/answers/${seen[0]!.body.id}/stop`, '')
    }
    const events = parseEvents(text)
    expect(events.filter(({ type }) => terminal.includes(type))).toEqual([events.at(-1)])
    expect(await readEvents(await app.get(`/v1/answers/${events[0]!.body.id}/events`))).toEqual(events)
  })
})

describe('an unknown answer', () => {
  const paths = ['', '/events'].flatMap((tail) => [
    `/v1/answers/ans_0${tail}`,
    `/v1/answers/${'a'.repeat(5_000)}${tail}`,
    `/v1/answers/%00${tail}`,
    `/v1/answers/..%2f..%2fetc${tail}`,
    `/v1/answers/%E0%A4%A${tail}`,
  ])

  it.each(paths)('%s is a 4xx', async (path) => {
    const response = await openTestApp(library).get(path)
    expect(response.status).toBeOneOf([400, 404])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('cannot be stopped', async () => {
    const response = await openTestApp(library).post('/v1/answers/ans_0/stop', '')
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'unknown-answer' }])
  })

  it.each(['-1', 'x', '1.5', '9'.repeat(40), '0x10'])('is not looked for after event %s', async (cursor) => {
    const app = openTestApp(library)
    const headers = { 'last-event-id': cursor }
    const resumed = await app.get('/v1/answers/ans_0/events', { headers })
    expect([resumed.status, await resumed.json()]).toMatchObject([422, { field: 'Last-Event-ID' }])
    const asked = await app.get(`/v1/answers/ans_0/events?after=${cursor}`)
    expect([asked.status, await asked.json()]).toMatchObject([422, { field: 'after' }])
  })
})
