// The inbox in the database: each task stored once, taken by one at a time, in the order of its lane, and no write of
// a holder whose lease is over.
import { setTimeout as wait } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { InboxStore, TaskToKeep } from '../../core/inbox.ts'
import { inboxStore } from '../../store/inbox.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let inbox: InboxStore

beforeEach(async () => {
  database = await openTestDatabase()
  await database.query(`insert into libraries (library_id) values ('a'), ('b')`)
  inbox = inboxStore(database)
})

const LONG_MS = 60_000

function task(id: string, changes: Partial<TaskToKeep> = {}): TaskToKeep {
  return { id, lane: id, saidAt: null, task: { about: id }, onlyInKnownLane: false, isQuick: false, ...changes }
}

const keep = async (id: string, changes: Partial<TaskToKeep> = {}) => await inbox.keep('a', task(id, changes))
const take = async (limit = 10, leaseMs = LONG_MS) => await inbox.take('a', { long: limit, quick: limit }, leaseMs)
const ids = (tasks: readonly { readonly id: string }[]) => tasks.map(({ id }) => id)

async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await database.query(
    'select task, progress, attempts, failures, fault, ended_at is not null as ended from slack_tasks where task_id = $1',
    [id],
  )
  return found ?? {}
}

describe('a task', () => {
  it('is stored once, whoever delivers it again, also after its end', async () => {
    expect(await Promise.all(Array.from({ length: 5 }, async () => await keep('t')))).toEqual(
      expect.arrayContaining([true, false, false, false, false]),
    )
    const [taken] = await take()
    await inbox.end('a', taken!, null)
    expect(await keep('t')).toBe(false)
    expect(await take()).toEqual([])
  })

  it('comes back as it was kept, but for what Postgres cannot hold', async () => {
    await keep('t', { task: { text: 'a\0b \ud800 🚦', isPrivate: true } })
    expect(await take()).toEqual([
      {
        id: 't',
        number: 1,
        failures: 1,
        isQuick: false,
        task: { text: 'a\ufffdb \ufffd 🚦', isPrivate: true },
        progress: {},
      },
    ])
  })

  it('is taken by one of many takers', async () => {
    await Promise.all(Array.from({ length: 20 }, async (_, n) => await keep(`t${n}`)))
    const taken = await Promise.all(Array.from({ length: 8 }, async () => await take(3)))
    const all = ids(taken.flat())
    expect(all).toHaveLength(20)
    expect(new Set(all).size).toBe(20)
  })

  it('is taken by a place of its kind, the earliest first', async () => {
    for (const [n, isQuick] of [true, false, true, false].entries())
      await keep(`t${n}`, { isQuick, saidAt: `170000000${4 - n}.000100` })
    expect(await inbox.take('a', { long: 0, quick: 1 }, LONG_MS)).toMatchObject([{ id: 't2', isQuick: true }])
    expect(ids(await inbox.take('a', { long: 1, quick: 0 }, LONG_MS))).toEqual(['t3'])
    expect(ids(await take(5)).toSorted()).toEqual(['t0', 't1'])
  })

  it('of one library is not seen from another', async () => {
    await keep('t')
    expect(await inbox.take('b', { long: 10, quick: 10 }, LONG_MS)).toEqual([])
    expect(await inbox.keep('b', task('t'))).toBe(true)
  })

  it('leaves nothing of what was asked when it is done, and everything when it was given up', async () => {
    for (const id of ['done', 'dead']) await keep(id)
    for (const lease of await take()) await inbox.end('a', lease, lease.id === 'dead' ? 'channel_gone' : null)
    expect(await row('done')).toMatchObject({ task: null, fault: null, ended: true })
    expect(await row('dead')).toMatchObject({ task: { about: 'dead' }, fault: 'channel_gone', ended: true })
  })

  it('that was given back waits for its time; the attempt counts or does not', async () => {
    await keep('now')
    await keep('later')
    for (const lease of await take())
      await inbox.postpone('a', lease, { delayMs: lease.id === 'now' ? 0 : LONG_MS, counts: lease.id === 'later' })
    expect(await take()).toMatchObject([{ id: 'now', number: 2, failures: 1 }])
    expect(await row('later')).toMatchObject({ attempts: 1, failures: 1 })
  })

  it('is forgotten a month after its end, and not before', async () => {
    for (const id of ['old', 'new', 'open']) await keep(id)
    for (const lease of await take(10, 1)) if (lease.id !== 'open') await end(lease.id)
    await database.query(`update slack_tasks set ended_at = now() - interval '31 days' where task_id = 'old'`)
    await inbox.sweep('a')
    expect(await database.query('select task_id as id from slack_tasks order by 1')).toEqual([
      { id: 'new' },
      { id: 'open' },
    ])
  })
})

