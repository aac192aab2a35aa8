// Which page a place stands on, and where the original opens.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { originalLink } from '../../core/link.ts'
import { pageAt, pageWords } from '../../core/pages.ts'

describe('the page of a place', () => {
  it('is the last one that has begun; empty pages before it are counted', () => {
    const starts = [0, 10, 10, 25, 40]
    expect([0, 9, 10, 24, 25, 39].map((offset) => pageAt(starts, offset))).toEqual([1, 1, 3, 3, 4, 4])
  })

  it('is none where there are no pages, and is then not told', () => {
    expect([pageAt([], 5), pageWords(null), pageWords(12)]).toEqual([null, '', ', p. 12'])
  })

  it('never goes back, and each page with words is the page of its beginning', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1 }), (gaps) => {
        const starts = gaps.map((_, page) => gaps.slice(1, page + 1).reduce((sum, gap) => sum + gap, 0))
        const pages = Array.from({ length: (starts.at(-1) ?? 0) + 2 }, (_, offset) => pageAt(starts, offset) ?? 0)
        expect(pages).toEqual(pages.toSorted((a, b) => a - b))
        for (const start of starts) expect(pages[start]).toBe(starts.lastIndexOf(start) + 1)
      }),
    )
  })
})

describe('the original of a document with pages', () => {
  it.each([
    ['https://example.com/a.pdf', 'a.pdf', 'https://example.com/a.pdf#page=12'],
    ['https://example.com/A.PDF?v=2#top', 'a.pdf', 'https://example.com/A.PDF?v=2#page=12'],
    ['https://example.com/get/7', 'https://example.com/get/7', 'https://example.com/get/7#page=12'],
    // A page about the file.
    ['https://example.com/about', 'a.pdf', 'https://example.com/about'],
    ['file:///a.pdf', 'a.pdf', 'file:///a.pdf'],
    ['nonsense', 'nonsense', 'nonsense'],
  ])('%s, learned from %s, opens as %s', (url, source, link) => {
    expect(originalLink({ url, source }, 12)).toBe(link)
    expect(originalLink({ url, source }, null)).toBe(url)
  })

  it('is none without an address', () => {
    expect(originalLink({ url: null, source: 'a.pdf' }, 12)).toBeNull()
  })
})
