// Conversations as the store keeps them: one owner each, listed by their newest question, removed whole.
import { beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../core/ports.ts'
import type { Answer } from '../../core/types.ts'
import { openStore } from '../../store/open.ts'
import { contentOf, openTestDatabase, type TestDatabase } from '../support/database.ts'
import { space } from '../support/store-documents.ts'

let database: TestDatabase
let store: Store

beforeEach(async () => {
  database = await openTestDatabase()
  store = await openStore(database, 'main', space)
})

const begin = async (id: string, conversationId: string, owner: string | null, question = `What of ${id}?`) =>
  await store.answers.begin({ id, library: 'main', conversationId, question, mode: 'extractive', owner })
const finish = async (id: string) => {
  const answer = { id, status: 'answered', answer: 'x', citations: [] } as Partial<Answer> as Answer
  await store.answers.append('main', id, [{ seq: 1, event: { type: 'done', answer } }])
}
const list = async (owner: string, wanted: { limit?: number; after?: string; words?: string[] } = {}) =>
  await store.conversations.list('main', owner, { limit: 50, words: [], ...wanted })
const idsOf = async (...asked: Parameters<typeof list>) => (await list(...asked)).conversations.map(({ id }) => id)

describe('a conversation', () => {
  it('is its owner’s from its first question on, and open to nobody else', async () => {
    await begin('ans_1', 'con_a', 'one')
    await begin('ans_2', 'con_b', null)
    const open = async (id: string, reader: string | null) => await store.conversations.isOpenTo('main', id, reader)
    expect(await Promise.all(['one', 'two', null].map(async (reader) => await open('con_a', reader)))).toEqual([
      true,
      false,
      false,
    ])
    for (const reader of ['one', null]) {
      expect(await open('con_b', reader)).toBe(true)
      expect(await open('con_c', reader)).toBe(true)
    }
    for (const stranger of ['two', null])
      await expect(begin('ans_3', 'con_a', stranger)).rejects.toMatchObject({ code: 'store-not-yours' })
    await begin('ans_4', 'con_b', 'one')
    expect(await store.conversations.owns('main', 'con_b', 'one')).toBe(false)
    expect(await idsOf('one')).toEqual(['con_a'])
  })

  it('is one of its library', async () => {
    await openStore(database, 'other', space)
    await begin('ans_1', 'con_a', 'one')
    expect(await store.conversations.remove('other', 'con_a', 'one')).toBe(false)
    expect(await store.conversations.find('other', 'con_a', 'one', { limit: 1 })).toBeNull()
    expect((await store.conversations.list('other', 'one', { limit: 1, words: [] })).conversations).toEqual([])
  })

  it('is called by its first question, in one line and cut at a word, until it gets a name', async () => {
    await begin('ans_1', 'con_a', 'one', `How  do\nthey ${'x'.repeat(100)} shard it all?`)
    await begin('ans_2', 'con_a', 'one', 'And then?')
    const [own] = (await list('one')).conversations
    expect(own).toMatchObject({ title: `How do they ${'x'.repeat(100)} shard…`, questions: 2 })
    await begin('ans_3', 'con_b', 'one', 'x'.repeat(4_000))
    expect((await list('one')).conversations[0]?.title).toBe(`${'x'.repeat(118)}…`)
    expect(await store.conversations.rename('main', 'con_a', 'one', 'Shards')).toMatchObject({ title: 'Shards' })
    expect(await store.conversations.rename('main', 'con_a', 'two', 'Mine')).toBeNull()
    expect(await idsOf('one', { words: ['SHARDS', 'they'] })).toEqual(['con_a'])
  })

  it('moves to the front of the list with every question, and the next page stays the next page', async () => {
    for (const n of [1, 2, 3]) await begin(`ans_${n}`, `con_${n}`, 'one')
    const { next } = await list('one', { limit: 2 })
    expect(await idsOf('one', { limit: 2 })).toEqual(['con_3', 'con_2'])
    await begin('ans_4', 'con_2', 'one')
    expect(await idsOf('one')).toEqual(['con_2', 'con_3', 'con_1'])
    expect(await list('one', { limit: 2, after: next ?? '' })).toMatchObject({
      conversations: [{ id: 'con_1' }],
      next: null,
    })
  })

  it('is told with what became of each question', async () => {
    for (const id of ['ans_1', 'ans_2', 'ans_3']) await begin(id, 'con_a', 'one')
    await finish('ans_1')
    await store.answers.append('main', 'ans_2', [{ seq: 1, event: { type: 'error', code: 'x', retryable: false } }])
    const found = await store.conversations.find('main', 'con_a', 'one', { limit: 3 })
    expect(found?.answers?.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'ans_1 answered',
      'ans_2 failed',
      'ans_3 running',
    ])
    expect(found?.answers?.[0]?.answer).toEqual(await store.answers.find('main', 'ans_1'))
    expect(found?.earlier).toBeNull()
  })

  it('is removed with all its rows, also those of an answer that is being written', async () => {
    await begin('ans_1', 'con_a', 'one')
    const before = await contentOf(database.query)
    for (const id of ['ans_2', 'ans_3']) await begin(id, 'con_b', 'one')
    await finish('ans_2')
    await store.answers.rate('main', 'ans_2', { rating: 'up', reason: null, comment: null })
    const event = { type: 'text', delta: 'x' } as const
    await store.answers.append('main', 'ans_3', [{ seq: 1, event }])
    expect(await store.conversations.remove('main', 'con_b', 'two')).toBe(false)
    const writing = Array.from({ length: 20 }, async (_, n) => {
      await store.answers.append('main', 'ans_3', [{ seq: n + 2, event }]).catch(() => {})
    })
    expect(await store.conversations.remove('main', 'con_b', 'one')).toBe(true)
    await Promise.all(writing)
    expect(await contentOf(database.query)).toEqual(before)
    await expect(store.answers.append('main', 'ans_3', [{ seq: 99, event }])).rejects.toMatchObject({
      code: 'store-answer-ended',
    })
  })
})
