// What is gone from its folder leaves the library, and only that.
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { documentId } from '../../store/saving.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { never, search } from '../support/store-documents.ts'
import { article, articles, folderOf, openTestSyncs } from '../support/syncing.ts'

it('a document that becomes another revision while it is removed is removed all the same', async () => {
  await using database = await openTestDatabase()
  const { store, syncing } = await openTestSyncs(database, { silentMs: 90_000 })
  const send = async (text: string) =>
    await Array.fromAsync(syncing.upload([{ name: 'a.md', bytes: Buffer.from(text), said: {} }], never))
  await send(article('Alpha'))
  const late = { before: async () => await send(article('Beta')) }
  const documents: typeof store.documents = {
    ...store.documents,
    remove: async (...removal) => {
      const { before } = late
      late.before = async () => await Promise.resolve([])
      await before()
      return await store.documents.remove(...removal)
    },
  }
  const removing = openSyncs({ ...store, documents, embedder: fakeEmbedder(), library: 'main', silentMs: 90_000 })
  const id = documentId('main', 'upload/a.md')
  await removing.remove(id, never)
  expect((await store.documents.find('main', id))?.removedAt).not.toBeNull()
  expect(await store.documents.count('main')).toBe(0)
})

describe('a document whose file is gone', () => {
  it('is found no more, is not listed, and its text stays readable', async () => {
    await using database = await openTestDatabase()
    const { store, learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': article('Beta') })
    await learn([folder])
    await rm(join(folder, 'a.md'))
    const { events, report } = await learn([folder])
    expect(events).toContainEqual({ type: 'removed', source: join(folder, 'a.md') })
    expect(report).toMatchObject({ removed: 1, unchanged: 1, kept: 0 })
    expect(await names()).toEqual(['b.md'])
    expect(await store.documents.count('main')).toBe(1)
    expect(await search(store, 'Alpha')).toEqual([])
    expect(await store.search.state('main')).toMatchObject({ chunks: 1 })
    const found = await store.documents.find('main', documentId('main', join(folder, 'a.md')))
    expect(found).toMatchObject({ title: 'Alpha', removedAt: expect.stringMatching(/^20\d\d-.*Z$/) as string })
    expect(await store.reports.index('main')).toMatchObject({ strayWords: 0, emptyDocuments: { count: 0 } })
    expect(await store.reports.status('main')).toMatchObject({ library: { documents: 1 } })
  })

  it('is learned again when the file returns', async () => {
    await using database = await openTestDatabase()
    const { store, learn } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': article('Beta') })
    await learn([folder])
    await rm(join(folder, 'a.md'))
    await learn([folder])
    await writeFile(join(folder, 'a.md'), article('Alpha'))
    expect((await learn([folder])).report).toMatchObject({ learned: 1, removed: 0 })
    expect(await search(store, 'Alpha')).toHaveLength(1)
    expect(await store.documents.find('main', documentId('main', join(folder, 'a.md')))).toMatchObject({
      removedAt: null,
    })
  })

  it('is not embedded again when it was only moved', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': article('Beta') })
    await learn([folder])
    await rename(join(folder, 'a.md'), join(folder, 'c.md'))
    expect((await learn([folder])).report).toMatchObject({ learned: 1, removed: 1, embedded: 0 })
    expect(await names()).toEqual(['b.md', 'c.md'])
  })

  it('makes the answers that quote it stale, until it returns', async () => {
    await using database = await openTestDatabase()
    const { store, learn } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha') })
    await learn([folder])
    const id = documentId('main', join(folder, 'a.md'))
    await cite(database, id, 'What Alpha says.')
    await rm(join(folder, 'a.md'))
    await learn([folder])
    expect(await staleOf(database)).toEqual([true])
    await writeFile(join(folder, 'a.md'), article('Alpha'))
    await learn([folder])
    expect(await staleOf(database)).toEqual([false])
    expect(await store.documents.count('main')).toBe(1)
  })

  it('is forgotten after 30 days, unless an answer cites it', async () => {
    await using database = await openTestDatabase()
    const { store, learn } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': article('Beta'), 'c.md': article('Gamma') })
    await learn([folder])
    const [cited, other] = ['a.md', 'b.md'].map((name) => documentId('main', join(folder, name))) as [string, string]
    await cite(database, cited, 'What Alpha says.')
    await rm(join(folder, 'a.md'))
    await rm(join(folder, 'b.md'))
    await learn([folder])
    await database.query(
      `update documents set removed_at = removed_at - interval '29 days' where removed_at is not null`,
    )
    await learn([folder])
    expect(await store.documents.find('main', other)).not.toBeNull()
    await database.query(
      `update documents set removed_at = removed_at - interval '2 days' where removed_at is not null`,
    )
    await learn([folder])
    expect(await store.documents.find('main', other)).toBeNull()
    expect(await store.documents.find('main', cited)).toMatchObject({ title: 'Alpha' })
  })
})

