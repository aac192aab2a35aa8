import { beforeAll, describe, expect, it } from 'vitest'
import { fakeGenerator } from '../../../models/fake.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'
import { readEvents, readJson, terminal, type WireAnswer, type WireEvent } from '../../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
const ABSENT = 'Which colour does the queen of Denmark paint her submarine?'

let library: TestLibrary
let app: TestApp

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library)
})

async function ask(body: Record<string, unknown>, on: TestApp = app): Promise<WireAnswer> {
  const response = await on.post('/v1/ask', body)
  expect(response.status).toBe(200)
  return await readJson<WireAnswer>(response)
}

async function askEvents(body: Record<string, unknown>, on: TestApp = app): Promise<WireEvent[]> {
  const response = await on.post('/v1/ask', { stream: true, ...body })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  return await readEvents(response)
}

/** What differs between two answers to one question. */
function lasting(answer: WireAnswer): Partial<WireAnswer> {
  const { id: _id, conversation_id: _conversation, timings_ms: _timings, ...rest } = answer
  return rest
}

const text = { asymmetricMatch: (value: unknown) => typeof value === 'string' && value !== '' }
const count = { asymmetricMatch: (value: unknown) => typeof value === 'number' && value >= 0 }

const found = async (query: string) =>
  (await readJson<{ passages: object[] }>(await app.post('/v1/search', { query }))).passages

describe('characters that nobody sees', () => {
  const hidden = 'How does Str\u200bipe rate li\u00admit re\u202aque\u2069sts?'

  it('inside the words of a question change nothing but its own text', async () => {
    const [plain, answer] = [await ask({ question: QUESTION }), await ask({ question: hidden })]
    expect(lasting(answer)).toEqual({ ...lasting(plain), question: hidden })
  })

  it('do not hide a passage from a search', async () => {
    expect(await found('Str\u200bipe')).toEqual(await found('Stripe'))
    expect(await found('Stripe')).not.toEqual([])
  })
})

describe('an answer as JSON', () => {
  it('holds every field of the contract and no other', async () => {
    const answer = await ask({ question: QUESTION })
    const document = {
      id: expect.stringMatching(/^doc_/),
      title: text,
      source: text,
      url: expect.toBeOneOf([null, expect.stringMatching(/^https:/)]),
      revision: expect.stringMatching(/^[0-9a-f]{64}$/),
      published_at: expect.toBeOneOf([null, expect.stringMatching(/^\d{4}-\d\d-\d\d/)]),
    }
    const place = { n: count, document, headings: expect.any(Array), span: { start: count, end: count } }
    expect(answer).toStrictEqual({
      id: expect.stringMatching(/^ans_[0-9a-f]{32}$/),
      conversation_id: expect.stringMatching(/^con_[0-9a-f]{32}$/),
      question: QUESTION,
      query: text,
      status: 'answered',
      reason: null,
      mode: 'extractive',
      fallback: null,
      answer: text,
      statements: answer.statements.map(() => ({
        start: count,
        end: count,
        verdict: 'verbatim',
        citations: expect.any(Array),
      })),
      citations: answer.citations.map(() => ({ ...place, passage: count, quote: text, link: text, page: null })),
      passages: answer.passages.map(() => ({ ...place, text, score: expect.any(Number), page: null })),
      nearest: [],
      missing: [],
      models: { generator: null, embedder: library.embedder.space },
      prompts: null,
      cached: false,
      usage: { input_tokens: 0, output_tokens: 0, cost_usd: 0 },
      timings_ms: { retrieve: count, first_text: count, total: count },
    })
    expect(answer.citations.length).toBeGreaterThan(0)
    expect(answer.statements.length).toBeGreaterThan(0)
  })

  it('quotes the exact words of the stored revision, in the answer and in the document', async () => {
    const answer = await ask({ question: QUESTION })
    for (const { start, end, citations } of answer.statements) {
      const [n] = citations
      expect(answer.answer.slice(start, end)).toBe(answer.citations[n! - 1]!.quote)
    }
    for (const { document, span, quote, link, passage } of answer.citations) {
      const served = await app.get(`/v1/documents/${document.id}?revision=${document.revision}`)
      const { text } = await readJson<{ text: string }>(served)
      expect(text.slice(span.start, span.end)).toBe(quote)
      expect(link).toBe(`/documents/${document.id}?revision=${document.revision}#${span.start}-${span.end}`)
      expect(answer.passages.find(({ n }) => n === passage)!.text).toContain(quote)
    }
  })

  it('numbers its citations from 1, and shows exactly those as markers', async () => {
    const { answer, citations, statements, passages } = await ask({ question: QUESTION })
    expect(citations.map(({ n }) => n)).toEqual(citations.map((_, index) => index + 1))
    expect(passages.map(({ n }) => n)).toEqual(passages.map((_, index) => index + 1))
    const markers = new Set([...answer.matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n)))
    expect(markers).toEqual(new Set(citations.map(({ n }) => n)))
    expect(new Set(statements.flatMap(({ citations }) => citations))).toEqual(markers)
  })

  it('is the answer that is read again by its id, where nobody has judged it yet', async () => {
    const answer = await ask({ question: QUESTION })
    expect(await readJson(await app.get(`/v1/answers/${answer.id}`))).toStrictEqual({ ...answer, feedback: null })
  })
})

describe('an abstention', () => {
  it('says why, shows the nearest passages, and answers nothing', async () => {
    const answer = await ask({ question: ABSENT })
    expect(answer).toMatchObject({ status: 'abstained', answer: '', statements: [], citations: [], passages: [] })
    expect(answer.reason).toBeOneOf(['nothing-relevant', 'partly-covered'])
    expect(answer.nearest.length).toBeLessThanOrEqual(5)
  })

  it('streams no text and no passages', async () => {
    const events = await askEvents({ question: ABSENT })
    expect(events.map(({ type }) => type)).toEqual(['started', 'abstained'])
  })
})

