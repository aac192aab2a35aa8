// Money in the database: what is set aside at once never exceeds the limit, and every cent returns to its day.
import { beforeEach, describe, expect, it } from 'vitest'
import type { SpendingStore } from '../../core/spending.ts'
import { spendingStore } from '../../store/spending.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let spending: SpendingStore

beforeEach(async () => {
  database = await openTestDatabase()
  await database.query(`insert into libraries (library_id) values ('a'), ('b')`)
  spending = spendingStore(database)
})

async function rows() {
  return await database.query(
    `select library_id as library, calls, spent_usd::float8 as spent, reserved_usd::float8 as reserved
     from spending order by library_id, day`,
  )
}

const usage = (costUsd: number) => ({ inputTokens: 10, outputTokens: 5, costUsd })

describe('setting aside', () => {
  it('takes what fits to the last billionth, and no more', async () => {
    expect(await spending.reserve('a', 0.000000001, 0.000000003)).toMatchObject({ usd: 0.000000001 })
    expect(await spending.reserve('a', 0.000000002, 0.000000003)).not.toBeNull()
    expect(await spending.reserve('a', 0.000000001, 0.000000003)).toBeNull()
    expect(await rows()).toEqual([{ library: 'a', calls: 0, spent: 0, reserved: 0.000000003 }])
  })

  it('of more than the limit leaves no trace', async () => {
    expect(await spending.reserve('a', 2, 1)).toBeNull()
    expect(await rows()).toEqual([])
  })

  it('by many at once never exceeds the limit', async () => {
    const all = await Promise.all(Array.from({ length: 40 }, async () => await spending.reserve('a', 0.1, 0.75)))
    expect(all.filter((each) => each !== null)).toHaveLength(7)
  })

  it('in one library leaves another its own', async () => {
    await spending.reserve('a', 1, 1)
    expect(await spending.reserve('b', 1, 1)).not.toBeNull()
  })
})

describe('settling', () => {
  it('counts the cost in place of what was set aside', async () => {
    const reserved = await spending.reserve('a', 0.5, 1)
    await spending.settle('a', usage(0.125), reserved)
    expect(await rows()).toEqual([{ library: 'a', calls: 1, spent: 0.125, reserved: 0 }])
  })

  it('counts on the day on which it was set aside', async () => {
    await database.query(`insert into spending (library_id, day, reserved_usd) values ('a', '2026-01-31', 0.5)`)
    await spending.settle('a', usage(0.25), { day: '2026-01-31', usd: 0.5 })
    expect(await rows()).toEqual([{ library: 'a', calls: 1, spent: 0.25, reserved: 0 }])
  })

  it('without anything set aside counts today', async () => {
    for (let call = 0; call < 3; call++) await spending.settle('b', usage(0.1), null)
    expect(await rows()).toEqual([{ library: 'b', calls: 3, spent: 0.3, reserved: 0 }])
  })
})