describe('a document stays', () => {
  it('when its file cannot be read', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': article('Beta') })
    await learn([folder])
    await writeFile(join(folder, 'a.md'), '')
    expect((await learn([folder])).report).toMatchObject({ failed: 1, removed: 0 })
    expect(await names()).toEqual(['a.md', 'b.md'])
  })

  it.skipIf(process.getuid?.() === 0)('when a folder of its root cannot be listed', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'in/b.md': article('Beta') })
    await learn([folder])
    await chmod(join(folder, 'in'), 0)
    await rm(join(folder, 'a.md'))
    expect((await learn([folder])).report).toMatchObject({ removed: 0 })
    await chmod(join(folder, 'in'), 0o755)
    expect(await names()).toEqual(['a.md', 'b.md'])
  })

  it('when its folder is not there at all', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha') })
    await learn([folder])
    await rm(folder, { recursive: true })
    expect((await learn([folder])).report).toMatchObject({ failed: 1, removed: 0 })
    expect(await names()).toEqual(['a.md'])
  })

  it('when it was learned behind a link that leads nowhere now', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'b.md': article('Beta'), '.disk/a.md': article('Alpha') })
    await symlink(join(folder, '.disk'), join(folder, 'disk'))
    await learn([folder])
    await rm(join(folder, '.disk'), { recursive: true })
    expect((await learn([folder])).report).toMatchObject({ removed: 0, skipped: 1 })
    expect(await names()).toEqual(['a.md', 'b.md'])
  })

  it('unless it was learned behind a link out of its folder', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const elsewhere = await folderOf({ 'a.md': article('Alpha') })
    const folder = await folderOf({ 'b.md': article('Beta') })
    await symlink(join(elsewhere, 'a.md'), join(folder, 'linked.md'))
    await learn([join(folder, 'linked.md'), folder])
    expect(await names()).toEqual(['b.md', 'linked.md'])
    expect((await learn([folder])).report).toMatchObject({ removed: 1, skipped: 1 })
    expect(await names()).toEqual(['b.md'])
  })

  it('when another folder is learned, or it was sent', async () => {
    await using database = await openTestDatabase()
    const { syncing, learn, names } = await openTestSyncs(database)
    const [one, two] = [await folderOf({ 'a.md': article('Alpha') }), await folderOf({ 'b.md': article('Beta') })]
    await learn([one])
    const sent = { name: 'c.md', bytes: Buffer.from(article('Gamma')), said: {} }
    await Array.fromAsync(syncing.upload([sent], new AbortController().signal))
    expect((await learn([two])).report).toMatchObject({ learned: 1, removed: 0 })
    expect((await learn(['.'], { trigger: 'start' })).report.removed).toBe(0)
    expect(await names()).toEqual(expect.arrayContaining(['a.md', 'b.md', 'c.md']))
  }, 120_000)
})

