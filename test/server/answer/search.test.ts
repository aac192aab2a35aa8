import { describe, expect, it } from 'vitest'
import { search } from '../../../server/answer/search.ts'
import { depsOf, documentOf, libraryOf, never } from '../../support/passages.ts'

const bread = documentOf('bread', 'A loaf of bread needs flour and yeast.')
const library = libraryOf(bread)
const stuck = async () => await new Promise<never>(() => {})

describe('a search', () => {
  it('brings what was found and the passages chosen from it', async () => {
    const { found, passages } = await search('What needs flour?', 'main', depsOf(library), never)
    expect(found.candidates).toHaveLength(1)
    expect(passages.map(({ text }) => text)).toEqual([bread.text])
  })

  describe('for several things at once', () => {
    const uber = Array.from({ length: 8 }, (_, index) =>
      documentOf(
        `uber${index}`,
        `Notes of Uber ${index}\nThe cache of Uber keeps trips and fares, says report ${index}.`,
      ),
    )
    const lyft = documentOf('lyft', 'The teams of Lyft warm a cache. Engineers at Lyft like Go.')
    const both = libraryOf(...uber, lyft)

    it.each([
      'which cache keeps trips and fares of Uber, and which cache do engineers at Lyft warm?',
      'the cache of Uber vs Lyft',
    ])('hears each of them among the first five: %j', async (query) => {
      const { passages, found } = await search(query, 'main', depsOf(both), never)
      const documents = passages.slice(0, 5).map(({ document }) => document.title)
      expect(documents).toContain('lyft')
      expect(documents.some((title) => title.startsWith('uber'))).toBe(true)
      expect(passages.map(({ n }) => n)).toEqual(passages.map((_, index) => index + 1))
      expect(passages[0]!.score).toBe(Math.max(...passages.map(({ score }) => score)))
      expect(found.query).toBe(query)
    })

    it.each([
      [1, 'Which cache keeps the trips of Uber?'],
      [3, 'Which cache keeps the trips of Uber, and which engineers at Lyft like Go?'],
    ])('asks the store %i times: %j', async (times, query) => {
      let asked = 0
      const store = both.search
      const counting: typeof store = {
        ...store,
        candidates: async (...request) => {
          asked++
          return await store.candidates(...request)
        },
      }
      await search(query, 'main', depsOf(both, { search: counting }), never)
      expect(asked).toBe(times)
    })
  })

  it.each(['candidates', 'state', 'vocabulary', 'texts', 'embedder'] as const)(
    'that nobody waits for any more ends at once, with the reason, although %s is stuck',
    async (part) => {
      const { embedder } = depsOf(library)
      const deps = depsOf(library, {
        search: { ...library.search, [part]: stuck },
        ...(part === 'texts' && { texts: stuck }),
        ...(part === 'embedder' && { embedder: { ...embedder, embed: stuck } }),
      })
      const leaving = new AbortController()
      const reason = new Error('the client left')
      setTimeout(() => leaving.abort(reason), 20)
      const start = performance.now()
      await expect(search('What needs flour?', 'main', deps, leaving.signal)).rejects.toBe(reason)
      expect(performance.now() - start).toBeLessThan(120)
    },
  )

  it('is not begun for a reader who has left', async () => {
    const reason = new Error('the client left')
    const deps = depsOf(library, { texts: stuck })
    await expect(search('What needs flour?', 'main', deps, AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})
