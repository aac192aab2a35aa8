// The log of an answer: complete, in order, ended once.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../core/errors.ts'
import type { AnswerRecord } from '../../core/ports.ts'
import type { Answer, AnswerEvent, StoredEvent } from '../../core/types.ts'
import { answerStore } from '../../store/answers.ts'
import type { Query } from '../../store/database.ts'
import { openStore } from '../../store/open.ts'
import { contentOf, openTestDatabase, type TestDatabase } from '../support/database.ts'
import { space } from '../support/store-documents.ts'

describe('an answer', () => {
  it('is read again event by event, from any place on', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    await answers.append('main', 'ans_1', [{ seq: 1, event: text('Four ') }])
    await answers.append('main', 'ans_1', [
      { seq: 2, event: text('limiters 🚦.') },
      { seq: 3, event: { type: 'done', answer: answerOf('ans_1') } },
    ])
    const all = await answers.events('main', 'ans_1', 0)
    expect(all).toEqual([
      { seq: 1, event: text('Four ') },
      { seq: 2, event: text('limiters 🚦.') },
      { seq: 3, event: { type: 'done', answer: answerOf('ans_1') } },
    ])
    expect(await answers.events('main', 'ans_1', 1)).toEqual(all?.slice(1))
    expect(await answers.events('main', 'ans_1', 3)).toEqual([])
    expect(await answers.find('main', 'ans_1')).toEqual({ ...answerOf('ans_1'), feedback: null })
  })

  it('that nobody asked for is null', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    expect(await answers.events('main', 'ans_unknown', 0)).toBeNull()
    expect(await answers.find('main', 'ans_unknown')).toBeNull()
    await expect(answers.append('main', 'ans_unknown', [{ seq: 1, event: text('x') }])).rejects.toThrow(StoreError)
  })

  it('under way has events, but no answer yet', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    expect(await answers.events('main', 'ans_1', 0)).toEqual([])
    await answers.append('main', 'ans_1', [{ seq: 1, event: text('Four') }])
    expect(await answers.find('main', 'ans_1')).toBeNull()
  })

  it('that ended in an error has none', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    await answers.append('main', 'ans_1', [{ seq: 1, event: failure }])
    expect(await answers.find('main', 'ans_1')).toBeNull()
    expect(await answers.events('main', 'ans_1', 0)).toEqual([{ seq: 1, event: failure }])
  })

  it('begins only once', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    await expect(answers.begin(record({ question: 'another' }))).rejects.toThrow(StoreError)
  })
})