describe('an answer as a stream', () => {
  it('begins with started and passages, ends with its one terminal event, and counts up', async () => {
    const events = await askEvents({ question: QUESTION })
    const types = events.map(({ type }) => type)
    expect(types.slice(0, 2)).toEqual(['started', 'passages'])
    expect(types.at(-1)).toBe('done')
    expect(types.filter((type) => terminal.includes(type))).toHaveLength(1)
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1))
  })

  it('gives the same answer as JSON does', async () => {
    const events = await askEvents({ question: QUESTION })
    expect(lasting(events.at(-1)!.body.answer)).toEqual(lasting(await ask({ question: QUESTION })))
  })

  it('tells in its events what the answer at the end holds', async () => {
    const events = await askEvents({ question: QUESTION })
    const { answer } = events.at(-1)!.body
    const of = (type: string) => events.filter((event) => event.type === type).map(({ body }) => body)
    expect(of('started')).toEqual([{ id: answer.id, conversation_id: answer.conversation_id, mode: answer.mode }])
    expect(
      of('text')
        .map(({ delta }) => delta)
        .join(''),
    ).toBe(answer.answer)
    expect(of('citation').map(({ citation }) => citation)).toEqual(answer.citations)
    expect(of('verdict')).toEqual(answer.statements)
    expect(of('passages').map(({ passages }) => passages)).toEqual([answer.passages])
  })

  it('is asked for by Accept as well, and refused by stream: false', async () => {
    const headers = { accept: 'text/event-stream' }
    const streamed = await app.post('/v1/ask', { question: QUESTION }, { headers })
    expect((await readEvents(streamed)).at(-1)!.type).toBe('done')
    const whole = await app.post('/v1/ask', { question: QUESTION, stream: false }, { headers })
    expect(whole.headers.get('content-type')).toContain('application/json')
  })

  it('of a model holds the same promises', async () => {
    const generator = fakeGenerator([
      'Stripe runs ',
      'four limiters in production [',
      '1]. The moon is made of ',
      'cheese [99].',
    ])
    const writing = openTestApp(library, { generator })
    const events = await askEvents({ question: QUESTION }, writing)
    const { answer } = events.at(-1)!.body
    const deltas = events.filter(({ type }) => type === 'text').map(({ body }) => body.delta)
    expect(deltas.join('')).toBe(answer.answer)
    expect(answer).toMatchObject({ status: 'answered', mode: 'generative', models: { generator: 'fake' } })
    expect(answer.answer).not.toContain('99')
    expect(answer.usage.output_tokens).toBeGreaterThan(0)
    expect(lasting(await ask({ question: QUESTION }, writing))).toEqual(lasting(answer))
  })

  it('of a model that declines is an abstention, with the passages that were read as the nearest', async () => {
    const declining = openTestApp(library, { generator: fakeGenerator(['INSUFF', 'ICIENT']) })
    const events = await askEvents({ question: QUESTION }, declining)
    expect(events.map(({ type }) => type)).toEqual(['started', 'passages', 'abstained'])
    const { answer } = events.at(-1)!.body
    expect(answer).toMatchObject({ status: 'abstained', reason: 'model-declined', answer: '', citations: [] })
    expect(answer.nearest.length).toBeGreaterThan(0)
  })

  it('survives a model that cuts an emoji in half and writes a NUL', async () => {
    const generator = fakeGenerator(['Stripe runs four limiters \ud83d', '\udea6 in production [1]. ', 'A\u0000b.'])
    const events = await askEvents({ question: QUESTION }, openTestApp(library, { generator }))
    expect(events.at(-1)!.type).toBe('done')
    expect(events.at(-1)!.body.answer.answer).toContain('limiters 🚦 in production')
  })
})

describe('a conversation', () => {
  const FOLLOW_UP = 'And what is their partition key?'

  it('carries what was said: a follow-up finds the document of the question before it', async () => {
    const first = await ask({ question: 'How did Notion shard Postgres?' })
    const second = await ask({ question: FOLLOW_UP, conversation_id: first.conversation_id })
    expect(second.conversation_id).toBe(first.conversation_id)
    expect(second.query).not.toBe(FOLLOW_UP)
    expect(second.citations[0]?.document.title).toBe('How Notion Sharded Postgres')
  })

  it('may come with the request instead, and then the stored one is not read', async () => {
    const history = [{ question: 'How did Notion shard Postgres?', answer: 'Into 480 logical shards.' }]
    const answer = await ask({ question: FOLLOW_UP, history })
    expect(answer.citations[0]?.document.title).toBe('How Notion Sharded Postgres')
    const alone = await ask({ question: FOLLOW_UP, history: [], conversation_id: answer.conversation_id })
    expect(alone.query).toBe(FOLLOW_UP)
  })

  it('may be named by the client before it exists', async () => {
    const answer = await ask({ question: QUESTION, conversation_id: 'thread-7_of-mine' })
    expect(answer.conversation_id).toBe('thread-7_of-mine')
  })
})

describe('the mode', () => {
  it('extractive leaves a configured model alone', async () => {
    const generator = fakeGenerator(['Never said.'])
    const answer = await ask({ question: QUESTION, mode: 'extractive' }, openTestApp(library, { generator }))
    expect(answer).toMatchObject({ mode: 'extractive', models: { generator: null } })
  })

  it('generative without a model is refused by name', async () => {
    const response = await app.post('/v1/ask', { question: QUESTION, mode: 'generative' })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'no-model', field: 'mode' })
  })
})