async function end(id: string): Promise<void> {
  await database.query('update slack_tasks set ended_at = now() where task_id = $1', [id])
}

describe('a lease', () => {
  it('that ran out lets the next one take the task, with the progress of the first', async () => {
    await keep('t')
    const [first] = await take(1, 100)
    await inbox.remember('a', first!, { answerId: 'ans_1' })
    expect(await take()).toEqual([])
    await wait(120)
    expect(await take()).toMatchObject([{ id: 't', number: 2, failures: 2, progress: { answerId: 'ans_1' } }])
  })

  it('that ran out bears no write, although nobody else has come', async () => {
    await keep('t')
    const [lease] = await take(1, 1)
    await wait(5)
    const writes = [
      async () => await inbox.remember('a', lease!, { answerId: 'ans_1' }),
      async () => await inbox.postpone('a', lease!, { delayMs: 0, counts: true }),
      async () => await inbox.end('a', lease!, null),
    ]
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'lease-lost' })
    expect(await inbox.renew('a', [lease!], LONG_MS)).toEqual(new Set())
    expect(await row('t')).toMatchObject({ progress: {}, ended: false })
  })

  it('of a later taker makes the earlier one worthless', async () => {
    await keep('t')
    const [first] = await take(1, 1)
    await wait(5)
    const [second] = await take()
    await expect(inbox.end('a', first!, null)).rejects.toMatchObject({ code: 'lease-lost' })
    expect(await inbox.renew('a', [first!, second!], LONG_MS)).toEqual(new Set(['t']))
    await inbox.end('a', second!, null)
  })

  it('that is renewed goes on', async () => {
    await keep('t')
    const [lease] = await take(1, 200)
    for (let beat = 0; beat < 4; beat++) {
      await wait(80)
      expect(await inbox.renew('a', [lease!], 200)).toEqual(new Set(['t']))
    }
    await inbox.end('a', lease!, null)
  })
})

describe('a lane', () => {
  it('gives its tasks one at a time, in the order in which they were said, however they arrived', async () => {
    for (const at of ['3', '1', '2']) await keep(`t${at}`, { lane: 'thread', saidAt: `170000000${at}.000100` })
    await keep('other')
    const order: string[] = []
    for (let turn = 0; turn < 3; turn++) {
      const taken = (await take()).filter(({ id }) => id !== 'other')
      order.push(...ids(taken))
      expect(taken).toHaveLength(1)
      expect(ids(await take())).toEqual([])
      await inbox.end('a', taken[0]!, null)
    }
    expect(order).toEqual(['t1', 't2', 't3'])
  })

  it('is not overtaken while its first task waits for another attempt', async () => {
    for (const at of ['1', '2']) await keep(`t${at}`, { lane: 'thread', saidAt: `170000000${at}.000100` })
    const [first] = await take()
    await inbox.postpone('a', first!, { delayMs: LONG_MS, counts: true })
    expect(await take()).toEqual([])
  })

  it('does one task at a time also when an earlier one arrives late', async () => {
    await keep('t2', { lane: 'thread', saidAt: '1700000002.000100' })
    const [second] = await take()
    await keep('t1', { lane: 'thread', saidAt: '1700000001.000100' })
    expect(await take()).toEqual([])
    await inbox.end('a', second!, null)
    expect(ids(await take())).toEqual(['t1'])
  })

  it('goes on after a task that was given up', async () => {
    for (const at of ['1', '2']) await keep(`t${at}`, { lane: 'thread', saidAt: `170000000${at}.000100` })
    const [first] = await take()
    await inbox.end('a', first!, 'token_revoked')
    expect(ids(await take())).toEqual(['t2'])
  })

  it('that is not known takes no task that asks for a known one', async () => {
    const follow = { lane: 'thread', onlyInKnownLane: true }
    expect(await keep('t1', follow)).toBe(false)
    await keep('t2', { lane: 'thread' })
    expect(await keep('t3', follow)).toBe(true)
    expect(await inbox.keep('b', task('t4', follow))).toBe(false)
  })
})