describe('the end of an answer', () => {
  const done: AnswerEvent = { type: 'done', answer: answerOf('ans_1') }

  it.each(['done', 'abstained', 'stopped'] as const)('may be %s, and then nothing follows', async (type) => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    await answers.append('main', 'ans_1', [{ seq: 1, event: { type, answer: answerOf('ans_1') } }])
    const before = await contentOf(database.query)
    for (const event of [done, failure, text('late')])
      await expect(answers.append('main', 'ans_1', [{ seq: 2, event }])).rejects.toThrow(StoreError)
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('comes once, even when two write it at the same moment', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    const writes = Array.from(
      { length: 8 },
      async (_, n) => await answers.append('main', 'ans_1', [{ seq: n, event: done }]),
    )
    const settled = await Promise.allSettled(writes)
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('events that are appended together', () => {
  it('are stored together or not at all', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    await answers.append('main', 'ans_1', [{ seq: 2, event: text('two') }])
    const before = await contentOf(database.query)
    const batch: StoredEvent[] = [
      { seq: 1, event: text('one') },
      { seq: 2, event: text('two again') },
      { seq: 3, event: { type: 'done', answer: answerOf('ans_1') } },
    ]
    await expect(answers.append('main', 'ans_1', batch)).rejects.toThrow(StoreError)
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('may be none', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    await answers.append('main', 'ans_1', [])
    expect(await answers.events('main', 'ans_1', 0)).toEqual([])
  })
})

describe('events of many answers at once', () => {
  it('are stored, each in its own log, whatever becomes of one of them', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    const ids = Array.from({ length: 30 }, (_, n) => `ans_${n + 2}`)
    for (const id of ids) await answers.begin(record({ id }))
    await answers.append('main', 'ans_9', [{ seq: 1, event: failure }])
    await answers.append('main', 'ans_12', [{ seq: 2, event: text('there already') }])
    const storing = ids.map(async (id) => await answers.append('main', id, eventsOf(id)))
    const outcomes = await Promise.allSettled(storing)
    const refused = ids.filter((_, n) => outcomes[n]?.status === 'rejected')
    expect(refused).toEqual(['ans_9', 'ans_12'])
    expect(outcomes[ids.indexOf('ans_9')]).toMatchObject({ reason: { code: 'store-answer-ended' } })
    for (const id of ids.filter((each) => !refused.includes(each)))
      expect(await answers.events('main', id, 0)).toEqual(eventsOf(id))
    expect(await answers.events('main', 'ans_9', 0)).toEqual([{ seq: 1, event: failure }])
    expect(await answers.events('main', 'ans_12', 0)).toEqual([{ seq: 2, event: text('there already') }])
  })

  it('cost one statement for all that gathered while another was under way', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    const ids = Array.from({ length: 30 }, (_, n) => `ans_${n + 2}`)
    for (const id of ids) await answers.begin(record({ id }))
    let statements = 0
    const prepared: Query = async (sql, parameters) => {
      statements++
      return await database.prepared(sql, parameters)
    }
    const counted = answerStore({ ...database, prepared })
    await Promise.all(ids.map(async (id) => await counted.append('main', id, eventsOf(id))))
    expect(statements).toBe(2)
  })

  it('all fail when the database is gone, and those after them do not wait for ever', async () => {
    await using database = await openTestDatabase()
    await begun(database)
    const answers = answerStore({ ...database, prepared: gone })
    for (let round = 0; round < 2; round++) {
      const storing = [1, 2, 3].map(async (seq) => await answers.append('main', 'ans_1', [{ seq, event: text('x') }]))
      const outcomes = await Promise.allSettled(storing)
      expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
        Array.from({ length: 3 }, () => 'store-unavailable'),
      )
    }
  })
})

const gone: Query = async () => {
  throw new StoreError('store-unavailable', 'gone', { retryable: true })
}

function eventsOf(id: string): StoredEvent[] {
  return [1, 2].map((seq) => ({ seq, event: text(`${id}, "quoted" \\ \\u0000 🚦 {${seq}}`) }))
}

describe('an answer under way', () => {
  it('is silent since it was last said that it is, by the clock of the database', async () => {
    await using database = await openTestDatabase()
    const store = await begun(database)
    await store.answers.begin(record({ id: 'ans_2' }))
    expect(await store.answers.silenceMs('main', 'ans_1')).toBeLessThan(10_000)
    await database.query(`update answers set alive_at = now() - interval '1 hour'`)
    expect(Math.round((await store.answers.silenceMs('main', 'ans_1')) / 60_000)).toBe(60)
    await store.answers.renew([{ library: 'main', id: 'ans_1' }])
    expect(await store.answers.silenceMs('main', 'ans_1')).toBeLessThan(10_000)
    expect(await store.answers.silenceMs('main', 'ans_2')).toBeGreaterThan(3_000_000)
    await store.answers.renew([{ library: 'other', id: 'ans_2' }])
    expect(await store.answers.silenceMs('main', 'ans_2')).toBeGreaterThan(3_000_000)
  })

  it('that has ended stays as it was', async () => {
    await using database = await openTestDatabase()
    const store = await begun(database)
    await finish(store.answers, 'ans_1')
    const before = await contentOf(database.query)
    await store.answers.renew([{ library: 'main', id: 'ans_1' }])
    expect(await contentOf(database.query)).toEqual(before)
  })
})

describe('text that jsonb cannot hold', () => {
  it('keeps its length, so that every offset stays right', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    const odd = 'half \ud83d, other half \ude00, NUL \0, whole 😀, "quoted" \\u0000'
    const kept = 'half \ufffd, other half \ufffd, NUL \ufffd, whole 😀, "quoted" \\u0000'
    await answers.append('main', 'ans_1', [
      { seq: 1, event: text(odd) },
      { seq: 2, event: { type: 'done', answer: { ...answerOf('ans_1'), answer: odd } } },
    ])
    expect(await answers.events('main', 'ans_1', 0)).toMatchObject([{ event: { delta: kept } }, {}])
    expect((await answers.find('main', 'ans_1'))?.answer).toBe(kept)
    expect(kept).toHaveLength(odd.length)
  })
})

