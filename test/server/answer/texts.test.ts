import { describe, expect, it } from 'vitest'
import type { DocumentStore } from '../../../core/ports.ts'
import { cachedTexts } from '../../../server/answer/texts.ts'
import { documentOf, libraryOf } from '../../support/passages.ts'

const documents = ['a', 'b', 'c'].map((name) => documentOf(name, name.repeat(10)))
const [a, b, c] = documents as [(typeof documents)[0], (typeof documents)[0], (typeof documents)[0]]

function counted(capacity?: number) {
  const reads: string[] = []
  const { documents: store } = libraryOf(...documents)
  const counting: DocumentStore = {
    ...store,
    find: async (library, id, revision) => {
      reads.push(id)
      return await store.find(library, id, revision)
    },
  }
  return { reads, texts: cachedTexts(counting, capacity) }
}

describe('the texts of revisions', () => {
  it('are read once', async () => {
    const { reads, texts } = counted()
    for (let time = 0; time < 3; time++) expect((await texts('main', a)).text).toBe('a'.repeat(10))
    expect(reads).toEqual(['doc_a'])
  })

  it('are kept apart by library and by revision', async () => {
    const { reads, texts } = counted()
    await texts('main', a)
    await texts('other', a)
    await expect(texts('main', { ...a, revision: 'gone' })).rejects.toMatchObject({ name: 'StoreError' })
    expect(reads).toHaveLength(3)
  })

  it('are let go when there is no room: the one that was not used for longest', async () => {
    const { reads, texts } = counted(25)
    for (const each of [a, b, a, c, a, b]) await texts('main', each)
    expect(reads).toEqual(['doc_a', 'doc_b', 'doc_c', 'doc_b'])
  })

  it('are given, though not kept, when one is larger than all the room', async () => {
    const { reads, texts } = counted(5)
    expect((await texts('main', a)).text).toHaveLength(10)
    await texts('main', a)
    expect(reads).toHaveLength(2)
  })

  it('are counted once when several questions read one at the same time', async () => {
    const { reads, texts } = counted(25)
    await Promise.all([a, a, a].map(async (each) => await texts('main', each)))
    await texts('main', b)
    reads.length = 0
    await texts('main', a)
    expect(reads).toEqual([])
  })
})
