// Which past answers quote words that their documents do not say any more, kept up to date by every save.
import { setTimeout as wait } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../core/ports.ts'
import type { Answer, Citation } from '../../core/types.ts'
import { documentId } from '../../store/saving.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { space, tinyDocument } from '../support/store-documents.ts'

const first = tinyDocument('limits.md', [{ text: 'Stripe runs four limiters 🚦.' }, { text: 'It sheds load.' }])
const moved = tinyDocument('limits.md', [{ text: 'News.' }, { text: 'Stripe runs four limiters 🚦.' }])
const changed = tinyDocument('limits.md', [{ text: 'Stripe runs five limiters 🚦.' }])

let database: TestDatabase
let store: Store

beforeEach(async () => {
  database = await openTestDatabase()
  store = await openStore(database, 'main', space)
  await store.documents.save(first)
})

function quoting(n: number, quote: string, { source, revision }: { source: string; revision: string }): Citation {
  const document = { id: documentId('main', source), title: source, source, url: null, revision, publishedAt: null }
  return { n, passage: 1, document, headings: [], page: null, span: { start: 0, end: quote.length }, quote, link: '' }
}

async function finish(
  id: string,
  citations: readonly Citation[],
  status: Answer['status'] = 'answered',
): Promise<void> {
  const [conversationId, question, mode] = [`con_${id}`, `What of ${id}?`, 'extractive'] as const
  await store.answers.begin({ id, library: 'main', conversationId, question, mode })
  const answer = { id, status, answer: 'x', citations } as Partial<Answer> as Answer
  await store.answers.append('main', id, [{ seq: 1, event: { type: 'done', answer } }])
}

const four = quoting(1, 'Stripe runs four limiters 🚦.', first)
const sheds = quoting(2, 'It sheds load.', first)
const all = { stale: false, rating: null, conversationId: null }
const list = async (only: 'all' | 'stale', limit = 50, after?: string) =>
  (await store.answers.list('main', { ...all, stale: only === 'stale' }, limit, after)).map(({ id, stale }) => ({
    id,
    stale,
  }))

describe('an answer', () => {
  it('is stale while one of its quotes stands nowhere in the current text', async () => {
    await finish('ans_1', [four, sheds])
    expect(await list('stale')).toEqual([])
    await store.documents.save(moved)
    expect(await list('stale')).toEqual([{ id: 'ans_1', stale: [2] }])
    await store.documents.save(changed)
    expect(await list('stale')).toEqual([{ id: 'ans_1', stale: [1, 2] }])
    await store.documents.save(first)
    expect(await list('stale')).toEqual([])
  })

  it('whose document was learned anew while it was written is stale from its end on', async () => {
    await store.documents.save(changed)
    await finish('ans_1', [four])
    await finish('ans_2', [quoting(1, 'limiters 🚦', first)])
    expect(await list('stale')).toEqual([{ id: 'ans_1', stale: [1] }])
  })

  it('is not made stale by another document, nor by the same one in another library', async () => {
    await finish('ans_1', [four])
    await store.documents.save(tinyDocument('other.md', [{ text: 'Nothing.' }]))
    const other = await openStore(database, 'other', space)
    for (const text of ['Stripe runs four limiters 🚦.', 'Nothing.'])
      await other.documents.save(tinyDocument('limits.md', [{ text }], { library: 'other' }))
    expect(await list('stale')).toEqual([])
    expect(await other.answers.list('other', all, 9)).toEqual([])
  })

  it('keeps the revision that it cites from being removed', async () => {
    await finish('ans_1', [four])
    await store.documents.save(changed)
    expect((await store.documents.find('main', four.document.id, first.revision))?.text).toContain(four.quote)
    await expect(database.query('delete from revisions where revision = $1', [first.revision])).rejects.toMatchObject({
      code: 'store-failed',
    })
  })

  it('with a citation of no stored revision cannot be stored', async () => {
    const citation = quoting(1, 'x', { source: 'limits.md', revision: 'unknown' })
    await expect(finish('ans_1', [citation])).rejects.toMatchObject({ code: 'store-failed' })
    expect(await store.answers.find('main', 'ans_1')).toBeNull()
  })
})

describe('the list of answers', () => {
  it('holds what is finished, the newest first, by pages', async () => {
    for (const n of [3, 1, 2, 4]) await finish(`ans_${n}`, [four], n === 2 ? 'abstained' : 'answered')
    await store.answers.begin({ id: 'ans_0', library: 'main', conversationId: 'c', question: 'q', mode: 'extractive' })
    await store.documents.save(changed)
    // Two of the same moment come by their ids.
    for (const [id, minutes] of Object.entries({ ans_3: 1, ans_1: 2, ans_2: 2, ans_4: 3 }))
      await database.query(
        `update answers set created_at = timestamptz '2026-01-01' + make_interval(mins => $1) where answer_id = $2`,
        [minutes, id],
      )
    for (const only of ['all', 'stale'] as const) {
      expect((await list(only)).map(({ id }) => id)).toEqual(['ans_4', 'ans_2', 'ans_1', 'ans_3'])
      expect((await list(only, 2, 'ans_4')).map(({ id }) => id)).toEqual(['ans_2', 'ans_1'])
      expect((await list(only, 2, 'ans_2')).map(({ id }) => id)).toEqual(['ans_1', 'ans_3'])
      expect(await list(only, 2, 'ans_3')).toEqual([])
    }
    expect((await store.answers.list('main', all, 1, 'ans_4'))[0]).toEqual({
      id: 'ans_2',
      conversationId: 'con_ans_2',
      question: 'What of ans_2?',
      status: 'abstained',
      askedAt: '2026-01-01T00:02:00.000Z',
      stale: [1],
      rating: null,
    })
  })

  it('does not shift while answers come in front of it', async () => {
    for (const n of [1, 2, 3]) {
      await finish(`ans_${n}`, [])
      await wait(2)
    }
    const [first] = await list('all', 1)
    await finish('ans_0', [])
    expect(first?.id).toBe('ans_3')
    expect((await list('all', 9, first?.id)).map(({ id }) => id)).toEqual(['ans_2', 'ans_1'])
  })
})

it('an answer is stored once: its last event takes it from there', async () => {
  await finish('ans_1', [four])
  const [row] = await database.query<{ event: unknown }>('select event from answer_events')
  expect(row?.event).toEqual({ type: 'done' })
  const events = await store.answers.events('main', 'ans_1', 0)
  const { feedback, ...answer } = (await store.answers.find('main', 'ans_1'))!
  expect([feedback, events]).toEqual([null, [{ seq: 1, event: { type: 'done', answer } }]])
})
