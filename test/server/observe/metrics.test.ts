// What Prometheus reads of a server that has answered, refused, failed and been asked for things it has not.
import { beforeAll, describe, expect, it } from 'vitest'
import { failingWith } from '../../support/failing.ts'
import { ModelError, StoreError } from '../../../core/errors.ts'
import type { Generator } from '../../../core/ports.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openMetrics } from '../../../server/observe/metrics.ts'
import {
  openTestApp,
  openTestLibrary,
  slowGenerator,
  type TestApp,
  type TestLibrary,
  TOKEN,
} from '../../support/app.ts'
import { brokenStore, emptyStore, outage } from '../../support/fake-store.ts'
import { type Samples, samplesOf } from '../../support/metrics.ts'

let library: TestLibrary
beforeAll(async () => {
  library = await openTestLibrary()
})

const read = async (app: TestApp): Promise<Samples> => samplesOf(await (await app.get('/metrics')).text())
const ask = async (app: TestApp, question: string, more = {}) => await app.post('/v1/ask', { question, ...more })

describe('/metrics', () => {
  it('counts answers by how they ended, their sentences by verdict and refusals by reason', async () => {
    const app = openTestApp(library)
    const answered = (await (await ask(app, 'How does Stripe rate limit requests?')).json()) as {
      statements: unknown[]
    }
    await ask(app, 'How does Uber price a ride to Berlin?')
    const metrics = await read(app)
    expect(metrics('footnote_answers_total', { status: 'answered', mode: 'extractive' })).toBe(1)
    expect(metrics('footnote_answers_total', { status: 'abstained', mode: 'extractive' })).toBe(1)
    expect(metrics('footnote_verdicts_total', { verdict: 'verbatim' })).toBe(answered.statements.length)
    expect(metrics('footnote_abstentions_total', {})).toBe(1)
    expect(metrics('footnote_first_text_seconds_count', { mode: 'extractive' })).toBe(1)
    expect(metrics('footnote_retrieval_seconds_count', {})).toBe(2)
    expect(metrics('footnote_answer_seconds_count', {})).toBe(2)
    expect(metrics('footnote_search_seconds_count', {})).toBeGreaterThanOrEqual(2)
    expect(metrics('footnote_answers_running', {})).toBe(0)
  })

  it('counts what a model said, cost and was not asked again', async () => {
    const generator: Generator = {
      model: 'fake',
      async *stream() {
        yield { type: 'text', delta: 'Stripe runs four limiters [1]. ' }
        yield { type: 'finish', reason: 'stop', inputTokens: 30, outputTokens: 4, costUsd: 0.5 }
      },
    }
    const app = openTestApp(library, { generator, replies: emptyStore().replies })
    await ask(app, 'How does Stripe rate limit requests?')
    await ask(app, 'How does Stripe rate limit requests?')
    const metrics = await read(app)
    expect(metrics('footnote_answers_total', { status: 'answered', mode: 'generative' })).toBe(2)
    expect(metrics('footnote_model_calls_total', { end: 'ok' })).toBe(1)
    expect(metrics('footnote_model_tokens_total', { direction: 'input' })).toBe(30)
    expect(metrics('footnote_model_tokens_total', { direction: 'output' })).toBe(4)
    expect(metrics('footnote_model_cost_usd_total', {})).toBe(0.5)
    expect(metrics('footnote_replies_total', { kept: 'no' })).toBe(1)
    expect(metrics('footnote_replies_total', { kept: 'yes' })).toBe(1)
  })

  it('counts a model that fails by its code, and the answer as one that fell back', async () => {
    const generator: Generator = {
      model: 'fake',
      stream: () => failingWith(new ModelError('model-quota-spent', 'no more')),
    }
    const app = openTestApp(library, { generator })
    await ask(app, 'How does Stripe rate limit requests?')
    const metrics = await read(app)
    expect(metrics('footnote_model_calls_total', { end: 'model-quota-spent' })).toBe(1)
    expect(metrics('footnote_fallbacks_total', { fallback: 'model-unavailable' })).toBe(1)
    expect(metrics('footnote_answers_total', { status: 'answered', mode: 'extractive' })).toBe(1)
  })

  it('counts an answer that a reader leaves as stopped, and its call as left', async () => {
    const generator = slowGenerator(Array(200).fill('So it goes. '), 20)
    const app = openTestApp(library, { generator })
    const response = await ask(app, 'How does Stripe rate limit requests?', { stream: true })
    const reader = response.body!.getReader()
    let seen = ''
    while (!seen.includes('event: text')) seen += new TextDecoder().decode((await reader.read()).value)
    await reader.cancel()
    await expect.poll(async () => (await read(app))('footnote_model_calls_total', { end: 'left' })).toBe(1)
    const metrics = await read(app)
    expect(metrics('footnote_answers_total', { status: 'stopped' })).toBe(1)
    expect(metrics('footnote_answers_running', {})).toBe(0)
  })

  it('counts answers that a fault ended, and events that could not be stored', async () => {
    const store = emptyStore()
    const failing = {
      ...store,
      search: {
        ...store.search,
        candidates: async () => {
          throw new StoreError('store-busy', 'busy', { retryable: true })
        },
      },
    }
    const app = openTestApp({ ...library, store: failing })
    await ask(app, 'How does Stripe rate limit requests?')
    expect((await read(app))('footnote_answer_faults_total', { code: 'store-busy' })).toBe(1)
    const lossy = { ...library.store, answers: { ...library.store.answers, append: lost } }
    const losing = openTestApp({ ...library, store: lossy })
    await ask(losing, 'How does Stripe rate limit requests?')
    expect((await read(losing))('footnote_store_append_failures_total', {})).toBeGreaterThan(0)
  })

  it('has a line per route pattern, whatever clients put into addresses and methods', async () => {
    const app = openTestApp(library)
    const before = (await read(app)).series().length
    for (let n = 0; n < 50; n++) {
      await app.get(`/v1/answers/ans_${n}`)
      await app.get(`/nothing/${n}?q=${n}`)
      await app.get('/health', { method: `X${n}` })
    }
    const metrics = await read(app)
    expect(metrics('footnote_http_requests_total', { route: '/v1/answers/:id', status: '4xx' })).toBe(50)
    expect(metrics('footnote_http_requests_total', { method: 'other' })).toBe(50)
    // Four routes by one method each, the scrape itself among them: a counter and a histogram of 16 lines.
    expect(metrics.series().length - before).toBeLessThanOrEqual(4 * 17)
  })

  it('says of the database, the syncs and the process what is so now', async () => {
    const next = new Date(Date.now() - 60_000).toISOString()
    const syncing = {
      ...openTestAppSyncing,
      list: async () => [{ ...endedSync, report: { ...endedSync.report, failed: 1 } }],
      origins: async () => [
        { name: 'blog', kind: 'feed', schedule: '1h', nextAt: next },
        { name: 'shelf', kind: 'folder', schedule: null, nextAt: null },
      ],
    }
    const app = openTestApp(library, { syncing: syncing as never })
    const metrics = await read(app)
    expect(metrics('footnote_database_up', {})).toBe(1)
    expect(metrics('footnote_database_connections', {})).toBeGreaterThanOrEqual(1)
    expect(metrics('footnote_jobs_waiting', {})).toBe(0)
    expect(metrics('footnote_source_overdue_seconds', { source: 'blog' })).toBeGreaterThanOrEqual(60)
    expect(metrics('footnote_source_overdue_seconds', { source: 'blog' })).toBeLessThan(70)
    expect(metrics('footnote_source_overdue_seconds', { source: 'shelf' })).toBeUndefined()
    expect(metrics('footnote_last_sync_ok', {})).toBe(0)
    expect(metrics('process_resident_memory_bytes', {})).toBeGreaterThan(1e7)
    expect(metrics('process_cpu_seconds_total', {})).toBeGreaterThan(0)
  })

  it('counts the tasks of the inbox that are due and that nobody does', async () => {
    const { inbox, reports } = library.store
    const task = { lane: 'lane', saidAt: null, task: {}, onlyInKnownLane: false, isQuick: false }
    await inbox.keep('main', { ...task, id: 'one' })
    await inbox.keep('main', { ...task, id: 'two' })
    expect(await reports.waiting('main')).toBe(2)
    await inbox.take('main', { long: 1, quick: 1 }, 60_000)
    expect(await reports.waiting('main')).toBe(1)
  })

  it('is told, also that it is so, when the database does not answer or hangs', async () => {
    const broken = openTestApp({ ...library, store: brokenStore() })
    expect((await read(broken))('footnote_database_up', {})).toBe(0)
    const hanging = emptyStore()
    const stuck = {
      ...hanging,
      reports: { ...hanging.reports, waiting: async () => await new Promise<never>(() => {}) },
    }
    const began = performance.now()
    expect((await read(openTestApp({ ...library, store: stuck })))('footnote_database_up', {})).toBe(0)
    expect(performance.now() - began).toBeLessThan(9_000)
  })

  it('counts what a limiter refuses, by its class', async () => {
    const metrics = openMetrics()
    metrics.shed('load', 'search')
    const app = { store: emptyStore(), syncing: openTestAppSyncing, library: 'main' } as never
    const text = samplesOf(await metrics.text(app))
    expect(text('footnote_requests_shed_total', { limiter: 'load', class: 'search' })).toBe(1)
    expect(text('footnote_requests_shed_total', { limiter: 'rate', class: 'question' })).toBe(0)
  })

  it('adds nothing of one app to another', async () => {
    const [one, other] = [openTestApp(library), openTestApp(library)]
    await ask(one, 'How does Stripe rate limit requests?')
    expect((await read(other))('footnote_answers_total', {})).toBe(0)
  })

  it('leaves questions out of the log, but for whoever asks for them', async () => {
    const question = 'How does Stripe rate limit requests?'
    const [plain, telling] = [openTestApp(library), openTestApp(library, { logQuestions: true })]
    for (const app of [plain, telling]) await ask(app, question)
    expect(plain.lines.join('')).not.toContain(question)
    const line = telling.lines.map((each) => JSON.parse(each) as object).find((each) => 'question' in each)
    expect(line).toMatchObject({ question, status: 'answered', answer: expect.stringMatching(/^ans_/) })
  })

  it('is for whoever has the token where it is closed, and is not there where it is off', async () => {
    const store = emptyStore()
    const closed = openTestApp({ store, embedder: fakeEmbedder(), folder: '' }, { metrics: 'closed' })
    expect(await (await closed.get('/metrics')).json()).toMatchObject({ status: 403, code: 'not-allowed' })
    expect((await closed.get('/metrics', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200)
    const off = openTestApp({ store, embedder: fakeEmbedder(), folder: '' }, { metrics: 'off' })
    expect((await off.get('/metrics')).status).toBe(404)
  })
})

const lost = async () => {
  throw outage()
}
const openTestAppSyncing = { list: async () => [], origins: async () => [] }
const endedSync = {
  state: 'finished',
  beganAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:01:00.000Z',
  report: { failed: 0 },
}