describe('a document that was learned before roots were kept', () => {
  it('belongs to the folder that it lies in', async () => {
    await using database = await openTestDatabase()
    const { store, learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': article('Beta') })
    await learn([folder])
    await database.query('update documents set root = null')
    await learn([folder])
    const known = await store.documents.known('main')
    expect([...known.values()].map(({ root }) => root)).toEqual([folder, folder])
    await database.query('update documents set root = null')
    await rm(join(folder, 'a.md'))
    await learn([folder])
    expect(await names()).toEqual(['b.md'])
  })
})

describe('a sync of the folder around another', () => {
  it('sees what is gone from the inner one', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'in/b.md': article('Beta') })
    await learn([join(folder, 'in')])
    await learn([folder])
    await rm(join(folder, 'in/b.md'))
    await learn([folder])
    expect(await names()).toEqual(['a.md'])
  })

  it('leaves to the inner one what is the outer one’s', async () => {
    await using database = await openTestDatabase()
    const { learn, names } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'in/b.md': article('Beta') })
    await learn([folder])
    await rm(join(folder, 'a.md'))
    await rm(join(folder, 'in/b.md'))
    await learn([join(folder, 'in')])
    expect(await names()).toEqual(['a.md'])
  })
})

describe('too many documents that are gone', () => {
  it('stop a sync before it changes anything, with their names and the way on', async () => {
    await using database = await openTestDatabase()
    const { syncing, learn, names } = await openTestSyncs(database)
    const folder = await folderOf(articles(14))
    await learn([folder])
    for (const n of [1, 2, 3]) await rm(join(folder, `a${n}.md`))
    await writeFile(join(folder, 'new.md'), article('New'))
    const before = await names()
    await expect(learn([folder])).rejects.toMatchObject({
      code: 'too-many-removals',
      message: expect.stringMatching(
        /3 of 14 documents .* nothing is learned or removed\. .*a1\.md, .*a2\.md, .*a3\.md.*--allow-deletes$/,
      ) as string,
    })
    const { refused } = await syncing.plan({ paths: [folder] }, new AbortController().signal)
    expect(refused).toContain('nothing is learned or removed')
    expect(await names()).toEqual(before)
    const [last] = await syncing.list(1)
    expect(last).toMatchObject({ state: 'failed', total: 12, done: 0, fault: { code: 'too-many-removals' } })
    expect((await learn([folder], { allowDeletes: true })).report).toMatchObject({ learned: 1, removed: 3 })
  })

  it('are kept and told at a start, and the rest is learned', async () => {
    await using database = await openTestDatabase()
    const { store, learn } = await openTestSyncs(database)
    const folder = await folderOf(articles(3))
    await learn([folder])
    await rm(folder, { recursive: true })
    await mkdir(folder)
    await writeFile(join(folder, 'new.md'), article('New'))
    const { id, report } = await learn([folder], { trigger: 'start' })
    expect(report).toMatchObject({ learned: 1, removed: 0, kept: 3 })
    expect(await store.documents.count('main')).toBe(4)
    const kept = (await store.syncs.outcomes('main', id, 10)).filter(({ type }) => type === 'kept')
    expect(kept.map(({ source }) => source)).toEqual([1, 2, 3].map((n) => join(folder, `a${n}.md`)))
    expect(kept[0]).toMatchObject({ code: 'too-many-removals', message: expect.stringContaining('none is removed') })
  })

  it('are more than two, and more than a fifth', async () => {
    await using database = await openTestDatabase()
    const { learn } = await openTestSyncs(database)
    const folder = await folderOf(articles(15))
    await learn([folder])
    for (const n of [1, 2, 3]) await rm(join(folder, `a${n}.md`))
    expect((await learn([folder])).report).toMatchObject({ removed: 3 })
    const small = await folderOf(articles(2))
    await learn([small])
    for (const n of [1, 2]) await rm(join(small, `a${n}.md`))
    expect((await learn([small])).report).toMatchObject({ removed: 2 })
  })
})

async function cite({ query }: TestDatabase, id: string, quote: string): Promise<void> {
  await query(`insert into conversations (library_id, conversation_id) values ('main', 'con')`)
  await query(
    `insert into answers (library_id, answer_id, conversation_id, question, mode) values ('main', 'ans', 'con', '?', 'x')`,
  )
  await query(
    `insert into citations (library_id, answer_id, n, document_id, revision, quote, stale)
     select 'main', 'ans', 1, document_id, revision, $2, false from documents where document_id = $1`,
    [id, quote],
  )
}

async function staleOf({ query }: TestDatabase): Promise<boolean[]> {
  return (await query<{ stale: boolean }>('select stale from citations')).map(({ stale }) => stale)
}
