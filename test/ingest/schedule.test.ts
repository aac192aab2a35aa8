// When sources are read by themselves: what a schedule means, one server at a time, and what was missed.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { fakeEmbedder } from '../../models/fake.ts'
import { nextAt } from '../../ingest/source/schedule.ts'
import { openHolding } from '../../ingest/holding.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { openScheduled } from '../support/sources.ts'
import { articles, folderOf } from '../support/syncing.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

function at(schedule: string, now: string, random = 0): string | undefined {
  return nextAt(schedule, new Date(now), () => random)?.toISOString()
}

describe('the next time', () => {
  it('of a period is that much later, and of a day its next minute in UTC', () => {
    expect(at('every 6h', '2026-03-01T10:00:00Z')).toBe('2026-03-01T16:00:00.000Z')
    expect(at('every 2d', '2026-03-01T10:00:00Z')).toBe('2026-03-03T10:00:00.000Z')
    expect(at('daily 03:00', '2026-03-01T02:59:00Z')).toBe('2026-03-01T03:00:00.000Z')
    expect(at('daily 03:00', '2026-03-01T03:00:00Z')).toBe('2026-03-02T03:00:00.000Z')
    expect(at('now and then', '2026-03-01T03:00:00Z')).toBeUndefined()
  })

  it('comes late by chance, by a tenth of the period and five minutes at most', () => {
    expect(at('every 10m', '2026-03-01T10:00:00Z', 1)).toBe('2026-03-01T10:11:00.000Z')
    expect(at('every 6h', '2026-03-01T10:00:00Z', 1)).toBe('2026-03-01T16:05:00.000Z')
    expect(at('daily 03:00', '2026-03-01T02:00:00Z', 0.5)).toBe('2026-03-01T03:02:30.000Z')
  })
})

describe('a schedule', () => {
  it('reads a source when it is due, and what was missed once', async () => {
    await using database = await openTestDatabase()
    const { describe, look, clock, triggers, syncing } = await openScheduled(database)
    const folder = await folderOf(articles(1))
    await describe([{ name: 'handbook', kind: 'folder', path: folder, schedule: 'every 1h' }])
    await look()
    expect(await triggers()).toEqual([])
    const [state] = await syncing.origins()
    expect(state).toMatchObject({ name: 'handbook', kind: 'folder', schedule: 'every 1h' })
    expect(Date.parse(state?.nextAt ?? '') - clock.now.getTime()).toBeGreaterThanOrEqual(HOUR)
    clock.now = new Date(clock.now.getTime() + 59 * MINUTE)
    await look()
    expect(await triggers()).toEqual([])
    // Ten times over.
    clock.now = new Date(clock.now.getTime() + 10 * HOUR)
    await look()
    await look()
    expect(await triggers()).toEqual(['schedule finished'])
    clock.now = new Date(clock.now.getTime() + HOUR + 6 * MINUTE)
    await look()
    expect(await triggers()).toEqual(['schedule finished', 'schedule finished'])
  })

  it('that is changed begins anew, and one that is taken away ends', async () => {
    await using database = await openTestDatabase()
    const { describe, look, clock, triggers, syncing } = await openScheduled(database)
    const folder = { name: 'handbook', kind: 'folder', path: await folderOf(articles(1)) }
    await describe([{ ...folder, schedule: 'every 2d' }])
    await look()
    await describe([{ ...folder, schedule: 'every 10m' }])
    await look()
    clock.now = new Date(clock.now.getTime() + 12 * MINUTE)
    await describe([folder])
    await look()
    expect(await triggers()).toEqual([])
    expect(await syncing.origins()).toEqual([{ name: 'handbook', kind: 'folder', schedule: null, nextAt: null }])
    await describe([{ ...folder, schedule: 'every 10m' }])
    await look()
    clock.now = new Date(clock.now.getTime() + 12 * MINUTE)
    await look()
    expect(await triggers()).toEqual(['schedule finished'])
  })

  it('is kept by one of several servers, and by another one when that is lost', async () => {
    await using database = await openTestDatabase()
    const { clock, first, second } = await openTwo(database)
    expect(await first.takeDue(['handbook'])).toBe('handbook')
    expect(await second.takeDue(['handbook'])).toBeNull()
    expect(await second.take('handbook')).toBe(false)
    expect(await first.take('handbook')).toBe(true)
    // Once in this process, too.
    expect(await first.take('handbook')).toBe(false)
    clock.now = new Date(clock.now.getTime() + 80_000)
    await first.renew()
    clock.now = new Date(clock.now.getTime() + 80_000)
    expect(await second.takeDue(['handbook'])).toBeNull()
    // Not a word for longer than a lease.
    clock.now = new Date(clock.now.getTime() + 91_000)
    expect(await second.takeDue(['handbook'])).toBe('handbook')
    // Its late end is not that of the other.
    await first.release('handbook', new Date(clock.now.getTime() + HOUR))
    expect(await first.takeDue(['handbook'])).toBeNull()
    await second.release('handbook', new Date(clock.now.getTime() + HOUR))
    expect(await second.takeDue(['handbook'])).toBeNull()
  })

  it('waits for a sync of the same source, and ends when the server drains', async () => {
    await using database = await openTestDatabase()
    const { describe, look, clock, triggers, syncing, read } = await openScheduled(database)
    const folder = await folderOf(articles(30))
    await describe([{ name: 'handbook', kind: 'folder', path: folder, schedule: 'every 1h' }])
    await look()
    clock.now = new Date(clock.now.getTime() + 2 * HOUR)
    const byHand = read(['handbook'])
    await wait(20)
    const other = await read(['handbook'])
    expect(other.report).toMatchObject({ learned: 0, skipped: 1 })
    expect((await byHand).report).toMatchObject({ learned: 30 })
    // It has just been read.
    await look()
    expect(await triggers()).toEqual(['command finished', 'command finished'])
    clock.now = new Date(clock.now.getTime() + 2 * HOUR)
    await syncing.drain(100)
    await look().catch(() => null)
    expect(await triggers()).toHaveLength(2)
  })
})

async function openTwo(database: TestDatabase) {
  const { origins } = await openStore(database, 'main', fakeEmbedder())
  const clock = { now: new Date('2026-03-01T10:00:00Z') }
  await origins.schedule('main', [{ name: 'handbook', schedule: 'every 1h', nextAt: clock.now }])
  const open = () => openHolding('main', origins, async () => clock.now, 90_000)
  return { clock, first: open(), second: open() }
}