describe('the turns of a conversation', () => {
  it('are its last finished exchanges, oldest first', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    for (const n of [2, 3, 4, 5]) {
      // The embedded database's clock counts milliseconds; no two questions of one reader fall into the same one.
      await wait(2)
      await answers.begin(record({ id: `ans_${n}`, question: `question ${n}` }))
    }
    for (const n of [1, 2, 3, 5]) await finish(answers, `ans_${n}`)
    await answers.append('main', 'ans_4', [{ seq: 1, event: failure }])
    expect(await answers.turns('main', 'con_1', 3)).toEqual([
      { question: 'question 2', answer: 'answer of ans_2' },
      { question: 'question 3', answer: 'answer of ans_3' },
      { question: 'question 5', answer: 'answer of ans_5' },
    ])
    expect(await answers.turns('main', 'con_unknown', 3)).toEqual([])
  })

  it('asked at the same moment come by their ids, the same each time', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    const ids = Array.from({ length: 40 }, (_, n) => `ans_${((n * 17) % 40) + 100}`)
    for (const id of ids) await answers.begin(record({ id, question: id, conversationId: 'con_2' }))
    for (const id of ids) await finish(answers, id)
    await database.query('update answers set created_at = now()')
    const first = await answers.turns('main', 'con_2', 5)
    expect(first.map(({ question }) => question)).toEqual(ids.toSorted().slice(0, 5).reverse())
  })

  it('are those of this conversation only', async () => {
    await using database = await openTestDatabase()
    const { answers } = await begun(database)
    await answers.begin(record({ id: 'ans_2', conversationId: 'con_2' }))
    await finish(answers, 'ans_2')
    expect(await answers.turns('main', 'con_1', 9)).toEqual([])
    expect(await answers.turns('main', 'con_2', 9)).toHaveLength(1)
  })
})

const failure: AnswerEvent = { type: 'error', code: 'store-unavailable', retryable: true }

function text(delta: string): AnswerEvent {
  return { type: 'text', delta }
}

function record(more: Partial<AnswerRecord> = {}): AnswerRecord {
  return { id: 'ans_1', library: 'main', conversationId: 'con_1', question: 'question 1', mode: 'extractive', ...more }
}

async function begun(database: TestDatabase) {
  const store = await openStore(database, 'main', space)
  await store.answers.begin(record())
  return store
}

async function finish(answers: Awaited<ReturnType<typeof begun>>['answers'], id: string): Promise<void> {
  await answers.append('main', id, [{ seq: 1, event: { type: 'done', answer: answerOf(id) } }])
}

function answerOf(id: string): Answer {
  return {
    id,
    conversationId: 'con_1',
    question: 'question',
    query: 'query',
    status: 'answered',
    reason: null,
    mode: 'extractive',
    fallback: null,
    answer: `answer of ${id}`,
    statements: [{ start: 0, end: 6, verdict: 'verbatim', citations: [1] }],
    citations: [],
    passages: [],
    nearest: [],
    missing: [],
    models: { generator: null, embedder: 'test' },
    prompts: null,
    cached: false,
    usage: { inputTokens: 0, outputTokens: 0, costUsd: 0.001 },
    timingsMs: { retrieve: 1.5, firstText: 2, total: 3 },
  }
}

it('one of many is found by its key, also while nobody has counted them', async () => {
  await using database = await openTestDatabase()
  await begun(database)
  const plan = await database.transaction(async (query) => {
    await query(
      `insert into answers (library_id, answer_id, conversation_id, question, mode)
       select library_id, 'ans_of_' || n, conversation_id, '?', 'extractive' from answers, generate_series(1, 300) n`,
    )
    // Planned once for all answers, as the check of a foreign key and the look-up of an event's answer are.
    await query('set local plan_cache_mode = force_generic_plan')
    await query(`prepare found (text, text) as
      select 1 from answers where library_id = $1 and answer_id = $2 and finished_at is null`)
    return await query<{ 'QUERY PLAN': string }>(`explain execute found ('main', 'ans_of_7')`)
  })
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('answers_pkey')
})
