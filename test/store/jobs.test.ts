// Jobs of syncs: who may write what became of one, and when nobody may any more.
import { describe, expect, it } from 'vitest'
import type { StoreError } from '../../core/errors.ts'
import type { Fence } from '../../core/jobs.ts'
import type { DocumentToSave, Store } from '../../core/ports.ts'
import { insertJobs } from '../../store/jobs.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { space, tinyDocument } from '../support/store-documents.ts'
import { wrapped } from '../support/wrapped.ts'

const outcome = { type: 'learned', source: 'a.md', bytes: 4, chunks: 1, embedded: 1, tokens: 0 } as const
const report = { ...outcome, learned: 0 }
const end = { state: 'finished', total: 0, done: 0, fault: null, report } as never
const lost = { code: 'lease-lost' }

describe('a job', () => {
  it('hands its task and its bytes to whoever takes it', async () => {
    await using database = await openTestDatabase()
    const { take } = await sync(database)
    expect(await take()).toMatchObject({ token: 1 })
    const taken = await (await openStore(database, 'main', space)).jobs.take({ library: 'main', sync: 's', job: 1 })
    expect(taken).toMatchObject({ task: { source: 'a.md' }, fence: { token: 2 } })
    expect(Buffer.from(taken!.bytes).toString()).toBe('Text')
  })

  it('is written by its last taker and by no earlier one', async () => {
    await using database = await openTestDatabase()
    const { store, take, document } = await sync(database)
    const [first, second] = [await take(), await take()]
    await expect(store.documents.save(document(first))).rejects.toMatchObject(lost)
    await expect(store.jobs.settle(first, outcome)).rejects.toMatchObject(lost)
    expect(await store.documents.count('main')).toBe(0)
    expect(await store.search.state('main')).toMatchObject({ chunks: 0, changes: 0 })
    expect(await store.documents.save(document(second))).toBe('learned')
    const told = [{ job: 1, outcome }]
    expect(await store.jobs.collect('main', 's', [])).toEqual(told)
    // The reply was lost.
    expect(await store.jobs.collect('main', 's', [])).toEqual(told)
    expect(await store.jobs.collect('main', 's', [1])).toEqual([])
    expect(await store.jobs.collect('main', 's', [])).toEqual([])
  })

  it('is written once', async () => {
    await using database = await openTestDatabase()
    const { store, take, document } = await sync(database)
    const fence = await take()
    await store.documents.save(document(fence))
    await expect(store.jobs.settle(fence, outcome)).rejects.toMatchObject(lost)
    expect(await store.jobs.take(fence)).toBeNull()
  })

  it('of a document that has not changed ends as unchanged', async () => {
    await using database = await openTestDatabase()
    const { store, take, document } = await sync(database)
    await store.documents.save(tinyDocument('a.md', [{ text: 'Text' }]))
    await store.documents.save(document(await take()))
    expect(await store.jobs.collect('main', 's', [])).toMatchObject([{ outcome: { type: 'unchanged', bytes: 4 } }])
  })

  it('whose document a later sync has changed meanwhile changes nothing', async () => {
    await using database = await openTestDatabase()
    const { store, take, document } = await sync(database)
    const fence = await take()
    await store.syncs.begin('main', { id: 'later', trigger: 'upload', roots: [] })
    const later = { ...tinyDocument('a.md', [{ text: 'Later' }]), sync: 'later' }
    expect(await store.documents.save(later)).toBe('learned')
    expect(await store.documents.save(document(fence))).toBe('unchanged')
    expect(await store.documents.list('main', 9)).toMatchObject([{ revision: later.revision }])
    await expect(store.jobs.settle(fence, outcome)).rejects.toMatchObject(lost)
  })

  it('is over with its sync, however it was left', async () => {
    await using database = await openTestDatabase()
    const { store, take, document } = await sync(database)
    const fence = await take()
    await store.syncs.end('main', 's', end)
    await expect(store.documents.save(document(fence))).rejects.toMatchObject(lost)
    expect(await store.jobs.take(fence)).toBeNull()
    expect(await store.jobs.waiting('main')).toEqual({ workers: 0, documents: 0 })
    expect(await database.query('select 1 from ingest_jobs')).toEqual([])
  })

  it('is over when its sync is taken for dead', async () => {
    await using database = await openTestDatabase()
    const { store, take, document } = await sync(database)
    const fence = await take()
    await store.syncs.closeDead('main', [], 0)
    await expect(store.documents.save(document(fence))).rejects.toMatchObject(lost)
    expect(await database.query('select 1 from ingest_jobs')).toEqual([])
  })

  it('cannot be taken or written once somebody asked for the end of its sync', async () => {
    await using database = await openTestDatabase()
    const { store, take, document } = await sync(database)
    const fence = await take()
    expect(await store.syncs.cancel('main', 's')).toBe(true)
    await expect(store.documents.save(document(fence))).rejects.toMatchObject(lost)
    expect(await store.jobs.take(fence)).toBeNull()
    expect(await store.syncs.renew('main', 's', end)).toBe('to-cancel')
  })

  it('closes nothing for an attempt that does not hold it', async () => {
    await using database = await openTestDatabase()
    const { store, take } = await sync(database)
    await store.documents.save(tinyDocument('a.md', [{ text: 'Text' }]))
    const [first, second] = [await take(), await take()]
    await store.documents.keepFromAll('main', 'a.md', first)
    expect((await store.documents.known('main')).get('a.md')).toMatchObject({ isClosed: false })
    await store.documents.keepFromAll('main', 'a.md', second)
    expect((await store.documents.known('main')).get('a.md')).toMatchObject({ isClosed: true })
  })

  it('that was given up says whose it was, how often it was tried and why it failed', async () => {
    await using database = await openTestDatabase()
    const { store, take } = await sync(database)
    const [first, second] = [await take(), await take()]
    await store.jobs.blame(second, 'the provider is away')
    await store.jobs.blame(first, 'an old reason')
    await store.jobs.giveUp(first)
    expect(await store.jobs.collect('main', 's', [])).toEqual([
      {
        job: 1,
        outcome: {
          type: 'failed',
          source: 'a.md',
          code: 'given-up',
          message: 'a.md was tried 2 times: the provider is away',
        },
      },
    ])
  })
})

