// A library has one embedding space, and two libraries never see each other.
import { describe, expect, it } from 'vitest'
import type { AnswerEvent } from '../../core/types.ts'
import { documentId } from '../../store/saving.ts'
import { openStore } from '../../store/open.ts'
import { contentOf, openTestDatabase } from '../support/database.ts'
import { hash, search, space, tinyDocument } from '../support/store-documents.ts'

const other = { space: 'test/other/3/1', dimensions: 3 }

describe('an embedding space', () => {
  it('is kept: opening a library with another one is refused, and says what to do', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(tinyDocument('a.md', [{ text: 'text' }]))
    const before = await contentOf(database.query)
    await expect(openStore(database, 'main', other)).rejects.toMatchObject({
      code: 'other-space',
      message: expect.stringMatching(/test\/hand-made\/4\/1.*test\/other\/3\/1.*EMBEDDING_MODEL/s) as string,
    })
    expect(await contentOf(database.query)).toEqual(before)
    expect(await search(await openStore(database, 'main', space), 'text')).toHaveLength(1)
  })

  it('may change while the library is empty', async () => {
    await using database = await openTestDatabase()
    await openStore(database, 'main', space)
    const { documents } = await openStore(database, 'main', other)
    await documents.save(tinyDocument('a.md', [{ text: 'text', vector: [0, 1, 0] }], { space: other.space }))
    expect(await documents.knownVectors('main', [hash('text')])).toEqual({
      space: other.space,
      vectors: new Map([[hash('text'), Float32Array.from([0, 1, 0])]]),
    })
  })

  it('that changes while a first document is being saved refuses it, whole', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await openStore(database, 'main', other)
    const before = await contentOf(database.query)
    await expect(documents.save(tinyDocument('a.md', [{ text: 'text' }]))).rejects.toMatchObject({
      code: 'other-space',
      retryable: true,
    })
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('has one size: another size under its name is refused', async () => {
    await using database = await openTestDatabase()
    await openStore(database, 'main', space)
    await expect(openStore(database, 'main', { ...space, dimensions: 5 })).rejects.toMatchObject({
      code: 'wrong-dimensions',
    })
  })

  it('is made once, however many open it at the same time', async () => {
    await using database = await openTestDatabase()
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => await openStore(database, `library-${n % 3}`, n % 2 ? space : other)),
    )
    expect(await database.query('select name from spaces order by name')).toEqual([
      { name: space.space },
      { name: other.space },
    ])
  })

  it('is made while another library is being written', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    const writing = Array.from({ length: 20 }, async (_, n) => {
      await documents.save(tinyDocument(`${n}.md`, [{ text: `text ${n}` }]))
    })
    const opening = Array.from({ length: 5 }, async (_, n) => {
      await openStore(database, `library-${n}`, { space: `test/made-${n}/4/1`, dimensions: 4 })
    })
    await Promise.all([...writing, ...opening])
    expect(await documents.list('main', 100)).toHaveLength(20)
  })
})

describe('two libraries in one database', () => {
  it('never see a row of each other', async () => {
    await using database = await openTestDatabase()
    const [one, two] = [await openStore(database, 'one', space), await openStore(database, 'two', space)]
    const secret = tinyDocument('a.md', [{ text: 'secret budget', vector: [1, 0, 0, 0] }], { library: 'one' })
    await one.documents.save(secret)
    await two.documents.save(
      tinyDocument('a.md', [{ text: 'public budget', vector: [0, 1, 0, 0] }], { library: 'two' }),
    )
    await one.answers.begin(record('one'))
    await one.answers.append('one', 'ans_1', [{ seq: 1, event: failure }])

    const vector = Float32Array.from([1, 0, 0, 0])
    const found = await search(two, 'secret budget', { library: 'two', vector })
    expect(found.map(({ text }) => text)).toEqual(['public budget'])
    expect(await two.search.state('two')).toMatchObject({ chunks: 1, changes: 1 })
    expect(await two.documents.knownVectors('two', [hash('secret budget')])).toMatchObject({ vectors: new Map() })
    for (const store of [one, two]) {
      const strange = await search(store, 'secret', { library: 'two', vector })
      expect(strange.map(({ text }) => text)).not.toContain('secret budget')
      expect(await store.documents.find('two', documentId('one', 'a.md'))).toBeNull()
      expect(await store.documents.find('two', documentId('two', 'a.md'), secret.revision)).toBeNull()
      expect((await store.documents.list('two', 10)).map(({ revision }) => revision)).not.toContain(secret.revision)
      expect(await store.search.vocabulary('two')).not.toHaveProperty('secret')
      expect((await store.search.vocabulary('two')).has('secret')).toBe(false)
      expect(await store.answers.events('two', 'ans_1', 0)).toBeNull()
      expect(await store.answers.turns('two', 'con_1', 9)).toEqual([])
    }
  })

  it('may use the same ids for different things', async () => {
    await using database = await openTestDatabase()
    const [one, two] = [await openStore(database, 'one', space), await openStore(database, 'two', space)]
    for (const [store, library] of [[one, 'one'] as const, [two, 'two'] as const]) {
      await store.answers.begin(record(library))
      await store.answers.append(library, 'ans_1', [{ seq: 1, event: { type: 'text', delta: library } }])
    }
    expect(await one.answers.events('one', 'ans_1', 0)).toMatchObject([{ event: { delta: 'one' } }])
    expect(await two.answers.events('two', 'ans_1', 0)).toMatchObject([{ event: { delta: 'two' } }])
  })

  it('rank by the rarity of words in their own texts', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'one', space)
    const two = await openStore(database, 'two', space)
    const chunks = [{ text: 'alpha one' }, { text: 'beta two' }, { text: 'alpha three' }]
    await store.documents.save(tinyDocument('a.md', chunks, { library: 'one' }))
    const before = await search(store, 'alpha beta', { library: 'one' })
    await two.documents.save(
      tinyDocument(
        'b.md',
        Array.from({ length: 9 }, () => ({ text: 'beta' })),
        { library: 'two' },
      ),
    )
    const scores = (found: typeof before) => found.map(({ text, words }) => [text, words])
    expect(scores(await search(store, 'alpha beta', { library: 'one' }))).toEqual(scores(before))
  })

  it('cannot be tied together: every key and every reference carries its library', async () => {
    await using database = await openTestDatabase()
    await openStore(database, 'one', space)
    const odd = await database.query<{ definition: string }>(
      `select conrelid::regclass || ': ' || pg_get_constraintdef(oid) as definition from pg_constraint
       where connamespace = 'public'::regnamespace and contype in ('p', 'f')
         and conrelid::regclass::text not in ('spaces', 'migrations')
         and pg_get_constraintdef(oid) not similar to '%\\(library_id(,%|\\)%)'`,
    )
    // The one exception: spaces belong to no library.
    expect(odd.map(({ definition }) => definition)).toEqual([
      'libraries: FOREIGN KEY (space_id) REFERENCES spaces(space_id)',
      'libraries: FOREIGN KEY (former_space_id) REFERENCES spaces(space_id)',
    ])
  })
})

const failure: AnswerEvent = { type: 'error', code: 'store-unavailable', retryable: true }

function record(library: string) {
  return { id: 'ans_1', library, conversationId: 'con_1', question: 'question', mode: 'extractive' as const }
}
