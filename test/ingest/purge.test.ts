// What is gone or was replaced 30 days ago is forgotten, unless somebody may still want to read it or have it back.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentId } from '../../store/saving.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { never } from '../support/store-documents.ts'
import { article, folderOf, openTestSyncs, type TestSyncs } from '../support/syncing.ts'

/** A folder with one document, in so many revisions one after the other, each a sync of its own. */
async function revised(syncs: TestSyncs, times: number): Promise<{ readonly folder: string; readonly id: string }> {
  const folder = await folderOf({ 'a.md': article('Alpha', 'Words 0.') })
  for (let n = 0; n < times; n++) {
    await writeFile(join(folder, 'a.md'), article('Alpha', `Words ${n}.`))
    await syncs.learn([folder])
  }
  return { folder, id: documentId('main', join(folder, 'a.md')) }
}

/** All that has happened, so many days earlier. */
async function pass({ query }: TestDatabase, days: number): Promise<void> {
  await query(`update revisions set ingested_at = ingested_at - $1 * interval '1 day'`, [days])
  await query(`update documents set removed_at = removed_at - $1 * interval '1 day'`, [days])
}

/** No sync is remembered, as when a hundred others have run since: none can be undone. */
async function forgetSyncs({ query }: TestDatabase): Promise<void> {
  await query('delete from syncs')
}

async function textsOf({ query }: TestDatabase): Promise<string[]> {
  const rows = await query<{ text: string }>('select text from revisions order by text')
  return rows.map(({ text }) => /Words \d/.exec(text)?.[0] ?? text)
}

/** An answer that cites these words of this revision, or only shows them. */
async function answer({ query }: TestDatabase, document: string, words: string, cites: boolean): Promise<void> {
  const [row] = await query<{ revision: string }>('select revision from revisions where text like $1', [`%${words}%`])
  const { revision } = row!
  const shown = { passages: [{ document: { id: document, revision } }], nearest: [] }
  await query(`insert into conversations (library_id, conversation_id) values ('main', 'con_1')`)
  await query(
    `insert into answers (library_id, answer_id, conversation_id, question, mode, answer)
     values ('main', 'ans_1', 'con_1', '?', 'extractive', $1)`,
    [JSON.stringify(shown)],
  )
  if (cites)
    await query(
      `insert into citations (library_id, answer_id, n, document_id, revision, quote, stale)
       values ('main', 'ans_1', 1, $1, $2, $3, true)`,
      [document, revision, words],
    )
}

describe('an earlier revision', () => {
  it('is forgotten 30 days after the next one came, when no undo needs it', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database)
    await revised(syncs, 3)
    await forgetSyncs(database)
    await pass(database, 29)
    expect(await syncs.store.documents.purge('main', 30)).toBe(0)
    await pass(database, 2)
    expect(await syncs.store.documents.purge('main', 30)).toBe(2)
    expect(await textsOf(database)).toEqual(['Words 2'])
    expect(await syncs.names()).toEqual(['a.md'])
  })

  it('stays while a sync could be undone that replaced it, and that undo finds it', async () => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database)
    await revised(syncs, 3)
    await pass(database, 31)
    expect(await syncs.store.documents.purge('main', 30)).toBe(0)
    const { report } = (await Array.fromAsync(syncs.syncing.undo(null, never))).at(-1) as { report: object }
    expect(report).toMatchObject({ restored: 1 })
    // What was taken back is replaced from now on, and kept for whoever wants it after all.
    expect(await textsOf(database)).toEqual(['Words 0', 'Words 1', 'Words 2'])
  })

  it.each([
    ['cites', true],
    ['only shows', false],
  ])('stays as long as an answer %s it', async (_name, cites) => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database)
    const { id } = await revised(syncs, 3)
    await forgetSyncs(database)
    await answer(database, id, 'Words 1', cites)
    await pass(database, 31)
    expect(await syncs.store.documents.purge('main', 30)).toBe(1)
    expect(await textsOf(database)).toEqual(['Words 1', 'Words 2'])
  })
})

describe('a removed document', () => {
  it.each([
    ['is forgotten with all its revisions when no answer points at it', null, []],
    ['stays readable as removed when an answer cites it', true, ['Words 0', 'Words 1']],
    ['stays readable as removed when an answer only shows it', false, ['Words 0', 'Words 1']],
  ])('%s', async (_name, cites, texts) => {
    await using database = await openTestDatabase()
    const syncs = await openTestSyncs(database)
    const { folder, id } = await revised(syncs, 2)
    if (cites !== null) await answer(database, id, 'Words 1', cites)
    await rm(join(folder, 'a.md'))
    await syncs.learn([folder])
    await pass(database, 31)
    await syncs.store.documents.purge('main', 30)
    expect(await textsOf(database)).toEqual(texts)
    const found = await syncs.store.documents.find('main', id)
    if (cites === null) expect(found).toBeNull()
    else expect(found?.removedAt).toMatch(/^20\d\d-/)
  })
})

describe('a process that reads sources', () => {
  it('forgets by itself, without a sync, until it is drained', async () => {
    await using database = await openTestDatabase()
    let work: (() => Promise<void>) | null = null
    const syncs = await openTestSyncs(database, {
      purgeRepeat: (given) => {
        work = given
        return () => (work = null)
      },
      repeat: () => () => {},
    })
    await revised(syncs, 2)
    await forgetSyncs(database)
    await pass(database, 31)
    syncs.syncing.begin()
    await work!()
    expect(await textsOf(database)).toEqual(['Words 1'])
    await syncs.syncing.drain(1_000)
    expect(work).toBeNull()
  })

  it('ends a sync as finished whose work is done, also when nothing can be forgotten', async () => {
    await using database = await openTestDatabase()
    const said: string[] = []
    const { store } = await openTestSyncs(database)
    const documents = { ...store.documents, purge: async () => await Promise.reject(new Error('the disk is full')) }
    const { learn, syncing } = await openTestSyncs(database, { documents, report: (message) => said.push(message) })
    const { id } = await learn([await folderOf({ 'a.md': article('Alpha') })])
    expect(await syncing.find(id)).toMatchObject({ state: 'finished' })
    expect(said).toEqual(['old documents could not be forgotten, and are tried again'])
  })
})