describe('a sync that has ended', () => {
  it('saves and removes nothing', async () => {
    await using database = await openTestDatabase()
    const { store } = await sync(database)
    const known = tinyDocument('b.md', [{ text: 'Known' }])
    await store.documents.save(known)
    await store.syncs.end('main', 's', end)
    await expect(
      store.documents.save({ ...tinyDocument('c.md', [{ text: 'Late' }]), sync: 's' }),
    ).rejects.toMatchObject(lost)
    const { id, revision } = (await store.documents.known('main')).get('b.md')!
    await expect(store.documents.remove('main', id, revision, 's')).rejects.toMatchObject(lost)
    expect([...(await store.documents.known('main')).keys()]).toEqual(['b.md'])
  })

  it('refuses documents that are saved together by one transaction, not by one for each', async () => {
    await using database = await openTestDatabase()
    let transactions = 0
    const counted = wrapped(database, ({ transaction }) => ({
      transaction: async (work, timeoutMs) => {
        transactions++
        return await transaction(work, timeoutMs)
      },
    }))
    await (await sync(database)).store.syncs.end('main', 's', end)
    const { documents } = await openStore(counted, 'main', space)
    transactions = 0
    const late = Array.from({ length: 20 }, (_, n) => ({ ...tinyDocument(`${n}.md`, [{ text: 'Late' }]), sync: 's' }))
    const settled = await Promise.allSettled(late.map(async (each) => await documents.save(each)))
    expect(settled.map((each) => each.status === 'rejected' && (each.reason as StoreError).code)).toEqual(
      late.map(() => 'lease-lost'),
    )
    // The first one goes alone.
    expect(transactions).toBe(2)
  })
})

type Begun = {
  readonly store: Store
  readonly take: () => Promise<Fence>
  readonly document: (fence: Fence) => DocumentToSave
}

/** A running sync "s" with one job, number 1. */
async function sync(database: TestDatabase): Promise<Begun> {
  const store = await openStore(database, 'main', space)
  await store.syncs.begin('main', { id: 's', trigger: 'command', roots: [] })
  await database.query('alter table ingest_jobs alter column job_id restart with 1')
  const bytes = Buffer.from('Text')
  const [job = 0] = await insertJobs(database.query, [{ library: 'main', sync: 's', task: { source: 'a.md' }, bytes }])
  return {
    store,
    take: async () => (await store.jobs.take({ library: 'main', sync: 's', job }))!.fence,
    document: (fence) => ({ ...tinyDocument('a.md', [{ text: 'Text' }]), sync: 's', job: { fence, outcome } }),
  }
}
