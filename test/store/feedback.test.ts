// What readers thought of answers, as the store keeps it: one opinion per answer, the last one.
import { setTimeout as wait } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AnswerFilter, Store } from '../../core/ports.ts'
import type { Answer, Feedback } from '../../core/types.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { space } from '../support/store-documents.ts'

let database: TestDatabase
let store: Store

beforeEach(async () => {
  database = await openTestDatabase()
  store = await openStore(database, 'main', space)
})

const bad: Feedback = { rating: 'down', reason: 'wrong-source', comment: 'It is 5 🚦, not 4.' }
const good: Feedback = { rating: 'up', reason: null, comment: null }

async function finish(id: string, conversationId = `con_${id}`): Promise<Answer> {
  await store.answers.begin({ id, library: 'main', conversationId, question: `What of ${id}?`, mode: 'extractive' })
  const answer = { id, status: 'answered', answer: 'x', citations: [] } as Partial<Answer> as Answer
  await store.answers.append('main', id, [{ seq: 1, event: { type: 'done', answer } }])
  return answer
}

const feedbackOf = async (id: string) => (await store.answers.find('main', id))?.feedback
const list = async (only: Partial<AnswerFilter>, limit = 50, after?: string) =>
  (await store.answers.list('main', { stale: false, rating: null, conversationId: null, ...only }, limit, after)).map(
    ({ id, rating }) => `${id} ${rating}`,
  )

describe('what a reader says of an answer', () => {
  it('stands beside it with its time, and nowhere in what was sent', async () => {
    const answer = await finish('ans_1')
    const rated = await store.answers.rate('main', 'ans_1', bad)
    expect(rated).toEqual({ ...answer, feedback: { ...bad, givenAt: expect.stringMatching(/^\d{4}-.*Z$/) } })
    expect(await store.answers.find('main', 'ans_1')).toEqual(rated)
    expect(await store.answers.events('main', 'ans_1', 0)).toEqual([{ seq: 1, event: { type: 'done', answer } }])
  })

  it('takes the place of what was said before, and can be taken back, twice as well', async () => {
    await finish('ans_1')
    await store.answers.rate('main', 'ans_1', bad)
    await store.answers.rate('main', 'ans_1', good)
    expect(await feedbackOf('ans_1')).toMatchObject(good)
    for (const _ of [1, 2]) expect((await store.answers.rate('main', 'ans_1', null))?.feedback).toBeNull()
    expect(await feedbackOf('ans_1')).toBeNull()
  })

  it('is kept of finished answers of its own library alone', async () => {
    await openStore(database, 'other', space)
    await finish('ans_1')
    await store.answers.begin({ id: 'ans_2', library: 'main', conversationId: 'c', question: 'q', mode: 'extractive' })
    expect(await store.answers.rate('main', 'ans_0', bad)).toBeNull()
    expect(await store.answers.rate('main', 'ans_2', bad)).toBeNull()
    expect(await store.answers.rate('other', 'ans_1', bad)).toBeNull()
    expect(await feedbackOf('ans_1')).toBeNull()
    const rows = await database.query('select 1 from answers where feedback is not null')
    expect(rows).toEqual([])
  })
})

describe('the list of answers', () => {
  it('can be that of one rating, by pages', async () => {
    for (const n of [1, 2, 3, 4]) {
      await finish(`ans_${n}`)
      await wait(2)
    }
    for (const n of [4, 2]) await store.answers.rate('main', `ans_${n}`, bad)
    await store.answers.rate('main', 'ans_3', good)
    expect(await list({})).toEqual(['ans_4 down', 'ans_3 up', 'ans_2 down', 'ans_1 null'])
    expect(await list({ rating: 'up' })).toEqual(['ans_3 up'])
    expect(await list({ rating: 'down' }, 1)).toEqual(['ans_4 down'])
    expect(await list({ rating: 'down' }, 1, 'ans_4')).toEqual(['ans_2 down'])
    expect(await list({ rating: 'down', stale: true })).toEqual([])
  })

  it('can be that of one conversation', async () => {
    await finish('ans_1', 'con_a')
    await finish('ans_2', 'con_b')
    await wait(2)
    await finish('ans_3', 'con_a')
    await store.answers.rate('main', 'ans_3', bad)
    expect(await list({ conversationId: 'con_a' })).toEqual(['ans_3 down', 'ans_1 null'])
    expect(await list({ conversationId: 'con_a', rating: 'down' })).toEqual(['ans_3 down'])
    expect(await list({ conversationId: 'con_c' })).toEqual([])
  })
})
