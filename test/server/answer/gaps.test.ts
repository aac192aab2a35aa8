// Questions without an answer, put together by what they are about.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Embedder } from '../../../core/ports.ts'
import type { Unanswered } from '../../../core/reports.ts'
import { openStaticEmbedder } from '../../../models/static.ts'
import { gapsOf } from '../../../server/answer/gaps.ts'

const never = new AbortController().signal
let embedder: Embedder
beforeAll(async () => {
  embedder = await openStaticEmbedder()
})

const document = (id: string) => ({ id, title: `On ${id}`, source: `${id}.md` })
const refused = (question: string, day = 1, nearest: string | null = null): Unanswered => ({
  question,
  query: question,
  askedAt: `2026-11-${String(day).padStart(2, '0')}T00:00:00.000Z`,
  isRefused: true,
  isDisliked: false,
  nearest: nearest === null ? null : document(nearest),
})

describe('gaps', () => {
  it('put questions about the same together, the most asked first, and name what came nearest', async () => {
    const gaps = await gapsOf(
      [
        refused('how does Uber price its rides?', 5, 'uber'),
        refused('what is the opening time of the office?', 9),
        refused('how are Uber rides priced?', 4, 'uber'),
        refused('how does Uber set the price of rides?', 3, 'maps'),
      ],
      embedder,
      never,
    )
    expect(gaps.map(({ count, refused, nearest }) => [count, refused, nearest?.id ?? null])).toEqual([
      [3, 3, 'uber'],
      [1, 1, null],
    ])
    expect(gaps[0]?.lastAskedAt).toBe('2026-11-05T00:00:00.000Z')
    expect(gaps[0]?.questions).toHaveLength(3)
  })

  it('show the same question once, however often it was asked, and count each time', async () => {
    const [gap, ...others] = await gapsOf(
      Array.from({ length: 7 }, () => refused('who owns the cache?')),
      embedder,
      never,
    )
    expect([gap?.count, gap?.questions, others]).toEqual([7, ['who owns the cache?'], []])
  })

  it('tell answers that were judged badly from refusals', async () => {
    const disliked = { ...refused('who owns the cache?'), isRefused: false, isDisliked: true }
    const [gap] = await gapsOf([disliked, refused('who owns the cache?')], embedder, never)
    expect([gap?.refused, gap?.disliked]).toEqual([1, 1])
  })

  it('keep words without a direction apart, and stop when nobody waits', async () => {
    const gaps = await gapsOf([refused('??'), refused('!!')], embedder, never)
    expect(gaps).toHaveLength(2)
    const left = new AbortController()
    left.abort()
    await expect(gapsOf([refused('who owns the cache?')], embedder, left.signal)).rejects.toThrow()
  })

  it('hold every question exactly once, and are the same the next time', async () => {
    const words = fc.constantFrom('cache', 'shard', 'queue', 'Uber', 'Stripe', 'limit', 'price', 'how', 'does')
    const question = fc.array(words, { minLength: 1, maxLength: 5 }).map((all) => refused(all.join(' ')))
    await fc.assert(
      fc.asyncProperty(fc.array(question, { maxLength: 40 }), async (unanswered) => {
        const gaps = await gapsOf(unanswered, embedder, never)
        expect(gaps.reduce((sum, { count }) => sum + count, 0)).toBe(unanswered.length)
        expect(gaps.map(({ count }) => count)).toEqual(gaps.map(({ count }) => count).toSorted((a, b) => b - a))
        expect(await gapsOf(unanswered, embedder, never)).toEqual(gaps)
      }),
      { numRuns: 50 },
    )
  })
})
