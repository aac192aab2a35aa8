import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from '../../../core/types.ts'
import { fuse } from '../../../server/answer/fuse.ts'
import { candidatesOf, documentOf } from '../../support/passages.ts'

const [blank] = candidatesOf(documentOf('blank', 'Text.'))

function candidate(chunkId: number, words: number, cosine: number | null): Candidate {
  return { ...blank!, chunkId, words, cosine }
}

function order(...candidates: readonly Candidate[]): number[] {
  return fuse(candidates).map((each) => each.candidate.chunkId)
}

describe('fusion', () => {
  it('puts what both rankings like before what one of them likes', () => {
    expect(order(candidate(1, 9, 0.1), candidate(2, 0, 0.9), candidate(3, 9, 0.9))[0]).toBe(3)
  })

  it('goes by words alone when there is no vector', () => {
    expect(order(candidate(1, 1, null), candidate(2, 3, null), candidate(3, 2, null))).toEqual([2, 3, 1])
    expect(fuse([candidate(1, 1, null), candidate(2, 4, null)])[0]?.score).toBe(1)
  })

  it('goes by meaning alone when no word was found', () => {
    expect(order(candidate(1, 0, 0.1), candidate(2, 0, 0.3), candidate(3, 0, -0.2))).toEqual([2, 1, 3])
  })

  it('orders ties by chunk, whatever order they came in', () => {
    expect(order(candidate(3, 1, 0.5), candidate(1, 1, 0.5), candidate(2, 1, 0.5))).toEqual([1, 2, 3])
  })

  it('of nothing is nothing', () => {
    expect(fuse([])).toEqual([])
  })

  const any = fc.array(
    fc.record({
      words: fc.double({ min: 0, max: 50, noNaN: true }),
      cosine: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
    }),
    { minLength: 1, maxLength: 20 },
  )

  it('gives scores between 0 and 1, best first, one for each candidate', () => {
    fc.assert(
      fc.property(any, (figures) => {
        const found = fuse(figures.map(({ words, cosine }, index) => candidate(index, words, cosine)))
        expect(found.map((each) => each.candidate.chunkId).sort((a, b) => a - b)).toEqual(
          figures.map((_, index) => index),
        )
        for (const [index, { score }] of found.entries()) {
          expect(score).toBeGreaterThanOrEqual(0)
          expect(score).toBeLessThanOrEqual(1 + 1e-9)
          expect(score).toBeLessThanOrEqual(found[index - 1]?.score ?? Infinity)
        }
      }),
    )
  })

  it('never puts a candidate behind one that is as good in words and in meaning, and worse in one of them', () => {
    fc.assert(
      fc.property(any, (figures) => {
        const found = fuse(figures.map(({ words, cosine }, index) => candidate(index, words, cosine ?? -1)))
        for (const [at, { candidate: better, score }] of found.entries())
          for (const { candidate: other, score: before } of found.slice(0, at)) {
            const dominates = better.words >= other.words && (better.cosine ?? -1) >= (other.cosine ?? -1)
            if (dominates) expect(score).toBeGreaterThanOrEqual(before - 1e-9)
          }
      }),
    )
  })
})
