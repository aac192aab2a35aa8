// The term index under change: whatever was saved, replaced or saved at once, it is what a fresh one would be.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DocumentToSave, Store } from '../../core/ports.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase } from '../support/database.ts'
import { never, search, space, tinyDocument } from '../support/store-documents.ts'
import { repeats } from '../support/thorough.ts'
import { wrapped } from '../support/wrapped.ts'

const vocabulary = ['raft', 'quorum', 'shard', 'limit', 'cache', 'queue', 'lease'] as const
const word = fc.constantFrom(...vocabulary)

describe('a library after any saves of any revisions', () => {
  it('is found in as a fresh one that holds only the last of each', async () => {
    await using database = await openTestDatabase()
    let run = 0
    const chunks = fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { maxLength: 4 })
    const save = fc.record({ source: fc.constantFrom('a.md', 'b.md', 'c.md'), chunks })
    await fc.assert(
      fc.asyncProperty(fc.array(save, { minLength: 1, maxLength: 8 }), async (saves) => {
        const [changed, fresh] = [`changed-${run}`, `fresh-${run++}`]
        const last = new Map(saves.map((each) => [each.source, each]))
        const saveAll = async (library: string, all: Iterable<(typeof saves)[number]>) => {
          const store = await openStore(database, library, space)
          for (const each of all) await store.documents.save(documentOf(library, each.source, each.chunks))
          return await contentFound(store, library)
        }
        expect(await saveAll(changed, saves)).toEqual(await saveAll(fresh, last.values()))
      }),
      { numRuns: repeats(200) },
    )
  })

  it('holds nothing of a large document that became a small one', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    // More chunks than one row of the index takes.
    const many = Array.from({ length: 1_300 }, (_, n) => ['raft', `number${n}`, n % 2 ? 'quorum' : 'shard'])
    await store.documents.save(documentOf('main', 'other.md', [['raft', 'quorum']]))
    await store.documents.save(documentOf('main', 'large.md', many))
    expect((await store.search.vocabulary('main')).get('raft')).toBe(1_301)
    await store.documents.save(documentOf('main', 'large.md', [['shard']]))
    expect(Object.fromEntries(await store.search.vocabulary('main'))).toEqual({ raft: 1, quorum: 1, shard: 1 })
    const [rows] = await database.query<{ entries: number }>(
      'select sum(length(entries))::int / 8 as entries from postings',
    )
    expect(rows?.entries).toBe(3)
  })

  it('is whole when many writers save at once, each other documents', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    const revisions = [0, 1].map((revision) =>
      Array.from({ length: 12 }, (_, n) =>
        documentOf(
          'main',
          `${n}.md`,
          Array.from({ length: 5 + revision }, (_, at) => [...vocabulary.slice(at % 3), `own${n}`]),
        ),
      ),
    )
    for (const documents of revisions)
      await Promise.all(documents.map(async (document) => await store.documents.save(document)))
    const fresh = await openStore(database, 'fresh', space)
    for (const document of revisions[1] ?? []) await fresh.documents.save({ ...document, library: 'fresh' })
    expect(await contentFound(store, 'main')).toEqual(await contentFound(fresh, 'fresh'))
  })
})

describe('a document that is replaced while it is being found', () => {
  it('is found by its new text', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(tinyDocument('a.md', [{ text: 'a raft of logs' }]))
    let replaced = 0
    /** Replaces the document between finding its chunks and reading them. */
    const replacing = wrapped(database, ({ prepared }) => ({
      prepared: async (sql, parameters) => {
        if (sql.includes('from chunks') && replaced++ === 0)
          await documents.save(tinyDocument('a.md', [{ text: 'a raft of leaders' }]))
        return await prepared(sql, parameters)
      },
    }))
    const store = await openStore(replacing, 'main', space)
    const vector = Float32Array.from([1, 0, 0, 0])
    expect((await search(store, 'raft', { vector })).map(({ text }) => text)).toEqual(['a raft of leaders'])
    expect(replaced).toBe(2)
  })
})

function documentOf(library: string, source: string, chunks: readonly (readonly string[])[]): DocumentToSave {
  return tinyDocument(
    source,
    chunks.map((each) => ({ text: each.join(' '), headings: [] })),
    { library },
  )
}

/** What a search can see of a library. */
async function contentFound(store: Store, library: string) {
  const terms = new Map(vocabulary.map((term, n) => [term, 1 + n / 2]))
  const found = await store.search.candidates({ library, terms, vector: null, limit: 100 }, never)
  return {
    words: Object.fromEntries(found.map((each) => [`${each.document.source}#${each.ordinal}`, each.words])),
    vocabulary: Object.fromEntries(await store.search.vocabulary(library)),
    chunks: (await store.search.state(library)).chunks,
  }
}
