import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QuotaStore } from '../../../core/limits.ts'
import { openRates, ownQuotas, quotaOf, take } from '../../../server/limit/rate.ts'

const clock = (start = 0) => {
  let at = start
  return { now: () => at, pass: (ms: number) => (at += ms) }
}

describe('a bucket', () => {
  it('never gives more than it holds and gets, whoever asks and when', () => {
    const asked = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), wanted: fc.integer({ min: 1, max: 30 }) }),
    )
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 6_000 }), (requests, perMinute) => {
        const quota = quotaOf(perMinute)
        let [now, spentUntil, given] = [1_000, 0, 0]
        for (const { afterMs, wanted } of requests) {
          now += afterMs
          const taken = take(spentUntil, now, wanted, quota)
          spentUntil = taken.spentUntil
          given += taken.lot.granted
          expect(given).toBeLessThanOrEqual(quota.most + (now - 1_000) / quota.everyMs + 1e-6)
        }
      }),
    )
  })

  it('says when there is one again, and then there is', () => {
    const quota = quotaOf(60)
    const { spentUntil } = take(0, 1_000, quota.most, quota)
    const { lot } = take(spentUntil, 1_000, 1, quota)
    expect(lot).toEqual({ granted: 0, waitMs: 1_000 })
    expect(take(spentUntil, 1_000 + lot.waitMs, 1, quota).lot.granted).toBe(1)
    expect(take(spentUntil, 999 + lot.waitMs, 1, quota).lot.granted).toBe(0)
  })
})

describe('the rate of a key', () => {
  it('is ten seconds of requests at once, then one every so often', async () => {
    const { now, pass } = clock(1_000)
    const rates = openRates(ownQuotas(now), 600, now)
    const ask = async () => (await rates.ask('main', 'a')) === 0
    const asked = async (times: number) => {
      let admitted = 0
      for (let n = 0; n < times; n++) if (await ask()) admitted++
      return admitted
    }
    expect(await asked(200)).toBe(100)
    pass(1_000)
    expect(await asked(200)).toBe(10)
    expect(await rates.ask('main', 'a')).toBeGreaterThan(0)
  })

  it('is nothing to another key, nor to the same name in another library', async () => {
    const { now } = clock(1_000)
    const rates = openRates(ownQuotas(now), 60, now)
    while ((await rates.ask('main', 'a')) === 0);
    expect(await rates.ask('main', 'b')).toBe(0)
    expect(await rates.ask('other', 'a')).toBe(0)
  })

  it('is one for two servers, but for what each took along and did not use', async () => {
    const { now } = clock(1_000)
    const shared = ownQuotas(now)
    const servers = [openRates(shared, 600, now), openRates(shared, 600, now)]
    let admitted = 0
    for (let n = 0; n < 400; n++) if ((await servers[n % 2]!.ask('main', 'a')) === 0) admitted++
    expect(admitted).toBe(100)
  })

  it('costs one statement in ten requests, and none while the bucket is known to be empty', async () => {
    const { now } = clock(1_000)
    const own = ownQuotas(now)
    let statements = 0
    const counted: QuotaStore = { take: async (...asked) => (statements++, await own.take(...asked)) }
    const rates = openRates(counted, 600, now)
    await Promise.all(Array.from({ length: 2_000 }, async () => await rates.ask('main', 'a')))
    expect(statements).toBe(11)
  })

  it('keeps nobody out when the database is away', async () => {
    const rates = openRates({ take: async () => await Promise.reject(new Error('away')) }, 60)
    for (let n = 0; n < 30; n++) expect(await rates.ask('main', 'a')).toBe(0)
  })
})
