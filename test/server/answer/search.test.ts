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
