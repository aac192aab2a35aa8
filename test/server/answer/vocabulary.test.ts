import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SearchStore } from '../../../core/ports.ts'
import { cachedWords } from '../../../server/answer/vocabulary.ts'

/** A library whose words a test changes as it likes; `wait` holds back what is read. */
function changing() {
  const library = { changes: 1, words: ['redi'], reads: 0, fails: false, wait: Promise.resolve() }
  const search: SearchStore = {
    candidates: async () => [],
    readable: async () => ({ chunks: 0, vocabulary: new Map() }),
    state: async () => ({ chunks: library.words.length, changes: library.changes, space: null }),
    vocabulary: async () => {
      library.reads++
      if (library.fails) throw new Error('down')
      const words = new Map(library.words.map((word) => [word, 1]))
      await library.wait
      return words
    },
  }
  const read = cachedWords(search)
  return {
    library,
    save: (...words: string[]) => Object.assign(library, { changes: library.changes + 1, words }),
    words: async (terms = ['redi'], name = 'main') => [
      ...(await read(name, terms, await search.state(name))).vocabulary.keys(),
    ],
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const settled = async () => await new Promise((resolve) => setImmediate(resolve))

describe('the words of a library', () => {
  it('are read once while nothing changes, whatever is asked and however long', async () => {
    const { library, words } = changing()
    for (let question = 0; question < 5; question++) {
      expect(await words(['redi', 'unknown'])).toEqual(['redi'])
      vi.advanceTimersByTime(120_000)
    }
    expect(library.reads).toBe(1)
  })

  it('are read once for questions that come at the same time', async () => {
    const { library, words } = changing()
    await Promise.all(Array.from({ length: 50 }, async () => await words(['new'])))
    expect(library.reads).toBe(1)
  })

  it('hold a new word as soon as it is saved, also when the number of chunks stays', async () => {
    const { words, save } = changing()
    await words()
    save('kafka')
    expect(await words(['kafka'])).toEqual(['kafka'])
    save('nats')
    expect(await words(['nats'])).toEqual(['nats'])
  })

  it('do not keep a question of known words waiting: they are read again behind it', async () => {
    const { library, words, save } = changing()
    await words()
    save('redi', 'kafka')
    vi.advanceTimersByTime(6_000)
    const { promise, resolve: go } = Promise.withResolvers<void>()
    library.wait = promise
    for (let question = 0; question < 5; question++) expect(await words()).toEqual(['redi'])
    expect(library.reads).toBe(2)
    go()
    await settled()
    expect(await words()).toEqual(['redi', 'kafka'])
    expect(library.reads).toBe(2)
  })

  it('are not read behind questions more often than every five seconds', async () => {
    const { library, words, save } = changing()
    await words()
    for (let document = 0; document < 20; document++) {
      save('redi')
      await words()
      await settled()
    }
    expect(library.reads).toBe(1)
    vi.advanceTimersByTime(5_000)
    await words()
    expect(library.reads).toBe(2)
  })

  it('that are being read while a new one is saved are read again for a question about it, once for all', async () => {
    const { library, words, save } = changing()
    const { promise, resolve: go } = Promise.withResolvers<void>()
    library.wait = promise
    const early = words(['redi'])
    await settled()
    const late: Promise<string[]>[] = []
    for (const word of ['kafka', 'nats', 'pulsar']) {
      save(...library.words, word)
      late.push(words([word]))
      await settled()
    }
    go()
    expect(await early).toEqual(['redi'])
    for (const each of late) expect(await each).toEqual(['redi', 'kafka', 'nats', 'pulsar'])
    expect(library.reads).toBe(2)
  })

  it('of an empty library give way to the first document at once', async () => {
    const { library, words, save } = changing()
    Object.assign(library, { changes: 0, words: [] })
    expect(await words()).toEqual([])
    save('redi')
    expect(await words()).toEqual(['redi'])
  })

  it('are kept for each library', async () => {
    const { library, words } = changing()
    await words(['redi'], 'a')
    library.words = ['kafka']
    expect(await words(['kafka'], 'b')).toEqual(['kafka'])
    expect(await words(['redi'], 'a')).toEqual(['redi'])
  })

  it('are asked for again after a fault', async () => {
    const { library, words, save } = changing()
    library.fails = true
    await expect(words()).rejects.toThrow('down')
    library.fails = false
    expect(await words()).toEqual(['redi'])
    save('kafka')
    vi.advanceTimersByTime(6_000)
    library.fails = true
    expect(await words(['redi'])).toEqual(['redi'])
    await settled()
    await expect(words(['kafka'])).rejects.toThrow('down')
    library.fails = false
    expect(await words(['kafka'])).toEqual(['kafka'])
  })
})
