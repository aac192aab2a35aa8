import { beforeAll, describe, expect, it } from 'vitest'
import type { QuotaStore } from '../../core/limits.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openRates, quotaOf } from '../../server/limit/rate.ts'
import { openStore } from '../../store/open.ts'
import { quotaStore } from '../../store/quotas.ts'
import { openTestDatabase } from '../support/database.ts'

let quotas: QuotaStore

beforeAll(async () => {
  const database = await openTestDatabase()
  const store = await openStore(database, 'main', fakeEmbedder())
  for (const id of ['a', 'b', 'c'])
    await store.keys.create({ id, library: 'main', name: id, scopes: ['ask'], origins: [], hash: id, expiresAt: null })
  quotas = quotaStore(database)
}, 60_000)

describe('quotas in the database', () => {
  it('give what the bucket holds and not more, to all who ask at once', async () => {
    const quota = quotaOf(60)
    const lots = await Promise.all(Array.from({ length: 8 }, async () => await quotas.take('main', 'a', 3, quota)))
    expect(lots.reduce((sum, { granted }) => sum + granted, 0)).toBe(quota.most)
  })

  it('say when there is one again, and then there is', async () => {
    const quota = { most: 2, everyMs: 300 }
    expect(await quotas.take('main', 'b', 2, quota)).toEqual({ granted: 2, waitMs: 0 })
    const { granted, waitMs } = await quotas.take('main', 'b', 1, quota)
    expect([granted, waitMs > 0 && waitMs <= 300]).toEqual([0, true])
    await new Promise((resolve) => setTimeout(resolve, waitMs + 20))
    expect((await quotas.take('main', 'b', 2, quota)).granted).toBe(1)
  })

  it('are the same for all servers', async () => {
    const servers = [openRates(quotas, 600), openRates(quotas, 600), openRates(quotas, 600)]
    const began = performance.now()
    let admitted = 0
    for (let n = 0; n < 600; n++) if ((await servers[n % 3]!.ask('main', 'c')) === 0) admitted++
    const due = 100 + ((performance.now() - began) / 1_000) * 10
    expect(admitted).toBeGreaterThanOrEqual(100)
    expect(admitted).toBeLessThanOrEqual(due + 1)
  })
})
