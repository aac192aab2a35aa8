// What a sync changed can be taken back, all of it or nothing.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contentOf, openTestDatabase, type TestDatabase } from '../support/database.ts'
import { never, search } from '../support/store-documents.ts'
import { handbook, pdf } from '../support/fixtures.ts'
import { article, ended, folderOf, type Learned, openTestSyncs, type TestSyncs } from '../support/syncing.ts'

async function undo({ syncing }: TestSyncs, id: string | null = null): Promise<Learned> {
  return ended(await Array.fromAsync(syncing.undo(id, never)))
}

/** A folder of which one file is new, one was changed and one removed by its last sync. */
async function threeChanges(database: TestDatabase) {
  const syncs = await openTestSyncs(database)
  const folder = await folderOf({
    'changed.md': `---\naudience: [payments]\nauthor: Ada Keeper\n---\n${article('Alpha')}`,
    'gone.md': article('Beta'),
    'same.md': article('Gamma'),
  })
  await syncs.learn([folder])
  await writeFile(join(folder, 'changed.md'), article('Alpha', 'Other words.'))
  await rm(join(folder, 'gone.md'))
  await writeFile(join(folder, 'new.md'), article('Delta'))
  const before = await shownOf(database)
  const { id } = await syncs.learn([folder])
  return { ...syncs, folder, before, id }
}

/** All that a search or a reader can see of the current documents. */
async function shownOf(database: TestDatabase): Promise<unknown> {
  const { terms } = await contentOf(database.query)
  const documents = await database.query(
    `select d.source, d.revision, d.audience, r.authors, jsonb_agg(c.text order by c.ordinal) as texts, count(v.*)::int as vectors
     from documents d join revisions r using (library_id, document_id, revision)
       join chunks c using (library_id, document_id) left join vectors_1 v using (library_id, chunk_id)
     where d.removed_at is null group by 1, 2, 3, 4 order by 1`,
  )
  return { terms, documents, counted: await database.query('select chunk_count from libraries') }
}

describe('a sync that is undone', () => {
  it('leaves the library as it was before: revisions, authors, audiences, chunks, words and vectors', async () => {
    await using database = await openTestDatabase()
    const { before, ...syncs } = await threeChanges(database)
    expect((await undo(syncs)).report).toMatchObject({ restored: 2, changed: 0, learned: 0, removed: 1 })
    expect(await shownOf(database)).toEqual(before)
    expect(await search(syncs.store, 'Beta')).toHaveLength(1)
    expect(await search(syncs.store, 'Delta')).toEqual([])
    expect(await syncs.store.reports.index('main')).toMatchObject({ strayWords: 0, miscountedWords: 0, oldChunks: 0 })
  })

  it('says by which sync, and is not undone twice; that one can be undone in turn', async () => {
    await using database = await openTestDatabase()
    const { id, ...syncs } = await threeChanges(database)
    const after = await shownOf(database)
    const undone = await undo(syncs, id)
    expect(await syncs.syncing.find(id)).toMatchObject({ undoneBy: undone.id })
    await expect(undo(syncs, id)).rejects.toMatchObject({ code: 'cannot-undo' })
    await undo(syncs, undone.id)
    expect(await shownOf(database)).toEqual(after)
  })

  it('is the last one that changed something and was not undone, unless one is named', async () => {
    await using database = await openTestDatabase()
    const { learn, folder, id, ...syncs } = await threeChanges(database)
    await learn([folder])
    await undo({ ...syncs, learn })
    expect(await syncs.syncing.find(id)).toMatchObject({ undoneBy: expect.stringMatching(/^syn_/) as string })
    // The one before is next.
    expect((await undo({ ...syncs, learn })).report).toMatchObject({ removed: 3 })
    await expect(undo({ ...syncs, learn })).rejects.toThrow('no sync that changed anything')
  })

  it('is refused, and nothing is changed, when a later one changed the same documents', async () => {
    await using database = await openTestDatabase()
    const { learn, folder, id, ...syncs } = await threeChanges(database)
    await writeFile(join(folder, 'new.md'), article('Delta', 'Later words.'))
    await learn([folder])
    const before = await shownOf(database)
    await expect(undo({ ...syncs, learn }, id)).rejects.toThrow(/later sync changed .*new\.md/)
    expect(await shownOf(database)).toEqual(before)
    await expect(undo({ ...syncs, learn }, 'syn_nobody')).rejects.toThrow('no sync "syn_nobody"')
  })

  it('is undone to its end by the next undo when the first one was cut', async () => {
    await using database = await openTestDatabase()
    const { before, id, ...syncs } = await threeChanges(database)
    const stopping = new AbortController()
    const cut = async () => {
      for await (const { type } of syncs.syncing.undo(id, stopping.signal)) if (type === 'restored') stopping.abort()
    }
    await expect(cut()).rejects.toMatchObject({ name: 'AbortError' })
    expect(await shownOf(database)).not.toEqual(before)
    expect((await undo(syncs)).report).toMatchObject({ unchanged: 1, restored: 1, removed: 1 })
    expect(await shownOf(database)).toEqual(before)
    expect(await syncs.syncing.find(id)).toMatchObject({ undoneBy: expect.stringMatching(/^syn_/) as string })
  })

  it('restores a document whose file had returned as removed', async () => {
    await using database = await openTestDatabase()
    const { learn, folder, names, ...syncs } = await threeChanges(database)
    await writeFile(join(folder, 'gone.md'), article('Beta'))
    const { id } = await learn([folder])
    await undo({ ...syncs, learn, names }, id)
    expect(await names()).toEqual(['changed.md', 'new.md', 'same.md'])
  })
})

describe('a PDF', () => {
  it('has its pages again when its change, or its removal, is undone', async () => {
    await using database = await openTestDatabase()
    const { learn, store, ...syncs } = await openTestSyncs(database)
    const folder = await folderOf({ 'same.md': article('Gamma') })
    const file = join(folder, 'handbook.pdf')
    await writeFile(file, handbook())
    await learn([folder])
    const learned = await onlyPaged(store)
    expect(learned?.pages).toHaveLength(3)
    await writeFile(file, pdf())
    await learn([folder])
    expect((await onlyPaged(store))?.pages).toHaveLength(4)
    await undo({ learn, store, ...syncs })
    expect(await onlyPaged(store)).toEqual(learned)
    // Nothing of it is lacking: it is not learned anew.
    await writeFile(file, handbook())
    expect((await learn([folder])).report).toMatchObject({ changed: 0, unchanged: 2, embedded: 0 })
    await rm(file)
    await learn([folder])
    await undo({ learn, store, ...syncs })
    expect(await onlyPaged(store)).toEqual(learned)
  })
})

async function onlyPaged({ documents }: TestSyncs['store']) {
  const found = (await documents.list('main', 9)).find(({ source }) => source.endsWith('.pdf'))
  return found && (await documents.find('main', found.id))
}
