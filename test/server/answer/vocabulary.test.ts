import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SearchStore } from '../../../core/ports.ts'
import { cachedWords } from '../../../server/answer/vocabulary.ts'

/** A library whose words and chunks a test changes as it likes. */
function changing() {
  const library = { chunks: 1, words: ['redi'], reads: 0, fails: false }
  const search: SearchStore = {
    candidates: async () => [],
    chunkCount: async () => library.chunks,
    vocabulary: async () => {
      library.reads++
      if (library.fails) throw new Error('down')
      return new Map(library.words.map((word) => [word, 1]))
    },
  }
  const read = cachedWords(search)
  return { library, words: async (name = 'main') => [...(await read(name)).vocabulary.keys()] }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the words of a library', () => {
  it('are read once while nothing changes', async () => {
    const { library, words } = changing()
    for (let question = 0; question < 5; question++) expect(await words()).toEqual(['redi'])
    expect(library.reads).toBe(1)
  })

  it('are read once for questions that come at the same time', async () => {
    const { library, words } = changing()
    await Promise.all(Array.from({ length: 50 }, async () => await words()))
    expect(library.reads).toBe(1)
  })

  it('are read again when chunks were added, but not at once: an ingest adds many', async () => {
    const { library, words } = changing()
    await words()
    Object.assign(library, { chunks: 2, words: ['redi', 'kafka'] })
    expect(await words()).toEqual(['redi'])
    vi.advanceTimersByTime(6_000)
    expect(await words()).toEqual(['redi', 'kafka'])
  })

  it('are read again after a while although the count of chunks stayed: a document was replaced', async () => {
    const { library, words } = changing()
    await words()
    library.words = ['kafka']
    vi.advanceTimersByTime(120_000)
    expect(await words()).toEqual(['kafka'])
  })

  it('of an empty library are read every time: the first document must be found at once', async () => {
    const { library, words } = changing()
    Object.assign(library, { chunks: 0, words: [] })
    expect(await words()).toEqual([])
    Object.assign(library, { chunks: 1, words: ['redi'] })
    expect(await words()).toEqual(['redi'])
  })

  it('are kept for each library', async () => {
    const { library, words } = changing()
    await words('a')
    library.words = ['kafka']
    expect(await words('b')).toEqual(['kafka'])
    expect(await words('a')).toEqual(['redi'])
  })

  it('are asked for again after a fault', async () => {
    const { library, words } = changing()
    library.fails = true
    await expect(words()).rejects.toThrow('down')
    library.fails = false
    expect(await words()).toEqual(['redi'])
  })
})
